"""The deadlines of a node's connections, kept in one heap behind one timer of the clock.

A connection has several (ping, pong, expiry, presence), most of which are moved or dropped before
they fall due. A heap entry is a third of the size of a loop's timer and is dropped lazily.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Final

from cadenza.clock import Clock, Timer

_SLACK: Final = 64  # dropped entries that are not worth a rebuild of the heap


class Deadline:
    """A callback at a moment of the monotonic clock."""

    __slots__ = ("_timers", "callback", "order", "when")

    def __init__(
        self, timers: Timers, when: float, order: int, callback: Callable[[], None]
    ) -> None:
        self._timers = timers
        self.when = when
        self.order = order
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Drop it. Harmless when it is over."""
        if self.callback is not None:
            self.callback = None
            self._timers.dropped()

    def __lt__(self, other: Deadline) -> bool:
        return (self.when, self.order) < (other.when, other.order)


class Timers:
    """All deadlines of a node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[Deadline] = []
        self._order = 0
        self._dropped = 0
        self._alarm: Timer | None = None
        self._alarm_at = 0.0

    def __len__(self) -> int:
        return len(self._heap) - self._dropped

    def after(self, seconds: float, callback: Callable[[], None]) -> Deadline:
        """Call back in ``seconds``."""
        self._order += 1
        deadline = Deadline(self, self._clock.monotonic() + seconds, self._order, callback)
        heapq.heappush(self._heap, deadline)
        if self._alarm is None or deadline.when < self._alarm_at:
            self._set_alarm()
        return deadline

    def dropped(self) -> None:
        """One entry was cancelled; rebuild when most of the heap is such entries."""
        self._dropped += 1
        if self._dropped > _SLACK and self._dropped * 2 > len(self._heap):
            self._heap = [deadline for deadline in self._heap if deadline.callback is not None]
            heapq.heapify(self._heap)
            self._dropped = 0

    def close(self) -> None:
        """Forget everything."""
        for deadline in self._heap:
            deadline.callback = None
        self._heap.clear()
        self._dropped = 0
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._heap:
            self._alarm_at = self._heap[0].when
            delay = max(0.0, self._alarm_at - self._clock.monotonic())
            self._alarm = self._clock.call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        now = self._clock.monotonic()
        try:
            while self._heap and self._heap[0].when <= now:
                deadline = heapq.heappop(self._heap)
                callback, deadline.callback = deadline.callback, None
                if callback is None:
                    self._dropped -= 1
                else:
                    callback()
        finally:
            if self._alarm is None:
                self._set_alarm()
