"""Time as the SDK needs it: a clock that tells it, and calls back later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has not happened yet."""

    def cancel(self) -> None:
        """Prevent it; harmless when it has happened."""


class Clock(Protocol):
    """Seconds that only grow. Callbacks run in the event loop, never inside ``call_later``."""

    def now(self) -> float:
        """The time in seconds, from any start."""

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call ``callback`` after ``delay`` seconds."""


class LoopClock:
    """The clock of the running event loop."""

    def now(self) -> float:
        """The loop's time."""
        return asyncio.get_running_loop().time()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        """As the loop's ``call_later``."""
        return asyncio.get_running_loop().call_later(delay, callback)


async def sleep(clock: Clock, delay: float) -> None:
    """Wait on a clock; cancelling leaves no timer behind."""
    done = asyncio.get_running_loop().create_future()
    timer = clock.call_later(delay, lambda: None if done.done() else done.set_result(None))
    try:
        await done
    finally:
        timer.cancel()
