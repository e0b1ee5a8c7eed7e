"""Wires turn messages into bytes for a kind of connection: a codec, and a framing around it.

All connections of a kind share one ``Wire``, so what goes to many of them is encoded and framed
once and the same bytes are written to each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from msgspec import Raw

from cadenza.protocol import dialect, json_codec, protobuf_codec
from cadenza.protocol.messages import Command, Message, Push, Reply

Format = Literal["json", "protobuf"]
Framing = Callable[[list[bytes]], bytes]


class Codec(Protocol):
    """One encoding of the protocol's messages."""

    format: Format

    def decode(self, frame: bytes) -> Iterator[Command]:
        """The commands of a frame, in order.

        Raises:
            DecodeError: When iteration reaches something that is no command.
        """

    def encode(self, message: Message) -> bytes:
        """One message."""

    def payload(self, data: Raw) -> Raw:
        """A payload as it stands in a message; the same object if nothing needs changing.

        Raises:
            PayloadError: This codec cannot carry it.
        """


class JsonCodec:
    """JSON with Centrifugo's names."""

    format: Format = "json"

    def decode(self, frame: bytes) -> Iterator[Command]:
        """See ``Codec``."""
        return json_codec.decode_commands(frame)

    def encode(self, message: Message) -> bytes:
        """See ``Codec``."""
        return json_codec.encode_message(message)

    def payload(self, data: Raw) -> Raw:
        """See ``Codec``."""
        return json_codec.inline(data)


class CamelCodec(JsonCodec):
    """JSON with the camelCase names of the Cadenza API's models."""

    def encode(self, message: Message) -> bytes:
        """See ``Codec``."""
        return dialect.encode_camel(message)


class ProtobufCodec:
    """Protobuf messages, without their length prefix: framing adds it."""

    format: Format = "protobuf"

    def decode(self, frame: bytes) -> Iterator[Command]:
        """See ``Codec``."""
        return protobuf_codec.decode_commands(frame)

    def encode(self, message: Message) -> bytes:
        """See ``Codec``."""
        return protobuf_codec.encode_message(message)

    def payload(self, data: Raw) -> Raw:
        """See ``Codec``."""
        return data


JSON: Final[Codec] = JsonCodec()
CAMEL: Final[Codec] = CamelCodec()
PROTOBUF: Final[Codec] = ProtobufCodec()


class Wire:
    """A codec and a framing; ``camel`` is the same wire in the camelCase spelling.

    Args:
        name: For people: logs, metrics, statistics.
        codec: Turns messages into bytes.
        framing: Turns the encoded messages of one turn of the loop into what is written. It may
            split them over several frames, and never reorders them.
        unidirectional: Pushes stand bare, and there are no replies.
    """

    __slots__ = ("camel", "codec", "framing", "name", "ping", "unidirectional")

    def __init__(
        self, name: str, codec: Codec, framing: Framing, *, unidirectional: bool = False
    ) -> None:
        self.name = name
        self.codec = codec
        self.framing = framing
        self.unidirectional = unidirectional
        self.ping: Final = framing([codec.encode(Reply())])
        self.camel: Wire = (
            Wire(name + "-camel", CAMEL, framing, unidirectional=unidirectional)
            if codec is JSON
            else self
        )

    def __repr__(self) -> str:
        return f"<Wire {self.name}>"

    def push(self, push: Push) -> bytes:
        """An encoded push, bare or inside a reply as the wire wants it."""
        return self.codec.encode(push if self.unidirectional else Reply(push=push))
