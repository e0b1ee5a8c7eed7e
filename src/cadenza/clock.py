"""Time as a parameter: the clock of the event loop, and one that moves only as tests need it.

Whatever waits, measures, stamps or expires is given a ``Clock``, so that one ``VirtualClock`` lets
an hour of a whole gateway pass as fast as its work can be done.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has not happened yet."""

    def cancel(self) -> None:
        """Prevent it. Harmless when it has already happened."""


class Clock(Protocol):
    """The time, and what is to be done later.

    An administrator may set ``time`` and ``time_ms`` back; ``monotonic`` never goes back, so
    intervals are measured with it. Callbacks run in the event loop, never inside the call that
    asks for them.
    """

    def time(self) -> float:
        """Seconds since the Unix epoch, UTC."""

    def time_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""

    async def sleep(self, seconds: float) -> None:
        """Wait. With zero or less, other tasks still run once; cancelling leaves no timer."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` after ``delay`` seconds; zero or less means as soon as possible."""

    def call_soon(self, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` in the loop's next turn, after everything that is ready now."""


class LoopClock:
    """The machine's time and the running event loop's timers. May be made before the loop runs."""

    def time(self) -> float:
        """See ``Clock``."""
        return time.time()

    def time_ms(self) -> int:
        """See ``Clock``."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """See ``Clock``."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See ``Clock``."""
        await asyncio.sleep(max(0.0, seconds))

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """See ``Clock``."""
        return asyncio.get_running_loop().call_later(delay, callback)

    def call_soon(self, callback: Callable[[], None]) -> Timer:
        """See ``Clock``."""
        return asyncio.get_running_loop().call_soon(callback)


class _Appointment:
    """A callback of a virtual clock; that of a sleeper is void once the sleeper is cancelled."""

    __slots__ = ("_callback", "_wake")

    def __init__(
        self, callback: Callable[[], None], wake: asyncio.Future[None] | None = None
    ) -> None:
        self._callback: Callable[[], None] | None = callback
        self._wake = wake

    def cancel(self) -> None:
        self._callback = None

    def due(self) -> Callable[[], None] | None:
        """The callback, unless nobody wants it any more."""
        return None if self._wake is not None and self._wake.cancelled() else self._callback


class VirtualClock:
    """A clock that stands still while programs work.

    It moves in two ways. ``advance`` moves it by hand and needs no event loop. And while a task
    sleeps on it, it jumps from one appointment to the next by itself: it lets the tasks that an
    appointment wakes have their turns of the loop, then jumps again, until nobody sleeps. So
    ``await clock.sleep(3600)`` lets an hour of everything else on this clock pass.

    Appointments come in the order of their times, and of their calls where those are equal: a run
    is the same every time. Only waiting on this clock counts. A task that waits for a socket or a
    thread does not hold time back.

    Args:
        start_ms: The time at the start, in milliseconds since the Unix epoch.
        settle: Turns of the event loop between two jumps, for the tasks that were woken and for
            those that they wake in turn.
    """

    def __init__(self, start_ms: int = 1_700_000_000_000, *, settle: int = 1) -> None:
        self._start_ms = start_ms
        self._elapsed = 0.0
        self._settle = settle
        self._order = 0
        self._due: list[tuple[float, int, _Appointment]] = []
        self._sleepers = 0
        # The loop in which it jumps by itself at present. A loop that ended takes that along.
        self._loop: asyncio.AbstractEventLoop | None = None

    def time(self) -> float:
        """See ``Clock``."""
        return self._start_ms / 1000 + self._elapsed

    def time_ms(self) -> int:
        """See ``Clock``."""
        return self._start_ms + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    @property
    def pending(self) -> int:
        """Appointments still to come, those of sleepers among them."""
        return sum(appointment.due() is not None for _, _, appointment in self._due)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has come to ``seconds`` from now; it moves by itself until then."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        wake: asyncio.Future[None] = loop.create_future()
        self._enter(seconds, _Appointment(lambda: wake.set_result(None), wake))
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._turn, loop, self._settle)
        self._sleepers += 1
        try:
            await wake
        finally:
            self._sleepers -= 1

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """See ``Clock``."""
        return self._enter(delay, _Appointment(callback))

    def call_soon(self, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` at the next move, even by 0 seconds."""
        return self._enter(0.0, _Appointment(callback))

    def advance(self, seconds: float = 0.0) -> None:
        """Let time pass, and everything happen that falls due, in order.

        Tasks that are woken run when the event loop has its turn, so they find the time at the
        end.
        """
        end = self._elapsed + seconds
        while self._due and self._due[0][0] <= end:
            due, _, appointment = heapq.heappop(self._due)
            callback = appointment.due()
            if callback is not None:
                self._elapsed = due
                callback()
        self._elapsed = end

    def _enter(self, delay: float, appointment: _Appointment) -> _Appointment:
        self._order += 1
        due = self._elapsed + max(0.0, delay)
        heapq.heappush(self._due, (due, self._order, appointment))
        return appointment

    def _turn(self, loop: asyncio.AbstractEventLoop, turns_left: int) -> None:
        """Jump to the next appointment once the loop has had its turns."""
        if turns_left:
            loop.call_soon(self._turn, loop, turns_left - 1)
            return
        while self._sleepers and self._due:
            due, _, appointment = heapq.heappop(self._due)
            callback = appointment.due()
            if callback is not None:
                self._elapsed = due
                callback()
                loop.call_soon(self._turn, loop, self._settle)
                return
        self._loop = None
