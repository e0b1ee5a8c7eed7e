"""WebSockets under any ASGI server: the engine mounted in somebody else's program.

Slower than the server's own socket path, as each write passes through ASGI, and the same otherwise.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.frames import MESSAGE_TOO_BIG
from cadenza.server.gate import Gate, Refusal, Request, Upgrade
from cadenza.server.queued_transport import QueuedTransport
from cadenza.server.wires import ASGI_JSON, ASGI_PROTOBUF

if TYPE_CHECKING:
    from cadenza.realtime import ConnectClaims

# An ASGI server has checked the handshake; these stand for what it no longer shows.
_CHECKED: Final = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


async def serve_websocket(gate: Gate, websocket: WebSocket) -> None:
    """Accept or refuse, then carry frames until one side ends."""
    headers = {**websocket.headers, **_CHECKED}
    query = websocket.url.query
    decision = gate.upgrade(Request("GET", websocket.url.path, query, headers))
    preset = gate.proxied_user(headers)
    if isinstance(decision, Upgrade) and gate.needs_authentication(headers):
        who = await gate.authenticate(headers)
        if isinstance(who, Refusal):
            decision = who
        else:
            preset = who or preset
    if isinstance(decision, Refusal):
        await _refuse(websocket, decision)
        return
    await websocket.accept(subprotocol=decision.subprotocol or None)
    await _carry(gate, websocket, decision, preset)


async def _refuse(websocket: WebSocket, refusal: Refusal) -> None:
    """An HTTP answer where the ASGI server can give one; else the close that becomes a 403."""
    if "websocket.http.response" not in websocket.scope.get("extensions", {}):
        await websocket.close()
        return
    headers = [(name.encode(), value.encode()) for name, value in refusal.headers.items()]
    await websocket.send(
        {
            "type": "websocket.http.response.start",
            "status": refusal.status,
            "headers": headers,
        }
    )
    await websocket.send({"type": "websocket.http.response.body", "body": refusal.body})


async def _carry(
    gate: Gate, websocket: WebSocket, upgrade: Upgrade, preset: ConnectClaims | None
) -> None:
    transport = QueuedTransport(
        "websocket",
        ASGI_PROTOBUF if upgrade.protobuf else ASGI_JSON,
        websocket.headers,
        # ASGI has no ping frames of its own to send, but its server may.
        frame_ping=upgrade.frame_ping,
        push_disconnect=False,
    )
    transport.connection = gate.node.connect(transport, preset)
    reading = asyncio.ensure_future(_read(gate, websocket, transport))

    async def send(data: bytes) -> None:
        if upgrade.protobuf:
            await websocket.send_bytes(data)
        else:
            await websocket.send_text(data.decode())

    try:
        await transport.deliver(send)
        if transport.ended is not None and transport.ended.code != codes.CONNECTION_CLOSED.code:
            await websocket.close(transport.ended.code, transport.ended.reason)
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        # The client is gone, which Starlette says in the first two ways, or does not read.
        transport.lost()
    finally:
        transport.lost()
        reading.cancel()


async def _read(gate: Gate, websocket: WebSocket, transport: QueuedTransport) -> None:
    limit = gate.config.websocket.message_size_limit
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            transport.lost()
            return
        text = message.get("text")
        frame = text.encode() if text is not None else message.get("bytes") or b""
        if len(frame) > limit:
            transport.close(Disconnect(MESSAGE_TOO_BIG, ""))
            return
        await transport.readable.wait()
        if transport.connection is not None:
            transport.connection.receive(frame)
