"""A trader without a library: orders over one WebSocket, so that the server is what is measured.

Frames are masked with a key of zeros, which is a key like any other for the server.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import time
from collections.abc import Callable
from typing import Any, Final

_HELLO: Final = (
    "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
)
_ID: Final = re.compile(rb'^\{"id":(\d+)', re.MULTILINE)
_NO_MASK: Final = bytes(4)

Answered = Callable[[int, bytes, float], None]
"""Takes the id of a command, its reply and the time in seconds."""


class OrderClient(asyncio.Protocol):
    """One connection.

    Args:
        answered: Told of every reply.
    """

    def __init__(self, answered: Answered) -> None:
        self._answered = answered
        self._buffer = bytearray()
        self._transport: Any = None
        self._is_open = False
        self.opened = asyncio.get_running_loop().create_future()
        self.pushes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(_HELLO.format(key=key).encode())

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        buffer = self._buffer
        buffer += data
        if not self._is_open:
            head, blank, _ = bytes(buffer).partition(b"\r\n\r\n")
            if not blank:
                return
            if b" 101 " not in head.partition(b"\r\n")[0]:
                raise ConnectionError(head.decode())
            del buffer[: len(head) + 4]
            self._is_open = True
            self.opened.set_result(None)
        now = time.perf_counter()
        while (message := self._next()) is not None:
            self._read(message, now)

    def _next(self) -> bytes | None:
        """The payload of the next whole frame."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size == 126:
            size, start = int.from_bytes(buffer[2:4], "big"), 4
        elif size == 127:
            size, start = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < start + size:
            return None
        payload = bytes(buffer[start : start + size])
        del buffer[: start + size]
        return payload

    def _read(self, message: bytes, now: float) -> None:
        for line in message.split(b"\n"):
            found = _ID.match(line)
            if found is not None:
                self._answered(int(found[1]), line, now)
            elif line == b"{}":
                self.send(b"{}")
            else:
                self.pushes += 1

    def send(self, payload: bytes) -> None:
        """Send a text frame."""
        size = len(payload)
        if size < 126:
            head = bytes((0x81, 0x80 | size))
        else:
            head = bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
        self._transport.write(head + _NO_MASK + payload)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def rpc(command_id: int, method: str, data: dict[str, Any]) -> bytes:
    """A call, encoded."""
    command = {"id": command_id, "rpc": {"method": method, "data": data}}
    return json.dumps(command, separators=(",", ":")).encode()
