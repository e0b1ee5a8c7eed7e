"""A gateway with faults on a real socket, in this process, and real clients of it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
from pathlib import Path

import httpx
import jwt
import pytest
import websockets

from cadenza.config import load_tree
from cadenza.gateway.gateway import Gateway
from cadenza.market.instrument import make_instrument
from cadenza.models import Venue
from cadenza.server.run import listen

KEY = "unit-test-hmac-key-0123456789abcdef"
API_KEY = "unit-test-api-key"
BTC = "BINANCE:BTC/USDT"
ETH = "BINANCE:ETH/USDT"
PATIENCE = 20


def _fixtures_of(folder):
    """The conftest of another folder, for the real clients in it."""
    path = Path(__file__).parents[2] / folder / "conftest.py"
    spec = importlib.util.spec_from_file_location(f"fixtures_of_{folder}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_clients = _fixtures_of("clients")
node = _clients.node


class Running:
    """A gateway that listens.

    Attributes:
        gateway: It.
        port: Where, on 127.0.0.1.
    """

    def __init__(self, gateway, port):
        self.gateway = gateway
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/connection/websocket"

    @property
    def faults(self):
        return self.gateway.faults

    @property
    def node(self):
        return self.gateway.node

    @property
    def sink(self):
        """What a feed would deliver to."""
        return self.faults.sink(self.gateway.market)

    async def get(self, path):
        """An HTTP GET."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return await http.get(self.url + path)

    async def call(self, method, params=None):
        """An admin call by the HTTP server API: its whole answer."""
        body = {"method": method, "params": params or {}}
        headers = {"X-API-Key": API_KEY}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            response = await http.post(self.url + "/api/rpc", json=body)
        return response.raise_for_status().json()

    async def fault(self, kind, **params):
        """Switch a fault on by an admin call; its report."""
        answer = await self.call("faults.set", {"kind": kind, **params})
        assert "result" in answer, answer
        return answer["result"]["data"]["fault"]

    async def publish(self, channel, numbers):
        """Publish ``{"n": number}`` for each, a turn of the loop apart."""
        for number in numbers:
            await self.node.publish(channel, b'{"n":%d}' % number)
            await asyncio.sleep(0)

    def connections(self, user):
        """The connections of a user."""
        return list(self.node.hub.find(user))


class StandingFeed:
    """A feed that knows instruments and says nothing; the test drives the market."""

    declares_late = False

    def __init__(self, instruments):
        self._instruments = instruments

    def instruments(self):
        return self._instruments

    async def run(self):
        await asyncio.get_running_loop().create_future()


@pytest.fixture
async def running(instruments):
    """Start gateways, whose market the test drives; sections of the configuration by name."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(**sections):
            market = {"order_book": {"update_interval": "0s"}}
            tree = {
                "client": {"token": {"hmac_secret_key": KEY}, **sections.pop("client", {})},
                "http_api": {"key": API_KEY},
                "health": {"enabled": True},
                "prometheus": {"enabled": True},
                "sse": {"enabled": True},
                "http_stream": {"enabled": True},
                "faults": {"enabled": True, "seed": 1},
                "channel": {"namespaces": [KEPT]},
                "market": {**market, **sections.pop("market", {})},
                **sections,
            }
            feed = StandingFeed(instruments)
            gateway = Gateway(load_tree(tree, {}, {})[0], feed=lambda *_: feed)
            await stack.enter_async_context(gateway.running())
            sock = listen("127.0.0.1", 0)
            stack.callback(sock.close)
            server = gateway.server()
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            await server.startup(sockets=[sock])
            stack.push_async_callback(server.shutdown, sockets=[sock])
            return Running(gateway, sock.getsockname()[1])

        yield start


KEPT = {
    "name": "kept",
    "allow_subscribe_for_client": True,
    "force_recovery": True,
    "history_size": 1000,
    "history_ttl": "60s",
}


@pytest.fixture
def until():
    """``until(condition)``: look again and again, for what makes no event."""

    async def wait(condition):
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.005)

    return wait


@pytest.fixture
def token():
    """Sign a token for a user."""
    return lambda user="ann", **claims: jwt.encode({"sub": user, **claims}, KEY, algorithm="HS256")


@pytest.fixture
def js(node):
    """``js(running, wire)``: makes centrifuge-js clients of a gateway."""
    return lambda running, wire="json": _clients.Wires(node, running, wire)


class Raw:
    """A WebSocket whose messages are read one by one."""

    def __init__(self, socket):
        self.socket = socket
        self._waiting = []
        self._id = 0

    async def next(self):
        """The next message; pings are answered and left out."""
        while not self._waiting:
            frame = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            self._waiting = [json.loads(line) for line in frame.splitlines()]
            if self._waiting == [{}]:
                self._waiting = []
                await self.socket.send("{}")
        return self._waiting.pop(0)

    async def ask(self, **request):
        """Send a command; its reply, which must come before any push."""
        self._id += 1
        await self.socket.send(json.dumps({"id": self._id, **request}))
        reply = await self.next()
        assert reply.pop("id", None) == self._id, reply
        return reply

    async def publication(self):
        """The next publication's data."""
        message = await self.next()
        return message["push"]["pub"]["data"]

    async def end(self):
        """Read up to the end: the close frame's code, or 1006 without one."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), PATIENCE)
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@pytest.fixture
async def dial(token):
    """``dial(running, user)``: a connected WebSocket, and the connect result."""
    async with contextlib.AsyncExitStack() as stack:

        async def connected(running, user="ann"):
            connecting = websockets.connect(
                running.ws, compression=None, ping_interval=None, proxy=None
            )
            client = Raw(await stack.enter_async_context(connecting))
            client.connected = (await client.ask(connect={"token": token(user)}))["connect"]
            return client

        yield connected


@pytest.fixture
def instruments():
    """Two instruments, undeclared."""
    return [
        make_instrument(
            venue=Venue.BINANCE,
            base=base,
            quote="USDT",
            tick="0.01",
            lot="0.001",
            external_symbol=f"{base}USDT",
            description="",
        )
        for base in ("BTC", "ETH")
    ]
