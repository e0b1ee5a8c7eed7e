"""A gateway that listens in the test's own loop, and clients that speak the protocol to it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import socket
import sys
from collections import deque
from typing import NamedTuple

import httpx
import jwt
import pytest
import uvicorn
import websockets
from fastapi import FastAPI

from cadenza.config import load_tree
from cadenza.gateway.gateway import Gateway
from cadenza.server.app import create_app
from cadenza.server.run import Server, listen

KEY = "unit-test-hmac-key-0123456789abcdef"
uvloop = importlib.import_module("uvloop") if sys.platform != "win32" else None

API_KEY = "unit-test-api-key"

UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

BASE = {
    "client": {
        "token": {"hmac_secret_key": KEY},
        "allowed_origins": ["https://allowed.example", "https://*.wild.example"],
    },
    "http_api": {"key": API_KEY},
    "channel": {
        "without_namespace": {
            "allow_subscribe_for_client": True,
            "allow_publish_for_client": True,
            "presence": True,
            "join_leave": True,
            "allow_presence_for_subscriber": True,
            "history_size": 10,
            "history_ttl": "300s",
        },
    },
    "sse": {"enabled": True},
    "http_stream": {"enabled": True},
    "uni_sse": {"enabled": True},
    "uni_http_stream": {"enabled": True},
    "health": {"enabled": True},
    "prometheus": {"enabled": True},
    "rpc": {"ping": {"enabled": True}},
    "market": {"feed": "none"},
    "log": {"level": "debug"},
}


def merged(base, more):
    """A tree with the values of another over it."""
    result = dict(base)
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(result.get(name), dict)
        result[name] = merged(result[name], value) if both else value
    return result


def make_config(**sections):
    """The usual configuration of these tests with other values in some places."""
    return load_tree(merged(BASE, sections), {}, {})[0]


class Client:
    """A bidirectional JSON client over ``websockets``, one message at a time."""

    def __init__(self, socket):
        self.socket = socket
        self.messages = deque()
        self.closed = asyncio.Event()

    async def send(self, *commands):
        await self.socket.send("\n".join(json.dumps(command) for command in commands))

    async def receive(self):
        """The next message that is no ping."""
        while not self.messages:
            frame = await asyncio.wait_for(self.socket.recv(), 20)
            self.messages.extend(json.loads(line) for line in frame.split("\n"))
        return self.messages.popleft()

    async def ask(self, command):
        await self.send(command)
        while (message := await self.receive()).get("id") != command["id"]:
            pass
        return message

    async def end(self):
        """Read up to the close frame: its code and reason."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), 20)
        except websockets.ConnectionClosed as closed:
            return (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")


class Running(NamedTuple):
    """A server that listens."""

    node: object
    server: uvicorn.Server
    host: str
    prefix: str

    @property
    def port(self):
        return int(self.host.rpartition(":")[2])

    @property
    def url(self):
        return f"ws://{self.host}{self.prefix}/connection/websocket"

    @property
    def http(self):
        return f"http://{self.host}{self.prefix}"


def pytest_asyncio_loop_factories(config, item):
    """Run on the loop that the server runs on."""
    return {"uvloop": uvloop.new_event_loop} if uvloop else {"asyncio": asyncio.new_event_loop}


@contextlib.asynccontextmanager
async def listening(server, node, prefix=""):
    """Run a uvicorn server without its main loop, which only waits for signals."""
    sock = listen("127.0.0.1", 0)
    host = f"127.0.0.1:{sock.getsockname()[1]}"
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup(sockets=[sock])
    try:
        yield Running(node, server, host, prefix)
    finally:
        await server.shutdown(sockets=[sock])
        sock.close()


@contextlib.asynccontextmanager
async def by_socket(config):
    """The gateway with its own socket path."""
    gateway = Gateway(config)
    async with gateway.running(), listening(gateway.server(), gateway.node) as running:
        yield running


@contextlib.asynccontextmanager
async def by_asgi(config, prefix="/rt"):
    """The engine in a FastAPI program under a prefix, served by plain uvicorn."""
    gateway = Gateway(config)
    outer = FastAPI()
    outer.mount(prefix, create_app(gateway.node, config, manage_node=False))
    plain = uvicorn.Config(
        outer, lifespan="on", log_config=None, timeout_graceful_shutdown=5, loop="asyncio"
    )
    server = Server(plain, gateway.node)
    async with gateway.running(), listening(server, gateway.node, prefix) as running:
        yield running


@pytest.fixture
def config_of():
    return make_config


@pytest.fixture
async def serve():
    """Start servers of a kind; sections of the configuration come by name."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*, kind="socket", **sections):
            ways = {"socket": by_socket, "asgi": by_asgi}
            return await stack.enter_async_context(ways[kind](make_config(**sections)))

        yield start


@pytest.fixture
async def dial():
    """Open WebSockets to a running server; they close with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_(running, query="", **options):
            options = {"compression": None, "ping_interval": None, "proxy": None, **options}
            connecting = websockets.connect(running.url + query, **options)
            return Client(await stack.enter_async_context(connecting))

        yield open_


@pytest.fixture
async def join(dial, token):
    """Open a WebSocket and connect with a token."""

    async def connected(running, user="ann", query="", **options):
        client = await dial(running, query, **options)
        reply = await client.ask({"id": 1, "connect": {"token": token(user)}})
        assert "connect" in reply
        return client

    return connected


@pytest.fixture
def token():
    """Sign a token for a user."""

    def signed(user="ann", **claims):
        return jwt.encode({"sub": user, **claims}, KEY, algorithm="HS256")

    return signed


@pytest.fixture
async def web():
    """An HTTP client without a proxy or a timeout that matters."""
    async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
        yield client


@pytest.fixture
def call(web):
    """Call a method of the server API; gives its answer."""

    async def called(running, method, body, **headers):
        headers = {"x-api-key": API_KEY, **headers}
        response = await web.post(f"{running.http}/api/{method}", json=body, headers=headers)
        return response.json()

    return called


@pytest.fixture
def until():
    """Wait until a condition holds; the test's own timeout ends a wait in vain."""

    async def wait(condition):
        while not condition():  # noqa: ASYNC110 - it looks at what sets no event
            await asyncio.sleep(0.005)

    return wait


async def open_tcp(running, receive_buffer=0):
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", running.port))
    return await asyncio.open_connection(sock=sock, limit=2**16)


@pytest.fixture
async def raw():
    """Open TCP connections, upgraded if asked; they are closed with the test."""
    writers = []

    async def open_(running, *, upgrade=True, first=b"", **options):
        reader, writer = await open_tcp(running, **options)
        writers.append(writer)
        if upgrade:
            writer.write(UPGRADE + first)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101 ")
        return reader, writer

    yield open_
    for writer in writers:
        writer.transport.abort()
