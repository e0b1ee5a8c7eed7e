"""Publications between the connection and their consumer: a bounded queue with a policy."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

from cadenza.client.errors import BufferOverflowError, ClientError
from cadenza.client.options import Overflow

T = TypeVar("T")


class Buffer(Generic[T]):
    """One queue: ``put`` never waits, ``take`` waits for an item or the end.

    With ``BLOCK`` the queue can exceed its size by what one frame of the server carries: the
    reader of the connection awaits ``room`` between two frames.

    Attributes:
        dropped: Items that nobody will get.
    """

    def __init__(self, channel: str, size: int, overflow: Overflow) -> None:
        self.dropped = 0
        self._channel = channel
        self._size = size
        self._overflow = overflow
        self._items: deque[T] = deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._room: asyncio.Future[None] | None = None
        self._ended = False
        self._error: ClientError | None = None
        self._overflowed = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_over(self) -> bool:
        """Whether the reader has to wait for ``room``."""
        blocks = self._overflow is Overflow.BLOCK
        return blocks and len(self._items) >= self._size and not self._ended

    def put(self, item: T) -> None:
        """Add an item, or drop one as the policy says."""
        if self._ended or self._overflowed:
            self.dropped += 1
            self._overflowed += bool(self._overflowed)
            return
        if len(self._items) >= self._size:
            if self._overflow is Overflow.FAIL:
                self.dropped += 1
                self._overflowed = 1
                self._wake()
                return
            if self._overflow is Overflow.DROP_OLDEST:
                self._items.popleft()
                self.dropped += 1
        self._items.append(item)
        if self._takers:
            self._wake()

    async def take(self) -> T:
        """The next item.

        Raises:
            BufferOverflowError: Items were dropped by ``FAIL``; the buffer fills again after that.
            ClientError: The end, when it was given an error.
            StopAsyncIteration: The end, when it was not.
        """
        while not self._items:
            if self._overflowed:
                dropped, self._overflowed = self._overflowed, 0
                raise BufferOverflowError(self._channel, self._size, dropped)
            if self._ended:
                raise (
                    StopAsyncIteration if self._error is None else self._error.with_traceback(None)
                )
            await self._wait()
        item = self._items.popleft()
        if self._room is not None and len(self._items) < self._size:
            self._make_room()
        return item

    async def room(self) -> None:
        """Wait until there is room again, or nobody will take anything more."""
        while self.is_over:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    def end(self, error: ClientError | None = None) -> None:
        """Nothing more comes: ``take`` gives what waits, then raises."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()
            self._make_room()

    def reopen(self) -> None:
        """Things come again."""
        self._ended, self._error = False, None

    async def _wait(self) -> None:
        taker = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            await taker
        finally:
            if taker in self._takers:
                self._takers.remove(taker)

    def _wake(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None
