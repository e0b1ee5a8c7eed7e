"""Time as a parameter: the clock of the machine, and one that jumps from sleeper to sleeper."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """What the market needs to know about time.

    ``time_ms`` may be set back by an administrator, ``monotonic`` never goes back; intervals are
    measured with the latter. ``sleep`` with zero or less still lets other tasks run once.
    """

    def time_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking others."""
        ...


class SystemClock:
    """The machine's clock."""

    def time_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking others."""
        await asyncio.sleep(max(0.0, seconds))


class VirtualClock:
    """A clock that stands still while tasks work and jumps to the next sleeper when they wait.

    Sleepers wake in the order of their due times, and of their calls where those are equal, so a
    run is the same every time and a day passes as fast as its work can be done. Only waiting on
    this clock counts: a task that waits for a socket or a thread does not hold time back.

    Args:
        start_ms: The time at the start, milliseconds since the Unix epoch.
        settle: Turns of the event loop the woken task and those it wakes in turn may take before
            the clock jumps again.
    """

    def __init__(self, start_ms: int = 1_700_000_000_000, *, settle: int = 1) -> None:
        self._start_ms = start_ms
        self._elapsed = 0.0
        self._settle = settle
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._is_running = False

    def time_ms(self) -> int:
        """Milliseconds since the Unix epoch, UTC."""
        return self._start_ms + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has come to ``seconds`` from now."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        wake: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), wake))
        if not self._is_running:
            self._is_running = True
            loop.call_soon(self._turn, loop, self._settle)
        await wake

    def _turn(self, loop: asyncio.AbstractEventLoop, turns_left: int) -> None:
        if turns_left:
            loop.call_soon(self._turn, loop, turns_left - 1)
            return
        while self._sleepers:
            due, _, wake = heapq.heappop(self._sleepers)
            if wake.cancelled():
                continue
            self._elapsed = due
            wake.set_result(None)
            loop.call_soon(self._turn, loop, self._settle)
            return
        self._is_running = False
