"""What can go wrong with a dealer's quote.

::

    QuoteError
    |-- DealerError          nobody of this id quotes here
    |-- NoQuoteError         the book does not show enough just now
    |-- UnknownQuoteError    the caller has no such quote: which one is not told
    |-- QuoteExpiredError    it was good for a while
    |-- QuoteUsedError       it was taken already
    `-- QuoteMismatchError   the order asks for something else than the quote offers
"""

from __future__ import annotations

from cadenza.trading.errors import TradingError


class QuoteError(TradingError):
    """Root of the tree."""


class DealerError(QuoteError):
    """Nobody of this id quotes here.

    Attributes:
        dealer_id: Who does.
    """

    def __init__(self, asked: str, dealer_id: str) -> None:
        self.asked = asked
        self.dealer_id = dealer_id
        super().__init__(f"dealerAccountId {asked} quotes nothing here; the dealer is {dealer_id}")


class NoQuoteError(QuoteError):
    """The book does not show enough just now.

    Attributes:
        nearest: The most that could be quoted, a decimal string of the base asset; empty: nothing.
    """

    def __init__(self, instrument_id: str, problem: str, nearest: str = "") -> None:
        self.instrument_id = instrument_id
        self.nearest = nearest
        hint = f"; the most is {nearest}" if nearest else ""
        super().__init__(f"no quote for {instrument_id}: {problem}{hint}")


class UnknownQuoteError(QuoteError):
    """The caller has no such quote; the same whether someone else has it or nobody."""

    def __init__(self, quote_id: str) -> None:
        self.quote_id = quote_id
        super().__init__(f'the account has no quote "{quote_id}"')


class QuoteExpiredError(QuoteError):
    """The quote was good for a while."""

    def __init__(self, quote_id: str, late_ms: int) -> None:
        self.quote_id = quote_id
        super().__init__(f"quote {quote_id} expired {late_ms} ms ago")


class QuoteUsedError(QuoteError):
    """The quote was taken already.

    Attributes:
        order_id: The order that did.
    """

    def __init__(self, quote_id: str, order_id: str) -> None:
        self.quote_id = quote_id
        self.order_id = order_id
        super().__init__(f"quote {quote_id} was taken by order {order_id}")


class QuoteMismatchError(QuoteError):
    """The order asks for something else than the quote offers.

    Attributes:
        field: The order's field.
        offered: What it would have to be.
    """

    def __init__(self, quote_id: str, field: str, asked: str, offered: str) -> None:
        self.quote_id = quote_id
        self.field = field
        self.asked = asked
        self.offered = offered
        shown = asked if len(asked) <= 60 else f"{asked[:60]}..."
        super().__init__(f'{field} is "{shown}", but quote {quote_id} is for {offered}')
