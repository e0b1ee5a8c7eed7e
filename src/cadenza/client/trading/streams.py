"""Events between an account and those who iterate over them."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, Generic, Self, TypeVar

from cadenza.client.buffer import Buffer
from cadenza.client.errors import ClientError, UsageError
from cadenza.client.options import Overflow

E = TypeVar("E")

SIZE = 1024
"""Events that wait, unless told otherwise."""


class EventStream(Generic[E]):
    """``async for event in stream``: each event from its making on, in order, once.

    It ends when the account is closed, and raises when following it has failed. A stream that
    nobody holds any more costs nothing.
    """

    def __init__(self, buffer: Buffer[E]) -> None:
        self._buffer = buffer
        # Whoever waits for room in it must not wait for a consumer that is gone.
        weakref.finalize(self, buffer.end).atexit = False

    @property
    def dropped(self) -> int:
        """Events that the overflow policy dropped."""
        return self._buffer.dropped

    def close(self) -> None:
        """Take nothing more in; the iteration ends after what waits."""
        self._buffer.end()

    def put(self, event: E) -> Buffer[E] | None:
        """Add an event; gives the buffer if the connection should wait for it."""
        self._buffer.put(event)
        return self._buffer if self._buffer.is_over else None

    def end(self, error: ClientError | None) -> None:
        """Nothing more comes."""
        self._buffer.end(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        return await self._buffer.take()


class Streams(Generic[E]):
    """The streams of one account, or of one order.

    Args:
        name: Of what, for errors.
        hold: Told of buffers that have no room.
        report: Told of exceptions of a user's function.
    """

    def __init__(
        self,
        name: str,
        hold: Callable[[Buffer[Any]], None],
        report: Callable[[str, BaseException], None],
    ) -> None:
        self._name = name
        self._hold = hold
        self._report = report
        self._streams: weakref.WeakSet[EventStream[E]] = weakref.WeakSet()

    def open(
        self,
        size: int = SIZE,
        overflow: Overflow = Overflow.FAIL,
        conflate_key: Callable[[E], Hashable] | None = None,
    ) -> EventStream[E]:
        """A new stream.

        Raises:
            UsageError: An option cannot be right.
        """
        if size < 1:
            raise UsageError(f"buffer must be at least 1, not {size}")
        if conflate_key is not None and overflow is not Overflow.CONFLATE:
            raise UsageError("conflate_key goes with overflow=Overflow.CONFLATE")
        stream: EventStream[E] = EventStream(Buffer(self._name, size, overflow, conflate_key))
        self._streams.add(stream)
        return stream

    def put(self, event: E) -> None:
        """An event for all."""
        for stream in self._streams:
            try:
                full = stream.put(event)
            except Exception as error:  # noqa: BLE001  conflate_key is the user's
                self._report(f"conflate_key of {self._name}", error)
            else:
                if full is not None:
                    self._hold(full)

    def end(self, error: ClientError | None = None) -> None:
        """Nothing more comes."""
        for stream in self._streams:
            stream.end(error)
