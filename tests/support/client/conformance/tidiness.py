"""What must not stay behind: tasks, timers, exceptions that nobody saw."""

from __future__ import annotations

import asyncio
import contextlib
import gc

from cadenza.clock import LoopClock

TURNS = 20
YOUNG = 1
"""What a short test has made is young still; all of a test session takes long to look through."""


class CountingClock(LoopClock):
    """The clock of the loop, which knows its timers.

    Attributes:
        pending: Those that have neither run nor been cancelled.
    """

    def __init__(self):
        self.pending = set()

    def monotonic(self):
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds):
        await _sleep(self, seconds)

    def clear(self):
        """Let go of what a client has left, so that it fails one test only."""
        for timer in list(self.pending):
            timer.cancel()

    def call_later(self, delay, callback):
        timer = _Counted(self.pending)

        def run():
            self.pending.discard(timer)
            callback()

        timer.handle = super().call_later(delay, run)
        self.pending.add(timer)
        return timer


class _Counted:
    def __init__(self, pending):
        self._pending = pending
        self.handle = None

    def cancel(self):
        self._pending.discard(self)
        self.handle.cancel()


class HandClock:
    """A clock that moves when it is told to, for a client whose peer is real."""

    def __init__(self):
        self._now = 0.0
        self.pending = set()

    def monotonic(self):
        return self._now

    async def sleep(self, seconds):
        await _sleep(self, seconds)

    def call_later(self, delay, callback):
        timer = _ByHand(self.pending, self._now + max(0.0, delay), callback)
        self.pending.add(timer)
        return timer

    async def advance(self, seconds):
        """Let time pass: all that falls due happens in its order, each in a turn of the loop."""
        end = self._now + seconds
        while due := [it for it in self.pending if it.due <= end]:
            first = min(due, key=lambda it: it.due)
            self._now = max(self._now, first.due)
            self.pending.discard(first)
            first.callback()
            await asyncio.sleep(0)
        self._now = end
        await asyncio.sleep(0)


async def _sleep(clock, seconds):
    """Wait with one of the clock's timers."""
    done = asyncio.get_running_loop().create_future()
    timer = clock.call_later(seconds, lambda: None if done.done() else done.set_result(None))
    try:
        await done
    finally:
        timer.cancel()


class _ByHand:
    def __init__(self, pending, due, callback):
        self._pending = pending
        self.due = due
        self.callback = callback

    def cancel(self):
        self._pending.discard(self)


@contextlib.asynccontextmanager
async def tidy():
    """Fails if what runs inside leaves a task, a timer of the loop, or an unseen exception."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    unseen = []
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    try:
        yield
    finally:
        for _ in range(TURNS):  # what was cancelled ends, transports close
            await asyncio.sleep(0)
        gc.collect(YOUNG)  # exceptions of forgotten tasks are told when those are freed
        await asyncio.sleep(0)
        loop.set_exception_handler(None)
    assert unseen == []
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()
    assert timers(loop) == []


def timers(loop):
    """Calls that a loop of asyncio has still to make; another kind of loop keeps them to itself."""
    return [it for it in getattr(loop, "_scheduled", []) if not it.cancelled()]
