"""A server that does exactly what a test tells it, also what no good server does."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

PATIENCE = 10.0


class PeerConnection:
    """One accepted connection: commands are taken one by one, frames are sent as they are."""

    def __init__(self, socket):
        self._socket = socket
        self._commands = []
        self.frames = []

    async def command(self, kind=None):
        """The next command, which must be of ``kind``."""
        async with asyncio.timeout(PATIENCE):
            while not self._commands:
                frame = await self._socket.recv()
                self.frames.append(frame)
                self._commands.extend(json.loads(line) for line in frame.split("\n"))
        command = self._commands.pop(0)
        assert kind is None or kind in command, f"expected {kind}, got {command}"
        return command

    async def send(self, *replies):
        """Replies in one frame."""
        await self._socket.send("\n".join(json.dumps(reply) for reply in replies))

    async def send_text(self, text):
        await self._socket.send(text)

    async def send_bytes(self, frame):
        """A text frame of any bytes, also of those that are no text."""
        await self._socket.send(frame, text=True)

    async def answer(self, kind, result=None, *more):
        """Take a command of ``kind`` and answer it; ``more`` replies share the frame."""
        command = await self.command(kind)
        await self.send({"id": command["id"], kind: result or {}}, *more)
        return command

    async def refuse(self, kind, code, message, *, temporary=False):
        """Take a command of ``kind`` and answer with an error."""
        command = await self.command(kind)
        error = {"code": code, "message": message, "temporary": temporary}
        await self.send({"id": command["id"], "error": error})
        return command

    async def welcome(self, **result):
        """Take the connect command and accept it."""
        return await self.answer("connect", {"client": "c1", "version": "peer", **result})

    async def close(self, code, reason=""):
        """A close frame."""
        await self._socket.close(code, reason)

    def cut(self):
        """No close frame: the line breaks."""
        self._socket.transport.abort()

    async def gone(self):
        """Wait until the client has closed the connection."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    await self._socket.recv()


class Peer:
    """The server: gives its connections in the order in which they came."""

    def __init__(self):
        self.url = ""
        self._accepted = asyncio.Queue()

    async def accept(self):
        """The next connection, now or when it comes."""
        async with asyncio.timeout(PATIENCE):
            return await self._accepted.get()

    async def handle(self, socket):
        self._accepted.put_nowait(PeerConnection(socket))
        await socket.wait_closed()


@contextlib.asynccontextmanager
async def scripted_peer() -> AsyncIterator[Peer]:
    """A peer that listens on a free port."""
    peer = Peer()
    async with serve(
        peer.handle, "127.0.0.1", 0, subprotocols=["centrifuge-json"], close_timeout=1
    ) as server:
        port = server.sockets[0].getsockname()[1]
        peer.url = f"ws://127.0.0.1:{port}/connection/websocket"
        yield peer
