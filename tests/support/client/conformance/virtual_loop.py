"""An event loop whose time is made up: where it would wait, it jumps to the next timer."""

from __future__ import annotations

import asyncio
import selectors

TURN = 1e-6
"""Seconds that a turn of the loop takes: a clock that stands still would be unlike any other."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for programs without sockets; an hour passes as fast as its work can be done."""

    def __init__(self):
        super().__init__(_Jumping(self))
        self._now = 0.0

    def time(self):
        """Seconds since the loop was made."""
        return self._now

    def jump(self, seconds):
        """Let time pass."""
        self._now += seconds


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop):
        super().__init__()
        self._loop = loop

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("everybody waits, and for nothing that will ever happen")
        self._loop.jump(max(timeout, TURN))
        return super().select(0)


class EngineClock:
    """The loop's time for the engine (``realtime.Clock``) and the market (``market.Clock``)."""

    def __init__(self, start=1_700_000_000.0):
        self._start = start

    def time(self):
        return self._start + self.monotonic()

    def time_ms(self):
        return round(self.time() * 1000)

    def monotonic(self):
        return asyncio.get_running_loop().time()

    def call_later(self, delay, callback):
        return asyncio.get_running_loop().call_later(delay, callback)

    def call_soon(self, callback):
        return asyncio.get_running_loop().call_soon(callback)

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)
