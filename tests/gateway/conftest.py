"""A gateway whose market and time are driven by the test, and clients without a socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
from types import MappingProxyType

import jwt
import pytest

from cadenza.clock import VirtualClock
from cadenza.config import load_tree
from cadenza.gateway.feeds import make_feed
from cadenza.gateway.gateway import Gateway
from cadenza.market.feed import FeedStatistics
from cadenza.market.instrument import make_instrument
from cadenza.models import OrderSide, Venue
from cadenza.server.wires import ASGI_JSON
from support.gateway.api_world import ApiWorld

KEY = "unit-test-hmac-key-0123456789abcdef"
BTC = "BINANCE:BTC/USDT"
START = 1_699_999_980_000
"""When the test's clock begins: a full minute."""


class ScriptedFeed:
    """A feed that does what its script says, and never ends by itself."""

    def __init__(self, instruments, script=None, *, late=False):
        self.declares_late = late
        self.counted = FeedStatistics()
        self._instruments = instruments
        self._script = script

    def instruments(self):
        return self._instruments

    def statistics(self):
        return self.counted

    async def run(self):
        if self._script is not None:
            await self._script()
        await asyncio.get_running_loop().create_future()


class Client:
    """A connection whose transport keeps every message."""

    name = "websocket"
    wire = ASGI_JSON
    emulated = False
    frame_ping = True
    headers = MappingProxyType({})

    def __init__(self, node):
        self.messages = []
        self.ended = None
        self.connection = node.connect(self)
        self._node = node
        self._id = 0

    def write(self, data):
        self.messages += [json.loads(line) for line in data.decode().split("\n")]

    def close(self, disconnect):
        self.ended = disconnect

    abort = pause_reading = resume_reading = lambda self: None

    def ask(self, name, **request):
        """Send a command, which is answered at once; ``None``: with the end of the connection."""
        self._id += 1
        self.connection.receive(json.dumps({"id": self._id, name: request}).encode())
        self._node.outbox.flush()
        return next((m for m in self.messages if m.get("id") == self._id), None)

    def pushed(self, channel):
        """Publications pushed to a channel so far, in order."""
        pushes = [message["push"] for message in self.messages if "push" in message]
        return [push["pub"] for push in pushes if push["channel"] == channel and "pub" in push]


class HandClock(VirtualClock):
    """A clock that the test moves, and on which nothing ever falls due."""

    def __init__(self):
        super().__init__(START)
        self.now_ms = START

    def time(self):
        return self.now_ms / 1000

    def time_ms(self):
        return self.now_ms

    def monotonic(self):
        return (self.now_ms - START) / 1000 + 100

    async def sleep(self, _seconds):
        await asyncio.get_running_loop().create_future()


class Desk:
    """A gateway, its clock, and what happens in its market."""

    def __init__(self, gateway, clock):
        self.gateway = gateway
        self.clock = clock

    def trade(self, price="100.00", time_ms=None, name=BTC, quantity="1.000"):
        self.gateway.market.trade(
            name,
            trade_id="1",
            price=price,
            quantity=quantity,
            side=OrderSide.BUY,
            timestamp_ms=self.clock.now_ms if time_ms is None else time_ms,
        )
        self.gateway.node.outbox.flush()

    def beat(self, after_ms=0):
        self.clock.now_ms += after_ms
        self.gateway.summaries.beat()
        self.gateway.node.outbox.flush()

    def pass_seconds(self, count):
        for _ in range(count * 10):
            self.beat(100)


@pytest.fixture
def instrument():
    return make_instrument(
        venue=Venue.BINANCE,
        base="BTC",
        quote="USDT",
        tick="0.01",
        lot="0.001",
        external_symbol="BTCUSDT",
        description="",
    )


@pytest.fixture
async def gateway_of(instrument):
    """Run gateways with a scripted feed; sections of the configuration come by name."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(script=None, *, feed=True, late=False, clock=None, **sections):
            scripted = ScriptedFeed([] if late else [instrument], script, late=late)
            market = {"feed": "none", "order_book": {"update_interval": "1h"}}
            tree = {
                "client": {"token": {"hmac_secret_key": KEY}},
                "market": {**market, **sections.pop("market", {})},
                **sections,
            }
            gateway = Gateway(
                load_tree(tree, {}, {})[0],
                clock=clock,
                feed=(lambda *_: scripted) if feed else make_feed,
            )
            await stack.enter_async_context(gateway.running())
            return gateway

        yield start


@pytest.fixture
def client_of():
    """A client of a gateway's node, connected as a user."""

    def connect(gateway, user="ann"):
        client = Client(gateway.node)
        reply = client.ask("connect", token=jwt.encode({"sub": user}, KEY, algorithm="HS256"))
        assert "connect" in reply
        return client

    return connect


@pytest.fixture
def signed():
    """Sign any claims."""
    return lambda **claims: jwt.encode(claims, KEY, algorithm="HS256")


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
async def desk_of(gateway_of, clock):
    async def start(**sections):
        return Desk(await gateway_of(clock=clock, **sections), clock)

    return start


@pytest.fixture
async def desk(desk_of):
    return await desk_of()


@pytest.fixture
def world():
    """The operations over a small market, with callers of both surfaces."""
    return ApiWorld()
