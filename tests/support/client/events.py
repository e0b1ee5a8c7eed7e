"""What a client told: every event of every kind, in order, to wait for."""

from __future__ import annotations

import asyncio

PATIENCE = 10.0


class Events:
    """``events.on("connected")`` is a callback; ``await events.next("connected")`` its argument."""

    def __init__(self):
        self._queues = {}

    def queue(self, kind):
        return self._queues.setdefault(kind, asyncio.Queue())

    def on(self, kind):
        return self.queue(kind).put_nowait

    def count(self, kind):
        return self.queue(kind).qsize()

    async def next(self, kind):
        async with asyncio.timeout(PATIENCE):
            return await self.queue(kind).get()

    def all(self, *kinds):
        """Callbacks for several kinds, as keyword arguments."""
        return {f"on_{kind}": self.on(kind) for kind in kinds}


class FastClock:
    """A clock that runs ``factor`` times as fast as the loop's."""

    def __init__(self, factor):
        self._factor = factor

    def monotonic(self):
        return asyncio.get_running_loop().time() * self._factor

    async def sleep(self, seconds):
        await asyncio.sleep(seconds / self._factor)

    def call_later(self, delay, callback):
        return asyncio.get_running_loop().call_later(delay / self._factor, callback)


async def take(subscription, count):
    """The next publications of a subscription."""
    found = []
    async with asyncio.timeout(PATIENCE):
        async for publication in subscription:
            found.append(publication)
            if len(found) == count:
                break
    return found
