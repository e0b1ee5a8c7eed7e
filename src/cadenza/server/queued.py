"""A transport whose bytes are fetched by a coroutine: HTTP streams, SSE, and ASGI WebSockets."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

from cadenza.protocol.codes import Disconnect
from cadenza.protocol.messages import DisconnectPush, Push
from cadenza.realtime import Connection
from cadenza.realtime.wire import Wire

HIGH_WATER: Final = 65_536
"""Bytes that wait to be fetched before the engine is told to hold back."""
LOW_WATER: Final = 16_384


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
        self.ended = disconnect
        self._wake.set()

    def abort(self) -> None:
        """See ``Transport``."""
        self._queue.clear()
        self._size = 0
        self.ended = self.ended or Disconnect(3000, "")
        self._wake.set()

    def pause_reading(self) -> None:
        """See ``Transport``."""
        self.readable.clear()

    def resume_reading(self) -> None:
        """See ``Transport``."""
        self.readable.set()

    # The response's side.

    async def fetch(self) -> bytes | None:
        """What was written since the last call, waiting for something; ``None`` at the end."""
        while not self._queue:
            if self.ended is not None:
                return None
            self._wake.clear()
            await self._wake.wait()
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
