"""A market, an account, the engine that serves them, and traders on lines that break."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random

import msgspec

from cadenza.client import TransportError
from cadenza.config import OrderBookConfig
from cadenza.gateway.channels import market_options
from cadenza.gateway.market.publisher import MarketData
from cadenza.gateway.outlet import Outlet
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.market import Market
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS
from cadenza.protocol import codes
from cadenza.realtime import (
    Access,
    ChannelRules,
    ClientOptions,
    CommandError,
    ConnectClaims,
    Disconnect,
    Handlers,
    Namespace,
    Node,
    SubscribeClaims,
    SubscribeReply,
    SubscriptionGrant,
    TokenExpired,
)
from cadenza.realtime.duration import Duration
from support.client.conformance.faulty_line import Line
from support.client.conformance.virtual_loop import EngineClock
from support.client.model_venue import ACCOUNT, ModelVenue

ACCOUNT_CHANNEL = f"tradingAccount:{ACCOUNT}"
LOG = "log:orders"
PERSONAL = "personal:news"
SPEC = DEFAULT_INSTRUMENTS[0]
LAST_WORD = 200.0
"""Seconds after which every line has told both of its ends of its end."""
ENDINGS = [codes.SHUTDOWN, codes.SLOW, codes.FORCE_RECONNECT, codes.NO_PONG, Disconnect(4000, "")]


def _kept(name, size, **more):
    return Namespace(
        name=name,
        history_size=size,
        history_ttl=Duration(3600),
        force_recovery=True,
        allow_subscribe_for_client=True,
        **more,
    )


class Tokens:
    """Verifies tokens, which are the second at which they expire, and gives them out.

    Attributes:
        refusals: How many were refused because they had expired.
        failures: How often there was none to have.
    """

    def __init__(self, clock, chance):
        self.refusals = 0
        self.failures = 0
        self.is_calm = False
        self._clock = clock
        self._chance = chance

    def connect(self, token, now):
        expire_at = self._checked(token, now)
        subs = {PERSONAL: SubscriptionGrant()}
        return ConnectClaims(user="trader", expire_at=expire_at, subs=subs)

    def subscribe(self, token, now):
        grant = SubscriptionGrant(expire_at=self._checked(token, now))
        return SubscribeClaims(user="trader", channel=LOG, grant=grant)

    async def give(self, *, is_first):
        """A token. While a client connects with it, it may be none, or have expired."""
        chance = self._chance
        await asyncio.sleep(chance.random())
        if not self.is_calm and chance.random() < 0.1:
            self.failures += 1
            raise OSError("the service of tokens is away")
        if not self.is_calm and is_first and chance.random() < 0.1:
            return str(int(self._clock.time()) - 1)
        return str(int(self._clock.time()) + chance.randrange(60, 200))

    def _checked(self, token, now):
        if int(token) <= now:
            self.refusals += 1
            raise TokenExpired("too late")
        return int(token)


class World:
    """Everything but the clients. ``chance`` decides what goes wrong and when.

    Attributes:
        log: What was published to the channel ``LOG``; ``personal`` to ``PERSONAL``.
        faults: How often each kind of fault has struck.
        sabotage: Gets each channel and payload on its way to the engine and gives what arrives.
    """

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.clock = EngineClock()
        self.tokens = Tokens(self.clock, self.chance)
        self.venue = ModelVenue()
        self.market = Market()
        self.log = []
        self.personal = []
        self.faults = dict.fromkeys(
            ("cut", "half open", "stall", "close", "unsubscribe", "blackout", "refused", "silent"),
            0,
        )
        self.lines = []
        self._is_dark = False
        self._is_calm = False
        self._told = 0
        kept = market_options(OrderBookConfig(history_size=60, history_ttl=Duration(60)))
        kinds = dict.fromkeys(("orderBook", "orderbook", "trade"), kept)
        rules = ChannelRules(
            namespaces=(
                *(_kept(name, 10_000) for name in ("tradingAccount", "log", "personal")),
                Namespace(name="market"),
            ),
        )
        client = ClientOptions(recovery_max_publication_limit=10_000)
        access = Access(rules, client, self.tokens)
        for kind, options in kinds.items():
            access.set_kind("market", kind, options)
        self.node = Node(
            access=access,
            clock=self.clock,
            chance=self.chance,
            version="hour",
        )
        self._data = MarketData(self.market, Outlet(self.node), kinds)
        self.market.add_listener(self._data)
        self.node.handle(
            Handlers(
                subscribe=self._on_subscribe, snapshot=self._data.snapshot_of, rpc=self._on_rpc
            )
        )
        self._feed = SimulatedFeed(
            self.market, _Paused(self), seed=seed, rate=2.0, instruments=[SPEC], levels=15
        )
        self._going = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self):
        """All of it runs, and goes wrong, inside this context."""
        await self.node.start()
        for instrument in self._feed.instruments():
            self.market.instrument(instrument)
        self._going.set()
        work = [self._feed.run(), self._trade(), self._write(), self._break()]
        tasks = [asyncio.create_task(it) for it in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            await self.node.shutdown()
            await asyncio.sleep(LAST_WORD)
        assert [it for it in results if not isinstance(it, asyncio.CancelledError)] == []

    def calm(self):
        """Nothing breaks any more, and nothing is published."""
        self._is_calm = self.tokens.is_calm = True
        self._is_dark = False
        self._going.clear()
        for line in self.lines:
            line.heal()

    def storm(self):
        """It all goes on."""
        self._is_calm = self.tokens.is_calm = False
        self._going.set()

    async def pause(self):
        """Wait while the world is calm."""
        await self._going.wait()

    # Connections.

    async def dial(self, url, codec, options):
        """Open a line to the engine, or not: see ``client.transport.Dial``."""
        chance = self.chance
        await asyncio.sleep(chance.random() * 0.3)
        luck = 1.0 if self._is_calm else chance.random()
        if self._is_dark or luck < 0.05:
            self.faults["refused"] += 1
            raise TransportError(url, "refused")
        if luck < 0.1:
            self.faults["silent"] += 1  # the engine has a connection of which nobody knows
            self._open(codec, options).cut(there=chance.random() * 20)
            await asyncio.sleep(options.timeout)
            raise TransportError(url, "no answer")
        return self._open(codec, options).socket

    def _open(self, codec, options):
        line = Line(self.node, codec, options.max_message_bytes, self.chance)
        self.lines = [it for it in self.lines if it.is_open]
        self.lines.append(line)
        return line

    # What the engine asks.

    def _on_subscribe(self, event):
        if event.channel == ACCOUNT_CHANNEL:
            return SubscribeReply(
                by_rules=True, state=lambda: json.dumps(self.venue.states[self._told]).encode()
            )
        return self._data.on_subscribe(event)

    def _on_rpc(self, event):
        if event.method != "echo":
            raise CommandError(codes.METHOD_NOT_FOUND)
        return event.data

    # What happens.

    async def _trade(self):
        """The account trades: a new order, a fill, an amendment, a cancellation."""
        chance, venue = self.chance, self.venue
        while True:
            await asyncio.sleep(chance.expovariate(1 / 6))
            await self.pause()
            venue.now = self.clock.time_ms()
            order = venue.open_order(chance.randrange(1000))
            if order is None or chance.random() < 0.3:
                venue.new(chance.randrange(1, 9))
            elif chance.random() < 0.6:
                venue.fill(order, chance.randrange(1, 5))
            elif chance.random() < 0.5:
                venue.amend(order, chance.randrange(90, 110))
            else:
                venue.cancel(order)
            for _, payload in venue.events[self._told :]:
                self._told += 1
                await self.node.publish(ACCOUNT_CHANNEL, payload)

    async def _write(self):
        """Bursts of log lines, and now and then a personal message."""
        chance = self.chance
        while True:
            await asyncio.sleep(chance.expovariate(1 / 4))
            await self.pause()
            for _ in range(chance.choice((1, 1, 1, 2, 5, 40))):
                self.log.append(len(self.log))
                await self.node.publish(LOG, json.dumps(self.log[-1]).encode())
            self.personal.append(len(self.personal))
            await self.node.publish(PERSONAL, json.dumps(self.personal[-1]).encode())

    # What goes wrong.

    async def _break(self):
        chance = self.chance
        while True:
            await asyncio.sleep(chance.expovariate(1 / 9))
            await self.pause()
            kind = chance.choice(("cut", "half open", "stall", "close", "unsubscribe", "blackout"))
            if kind == "blackout":
                self.faults[kind] += 1
                self._is_dark = True
                for line in self.lines:
                    line.cut()
                await asyncio.sleep(chance.expovariate(1 / 15))
                self._is_dark = False
            elif kind in {"close", "unsubscribe"}:
                self._end_one(kind)
            elif lines := [it for it in self.lines if it.is_open]:
                self.faults[kind] += 1
                line = chance.choice(lines)
                if kind == "cut":
                    line.cut()
                elif kind == "stall":
                    line.stall(chance.expovariate(1 / 20))
                else:
                    late = chance.choice((chance.random() * 60, None))
                    line.cut(*((late, 0.0) if chance.random() < 0.5 else (0.0, late)))

    def _end_one(self, kind):
        """The engine ends a connection, or says that a subscription has missed something."""
        connections = sorted(self.node.hub.connections.values(), key=lambda it: it.client)
        if not connections:
            return
        connection = self.chance.choice(connections)
        if kind == "close":
            self.faults[kind] += 1
            connection.disconnect(self.chance.choice(ENDINGS))
        elif connection.subscriptions:
            self.faults[kind] += 1
            name = self.chance.choice(sorted(connection.subscriptions))
            connection.insufficient_state(connection.subscriptions[name])

    # What is true.

    def book(self):
        """The engine's book as a client should have it: sequence, bids, asks."""
        payload = msgspec.json.decode(self.market.snapshot(SPEC.instrument_id))
        return payload["sequence"], payload["bids"], payload["asks"]


class _Paused(EngineClock):
    """A clock for the feed, which stands still while the world is calm."""

    def __init__(self, world):
        super().__init__()
        self._world = world

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)
        await self._world.pause()
