"""What can be saved of a line that is not the protocol: one bad payload must not take the others.

A server passes on what was published. If that is no JSON (half a surrogate pair, bytes that are
not UTF-8, brackets too deep for any reader), or a field of a publication has the wrong type, a
reader refuses the whole line, and a recovery would bring the same line again, for ever. So the
parts of such a line are read one by one, and a publication that cannot be read becomes an
``UnreadablePublication`` with the offset that it has. Payloads are skipped without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Any, Final, get_args, get_origin

import msgspec

from cadenza.protocol import json_codec, protobuf_codec
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import (
    Error,
    JoinLeave,
    Message,
    MessagePush,
    Publication,
    Push,
    Reply,
    RPCResult,
    UInt32,
    UInt64,
)
from cadenza.protocol.protobuf_read import read_varint

UNREADABLE: Final = 12
"""The code of an answer that came and cannot be read."""

_SPARE: Final = frozenset({"data", "reason", "message", "version", "tags", "info"})
"""Members without which a message still means what it does."""
_PAYLOADS: Final = (Push, Publication, RPCResult, MessagePush, JoinLeave)
"""Messages that are nothing without any one of their members."""
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR: Final = re.compile(rb"[^\s,\]}]++")
_NEXT: Final = re.compile(rb'["\[\]{}]')
_BAD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, DecodeError, TypeError)


class UnreadablePublication(Publication):
    """A publication of which only the place in the stream is known.

    Attributes:
        reason: Why it cannot be read.
    """

    reason: str = ""


def json_replies(frame: bytes) -> Iterable[Reply]:
    """The replies of one frame of JSON; a publication that cannot be read is marked as that.

    Raises:
        DecodeError: When iteration reaches what is no message of the protocol, however it is read.
    """
    if frame.isascii() or _is_text(frame):
        found = json_codec.decode_replies(frame)
        if isinstance(found, list):
            return found
    return _lines(frame)


def protobuf_replies(frame: bytes) -> Iterator[Reply]:
    """As ``json_replies`` for Protobuf, where payloads are mere bytes but names and tags are text.

    Raises:
        DecodeError: As ``json_replies``, or the frame ends inside a message.
    """
    try:
        yield from protobuf_codec.decode_replies(frame)
    except DecodeError as error:
        yield from _messages(frame, error)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# JSON.


def _lines(frame: bytes) -> Iterator[Reply]:
    for line in frame.removesuffix(b"\n").split(b"\n"):
        try:
            reply = _strict(line, Reply)
        except _BAD as error:
            reply = _saved(line, error)
        yield reply


def _saved(line: bytes, error: Exception) -> Reply:
    """A reply of the parts of a line that can be read."""
    wrong = f"what came cannot be read: {error}"
    try:
        parts = _members(line)
        if "push" in parts:
            return Reply(push=_pushed(parts["push"], wrong))
        number: int = _strict(parts["id"], UInt32)
    except (*_BAD, KeyError):
        raise DecodeError(f"not a reply: {error}") from error
    try:
        reply: Reply = _lenient(line, Reply)
    except _BAD:
        return Reply(id=number, error=Error(UNREADABLE, wrong))
    return reply


def _pushed(text: bytes, wrong: str) -> Push:
    try:
        push: Push = _lenient(text, Push)
    except _BAD:
        parts = _members(text)
        channel = _strict(parts["channel"], str) if "channel" in parts else ""
        return Push(channel=channel, pub=UnreadablePublication(reason=wrong))
    return push


def _strict(text: bytes, kind: Any) -> Any:
    if not text.isascii():
        text.decode()  # the reader looks into no payload
    return msgspec.json.decode(text, type=kind)


def _lenient(text: bytes, kind: Any) -> Any:
    """A value of a type, of which parts may be missing; raises one of ``_BAD``."""
    try:
        return _strict(text, kind)
    except _BAD as error:
        arguments = [it for it in get_args(kind) if it is not NoneType]
        struct = arguments[0] if len(arguments) == 1 and get_origin(kind) is not list else kind
        if get_origin(kind) is list:
            return [_lenient(it, arguments[0]) for it in _items(text)]
        if get_origin(kind) is dict:
            return {name: _lenient(it, arguments[1]) for name, it in _members(text).items()}
        if not (isinstance(struct, type) and issubclass(struct, Message)):
            raise
        if struct is Publication:
            return _publication(text, error)
        return _struct(text, struct)


def _struct(text: bytes, struct: type[Message]) -> Any:
    types = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    found: dict[str, Any] = {}
    for name, part in _members(text).items():
        field = types.get(name)
        if field is None or part == b"null":  # unknown, or the default as proto3 writes it
            continue
        try:
            found[field.name] = _lenient(part, field.type)
        except _BAD:
            if name not in _SPARE or struct in _PAYLOADS:
                raise
    return struct(**found)


def _publication(text: bytes, error: Exception) -> Publication:
    try:
        whole: Publication = _struct(text, Publication)
    except _BAD:
        parts = _members(text)
        found = UnreadablePublication(reason=str(error))
        for name, kind in (("offset", UInt64), ("epoch", str)):
            try:
                setattr(found, name, _strict(parts[name], kind))
            except (*_BAD, KeyError):
                continue
        return found
    return whole


def _members(text: bytes) -> dict[str, bytes]:
    """The members of an object as they are written."""
    found: dict[str, bytes] = {}
    for name, value in _parts(text, b"{", b"}"):
        found[_strict(name, str)] = value
    return found


def _items(text: bytes) -> list[bytes]:
    """The items of an array as they are written."""
    return [value for _, value in _parts(text, b"[", b"]")]


def _parts(text: bytes, first: bytes, last: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names, empty in an array, and values."""
    at = _expect(text, 0, first)
    if text[at : at + 1] == last:
        return
    while True:
        name = b""
        if first == b"{":
            stop = _end(text, at)
            name, at = text[at:stop], _expect(text, stop, b":")
        stop = _end(text, at)
        yield name, text[at:stop]
        after = _skip(text, stop)
        if text[after : after + 1] == last:
            return
        at = _expect(text, after, b",")


def _skip(text: bytes, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _expect(text: bytes, at: int, sign: bytes) -> int:
    """The place of what follows a sign."""
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise DecodeError(f"no {sign.decode()!r} at byte {at}")
    return _skip(text, at + 1)


def _end(text: bytes, at: int) -> int:
    """The end of the value that begins at a place."""
    sign = text[at : at + 1]
    if sign not in (b"[", b"{"):
        found = (_STRING if sign == b'"' else _SCALAR).match(text, at)
        if found is None:
            raise DecodeError(f"no value at byte {at}")
        return found.end()
    depth = 0
    while True:
        mark = _NEXT.search(text, at)
        if mark is None:
            raise DecodeError("it ends inside a value")
        at = mark.end()
        if mark[0] == b'"':
            at = _end(text, at - 1)
        else:
            depth += 1 if mark[0] in b"[{" else -1
        if depth == 0:
            return at


# Protobuf.


def _messages(frame: bytes, first: DecodeError) -> Iterator[Reply]:
    """The messages from the first that could not be read."""
    at, bad = 0, False
    while at < len(frame):
        try:
            size, start = read_varint(frame, at)
        except IndexError:
            raise first from None
        piece, at = frame[at : start + size], start + size
        if at > len(frame):
            raise first
        try:
            (reply,) = protobuf_codec.decode_replies(piece)
        except DecodeError as error:
            bad = True
            yield _skipped(piece[len(piece) - size :], error)
        else:
            if bad:  # those before it have been given
                yield reply
    if not bad:
        raise first


def _skipped(message: bytes, error: DecodeError) -> Reply:
    """A message that cannot be read as what is left of it."""
    wrong = f"what came cannot be read: {error}"
    fields = dict(_fields(message))
    number = fields.get(_ID, 0)
    if isinstance(number, int) and number:
        return Reply(id=number, error=Error(UNREADABLE, wrong))
    push = fields.get(_PUSH)
    if not isinstance(push, bytes):
        raise error
    inside = dict(_fields(push))
    channel, pub = inside.get(_CHANNEL, b""), inside.get(_PUB, b"")
    if not isinstance(channel, bytes) or not isinstance(pub, bytes):
        raise error
    offset = dict(_fields(pub)).get(_OFFSET, 0)
    found = UnreadablePublication(reason=wrong, offset=offset if isinstance(offset, int) else 0)
    return Reply(push=Push(channel=channel.decode(errors="replace"), pub=found))


_ID, _PUSH, _CHANNEL, _PUB, _OFFSET = 1, 4, 2, 4, 6
"""Numbers of fields: of a reply, a push, and a publication. Source: client.proto."""
_VARINT, _BYTES = 0, 2


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message by number, as far as it can be read."""
    at = 0
    while at < len(message):
        try:
            tag, at = read_varint(message, at)
            value, at = read_varint(message, at)
        except (IndexError, DecodeError):
            return
        kind = tag & 7
        if kind == _VARINT:
            yield tag >> 3, value
        elif kind == _BYTES and at + value <= len(message):
            yield tag >> 3, message[at : at + value]
            at += value
        else:
            return
