"""The errors of a local order book, a part of the one tree of the SDK.

::

    BookError (a ClientError)
    |-- BookFaultError           the book cannot be trusted until its next snapshot
    |   |-- NoSnapshotError        a change came before any snapshot
    |   |-- SequenceGapError       updates are missing
    |   |-- CrossedBookError       the best bid reaches the best ask
    |   |-- BadLevelError          a level holds no price or no quantity
    |   |-- BadPayloadError        the payload is no order book
    |   |-- UndefinedDeltaError    a DELTA came, whose meaning was not given
    |   |-- UnsupportedBookError   its rows are not levels of price and quantity
    |   `-- BookInterruptedError   the connection was interrupted: updates may be missing
    |-- StaleBookError           a book was read that cannot be trusted
    |-- WrongInstrumentError     the payload is another instrument's
    |-- InsufficientDepthError   the book has less than the quantity asked for
    `-- DataFrameLibraryError    neither polars nor pandas is installed

Faults are values: ``OrderBook.apply`` returns them in its ``BookChange``. The others are raised.
Every error carries its facts as attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from cadenza.client.errors import ClientError, Fault
from cadenza.models import OrderBookType, OrderSide


class BookError(ClientError):
    """Base of the errors of a local order book."""


class BookFaultError(BookError):
    """A book cannot be trusted until its next snapshot.

    Attributes:
        instrument_id: The instrument.
        problem: The reason, for people.
        is_healed_by_snapshot: Whether a new snapshot would heal the book.
    """

    fault = Fault.SERVER
    is_healed_by_snapshot: ClassVar[bool] = True

    def __init__(self, instrument_id: str, problem: str) -> None:
        self.instrument_id = instrument_id
        self.problem = problem
        super().__init__(f"{instrument_id}: {problem}")


class NoSnapshotError(BookFaultError):
    """A change, or a reader, came before the first snapshot."""

    fault = Fault.NETWORK

    def __init__(self, instrument_id: str) -> None:
        super().__init__(instrument_id, "there has been no snapshot yet")


class SequenceGapError(BookFaultError):
    """An update does not continue the state that is held.

    Attributes:
        held: The number of the state held; ``None`` if it has none.
        follows: The number that the update follows; ``None`` if it has none.
    """

    fault = Fault.NETWORK

    def __init__(self, instrument_id: str, held: int | None, follows: int | None) -> None:
        self.held = held
        self.follows = follows
        super().__init__(
            instrument_id,
            f"the book is at sequence {_number(held)}, the update follows {_number(follows)}",
        )


class CrossedBookError(BookFaultError):
    """The best bid is not below the best ask.

    Attributes:
        bid: The price of the best bid.
        ask: The price of the best ask.
    """

    def __init__(self, instrument_id: str, bid: str, ask: str) -> None:
        self.bid = bid
        self.ask = ask
        super().__init__(instrument_id, f"the best bid {bid} is not below the best ask {ask}")


class BadLevelError(BookFaultError):
    """A price or a quantity is not a decimal in plain notation, or a price stands twice.

    Attributes:
        kind: ``price`` or ``quantity``.
        text: The text as it came.
    """

    def __init__(self, instrument_id: str, kind: str, text: str, problem: str = "") -> None:
        self.kind = kind
        self.text = text
        problem = problem or 'is not a plain decimal such as "0.25"'
        super().__init__(instrument_id, f'{kind} "{text}" {problem}')


class BadPayloadError(BookFaultError):
    """The payload is not JSON, or not an order book.

    Attributes:
        reason: Why, for people.
    """

    def __init__(self, instrument_id: str, reason: str) -> None:
        self.reason = reason
        super().__init__(instrument_id, f"the payload is no order book: {reason}")


class UndefinedDeltaError(BookFaultError):
    """A DELTA came: the API leaves its meaning to each venue's connector."""

    def __init__(self, instrument_id: str) -> None:
        super().__init__(
            instrument_id,
            "a DELTA has no defined meaning; if this server means absolute quantities by it,"
            " make the book with delta_is_diff=True",
        )


class UnsupportedBookError(BookFaultError):
    """The rows are not levels of price and quantity, and no snapshot will change that.

    Attributes:
        order_book_type: The type of the book.
    """

    is_healed_by_snapshot: ClassVar[bool] = False

    def __init__(self, instrument_id: str, order_book_type: OrderBookType) -> None:
        self.order_book_type = order_book_type
        super().__init__(
            instrument_id, f"a book of type {order_book_type.value} cannot be kept, only L2"
        )


class BookInterruptedError(BookFaultError):
    """Updates may be missing: a subscription ended, or came back without recovery."""

    fault = Fault.NETWORK


class StaleBookError(BookError):
    """A book was read that cannot be trusted.

    Attributes:
        instrument_id: The instrument.
        reason: Why it cannot be trusted.
    """

    def __init__(self, reason: BookFaultError) -> None:
        super().__init__(f"the book cannot be trusted until its next snapshot: {reason}")
        self.instrument_id = reason.instrument_id
        self.reason = reason
        self.fault = reason.fault


class WrongInstrumentError(BookError):
    """A payload was given to the book of another instrument; the book is as it was.

    Attributes:
        expected: The instrument of the book.
        received: The instrument of the payload.
    """

    def __init__(self, expected: str, received: str) -> None:
        self.expected = expected
        self.received = received
        super().__init__(f"the payload is of {received}, the book of {expected}")


class InsufficientDepthError(BookError):
    """One side of the book holds less than the quantity asked for.

    Attributes:
        instrument_id: The instrument.
        side: The side of the order.
        wanted: The quantity asked for, in the base asset.
        available: The quantity of the whole side, in the base asset.
    """

    def __init__(
        self, instrument_id: str, side: OrderSide, wanted: Decimal, available: Decimal
    ) -> None:
        self.instrument_id = instrument_id
        self.side = side
        self.wanted = wanted
        self.available = available
        super().__init__(
            f"{instrument_id}: {side.value} of {wanted} finds only {available} in the book"
        )


class DataFrameLibraryError(BookError, ImportError):
    """No library for data frames can be imported.

    Attributes:
        names: The libraries that were tried.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"a data frame needs {' or '.join(names)}; install one: pip install {names[0]}"
        )


def _number(sequence: int | None) -> str:
    return "(none)" if sequence is None else str(sequence)
