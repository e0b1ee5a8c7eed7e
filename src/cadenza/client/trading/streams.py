"""Streams of events: one for each iteration over an account or an order."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from typing import Any, Final, Generic, Self, TypeVar

from cadenza.client.buffer import Buffer
from cadenza.client.errors import ClientError, UsageError
from cadenza.client.options import Overflow

E = TypeVar("E")

SIZE: Final = 1024
"""Events that may wait in a stream by default."""


class EventStream(Generic[E]):
    """Events to iterate over: ``async for event in stream`` gives each of them once, in order.

    Made by ``Account.events`` and ``Order.events``; it begins with the next event. The iteration
    ends when the account is closed, and raises when following it has failed. A stream that nobody
    holds any more costs nothing.
    """

    def __init__(self, buffer: Buffer[E]) -> None:
        self._buffer = buffer
        # Nothing must wait for room in it once its consumer is gone.
        weakref.finalize(self, buffer.end).atexit = False

    @property
    def dropped(self) -> int:
        """How many events the overflow policy has dropped."""
        return self._buffer.dropped

    def close(self) -> None:
        """End the stream; the iteration ends after the events that wait."""
        self._buffer.end()

    def put(self, event: E) -> Buffer[E] | None:
        """Add an event, and return the buffer if the connection should wait for it."""
        self._buffer.put(event)
        return self._buffer if self._buffer.is_over else None

    def end(self, error: ClientError | None) -> None:
        """End after the events that wait: with ``error``, or quietly if that is ``None``."""
        self._buffer.end(error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        return await self._buffer.take()


class Streams(Generic[E]):
    """The streams of one account, or of one order.

    Args:
        name: The account or order, for errors.
        hold: Called with buffers that have no room.
        report: Called with exceptions of a user's function.
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
        """Add an event to all streams."""
        for stream in self._streams:
            try:
                full = stream.put(event)
            except Exception as error:  # noqa: BLE001 - conflate_key is the user's
                self._report(f"conflate_key of {self._name}", error)
            else:
                if full is not None:
                    self._hold(full)

    def end(self, error: ClientError | None = None) -> None:
        """End all streams, as ``EventStream.end``."""
        for stream in self._streams:
            stream.end(error)
