"""A transport whose bytes are fetched by a coroutine: HTTP streams, SSE, and ASGI WebSockets."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from cadenza.protocol.codes import Disconnect
from cadenza.protocol.messages import DisconnectPush, Push
from cadenza.realtime import Connection
from cadenza.realtime.wire import Wire

HIGH_WATER: Final = 65_536
"""Bytes that wait to be fetched before the engine is told to hold back."""
LOW_WATER: Final = 16_384
CLOSE_TIMEOUT: Final = 5.0
"""Seconds for a client to take what waits once its connection has ended."""


class QueuedTransport:
    """What the engine writes waits here until the response has taken it.

    Args:
        name: See ``Transport``.
        wire: See ``Transport``.
        headers: See ``Transport``.
        emulated: See ``Transport``.
        frame_ping: See ``Transport``.
        push_disconnect: There is no close frame, so the end is told by a push.
    """

    def __init__(
        self,
        name: str,
        wire: Wire,
        headers: Mapping[str, str],
        *,
        emulated: bool = False,
        frame_ping: bool = False,
        push_disconnect: bool = True,
    ) -> None:
        self.name = name
        self.wire = wire
        self.headers = headers
        self.emulated = emulated
        self.frame_ping = frame_ping
        self.connection: Connection | None = None
        self.ended: Disconnect | None = None
        self._push_disconnect = push_disconnect
        self._queue: deque[bytes] = deque()
        self._size = 0
        self._paused = False
        self._wake = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None
        self.readable = asyncio.Event()
        self.readable.set()

    # The engine's side.

    def write(self, data: bytes) -> None:
        """See ``Transport``."""
        if self.ended is not None:
            return
        self._queue.append(data)
        self._size += len(data)
        self._wake.set()
        if self._size > HIGH_WATER and not self._paused and self.connection is not None:
            self._paused = True
            self.connection.pause_writing()

    def close(self, disconnect: Disconnect) -> None:
        """See ``Transport``."""
        if self.ended is not None:
            return
        if self._push_disconnect:
            push = Push(disconnect=DisconnectPush(code=disconnect.code, reason=disconnect.reason))
            # The connection may speak another dialect by now than the transport began with.
            wire = self.wire if self.connection is None else self.connection.wire
            self.write(wire.framing([wire.push(push)]))
        self._end(disconnect)

    def abort(self) -> None:
        """See ``Transport``."""
        self._queue.clear()
        self._size = 0
        if self.ended is None:
            self._end(Disconnect(3000, ""))

    def _end(self, disconnect: Disconnect) -> None:
        self.ended = disconnect
        self._wake.set()
        self._limit_delivery()

    def pause_reading(self) -> None:
        """See ``Transport``."""
        self.readable.clear()

    def resume_reading(self) -> None:
        """See ``Transport``."""
        self.readable.set()

    # The response's side.

    async def deliver(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        """Hand on everything that is written, up to the end.

        Raises:
            TimeoutError: The connection has ended and its client does not take the rest.
        """
        try:
            async with asyncio.timeout(None) as self._deadline:
                if self.ended is not None:
                    self._limit_delivery()
                while (data := await self.fetch()) is not None:
                    await send(data)
        finally:
            self._deadline = None

    def _limit_delivery(self) -> None:
        if self._deadline is not None:
            self._deadline.reschedule(asyncio.get_running_loop().time() + CLOSE_TIMEOUT)

    async def ready(self) -> None:
        """Wait for the first bytes, or for the end."""
        while not self._queue and self.ended is None:
            self._wake.clear()
            await self._wake.wait()

    async def fetch(self) -> bytes | None:
        """What was written since the last call, waiting for something; ``None`` at the end."""
        await self.ready()
        if not self._queue:
            return None
        data = self._queue.popleft()
        self._size -= len(data)
        if self._paused and self._size < LOW_WATER and self.connection is not None:
            self._paused = False
            self.connection.resume_writing()
        return data

    def lost(self) -> None:
        """The client is gone, or has been told everything. Idempotent."""
        self.abort()
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.lost()
