"""Updates of a local order book, read from payloads, and the changes that they make."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from typing import Final, Self

import msgspec

from cadenza.client.errors import BufferOverflowError, ClientError
from cadenza.client.market.book_side import Level, level_of
from cadenza.client.market.errors import BadPayloadError, BookFaultError, UnsupportedBookError
from cadenza.models import OrderBook as BookPayload
from cadenza.models import OrderBookType, Row, UpdateType

MOST_LEVELS: Final = 65_536
"""Levels that may wait for a reader; a book changes far fewer before somebody notices."""


class BookState(enum.Enum):
    """Whether a book can be trusted."""

    EMPTY = "empty"
    """There has been no SNAPSHOT yet."""
    LIVE = "live"
    """The book is as the venue has published it."""
    STALE = "stale"
    """The book missed something, or met something that does not fit."""


class _Header(msgspec.Struct, rename="camel"):
    order_book_type: OrderBookType = OrderBookType.L2


class BookUpdate(msgspec.Struct, rename="camel", gc=False):
    """The fields of a payload that a book reads.

    The API's old model has no update type: it is a whole book.
    """

    bids: list[Row]
    asks: list[Row]
    update_type: UpdateType = UpdateType.SNAPSHOT
    instrument_id: str | None = None
    venue: str = ""
    symbol: str = ""
    timestamp: int = 0
    sequence: int | None = None
    prev_sequence: int | None = None
    order_book_type: OrderBookType = OrderBookType.L2


_decode: Final = msgspec.json.Decoder(BookUpdate).decode
_decode_header: Final = msgspec.json.Decoder(_Header).decode


def read_update(payload: bytes, instrument_id: str) -> BookUpdate:
    """Read a payload in JSON.

    Raises:
        BadPayloadError: It is not an order book.
        UnsupportedBookError: It is an order book whose rows have other columns.
    """
    try:
        return _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        kind = _type_of(payload)
        if kind is OrderBookType.L2:
            raise BadPayloadError(instrument_id, str(error)) from None
        raise UnsupportedBookError(instrument_id, kind) from None


def _type_of(payload: bytes) -> OrderBookType:
    try:
        return _decode_header(payload).order_book_type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return OrderBookType.L2


class BookChange(msgspec.Struct, frozen=True, gc=False):
    """The effect of one payload, or of several merged ones, on a book.

    Attributes:
        state: The state of the book after it.
        update_type: The type of the payload; ``None`` if it could not be read, or if there was no
            payload.
        bid_rows: The bids that changed, as (price, quantity) strings; quantity "0": removed. After
            a SNAPSHOT, the differences from the book before it.
        ask_rows: The same for asks. Whoever applies all rows of all changes, also of those with a
            fault, holds what the book holds.
        best_bid_moved: Whether the price or the quantity of the best bid has changed.
        best_ask_moved: The same for the best ask.
        sequence: The number of the state that the book is in; ``None`` if it has none.
        timestamp: The payload's time, milliseconds since the epoch, UTC.
        fault: Why the book is STALE; ``None`` if it is not.
        payload: The payload as it came; ``None`` if there was none.
    """

    state: BookState
    update_type: UpdateType | None
    bid_rows: Sequence[Row]
    ask_rows: Sequence[Row]
    best_bid_moved: bool
    best_ask_moved: bool
    sequence: int | None
    timestamp: int
    fault: BookFaultError | None
    payload: bytes | BookPayload | None

    @property
    def best_moved(self) -> bool:
        """Whether either best level has changed."""
        return self.best_bid_moved or self.best_ask_moved

    @property
    def bids(self) -> list[Level]:
        """The bids that changed; quantity 0: removed."""
        return [level_of(row) for row in self.bid_rows]

    @property
    def asks(self) -> list[Level]:
        """The asks that changed; quantity 0: removed."""
        return [level_of(row) for row in self.ask_rows]


class BookChanges:
    """An iterator over the changes of a book, for one reader: unread changes are merged.

    Made by ``LiveOrderBook.changes``.

    Args:
        instrument_id: The instrument, for errors.

    Raises:
        BufferOverflowError: More than 65,536 levels have changed unread, in several changes: they
            were dropped, and the reader must read the book itself before it goes on.
    """

    def __init__(self, instrument_id: str) -> None:
        self._instrument_id = instrument_id
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._last: BookChange | None = None
        self._moved = [False, False]
        self._dropped = 0
        self._came = asyncio.Event()
        self._ended = False
        self._error: ClientError | None = None

    def put(self, change: BookChange) -> None:
        """Merge a change into those that wait."""
        is_alone = self._last is None
        self._bids.update(change.bid_rows)
        self._asks.update(change.ask_rows)
        self._moved[0] |= change.best_bid_moved
        self._moved[1] |= change.best_ask_moved
        self._last = change
        if not is_alone and len(self._bids) + len(self._asks) > MOST_LEVELS:
            self._dropped += len(self._bids) + len(self._asks)
            self._bids, self._asks = {}, {}
        self._came.set()

    def end(self, error: ClientError | None) -> None:
        """End the iteration after what waits: with ``error``, or quietly if that is ``None``."""
        self._ended, self._error = True, error
        self._came.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BookChange:
        while self._last is None:
            if self._ended:
                raise self._error or StopAsyncIteration
            self._came.clear()
            await self._came.wait()
        if self._dropped:
            dropped, self._dropped, self._last = self._dropped, 0, None
            self._bids, self._asks = {}, {}
            raise BufferOverflowError(self._instrument_id, MOST_LEVELS, dropped)
        return self._merged(self._last)

    def _merged(self, last: BookChange) -> BookChange:
        bids: list[Row] = list(self._bids.items())
        asks: list[Row] = list(self._asks.items())
        moved = self._moved
        self._bids, self._asks, self._last, self._moved = {}, {}, None, [False, False]
        return BookChange(
            last.state,
            last.update_type if last.state is BookState.LIVE else None,
            bids,
            asks,
            moved[0],
            moved[1],
            last.sequence,
            last.timestamp,
            last.fault,
            last.payload,
        )
