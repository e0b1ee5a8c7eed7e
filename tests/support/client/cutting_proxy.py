"""A TCP proxy between a client and a server that loses answers when a test says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class CuttingProxy:
    """Passes bytes on; ``lose_answers`` lets commands through and loses what comes back.

    Attributes:
        port: Where it listens.
        target: The port of the server; may be changed for the next connections.
        lost: Set when something was lost.
    """

    def __init__(self, target):
        self.port = 0
        self.target = target
        self.lost = asyncio.Event()
        self._loses = False
        self._is_open = True
        self._lines = set()
        self._tasks = set()

    @property
    def ws(self):
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def lose_answers(self):
        """From now on nothing comes back; ``cut`` is what the client then sees."""
        self.lost.clear()
        self._loses = True

    def cut(self):
        """Both sides of all connections are gone at once; new ones are whole again."""
        self._loses = False
        for writer in list(self._lines):
            writer.transport.abort()

    def shut(self):
        """As ``cut``, and new connections are refused until ``open``."""
        self._is_open = False
        self.cut()

    def open(self):
        self._is_open = True

    async def handle(self, reader, writer):
        if not self._is_open:
            writer.transport.abort()
            return
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self._lines |= {writer, forth}
        both = [self._pass(reader, forth), self._pass(back, writer, is_back=True)]
        self._tasks |= {asyncio.ensure_future(it) for it in both}

    async def _pass(self, reader, writer, *, is_back=False):
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                if is_back and self._loses:
                    self.lost.set()
                    continue
                writer.write(data)
                await writer.drain()
        writer.close()
        self._lines.discard(writer)

    async def close(self):
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def cutting_proxy(target) -> AsyncIterator[CuttingProxy]:
    """A proxy to a port of this machine."""
    proxy = CuttingProxy(target)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
