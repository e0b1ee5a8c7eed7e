"""The two encodings of the protocol, JSON and Protobuf, as the client sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from cadenza.protocol import json_codec, protobuf_codec
from cadenza.protocol.messages import Command, Reply


class Codec(NamedTuple):
    """One encoding of the protocol.

    Attributes:
        subprotocol: Its name in the WebSocket handshake.
        is_text: Whether its frames are text frames; only JSON payloads fit into those.
        encode: Encodes a command for a frame.
        separator: The bytes between two commands of a frame.
        decode: Decodes the replies of a frame, in order; raises ``DecodeError``.
    """

    subprotocol: str
    is_text: bool
    encode: Callable[[Command], bytes]
    separator: bytes
    decode: Callable[[bytes], Iterable[Reply]]


def _delimited(command: Command) -> bytes:
    return protobuf_codec.delimit(protobuf_codec.encode_message(command))


CODECS: Final = {
    "json": Codec(
        "centrifuge-json", True, json_codec.encode_message, b"\n", json_codec.decode_replies
    ),
    "protobuf": Codec("centrifuge-protobuf", False, _delimited, b"", protobuf_codec.decode_replies),
}


def frames(commands: list[bytes], separator: bytes, limit: int) -> Iterator[bytes]:
    """Join encoded commands into frames.

    Args:
        commands: The commands.
        separator: The bytes between two of them.
        limit: The largest frame in bytes; a larger command stands alone.
    """
    batch: list[bytes] = []
    size = 0
    for command in commands:
        if batch and size + len(separator) + len(command) > limit:
            yield separator.join(batch)
            batch, size = [], 0
        size += len(command) + (len(separator) if batch else 0)
        batch.append(command)
    if batch:
        yield separator.join(batch)
