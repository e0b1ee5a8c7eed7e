"""Errors of trading: the root of the room's errors, and those of orders and quotes.

::

    TradingError
    |-- FilterError             the instrument does not allow it (orders/filters.py)
    |-- LedgerError             money (ledger/errors.py)
    |-- AccountError            accounts (accounts/errors.py)
    |-- OrderError
    |   |-- OrderTermsError         a field of the request is missing, too much or makes no sense
    |   |-- OrderNotFoundError      the caller has no such order
    |   |-- OrderRefusedError       the engine refused a cancel or an amendment
    |   |-- InsufficientBalanceError  the account cannot pay for it
    |   |-- KeyReusedError          the idempotency key belongs to another order
    |   |-- VenueMismatchError      the account does not trade at this venue
    |   |-- NotTradableError        nobody matches orders of this instrument here
    |   |-- OpenOrderLimitError     too many open orders
    |   `-- RateLimitError          too many orders a second
    |-- QuoteError
    |   |-- DealerError             nobody of this id quotes here
    |   |-- NoQuoteError            the book does not show enough
    |   |-- UnknownQuoteError       the caller has no such quote
    |   |-- QuoteExpiredError       it was good for a while
    |   |-- QuoteUsedError          another order took it
    |   `-- QuoteMismatchError      the order asks for something else than the quote offers
    `-- HaltedError             the journal cannot be written: nothing is accepted any more

Each is the caller's fault except the last. Whoever raises one has changed nothing.
"""

from __future__ import annotations


class TradingError(Exception):
    """Something about trading cannot be done. Root of the tree."""


class OrderError(TradingError):
    """An order cannot be taken, changed or found."""


class OrderTermsError(OrderError):
    """A field of a request cannot be what it is.

    Attributes:
        field: The name of the field on the wire.
        problem: The rest of the sentence that begins with the field.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field} {problem}")


class OrderNotFoundError(OrderError):
    """The caller has no such order; the same whether someone else has it or nobody."""

    def __init__(self, reference: str) -> None:
        self.reference = reference
        super().__init__(f'the account has no order "{_cut(reference)}"')


class OrderRefusedError(OrderError):
    """A cancel or an amendment was refused; the order is as before.

    Attributes:
        order_id: The order.
        reason: The reason in the engine's words.
    """

    def __init__(self, order_id: str, reason: str, problem: str) -> None:
        self.order_id = order_id
        self.reason = reason
        super().__init__(f"order {order_id} {problem}")


class InsufficientBalanceError(OrderError):
    """The account has too little free.

    Attributes:
        asset: The asset.
        needed: The amount that is needed, fees included, a decimal string.
        free: The amount that is free, a decimal string.
    """

    def __init__(self, asset: str, needed: str, free: str) -> None:
        self.asset = asset
        self.needed = needed
        self.free = free
        super().__init__(f"insufficient {asset}: {needed} is needed, {free} is free")


class KeyReusedError(OrderError):
    """An idempotency key came with other terms than the first time.

    Attributes:
        key: The key.
        order_id: The order it belongs to.
    """

    def __init__(self, key: str, order_id: str) -> None:
        self.key = key
        self.order_id = order_id
        super().__init__(f'"{_cut(key)}" was used for order {order_id} with other terms')


class VenueMismatchError(OrderError):
    """The account does not trade where the instrument is."""

    def __init__(self, account_id: str, venue: str, venues: tuple[str, ...]) -> None:
        self.account_id = account_id
        self.venue = venue
        self.venues = venues
        super().__init__(
            f"account {account_id} does not trade at {venue}; it trades at {', '.join(venues)}"
        )


class NotTradableError(OrderError):
    """Nobody matches orders of this instrument here."""

    def __init__(self, instrument_id: str, problem: str) -> None:
        self.instrument_id = instrument_id
        super().__init__(f"{instrument_id} cannot be traded here: {problem}")


class RateLimitError(OrderError):
    """A user sends more orders a second than allowed.

    Attributes:
        limit: Orders a second.
        retry_ms: Milliseconds until the next one is taken.
    """

    def __init__(self, limit: int, retry_ms: int) -> None:
        self.limit = limit
        self.retry_ms = retry_ms
        super().__init__(f"more than {limit} orders a second; the next in {retry_ms} ms")


class OpenOrderLimitError(OrderError):
    """An account has as many open orders as it may have.

    Attributes:
        limit: Open orders that an account may have.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"the account has {limit} open orders, and may not have more")


class QuoteError(TradingError):
    """A quote cannot be made or taken. Root of the errors of quotes."""


class DealerError(QuoteError):
    """Nobody of this id quotes here.

    Attributes:
        asked: The id that was asked for.
        dealer_id: The id of the dealer.
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
        offered: The value that it would have to have.
    """

    def __init__(self, quote_id: str, field: str, asked: str, offered: str) -> None:
        self.quote_id = quote_id
        self.field = field
        self.asked = asked
        self.offered = offered
        super().__init__(f'{field} is "{_cut(asked)}", but quote {quote_id} is for {offered}')


class HaltedError(TradingError):
    """The journal failed: what was not acknowledged is lost, and nothing more is accepted."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(f"trading is halted: {cause}")


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
