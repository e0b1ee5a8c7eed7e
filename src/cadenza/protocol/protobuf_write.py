"""Struct to Protobuf bytes: one function a message, put together once from ``protobuf_fields``.

Zero values are left out, fields stand in the order of their numbers. A number that its type cannot
hold wraps around, as it does in every implementation that keeps it in a machine word.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from msgspec import Raw

from cadenza.protocol.messages import Message
from cadenza.protocol.protobuf_fields import FIELDS, ByName, Fields, Kind, Layout, Repeated

Put = Callable[[Any], bytes]
"""A value, not zero, as a field: tag and content."""

_WORD: Final = 2**64 - 1


def _long_varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_SMALL: Final = tuple(_long_varint(number) for number in range(2048))


def varint(number: int) -> bytes:
    """A number from 0 to 2**64-1, seven bits a byte, the lowest first."""
    return _SMALL[number] if number < 2048 else _long_varint(number)


_WRAPPED: Final[dict[str, Callable[[int], int]]] = {
    "int32": lambda value: value & _WORD,
    "int64": lambda value: value & _WORD,
    "uint32": lambda value: value & 0xFFFFFFFF,
    "uint64": lambda value: value & _WORD,
    "sint64": lambda value: (value << 1 ^ value >> 63) & _WORD,
}


class Writer:
    """Writes one kind of message; ``write`` returns its bytes, without a length."""

    __slots__ = ("write",)

    write: Callable[[Message], bytes]


_writers: Final[dict[type[Message] | Layout, Writer]] = {}


def writer_of(kind: type[Message] | Layout) -> Writer:
    """The writer of a message; made at the first call."""
    writer = _writers.get(kind)
    if writer is None:
        # Known before it is complete: a filter's nodes are filters.
        writer = _writers[kind] = Writer()
        writer.write = _compile(kind.fields if isinstance(kind, Layout) else FIELDS[kind])
    return writer


def _compile(fields: Fields) -> Callable[[Message], bytes]:
    ordered = sorted(fields.items(), key=lambda item: item[1][0])
    puts = [_put(number, kind) for _, (number, kind) in ordered]
    names = [name for name, _ in ordered]
    if len(names) > 1:
        values = attrgetter(*names)

        def write(message: Message) -> bytes:
            # Added up, not joined: most messages have one field or two that hold something.
            out = b""
            for value, put in zip(values(message), puts, strict=False):
                if value:
                    out += put(value)
            return out

        return write
    if not names:
        return lambda _: b""
    only, put = attrgetter(names[0]), puts[0]

    def write_one(message: Message) -> bytes:
        value = only(message)
        return put(value) if value else b""

    return write_one


def _put(number: int, kind: Kind) -> Put:
    match kind:
        case "bool":
            true = varint(number << 3) + b"\x01"
            return lambda _: true
        case "string":
            return _put_string(varint(number << 3 | 2))
        case "bytes":
            return _put_raw(varint(number << 3 | 2))
        case str():
            return _put_number(varint(number << 3), _WRAPPED[kind])
        case Repeated(item):
            put = _put(number, item)
            return lambda values: b"".join([put(value) for value in values])
        case ByName(item):
            return _put_map(varint(number << 3 | 2), _put(2, item))
        case _:
            return _put_message(varint(number << 3 | 2), writer_of(kind))


def _put_number(tag: bytes, wrapped: Callable[[int], int]) -> Put:
    def put(value: int) -> bytes:
        return tag + varint(wrapped(value))

    return put


def _put_string(tag: bytes) -> Put:
    def put(value: str) -> bytes:
        body = value.encode()
        return tag + varint(len(body)) + body

    return put


def _put_raw(tag: bytes) -> Put:
    def put(value: Raw) -> bytes:
        return b"".join((tag, varint(len(value)), value))

    return put


def _put_message(tag: bytes, writer: Writer) -> Put:
    def put(value: Message) -> bytes:
        body = writer.write(value)
        return tag + varint(len(body)) + body

    return put


def _put_map(tag: bytes, put_value: Put) -> Put:
    put_key = _put_string(b"\x0a")

    def put(values: dict[str, Any]) -> bytes:
        entries = [put_key(key) + put_value(value) for key, value in values.items()]
        return b"".join([tag + varint(len(entry)) + entry for entry in entries])

    return put
