"""The bounded queue between the connection and a consumer, with a policy for overflows."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

from cadenza.client.errors import BufferOverflowError, ClientError
from cadenza.client.options import Overflow

T = TypeVar("T")

FRAME_RESERVE: Final = 64
"""Publications that a frame may bring beyond every bound: servers send 16 in one, or few more."""


class Latest(Generic[T]):
    """A queue that keeps the newest item of each key, in the place of the first.

    Args:
        key: The key of an item.
    """

    def __init__(self, key: Callable[[T], Hashable]) -> None:
        self._key = key
        self._items: dict[Hashable, T] = {}

    def __len__(self) -> int:
        return len(self._items)

    def append(self, item: T) -> None:
        """Add an item, or replace the one with its key."""
        self._items[self._key(item)] = item

    def popleft(self) -> T:
        """Take the item whose key has waited for the longest time."""
        return self._items.pop(next(iter(self._items)))


class Buffer(Generic[T]):
    """A queue: ``put`` never waits, ``take`` waits for an item or the end.

    With ``BLOCK`` the queue can exceed its size by the items of one frame of the server: the
    connection is read again when there is ``room``.

    Args:
        channel: The channel, for errors.
        size: The most items that may wait.
        overflow: The policy for more of them.
        key: The key of an item under ``CONFLATE``; by default all have the same.

    Attributes:
        dropped: How many items were dropped.
        conflated: How many items were replaced by a later one.
    """

    def __init__(
        self,
        channel: str,
        size: int,
        overflow: Overflow,
        key: Callable[[T], Hashable] | None = None,
    ) -> None:
        self.dropped = 0
        self.conflated = 0
        self._channel = channel
        self._size = size
        self._overflow = overflow
        self._blocks = overflow is Overflow.BLOCK
        self._conflates = overflow is Overflow.CONFLATE
        self._items: deque[T] | Latest[T] = Latest(key or _same) if self._conflates else deque()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._room: asyncio.Future[None] | None = None
        self._ended = False
        self._error: ClientError | None = None
        self._overflowed = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_over(self) -> bool:
        """Whether the connection should not be read until there is ``room``."""
        return self._blocks and len(self._items) >= self._size and not self._ended

    @property
    def is_full(self) -> bool:
        """Whether the reserve is used up too: as many items again, and those of a frame."""
        return self.is_over and len(self._items) >= 2 * self._size + FRAME_RESERVE

    def put(self, item: T) -> None:
        """Add an item, or drop one as the policy says."""
        if self._ended or self._overflowed:
            self.dropped += 1
            self._overflowed += bool(self._overflowed)
            return
        if self._conflates:
            self._put_latest(item)
        elif len(self._items) >= self._size:
            if self._overflow is Overflow.FAIL:
                self.dropped += 1
                self._overflowed = 1
                self._wake()
                return
            if self._overflow is Overflow.DROP_OLDEST:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
        else:
            self._items.append(item)
        if self._takers:
            self._wake()

    def _put_latest(self, item: T) -> None:
        before = len(self._items)
        self._items.append(item)
        self.conflated += len(self._items) == before
        if len(self._items) > self._size:
            self._items.popleft()
            self.dropped += 1

    async def take(self) -> T:
        """The next item.

        Raises:
            BufferOverflowError: Items were dropped by ``FAIL``; the buffer fills again after that.
            ClientError: The end, if it has an error.
            StopAsyncIteration: The end, if it has none.
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
        """Wait until there is room again, or the buffer has ended."""
        while self.is_over:
            if self._room is None:
                self._room = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._room)

    def end(self, error: ClientError | None = None) -> None:
        """End the queue: ``take`` gives the items that wait, then raises."""
        if not self._ended:
            self._ended, self._error = True, error
            self._wake()
            self._make_room()

    def reopen(self) -> None:
        """Begin again after an end."""
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


def _same(_: object) -> None:
    """The key of every item where the user gives none."""
