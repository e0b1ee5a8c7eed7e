r"""The JSON form of the protocol: one object a message, ``\n`` between the messages of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from cadenza.protocol.dialect import camel_command
from cadenza.protocol.errors import DecodeError, PayloadError
from cadenza.protocol.json_reader import JsonReader, check
from cadenza.protocol.messages import Command, Message, Reply

_commands: Final[JsonReader[Command]] = JsonReader(Command)
_replies: Final = msgspec.json.Decoder(Reply)
encode_message: Final = msgspec.json.Encoder().encode


def decode_commands(frame: bytes) -> Iterator[Command]:
    """The commands of one frame, in order.

    A trailing newline is fine; an empty line or an empty frame is not.

    Raises:
        DecodeError: When iteration reaches something that is no command.
    """
    if b"\n" not in frame:
        yield _decode_command(frame)
        return
    for line in frame.removesuffix(b"\n").split(b"\n"):
        yield _decode_command(line)


def _decode_command(line: bytes) -> Command:
    try:
        command = _commands.read(line)
    except DecodeError as error:
        raise DecodeError(f"not a command: {error}") from error
    return camel_command(command)


def decode_replies(frame: bytes) -> Iterable[Reply]:
    """The replies of one frame, in order: the client's side of ``decode_commands``.

    Raises:
        DecodeError: When iteration reaches something that is no reply.
    """
    try:
        found = _replies.decode_lines(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = []
    # One by one where something is wrong: what stands before the fault is good.
    lines = frame.count(b"\n") + (not frame.endswith(b"\n"))
    return found if len(found) == lines else _decode_replies(frame)


def _decode_replies(frame: bytes) -> Iterator[Reply]:
    for line in frame.removesuffix(b"\n").split(b"\n"):
        try:
            yield _replies.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(f"not a reply: {error}") from error


def encode_frame(messages: list[Message]) -> bytes:
    """Several messages as one frame."""
    return b"\n".join([encode_message(message) for message in messages])


def inline(payload: Raw) -> Raw:
    r"""A payload as it stands inside a JSON message: checked, and without ``\n`` bytes.

    Returns:
        The same object if it can stand as it is.

    Raises:
        PayloadError: The bytes are not one JSON value in UTF-8.
    """
    data = bytes(payload)
    try:
        check(data)
    except DecodeError as error:
        raise PayloadError(f"not a JSON payload: {error}") from error
    return Raw(data.replace(b"\n", b"")) if b"\n" in data else payload


def quoted(data: bytes) -> Raw:
    """A payload as a JSON string: how delta subscribers get every publication.

    Raises:
        PayloadError: The bytes are not UTF-8 text.
    """
    try:
        return Raw(encode_text(data.decode()))
    except UnicodeDecodeError as error:
        raise PayloadError(f"not text: {error}") from error


def encode_text(text: str) -> bytes:
    """A JSON string."""
    return msgspec.json.encode(text)
