"""The Protobuf form of the protocol: messages that each have their length before them.

The same functions as ``json_codec`` has. Payloads are raw bytes, JSON or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import Command, Message, Reply
from cadenza.protocol.protobuf_fields import FIELDS
from cadenza.protocol.protobuf_read import read_varint, reader_of
from cadenza.protocol.protobuf_write import varint, writer_of

M = TypeVar("M", bound=Message)

_writers: Final = {struct: writer_of(struct) for struct in FIELDS}


def decode_commands(frame: bytes) -> Iterator[Command]:
    """The commands of one frame, in order. A message of length zero is a pong.

    Raises:
        DecodeError: When iteration reaches something that is no command, or the frame is empty.
    """
    return _decode_frame(Command, frame)


def decode_replies(frame: bytes) -> Iterator[Reply]:
    """The replies of one frame, in order: the client's side of ``decode_commands``.

    Raises:
        DecodeError: When iteration reaches something that is no reply, or the frame is empty.
    """
    return _decode_frame(Reply, frame)


def decode_message(struct: type[M], data: bytes) -> M:
    """One message that has no length before it, such as the body of an HTTP request.

    Raises:
        DecodeError: The bytes are no such message.
    """
    return _decode(struct, data, 0, len(data))


def encode_message(message: Message) -> bytes:
    """One message without its length: a whole reply or command, or the bare push of a stream."""
    return _writers[type(message)].write(message)


def delimit(message: bytes) -> bytes:
    """An encoded message with its length before it, as it stands in a frame."""
    return varint(len(message)) + message


def encode_frame(messages: Iterable[Message]) -> bytes:
    """Several messages as one frame."""
    return b"".join([delimit(encode_message(message)) for message in messages])


def _decode_frame(struct: type[M], frame: bytes) -> Iterator[M]:
    if not frame:
        raise DecodeError("the frame is empty")
    start = 0
    while start < len(frame):
        try:
            size, start = read_varint(frame, start)
        except IndexError as error:
            raise DecodeError("the frame ends inside a length") from error
        stop = start + size
        if stop > len(frame):
            raise DecodeError(f"the frame ends {stop - len(frame)} bytes before its last message")
        yield _decode(struct, frame, start, stop)
        start = stop


def _decode(struct: type[M], data: bytes, start: int, stop: int) -> M:
    try:
        message: Any = reader_of(struct).read(data, start, stop, 0)
    except IndexError as error:
        raise DecodeError(f"not a {struct.__name__}: it ends inside a field") from error
    except UnicodeDecodeError as error:
        raise DecodeError(f"not a {struct.__name__}: {error}") from error
    else:
        decoded: M = message
        return decoded
