"""A local order book: payloads in, the state of the market out; no network, no clock, no waiting.

::

    state   SNAPSHOT  fitting DIFF  anything else  what may be read
    EMPTY   LIVE      STALE         STALE          nothing
    LIVE    LIVE      LIVE          STALE          everything
    STALE   LIVE      STALE         STALE          nothing, unless asked for

A crossed or unreadable SNAPSHOT is "anything else". While the book is STALE, ``needs_resync`` says
whether a new SNAPSHOT would heal it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeAlias

from cadenza.client.errors import UsageError
from cadenza.client.fields import Number, number_of
from cadenza.client.market.book_side import BookSide, Level, level_of
from cadenza.client.market.changes import BookChange, BookState, BookUpdate, read_update
from cadenza.client.market.data_frame import Depth, frame_of
from cadenza.client.market.errors import (
    BookFaultError,
    BookInterruptedError,
    CrossedBookError,
    InsufficientDepthError,
    NoSnapshotError,
    SequenceGapError,
    StaleBookError,
    UndefinedDeltaError,
    UnsupportedBookError,
    WrongInstrumentError,
)
from cadenza.client.market.price_scale import DIVIDE, EXACT, PriceScale
from cadenza.models import OrderBook as BookPayload
from cadenza.models import OrderBookType, OrderSide, Row, UpdateType

MOST_POSTED: Final = 1024
"""Levels of a side that may wait to be put into place; about 0.2 MiB."""

# A member of an enumeration is looked up in 70 ns, several times for each payload.
_LIVE: Final = BookState.LIVE
_STALE: Final = BookState.STALE
_SNAPSHOT: Final = UpdateType.SNAPSHOT
_DELTA: Final = UpdateType.DELTA
_L2: Final = OrderBookType.L2

_HALF: Final = Decimal("0.5")

_AnyUpdate: TypeAlias = BookUpdate | BookPayload


class BookTotals(NamedTuple):
    """The sums of both sides.

    Attributes:
        bid_quantity: The quantity of all bids, in the base asset.
        ask_quantity: The quantity of all asks, in the base asset.
        bid_levels: The number of bid levels.
        ask_levels: The number of ask levels.
    """

    bid_quantity: Decimal
    ask_quantity: Decimal
    bid_levels: int
    ask_levels: int


class OrderBook:
    """The book of one instrument, kept from the payloads of its channel.

    Reading raises ``StaleBookError`` unless the book is LIVE: a wrong price is worse than none.

    Args:
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``.
        allow_stale: Whether a STALE book may be read too; it then shows what it last held.
        delta_is_diff: Whether this server's DELTA sets absolute quantities, as a DIFF does. The
            API does not say; without this a DELTA makes the book STALE.

    Attributes:
        instrument_id: The instrument.
        state: Whether the book can be trusted.
        fault: Why the book is STALE; ``None`` while it is not.
        sequence: The number of the state held; ``None`` where the server does not number them.
        timestamp: The time of the last payload applied, milliseconds since the epoch, UTC.
    """

    __slots__ = (
        "_allow_stale",
        "_asks",
        "_best",
        "_bids",
        "_callbacks",
        "_delta_is_diff",
        "_posted",
        "_shown",
        "fault",
        "instrument_id",
        "sequence",
        "state",
        "timestamp",
    )

    def __init__(
        self, instrument_id: str, *, allow_stale: bool = False, delta_is_diff: bool = False
    ) -> None:
        self.instrument_id = instrument_id
        self.state = BookState.EMPTY
        self.fault: BookFaultError | None = None
        self.sequence: int | None = None
        self.timestamp = 0
        scale = PriceScale(instrument_id)
        self._bids = BookSide(scale, 1)
        self._asks = BookSide(scale, -1)
        # The best rows as of the last payload: read after nearly each, and compared.
        self._best: tuple[Row | None, Row | None] = (None, None)
        # The levels made of them: between two payloads they are mostly the same.
        self._shown: list[tuple[Row, Level] | None] = [None, None]
        self._posted = 0  # payloads that are not in place yet
        self._callbacks: tuple[Callable[[BookChange], object], ...] = ()
        self._allow_stale = allow_stale
        self._delta_is_diff = delta_is_diff

    def __repr__(self) -> str:
        bid, ask = (row[0] if row else "-" for row in self._best)
        levels = f"{len(self._bids)}+{len(self._asks)} levels"
        return f"OrderBook({self.instrument_id}, {self.state.value}, {bid} / {ask}, {levels})"

    # Payloads.

    def apply(self, payload: bytes | BookPayload) -> BookChange:
        """Take the next payload of the channel, in the order of arrival.

        Returns:
            The change; with a ``fault`` if the book is STALE after it.

        Raises:
            WrongInstrumentError: The payload is another instrument's; the book is as it was.
            ExceptionGroup: Callbacks have raised; the book has changed all the same.
        """
        if self._posted:
            self.settle()
        try:
            update = self._read(payload)
        except BookFaultError as error:
            return self._finish(error.with_traceback(None), None, payload, [], [])
        if update.instrument_id != self.instrument_id:
            self._check_names(update)
        bid_rows: list[Row] = []
        ask_rows: list[Row] = []
        fault = self._refusal(update)
        if fault is None:
            try:
                self._take(update, bid_rows, ask_rows)
            except BookFaultError as error:
                # The frames of a traceback would keep the payload alive with the fault.
                fault = error.with_traceback(None)
        return self._finish(fault, update, payload, bid_rows, ask_rows)

    def post(self, payload: bytes) -> BookFaultError | None:
        """Take the next payload as ``apply`` does, but put its levels into place later.

        Its place in the sequence is checked at once. Levels wait until the book is read, or 1,024
        of a side wait: of a level that changes many times meanwhile only the last quantity costs
        anything. So a malformed or crossing level is noticed then, and makes the book STALE then.
        While there are callbacks for changes, this is ``apply``.

        Returns:
            The fault, if the book is STALE.

        Raises:
            WrongInstrumentError: As ``apply``.
        """
        if self.state is not _LIVE or self._callbacks:
            return self.apply(payload).fault
        try:
            update = read_update(payload, self.instrument_id)
        except BookFaultError:
            return self.apply(payload).fault
        kind = update.update_type
        if (
            kind is _SNAPSHOT
            or (kind is _DELTA and not self._delta_is_diff)
            or update.prev_sequence != self.sequence
            or update.instrument_id != self.instrument_id
            or update.order_book_type is not _L2
        ):
            return self.apply(payload).fault
        waiting = max(self._bids.post(update.bids), self._asks.post(update.asks))
        self.sequence, self.timestamp = update.sequence, update.timestamp
        self._posted += 1
        if waiting >= MOST_POSTED:
            self.settle()
        return self.fault

    def settle(self) -> None:
        """Put posted levels into place; every way to read the book does it."""
        self._posted = 0
        fault = None
        try:
            self._bids.settle()
            self._asks.settle()
            self._check_crossing()
        except BookFaultError as error:
            fault = error.with_traceback(None)
        self._best = (self._bids.best_row, self._asks.best_row)
        if fault is not None:
            self.fault, self.state = fault, _STALE

    def invalidate(self, reason: str) -> BookChange:
        """Make the book STALE, as updates may be missing.

        Args:
            reason: Why they may be, for the fault.
        """
        if self._posted:
            self.settle()
        fault = BookInterruptedError(self.instrument_id, reason)
        return self._finish(fault, None, None, [], [])

    def on_change(self, callback: Callable[[BookChange], object]) -> Callable[[], None]:
        """Call a plain function with every change from now on, also with those that bring a fault.

        It is called in the middle of ``apply``, after the book has changed, and must not apply
        anything itself. Its exceptions are raised by ``apply`` after all callbacks were called.

        Returns:
            A function that ends it; calling that again does nothing.
        """
        # Wrapped, so that the same function may be given twice and be taken away once.
        entry: list[Callable[[BookChange], object]] = [callback]

        def call(change: BookChange) -> None:
            if entry:
                entry[0](change)

        def end() -> None:
            entry.clear()
            self._callbacks = tuple(it for it in self._callbacks if it is not call)

        self._callbacks = (*self._callbacks, call)
        return end

    # Reading: every property and method raises ``StaleBookError`` where the book cannot be trusted.

    @property
    def needs_resync(self) -> bool:
        """Whether a new SNAPSHOT would heal the book; never raises."""
        return self.fault is not None and self.fault.is_healed_by_snapshot

    @property
    def best_bid(self) -> Level | None:
        """The highest bid; ``None`` if there is no bid."""
        return self._level(0)

    @property
    def best_ask(self) -> Level | None:
        """The lowest ask; ``None`` if there is no ask."""
        return self._level(1)

    @property
    def spread(self) -> Decimal | None:
        """The best ask less the best bid, in the quote asset; ``None`` if a side is empty."""
        bid, ask = self.best_bid, self.best_ask
        return EXACT.subtract(ask.price, bid.price) if bid and ask else None

    @property
    def mid(self) -> Decimal | None:
        """The price half way between the best two, exact; ``None`` if a side is empty."""
        bid, ask = self.best_bid, self.best_ask
        return EXACT.multiply(EXACT.add(bid.price, ask.price), _HALF) if bid and ask else None

    def depth(self, levels: int = 0) -> Depth:
        """The best levels of both sides, best first.

        Args:
            levels: The most levels of a side; 0 means every level.
        """
        self._check_readable(levels)
        return Depth(self._bids.levels(levels), self._asks.levels(levels))

    def rows(self, levels: int = 0) -> tuple[list[Row], list[Row]]:
        """Bids and asks as ``depth`` gives them, in the venue's own strings."""
        self._check_readable(levels)
        return list(self._bids.rows(levels)), list(self._asks.rows(levels))

    def vwap(self, side: OrderSide | str, quantity: Number) -> Decimal:
        """The average price at which this book would fill a market order.

        Args:
            side: The order's side: BUY takes asks, SELL takes bids.
            quantity: The order's quantity in the base asset, more than 0.

        Returns:
            The price, rounded to 28 significant digits (half to even).

        Raises:
            InsufficientDepthError: The side holds less than the quantity.
            UsageError: The side or the quantity cannot be right.
        """
        self._check_readable()
        wanted = number_of("quantity", quantity)
        if side not in (OrderSide.BUY, OrderSide.SELL):
            raise UsageError(f'side "{side}" is neither "BUY" nor "SELL"')
        if wanted <= 0:
            raise UsageError(f"quantity {wanted} is not more than 0")
        levels = self._asks if side == OrderSide.BUY else self._bids
        cost = levels.cost(wanted)
        if cost is None:
            raise InsufficientDepthError(
                self.instrument_id, OrderSide(side), wanted, levels.total()
            )
        return DIVIDE.divide(cost, wanted)

    def quantity_at(self, price: Number) -> Decimal:
        """The quantity at a price, on either side; 0 if there is none.

        Raises:
            UsageError: The price is not a finite number, or is a float.
        """
        self._check_readable()
        wanted = number_of("price", price)
        found = self._bids.quantity_at(wanted)
        return (found or self._asks.quantity_at(wanted)) or Decimal()

    def totals(self) -> BookTotals:
        """The sums of each side."""
        self._check_readable()
        return BookTotals(self._bids.total(), self._asks.total(), len(self._bids), len(self._asks))

    def to_dataframe(self, levels: int = 0, *, library: str | None = None) -> Any:
        """The book as a data frame: columns side, level (1 is the best), price, quantity.

        Args:
            levels: The most levels of a side; 0 means every level.
            library: "polars" or "pandas"; by default the first of them that is installed.

        Raises:
            DataFrameLibraryError: None can be imported.
            UsageError: The library is another one.
        """
        return frame_of(self.depth(levels), library)

    def _read(self, payload: bytes | BookPayload) -> _AnyUpdate:
        if isinstance(payload, BookPayload):
            return payload
        return read_update(payload, self.instrument_id)

    def _check_names(self, update: _AnyUpdate) -> None:
        received = update.instrument_id
        if received is None and update.venue:
            received = f"{update.venue}:{update.symbol}"
        if received not in (None, self.instrument_id):
            raise WrongInstrumentError(self.instrument_id, str(received))

    def _refusal(self, update: _AnyUpdate) -> BookFaultError | None:
        """Why an update cannot be applied to the present state; ``None`` if it can."""
        if update.order_book_type is not _L2:
            return UnsupportedBookError(self.instrument_id, update.order_book_type)
        if update.update_type is _SNAPSHOT:
            return None
        if self.state is not _LIVE:
            return self.fault or NoSnapshotError(self.instrument_id)
        if update.update_type is _DELTA and not self._delta_is_diff:
            return UndefinedDeltaError(self.instrument_id)
        # Without numbers on both sides this is None against None: then nothing can be checked.
        if update.prev_sequence != self.sequence:
            return SequenceGapError(self.instrument_id, self.sequence, update.prev_sequence)
        return None

    def _take(self, update: _AnyUpdate, bid_rows: list[Row], ask_rows: list[Row]) -> None:
        """Change the levels, and note each change in the rows before the next can fail."""
        bids, asks = self._bids, self._asks
        if update.update_type is _SNAPSHOT:
            bids.replace(update.bids, bid_rows)
            asks.replace(update.asks, ask_rows)
        else:
            bids.apply(update.bids, bid_rows)
            asks.apply(update.asks, ask_rows)
        self._check_crossing()
        self.sequence, self.timestamp = update.sequence, update.timestamp

    def _check_crossing(self) -> None:
        bids, asks = self._bids, self._asks
        if bids.reaches(asks):
            bid, ask = bids.best_row, asks.best_row
            raise CrossedBookError(self.instrument_id, bid[0] if bid else "", ask[0] if ask else "")

    def _finish(
        self,
        fault: BookFaultError | None,
        update: _AnyUpdate | None,
        payload: bytes | BookPayload | None,
        bid_rows: list[Row],
        ask_rows: list[Row],
    ) -> BookChange:
        """Set the state, and tell the callbacks what has changed."""
        self.fault = fault
        self.state = _STALE if fault else _LIVE
        (old_bid, old_ask), (bid, ask) = self._best, (self._bids.best_row, self._asks.best_row)
        self._best = (bid, ask)
        change = BookChange(
            self.state,
            update.update_type if update else None,
            bid_rows,
            ask_rows,
            bid != old_bid,
            ask != old_ask,
            self.sequence,
            update.timestamp if update else self.timestamp,
            fault,
            payload,
        )
        if self._callbacks:
            self._notify(change)
        return change

    def _notify(self, change: BookChange) -> None:
        errors = []
        for callback in self._callbacks:
            try:
                callback(change)
            except Exception as error:  # noqa: BLE001 - all are raised below, as one group
                errors.append(error)
        if errors:
            raise ExceptionGroup(f"callbacks of the book of {self.instrument_id}", errors)

    def _level(self, side: int) -> Level | None:
        """The best level of a side: 0 is bids, 1 is asks."""
        self._check_readable()
        row = self._best[side]
        if row is None:
            return None
        shown = self._shown[side]
        if shown is None or shown[0] != row:
            shown = self._shown[side] = row, level_of(row)
        return shown[1]

    def _check_readable(self, levels: int = 0) -> None:
        if self._posted:
            self.settle()
        if self.state is not BookState.LIVE and not (
            self._allow_stale and self.state is BookState.STALE
        ):
            raise StaleBookError(self.fault or NoSnapshotError(self.instrument_id))
        if levels < 0:
            raise UsageError(f"{levels} levels: there cannot be fewer than 0")
