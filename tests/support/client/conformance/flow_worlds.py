"""Where the flows run: a plain server of the protocol, and the real Cadenza in its own process."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import math
import time

import httpx

import cadenza.client
from support.client.conformance.byte_peer import byte_peer
from support.client.conformance.plain_peer import PlainPeer
from support.client.conformance.tidiness import CountingClock
from support.client.peer_world import quick

NAMES = itertools.count(1)
CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "room",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_presence_for_subscriber": True,
                "presence": True,
                "join_leave": True,
                "force_push_join_leave": True,
            },
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_history_for_subscriber": True,
                "force_recovery": True,
                "history_size": 1000,
                "history_ttl": "600s",
                "allowed_delta_types": ["fossil"],
                "delta_publish": True,
            },
            {"name": "closed"},
        ]
    },
    "rpc": {"ping": {"enabled": True}},
}


class Cutter:
    """A proxy between clients and a server, whose lines can be cut."""

    def __init__(self, port):
        self.port = 0
        self._to = port
        self._pairs = set()
        self._tasks = set()

    def cut(self):
        """Break every line that is open now."""
        for pair in list(self._pairs):
            for writer in pair:
                writer.transport.abort()

    @contextlib.asynccontextmanager
    async def running(self):
        """It listens, on ``port``."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def _accept(self, reader, writer):
        task = asyncio.create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader, writer):
        there, to = await asyncio.open_connection("127.0.0.1", self._to)
        pair = (writer, to)
        self._pairs.add(pair)
        try:
            await asyncio.gather(_pour(reader, to), _pour(there, writer))
        finally:
            self._pairs.discard(pair)
            for end in pair:
                end.transport.abort()


async def _pour(reader, writer):
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


class FlowWorld:
    """What a flow needs of where it runs.

    Attributes:
        protocol: How its clients write.
        name: Part of names that no other flow uses.
    """

    def __init__(self, protocol):
        self.protocol = protocol
        self.name = f"{next(NAMES)}"
        self._clock = CountingClock()
        self._clients = []
        self._cutter = None

    def connect(self, user="ann", *, channels=(), seconds=0, **options):
        """A client that reconnects at once; closed at the end."""
        given = {"clock": self._clock, "protocol": self.protocol, **quick()}
        if "get_token" not in options:
            given["token"] = self.token(user, channels=channels, seconds=seconds)
        url = f"ws://127.0.0.1:{self._cutter.port}/connection/websocket"
        client = cadenza.client.connect(url, **given | options)
        self._clients.append(client)
        return client

    def user(self, who):
        """A user whom no other flow knows."""
        return f"{who}-{self.name}"

    def cut(self):
        """All lines break."""
        self._cutter.cut()

    @contextlib.asynccontextmanager
    async def _between(self, port):
        async with Cutter(port).running() as self._cutter:
            try:
                yield self
            finally:
                await asyncio.gather(*(client.close() for client in self._clients))
                assert self._clock.pending == set()


class PlainWorld(FlowWorld):
    """Clients of ``PlainPeer``."""

    @contextlib.asynccontextmanager
    async def running(self):
        """Everything is there inside this context."""
        async with byte_peer() as listener:
            self._peer = PlainPeer()
            port = int(listener.url.rpartition(":")[2].partition("/")[0])
            serving = asyncio.create_task(self._serve(listener))
            try:
                async with self._between(port):
                    yield self
            finally:
                serving.cancel()
                (end,) = await asyncio.gather(serving, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError), end

    async def _serve(self, listener):
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._peer.serve(await listener.next_line()))

    def token(self, user, *, channels=(), seconds=0):
        claims = {"sub": self.user(user), "channels": list(channels)}
        return json.dumps(claims | _exp(seconds))

    async def publish(self, channel, data):
        self._peer.publish(channel, data)

    async def disconnect(self, user, code=3011, reason="force reconnect"):
        self._peer.disconnect(self.user(user), code, reason)

    async def unsubscribe(self, user, channel):
        self._peer.unsubscribe(self.user(user), channel)


class CadenzaWorld(FlowWorld):
    """Clients of a real server, which runs elsewhere.

    Args:
        protocol: How its clients write.
        server: The server, of tests/conftest.py.
        make_token: Makes its tokens.
    """

    def __init__(self, protocol, server, make_token):
        super().__init__(protocol)
        self._server = server
        self._make_token = make_token

    @contextlib.asynccontextmanager
    async def running(self):
        """Everything is there inside this context."""
        headers = {"X-API-Key": self._server.api_key}
        http = httpx.AsyncClient(base_url=self._server.url, headers=headers, verify=False)
        async with http as self._http, self._between(self._server.port):
            yield self

    def token(self, user, *, channels=(), seconds=0):
        more = {"channels": list(channels)} if channels else {}
        return self._make_token(self.user(user), **more, **_exp(seconds))

    async def publish(self, channel, data):
        await self._api("publish", channel=channel, data=data)

    async def disconnect(self, user, code=3011, reason="force reconnect"):
        why = {"code": code, "reason": reason}
        await self._api("disconnect", user=self.user(user), disconnect=why)

    async def unsubscribe(self, user, channel):
        await self._api("unsubscribe", user=self.user(user), channel=channel)

    async def _api(self, method, **params):
        answer = (await self._http.post(f"/api/{method}", json=params)).json()
        assert "error" not in answer, answer


def _exp(seconds):
    """A second that is at least ``seconds`` less 0.7 away, so that the shortest is not over yet."""
    return {"exp": math.ceil(time.time() + seconds - 0.7)} if seconds else {}
