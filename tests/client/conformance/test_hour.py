"""An hour in which everything breaks again and again, and nothing is lost, doubled or wrong."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import Client, ClientCallbacks, ClientOptions, ClientState, Overflow
from cadenza.client.subscriber import Subscriber
from cadenza.client.subscription import Subscription
from cadenza.client.trading.states import AccountState
from support.client.conformance.hour_world import ACCOUNT, LOG, PERSONAL, SPEC, World
from support.client.conformance.tidiness import CountingClock, tidy
from support.client.conformance.virtual_loop import VirtualLoop

HOUR = 3600.0
BETWEEN = 100.0
"""Seconds of trouble between two quiet points."""
RECOVERY = 120.0
"""Seconds in which everything must be well again once nothing breaks any more."""


class Trader:
    """A client that keeps a book, an account, and everything else that it is told.

    Attributes:
        events: Of the account; ``log`` and ``personal``: what came there.
        answers: Of its calls; ``failures`` of those that a break has cut short.
    """

    def __init__(self, world, protocol):
        self.events = []
        self.log = []
        self.personal = []
        self.answers = 0
        self.failures = 0
        self._world = world
        options = ClientOptions(
            protocol=protocol,
            clock=CountingClock(),
            get_token=self._token,
            random=world.chance.random,
            max_reconnect_delay=5.0,
            max_resubscribe_delay=5.0,
            start_timeout=600.0,
        )
        callbacks = ClientCallbacks(on_publication=self._on_publication)
        self.client = Client("ws://hour/", options, callbacks, world.dial)
        self.book = self.account = self.subscription = None
        self._tasks = []

    async def start(self):
        """Connect and follow everything."""
        await self.client.connect()
        self.subscription = await self.client.subscribe(
            LOG, get_token=self._subscription_token, buffer=8, overflow=Overflow.BLOCK
        )
        self.account = await self.client.account(ACCOUNT, on_event=self.events.append)
        self.book = await self.client.order_book(SPEC.instrument_id)
        self._tasks = [asyncio.create_task(it) for it in (self._read_log(), self._call())]

    async def close(self):
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.client.close()
        assert self.client.options.clock.pending == set()

    async def calm(self):
        """Wait until it is connected and current, and has read what came."""
        async with asyncio.timeout(RECOVERY):
            # Time is virtual here, so looking again costs nothing.
            while not await self._is_answered():  # noqa: ASYNC110 - the line may be dead unnoticed
                await asyncio.sleep(1.0)
            await self.subscription.ready()
            await self.account.wait_live()
            await self.book.wait_live()
            while self.log[-1:] != self._world.log[-1:]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
            await asyncio.sleep(5.0)

    def assert_equal(self):
        """What it holds is what the server holds; every event came once, and in order."""
        world, where = self._world, f"{self.client.options.protocol} after {now():.0f} s"
        assert self.client.state is ClientState.CONNECTED, where
        sequence, bids, asks = world.book()
        assert self.book.sequence == sequence, where
        assert [list(map(list, side)) for side in self.book.rows()] == [bids, asks], where
        told = [(offset, payload) for offset, payload in world.venue.events]
        assert [(it.offset, it.payload) for it in self.events] == told, where
        assert self.account.state is AccountState.LIVE, where
        state = world.venue.states[-1]
        assert list(self.account.orders) == [it["tradeOrderId"] for it in state["orders"]], where
        assert [str(it.total) for it in self.account.balances.values()] == [
            it["total"] for it in state["portfolio"]["balances"]
        ], where
        assert self.log == world.log, where
        assert self.personal == world.personal, where
        assert (self.account.resyncs, self.subscription.gaps) == (0, 0), where
        assert self.client.stats.gaps == 0, where
        assert self.client.stats.errors == 0, where

    async def _read_log(self):
        async for publication in self.subscription:
            self.log.append(publication.data)
            await asyncio.sleep(0.02)  # slower than a burst: the buffer is full, nothing is read

    async def _call(self):
        """Ask something every few seconds: the answer is right, or there is none."""
        number = 0
        while True:
            await asyncio.sleep(7.0)
            number += 1
            await self._is_answered(number)

    async def _is_answered(self, number=0):
        try:
            assert await self.client.rpc("echo", number) == number
        except (ConnectionError, TimeoutError):
            self.failures += 1
            return False
        self.answers += 1
        return True

    def _on_publication(self, event):
        assert event.channel == PERSONAL
        self.personal.append(event.publication.data)

    async def _token(self):
        return await self._world.tokens.give(
            is_first=self.client.state is not ClientState.CONNECTED
        )

    async def _subscription_token(self, channel):
        return await self._world.tokens.give(is_first=False)


def now():
    return asyncio.get_running_loop().time()


async def live_through(seed, *, seconds=HOUR):
    """The hour; gives the world and the traders as they are at its end."""
    world = World(seed)
    traders = [Trader(world, protocol) for protocol in ("json", "protobuf")]
    async with tidy(), world.running():
        try:
            world.calm()
            for trader in traders:
                await trader.start()
            world.storm()
            while now() < seconds:
                await asyncio.sleep(BETWEEN)
                world.calm()
                await asyncio.gather(*(trader.calm() for trader in traders))
                for trader in traders:
                    trader.assert_equal()
                world.storm()
        finally:
            await asyncio.gather(*(trader.close() for trader in traders))
    return world, traders


def run(seed, **options):
    """The hour on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(live_through(seed, **options))


@pytest.mark.parametrize("seed", range(4))
def test_an_hour_of_faults(seed):
    """At every quiet point books are equal, and every event has come exactly once, in order."""
    world, traders = run(seed)
    # It was the hour that it says it was: each kind of fault struck, and work was done.
    assert min(world.faults.values()) >= 3, world.faults
    assert world.tokens.refusals >= 1
    assert world.tokens.failures >= 1
    assert len(world.venue.events) > 300
    for trader in traders:
        assert trader.client.stats.connects > 50
        assert trader.answers > 100
        assert trader.failures > 5


def lost(deliver, self, publication):
    """A client that loses one of 500 publications."""
    if publication.offset % 500 or not publication.offset:
        deliver(self, publication)


def doubled(deliver, self, publication):
    """A client that delivers one of 500 twice."""
    deliver(self, publication)
    if publication.offset and not publication.offset % 500:
        deliver(self, publication)


def stays(deliver, self, publication):
    """A client that forgets to move its position, so that it recovers what it has had."""
    before = self.position
    deliver(self, publication)
    self.position = before


@pytest.mark.parametrize("fault", [lost, doubled, stays])
def test_the_hour_notices(monkeypatch, fault):
    """The claim can fail: a client with a fault does not live through the hour."""
    kind = Subscriber if fault is stays else Subscription
    name = "publication" if fault is stays else "on_publication"
    deliver = getattr(kind, name)
    monkeypatch.setattr(kind, name, lambda *given: fault(deliver, *given))
    with pytest.raises((AssertionError, TimeoutError)):
        run(1)
