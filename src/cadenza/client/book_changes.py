"""Changes of a book for a reader that takes its time: what it has not taken is merged."""

from __future__ import annotations

import asyncio
from typing import Final, Self

from cadenza.client.errors import BufferOverflowError, ClientError
from cadenza.client.market.changes import BookState, Change
from cadenza.models import Row

MOST_LEVELS: Final = 65_536
"""Levels that may wait for a reader; a book changes far fewer before somebody notices."""


class Changes:
    """An iterator over merged changes; one reader.

    Raises:
        BufferOverflowError: When more than 65,536 levels have changed unread, in several changes:
            what was merged is dropped, and the reader must read the book itself before it goes on.
    """

    def __init__(self, instrument_id: str) -> None:
        self._instrument_id = instrument_id
        self._bids: dict[str, str] = {}
        self._asks: dict[str, str] = {}
        self._last: Change | None = None
        self._moved = [False, False]
        self._dropped = 0
        self._came = asyncio.Event()
        self._ended = False
        self._error: ClientError | None = None

    def put(self, change: Change) -> None:
        """Merge another change into what waits."""
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
        """Nothing more comes."""
        self._ended, self._error = True, error
        self._came.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
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

    def _merged(self, last: Change) -> Change:
        bids: list[Row] = list(self._bids.items())
        asks: list[Row] = list(self._asks.items())
        moved = self._moved
        self._bids, self._asks, self._last, self._moved = {}, {}, None, [False, False]
        return Change(
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
