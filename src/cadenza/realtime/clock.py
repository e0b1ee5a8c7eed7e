"""Time as a parameter: what the engine asks of a clock, and two clocks that give it."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol


class Cancellable(Protocol):
    """Something that was going to happen."""

    def cancel(self) -> None:
        """Keep it from happening. Harmless when it already has."""


class Clock(Protocol):
    """Where the engine gets the time from, and where it leaves what is to be done later."""

    def time(self) -> float:
        """Seconds since the Unix epoch, UTC: for tokens, expiry and timestamps."""

    def monotonic(self) -> float:
        """Seconds that never go back: for intervals."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Cancellable:
        """Call back after ``delay`` seconds."""

    def call_soon(self, callback: Callable[[], None]) -> Cancellable:
        """Call back in the next turn of the event loop, after everything that is ready now."""


class LoopClock:
    """The running event loop's clock. May be made before the loop runs."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that was running at the first use."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        return self._loop

    def time(self) -> float:
        """See ``Clock``."""
        return time.time()

    def monotonic(self) -> float:
        """See ``Clock``."""
        return time.monotonic()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Cancellable:
        """See ``Clock``."""
        return self.loop.call_later(delay, callback)

    def call_soon(self, callback: Callable[[], None]) -> Cancellable:
        """See ``Clock``."""
        return self.loop.call_soon(callback)


class _Appointment:
    """One callback of a virtual clock."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class VirtualClock:
    """A clock that moves only when it is told to, so that an hour passes in no time."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._start = start
        self._now = 0.0
        self._order = 0
        self._due: list[tuple[float, int, _Appointment]] = []

    def time(self) -> float:
        """See ``Clock``."""
        return self._start + self._now

    def monotonic(self) -> float:
        """See ``Clock``."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Cancellable:
        """See ``Clock``."""
        appointment = _Appointment(callback)
        self._order += 1
        heapq.heappush(self._due, (self._now + max(0.0, delay), self._order, appointment))
        return appointment

    def call_soon(self, callback: Callable[[], None]) -> Cancellable:
        """See ``Clock``. Runs at the next ``advance``, even by 0 seconds."""
        return self.call_later(0.0, callback)

    def advance(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything happen that falls due, in order."""
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            self._now, _, appointment = heapq.heappop(self._due)
            if appointment.callback is not None:
                appointment.callback()
        self._now = end
