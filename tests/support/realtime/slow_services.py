"""A broker and a presence that never answer at once and deliver later, as networked ones do."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable

from cadenza.clock import Clock
from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.broker import BrokerEvents, Delivery, PublishOptions, PublishResult
from cadenza.realtime.broker_memory import MemoryBroker
from cadenza.realtime.presence import PresenceStats
from cadenza.realtime.presence_memory import MemoryPresence
from cadenza.realtime.stream import HistoryFilter, Page


class Gates:
    """Methods wait a turn of the loop, and at their gate for as long as a test keeps it shut."""

    def __init__(self) -> None:
        self._gates: dict[str, asyncio.Event] = {}
        self.calls: list[str] = []
        self.failing: set[str] = set()

    def shut(self, name: str) -> None:
        """Keep calls of a method waiting from here on."""
        self._gates[name] = asyncio.Event()

    def open(self, name: str) -> None:
        """Let them through."""
        self._gates.pop(name).set()

    async def through(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        gate = self._gates.get(name)
        if gate is not None:
            await gate.wait()
        if name in self.failing:
            raise ConnectionError(f"{name} failed")


class _Later:
    """Events that reach the node in order, each in a turn of its own."""

    def __init__(self, events: BrokerEvents) -> None:
        self._events = events
        self._queue: deque[Callable[[], None]] = deque()
        self.held = False
        self.lose = 0

    def on_publication(self, channel: str, delivery: Delivery) -> None:
        if self.lose:
            self.lose -= 1
            return
        self._put(lambda: self._events.on_publication(channel, delivery))

    def on_join(self, channel: str, info: ClientInfo) -> None:
        self._put(lambda: self._events.on_join(channel, info))

    def on_leave(self, channel: str, info: ClientInfo) -> None:
        self._put(lambda: self._events.on_leave(channel, info))

    def release(self) -> None:
        self.held = False
        loop = asyncio.get_running_loop()
        for _ in range(len(self._queue)):
            loop.call_soon(self._deliver)

    def _put(self, event: Callable[[], None]) -> None:
        self._queue.append(event)
        if not self.held:
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        if self._queue and not self.held:
            self._queue.popleft()()


class AsyncBroker:
    """``MemoryBroker`` at the far end of a slow line."""

    def __init__(self, clock: Clock | None = None, chance: random.Random | None = None) -> None:
        self.memory = MemoryBroker(clock, chance)
        self.gates = Gates()
        self.line: _Later | None = None

    async def start(self, events: BrokerEvents) -> None:
        await self.gates.through("start")
        self.line = _Later(events)
        self.memory.start(self.line)

    async def close(self) -> None:
        await self.gates.through("close")
        self.memory.close()

    async def publish(
        self, channel: str, publication: Publication, options: PublishOptions
    ) -> PublishResult:
        await self.gates.through("publish")
        result = self.memory.publish(channel, publication, options)
        await asyncio.sleep(0)
        return result

    async def publish_join(self, channel: str, info: ClientInfo) -> None:
        await self.gates.through("publish_join")
        self.memory.publish_join(channel, info)

    async def publish_leave(self, channel: str, info: ClientInfo) -> None:
        await self.gates.through("publish_leave")
        self.memory.publish_leave(channel, info)

    async def subscribe(self, channel: str) -> None:
        await self.gates.through("subscribe")
        self.memory.subscribe(channel)

    async def unsubscribe(self, channel: str) -> None:
        await self.gates.through("unsubscribe")
        self.memory.unsubscribe(channel)

    async def history(self, channel: str, wanted: HistoryFilter, meta_ttl: float) -> Page:
        await self.gates.through("history")
        page = self.memory.history(channel, wanted, meta_ttl)
        await self.gates.through("history_answer")
        return page

    async def remove_history(self, channel: str) -> None:
        await self.gates.through("remove_history")
        self.memory.remove_history(channel)


class AsyncPresence:
    """``MemoryPresence`` at the far end of a slow line."""

    def __init__(self, clock: Clock | None = None, ttl: float = 0.0) -> None:
        self.memory = MemoryPresence(clock, ttl)
        self.gates = Gates()

    async def add(self, channel: str, info: ClientInfo) -> None:
        await self.gates.through("add")
        self.memory.add(channel, info)

    async def remove(self, channel: str, client: str) -> None:
        await self.gates.through("remove")
        self.memory.remove(channel, client)

    async def read(self, channel: str) -> dict[str, ClientInfo]:
        await self.gates.through("read")
        return self.memory.read(channel)

    async def stats(self, channel: str) -> PresenceStats:
        await self.gates.through("stats")
        return self.memory.stats(channel)
