"""HTTP streams and server-sent events: a response that goes on, and ``/emulation`` for commands.

Also their unidirectional forms, which have no way back. Facts: section 10.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_codec import encode_message
from cadenza.protocol.json_reader import JsonReader
from cadenza.protocol.messages import Command, ConnectRequest, EmulationRequest
from cadenza.protocol.protobuf_codec import decode_message
from cadenza.realtime import Connection
from cadenza.server.body import BodyTooLarge, query_bytes, read_body
from cadenza.server.gate import Gate, Refusal
from cadenza.server.queued_transport import QueuedTransport
from cadenza.server.wires import (
    SSE_JSON,
    STREAM_JSON,
    STREAM_PROTOBUF,
    UNI_SSE_JSON,
    UNI_STREAM_JSON,
)

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

logger: Final = logging.getLogger("cadenza.server")

PROTOBUF_TYPE: Final = "application/octet-stream"
EVENT_STREAM: Final = "text/event-stream; charset=utf-8"
NO_CACHE: Final = {
    "cache-control": "private, no-cache, no-store, must-revalidate, max-age=0",
    "pragma": "no-cache",
    "x-accel-buffering": "no",
}
PREFLIGHT: Final = {
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-max-age": "300",
}
_emulation: Final[JsonReader[EmulationRequest]] = JsonReader(EmulationRequest)
_text: Final[JsonReader[str]] = JsonReader(str)
_connect: Final[JsonReader[ConnectRequest]] = JsonReader(ConnectRequest)


class StreamResponse(Response):
    """Sends what a transport is written, until its connection or its client ends."""

    def __init__(
        self, transport: QueuedTransport, first: bytes, headers: Mapping[str, str]
    ) -> None:
        self._transport = transport
        self._first = first
        super().__init__(None, 200, headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """See ASGI."""
        watch = asyncio.ensure_future(_disconnected(receive))
        transport = self._transport
        watch.add_done_callback(lambda _: transport.lost())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if self._first:
                await _send_part(send, self._first)
            await transport.deliver(functools.partial(_send_part, send))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            logger.info("a client did not read the end of its stream")
        finally:
            transport.lost()
            watch.cancel()


async def _send_part(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Streams:
    """The endpoints, for one server."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def http_stream(self, request: Request) -> Response:
        """``POST``: commands in the body, replies and pushes in the response."""
        protobuf = PROTOBUF_TYPE in request.headers.get("content-type", "")
        wire = STREAM_PROTOBUF if protobuf else STREAM_JSON
        limit = self._gate.config.http_stream.max_request_body_size
        transport = QueuedTransport("http_stream", wire, request.headers, emulated=True)
        return await self._open(request, transport, limit, b"", "application/octet-stream")

    async def sse(self, request: Request) -> Response:
        """``GET`` with ``cf_connect``, or ``POST``: commands, then events in the response."""
        transport = QueuedTransport("sse", SSE_JSON, request.headers, emulated=True)
        limit = self._gate.config.sse.max_request_body_size
        return await self._open(request, transport, limit, b"\r\n", EVENT_STREAM)

    async def uni_http_stream(self, request: Request) -> Response:
        """``POST`` with a connect request; pushes in the response."""
        transport = QueuedTransport("uni_http_stream", UNI_STREAM_JSON, request.headers)
        transport.emulated = True
        limit = self._gate.config.uni_http_stream.max_request_body_size
        return await self._open(request, transport, limit, b"", "application/json")

    async def uni_sse(self, request: Request) -> Response:
        """``GET`` with ``cf_connect``, or ``POST``, with a connect request; pushes as events."""
        transport = QueuedTransport("uni_sse", UNI_SSE_JSON, request.headers)
        transport.emulated = True
        limit = self._gate.config.uni_sse.max_request_body_size
        return await self._open(request, transport, limit, b"\r\n", EVENT_STREAM)

    async def emulation(self, request: Request) -> Response:
        """``POST``: commands for a session of a stream; the replies come on the stream."""
        gate = self._gate
        cors = gate.origins.cors(request.headers)
        if not gate.origins.allows(request.headers.get("origin"), request.headers.get("host", "")):
            return Response(status_code=403)
        try:
            body = await read_body(request, gate.config.emulation.max_request_body_size)
        except BodyTooLarge:
            return Response(status_code=413, headers=cors)
        protobuf = PROTOBUF_TYPE in request.headers.get("content-type", "")
        try:
            if protobuf:
                order = decode_message(EmulationRequest, body)
                frame = bytes(order.data)
            else:
                order = _emulation.read(body)
                frame = _frame_in(bytes(order.data))
        except DecodeError:
            return Response(status_code=400, headers=cors)
        known = await gate.node.admin.emulate(order.node, order.session, frame)
        return Response(status_code=204 if known else 404, headers=cors)

    async def preflight(self, request: Request) -> Response:
        """``OPTIONS``: what a browser asks before it posts from another origin."""
        cors = self._gate.origins.cors(request.headers)
        return Response(status_code=204, headers={**PREFLIGHT, **cors})

    async def _open(
        self,
        request: Request,
        transport: QueuedTransport,
        limit: int,
        first: bytes,
        media_type: str,
    ) -> Response:
        """Check the request, begin a connection, and stream to it."""
        gate = self._gate
        cors = gate.origins.cors(request.headers)
        refusal = gate.policy(request.headers)
        preset = gate.proxied_user(request.headers)
        if refusal is None and gate.needs_authentication(request.headers):
            who = await gate.authenticate(request.headers)
            refusal = who if isinstance(who, Refusal) else None
            preset = preset if isinstance(who, Refusal) else who or preset
        if refusal is not None:
            return Response(refusal.body, refusal.status, {**refusal.headers, **cors})
        try:
            frame = await _opening_frame(request, limit)
        except BodyTooLarge:
            return Response(status_code=413, headers=cors)
        if frame is None:
            return Response(b"cf_connect is missing\n", 400, cors, "text/plain")
        if transport.wire.unidirectional:
            frame = _as_command(frame)
        connection = transport.connection = gate.node.connect(transport, preset)
        connection.receive(frame)
        if transport.wire.unidirectional:
            await transport.ready()
            answer = self._answer_instead(transport, connection)
            if answer is not None:
                return answer
        headers = {"content-type": media_type, **NO_CACHE, **cors}
        return StreamResponse(transport, first, headers)

    def _answer_instead(
        self, transport: QueuedTransport, connection: Connection
    ) -> Response | None:
        """``connect_code_to_http_response``: a plain answer in place of a stream that is over."""
        config = self._gate.config
        section = (
            config.uni_sse if transport.wire is UNI_SSE_JSON else config.uni_http_stream
        ).connect_code_to_http_response
        if not section.enabled or transport.ended is None:
            return None
        codes = {connection.refusal, transport.ended.code}
        for item in section.transforms:
            if item.code in codes:
                return Response(item.to.body, item.to.status_code)
        return None


async def _opening_frame(request: Request, limit: int) -> bytes | None:
    """The commands of the opening request; ``None`` for a GET without them."""
    if request.method == "POST":
        return await read_body(request, limit)
    # As bytes: whether they are UTF-8 is for the reader of commands to say.
    return query_bytes(request, "cf_connect") or None


def _as_command(frame: bytes) -> bytes:
    """A bare connect request as the command that it stands for; what is none stays as it is."""
    try:
        request = _connect.read(frame)
    except DecodeError:
        return frame
    return encode_message(Command(id=1, connect=request))


def _frame_in(data: bytes) -> bytes:
    """The commands inside the JSON string of an emulation request; none if it is no string."""
    try:
        return _text.read(data).encode()
    except DecodeError:
        return b""
