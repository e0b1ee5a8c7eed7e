"""The server's own socket path: uvicorn accepts a connection and hands it over at the upgrade.

uvicorn makes one ``WebSocketProtocol`` for each upgrade and feeds it the request's head; from the
101 on it is the connection's transport as the engine knows it, and its ``write`` is the socket's.
"""

from __future__ import annotations

import asyncio
import http
import logging
from collections.abc import Mapping
from typing import Any, Final, cast

from cadenza.protocol import frames
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.frames import FrameReader
from cadenza.realtime import ConnectClaims, Connection, eager
from cadenza.realtime.keepalive import Keepalive
from cadenza.server.gate import Gate, Refusal, Request, Upgrade, refuse
from cadenza.server.wires import WEBSOCKET_JSON

logger: Final = logging.getLogger("cadenza.server")

CLOSE_TIMEOUT: Final = 5.0
"""Seconds for a client to answer a close frame before its TCP connection is dropped."""

EARLY_LIMIT: Final = 65_536
"""Bytes that a client may send before its upgrade is decided."""

# What a header of the request costs in memory for as long as the connection lives.
_KEPT_HEADERS: Final = frozenset({"user-agent", "origin", "x-forwarded-for", "x-real-ip"})


class WebSocketProtocol(asyncio.Protocol):
    """One upgraded socket.

    Args:
        gate: Decides whether the upgrade is accepted.
        server_state: uvicorn's; connections listed in it are told to shut down.
    """

    __slots__ = (
        "_closing",
        "_connection",
        "_early",
        "_frame_pings",
        "_gate",
        "_paused",
        "_peers",
        "_reader",
        "_socket",
        "_upgraded",
        "emulated",
        "frame_ping",
        "headers",
        "name",
        "wire",
        "write",
    )

    def __init__(self, gate: Gate, *, server_state: Any = None) -> None:
        self.name = "websocket"
        self.emulated = False
        self.frame_ping = False
        self.wire = WEBSOCKET_JSON
        self.headers: Mapping[str, str] = {}
        self._gate = gate
        self._peers: set[Any] | None = None if server_state is None else server_state.connections
        self._connection: Connection | None = None
        self._reader = FrameReader(gate.config.websocket.message_size_limit)
        self._upgraded = False
        self._early = b""
        self._closing: asyncio.TimerHandle | None = None
        self._frame_pings: Keepalive | None = None
        self._paused = False

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        self._socket = cast("asyncio.Transport", transport)
        self.write = self._socket.write
        if self._peers is not None:
            self._peers.add(self)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``. The first call brings the request's head."""
        if not self._upgraded:
            if self._early:
                self._early += data  # sent before the 101, while a key is being fetched
                if len(self._early) > EARLY_LIMIT:
                    self._socket.abort()
            else:
                self._early = b" "
                opening = eager.start(self._open(data))
                if opening is not None:
                    opening.add_done_callback(self._opened)
            return
        for opcode, payload in self._reader.feed(data):
            if self._socket.is_closing():
                return
            self._on_frame(opcode, payload)
        if self._reader.failure is not None:
            self._fail(self._reader.failure.code)

    def eof_received(self) -> bool:
        """See ``asyncio.Protocol``."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """See ``asyncio.Protocol``."""
        if self._peers is not None:
            self._peers.discard(self)
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        self._stop_pings()
        self._lose()

    def pause_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        if self._connection is not None:
            self._connection.pause_writing()

    def resume_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        if self._connection is not None:
            self._connection.resume_writing()

    def shutdown(self) -> None:
        """See uvicorn: the server stops. The node disconnects its clients itself."""
        if self._connection is None and self._closing is None:
            self._socket.close()

    # The engine's side.

    def close(self, disconnect: Disconnect) -> None:
        """See ``Transport``."""
        if self._closing is not None or self._socket.is_closing():
            return
        if disconnect.code == 3000:
            self._close_socket()
            return
        self._send_close(disconnect.code, disconnect.reason)

    def abort(self) -> None:
        """See ``Transport``."""
        self._socket.abort()

    def pause_reading(self) -> None:
        """See ``Transport``."""
        if not self._paused and not self._socket.is_closing():
            self._paused = True
            self._socket.pause_reading()

    def resume_reading(self) -> None:
        """See ``Transport``."""
        if self._paused and not self._socket.is_closing():
            self._paused = False
            self._socket.resume_reading()

    # The upgrade.

    async def _open(self, head: bytes) -> None:
        request = parse_head(head)
        decision: Upgrade | Refusal
        if not self._gate.opens_websockets(request.path):
            decision = refuse(404, "there is no WebSocket at this path")
        else:
            decision = self._gate.upgrade(request)
        preset: ConnectClaims | None = None
        if isinstance(decision, Upgrade):
            preset = self._gate.proxied_user(request.headers)
            if self._gate.needs_authentication(request.headers):
                who = await self._gate.authenticate(request.headers)
                if isinstance(who, Refusal):
                    decision = who
                else:
                    preset = who or preset
        if self._socket.is_closing():
            return
        if isinstance(decision, Refusal):
            self._refuse(decision)
        else:
            self._accept(decision, request, preset)

    def _opened(self, opening: asyncio.Task[None]) -> None:
        """Drop a client whose upgrade could not be decided."""
        if not opening.cancelled() and (error := opening.exception()) is not None:
            logger.error("an upgrade failed", exc_info=error)
            self._socket.abort()

    def _refuse(self, refusal: Refusal) -> None:
        lines = [f"HTTP/1.1 {refusal.status} {http.HTTPStatus(refusal.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in refusal.headers.items()]
        lines += [f"content-length: {len(refusal.body)}", "connection: close", "", ""]
        self._socket.write("\r\n".join(lines).encode("latin-1") + refusal.body)
        self._socket.close()

    def _accept(self, upgrade: Upgrade, request: Request, preset: ConnectClaims | None) -> None:
        lines = [
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Accept: {upgrade.accept_key}",
        ]
        if upgrade.subprotocol:
            lines.append(f"Sec-WebSocket-Protocol: {upgrade.subprotocol}")
        self.wire = self._gate.wire(upgrade)
        if upgrade.extensions and self._gate.deflate is not None:
            lines.append(f"Sec-WebSocket-Extensions: {upgrade.extensions}")
            limit = self._gate.config.websocket.message_size_limit
            self._reader = FrameReader(limit, self._gate.deflate.inflate)
        self._socket.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        self.frame_ping = upgrade.frame_ping
        self.headers = {
            name: value for name, value in request.headers.items() if name in _KEPT_HEADERS
        }
        self._upgraded = True
        self._connection = self._gate.node.connect(self, preset)
        if upgrade.frame_ping and self._gate.node.client_options.ping_interval:
            self._frame_pings = Keepalive(self._connection, frames.frame(frames.PING, b""))
        early, self._early = self._early[1:], b""
        if early:
            self.data_received(early)

    # Frames.

    def _on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode in {frames.TEXT, frames.BINARY}:
            if self._connection is not None and self._closing is None:
                self._connection.receive(payload)
        elif opcode == frames.PING:
            # Who does not read gets no pongs either: they would pile up.
            if self._connection is not None and not self._connection.paused:
                self._connection.write(frames.frame(frames.PONG, payload))
        elif opcode == frames.PONG:
            if self._frame_pings is not None:
                self._frame_pings.pong()
        elif opcode == frames.CLOSE:
            if self._closing is None:
                self.write(frames.close_frame(frames.close_code(payload), ""))
            self._lose()
            self._close_socket()

    def _fail(self, code: int) -> None:
        """The client broke the framing, so its answer to a close frame could not be read.

        The end of our stream after the close frame tells it to end its own; what it still sends
        is taken and ignored, as closing at once could lose the close frame.
        """
        self._gate.node.outbox.flush()  # the answers to what came before
        self._lose()
        if self._closing is None:
            self._send_close(code, "")
            if self._socket.can_write_eof():
                self._socket.write_eof()
            else:
                self._socket.close()

    def _lose(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.lost()

    def _stop_pings(self) -> None:
        if self._frame_pings is not None:
            self._frame_pings.stop()
            self._frame_pings = None

    def _send_close(self, code: int, reason: str) -> None:
        """Say goodbye and wait for the answer: closing at once could lose what was written."""
        self.write(frames.close_frame(code, reason))
        self._stop_pings()
        self._connection = None
        self._drop_later()

    def _close_socket(self) -> None:
        """Close once everything is written, which a client that does not read could put off."""
        self._drop_later()
        self._socket.close()

    def _drop_later(self) -> None:
        if self._closing is None:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(CLOSE_TIMEOUT, self._socket.abort)


def parse_head(head: bytes) -> Request:
    """A request's head in the one form that ``request_head`` gives it."""
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            known = headers.get(name)
            # Repeated headers are one list (RFC 9110, section 5.2).
            headers[name] = value.strip() if known is None else f"{known}, {value.strip()}"
    return Request(method, path, query, headers)
