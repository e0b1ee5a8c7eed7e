"""The wires of the server's transports: how encoded messages are framed on each."""

from __future__ import annotations

from typing import Final

from cadenza.protocol.frames import BINARY, TEXT, frame
from cadenza.protocol.protobuf_codec import delimit
from cadenza.realtime.wire import JSON, PROTOBUF, Framing, Wire
from cadenza.server.deflate import Deflate

MESSAGES_PER_FRAME: Final = 16
"""As many as the reference server puts into one frame: clients have limits of their own."""


def _json_lines(messages: list[bytes]) -> bytes:
    return messages[0] if len(messages) == 1 else b"\n".join(messages)


def _delimited(messages: list[bytes]) -> bytes:
    return b"".join([delimit(message) for message in messages])


def _json_stream(messages: list[bytes]) -> bytes:
    return b"".join([message + b"\n" for message in messages])


def _events(messages: list[bytes]) -> bytes:
    """Events of one line each.

    A CR ends a line there too (WHATWG HTML, 9.2.5); in JSON it can only be a blank between tokens.
    """
    return b"".join([b"data: " + message.replace(b"\r", b"") + b"\n\n" for message in messages])


def _websocket(opcode: int, join: Framing, deflate: Deflate | None = None) -> Framing:
    """Frames of at most ``MESSAGES_PER_FRAME`` messages each."""

    def one(messages: list[bytes]) -> bytes:
        payload = join(messages)
        compressed = deflate.compress(payload) if deflate is not None else None
        if compressed is None:
            return frame(opcode, payload)
        return frame(opcode, compressed, compressed=True)

    def framing(messages: list[bytes]) -> bytes:
        if len(messages) <= MESSAGES_PER_FRAME:
            return one(messages)
        starts = range(0, len(messages), MESSAGES_PER_FRAME)
        return b"".join([one(messages[start : start + MESSAGES_PER_FRAME]) for start in starts])

    return framing


WEBSOCKET_JSON: Final = Wire("websocket-json", JSON, _websocket(TEXT, _json_lines))
WEBSOCKET_PROTOBUF: Final = Wire("websocket-protobuf", PROTOBUF, _websocket(BINARY, _delimited))


def compressed_wires(deflate: Deflate) -> tuple[Wire, Wire]:
    """The JSON and the Protobuf wire of WebSockets that agreed on compression."""
    return (
        Wire("websocket-json-deflate", JSON, _websocket(TEXT, _json_lines, deflate)),
        Wire("websocket-protobuf-deflate", PROTOBUF, _websocket(BINARY, _delimited, deflate)),
    )


# An ASGI server frames WebSocket messages itself.
ASGI_JSON: Final = Wire("asgi-json", JSON, _json_lines)
ASGI_PROTOBUF: Final = Wire("asgi-protobuf", PROTOBUF, _delimited)

STREAM_JSON: Final = Wire("stream-json", JSON, _json_stream)
STREAM_PROTOBUF: Final = Wire("stream-protobuf", PROTOBUF, _delimited)
SSE_JSON: Final = Wire("sse-json", JSON, _events)

UNI_STREAM_JSON: Final = Wire("uni-stream-json", JSON, _json_stream, unidirectional=True)
UNI_SSE_JSON: Final = Wire("uni-sse-json", JSON, _events, unidirectional=True)
