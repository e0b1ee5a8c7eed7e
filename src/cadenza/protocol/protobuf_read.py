"""Protobuf bytes to struct: one function a message, put together once from ``protobuf_fields``.

Unknown fields are skipped. Of a field that comes twice the last one counts, also where it is a
message (Protobuf would merge the two; no encoder of this protocol writes such a thing). Numbers are
cut to the width of their type. Functions here may let ``IndexError`` (the bytes end too early) and
``UnicodeDecodeError`` pass: ``protobuf_codec`` turns both into ``DecodeError``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Raw

from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import ABSENT, Message
from cadenza.protocol.protobuf_fields import FIELDS, ByName, Fields, Kind, Layout, Repeated

MAX_DEPTH: Final = 32
"""The deepest nesting of messages, those of the frame itself being at depth 0."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5

Read = Callable[[bytes, int, int, int], Any]
"""The value in ``buffer[start:stop]``, for a field at some depth."""
Store = Callable[[Any, bytes, int, int, int], None]
"""Put the value in ``buffer[start:stop]`` into a message."""
StoreNumber = Callable[[Any, int], None]


class Reader:
    """Reads one kind of message from ``buffer[start:stop]``."""

    __slots__ = ("read",)

    read: Callable[[bytes, int, int, int], Any]


_readers: Final[dict[type[Message] | Layout, Reader]] = {}


def reader_of(kind: type[Message] | Layout) -> Reader:
    """The reader of a message; made at the first call."""
    reader = _readers.get(kind)
    if reader is None:
        # Known before it is complete: a filter's nodes are filters.
        reader = _readers[kind] = Reader()
        struct, fields = (
            (kind.struct, kind.fields) if isinstance(kind, Layout) else (kind, FIELDS[kind])
        )
        reader.read = _compile(_factory(struct, fields), fields)
    return reader


def _factory(struct: type[Message], fields: Fields) -> Callable[[], Any]:
    """Makes an empty message: what JSON demands, Protobuf leaves out when it is zero."""
    required = struct.__struct_fields__[: -len(struct.__struct_defaults__) or None]
    if not required:
        return struct
    zeros = {name: _zero_of(fields[name][1]) for name in required}
    return lambda: struct(**{name: zero() for name, zero in zeros.items()})


def _zero_of(kind: Kind) -> Callable[[], Any]:
    if isinstance(kind, ByName):
        return dict
    if isinstance(kind, Repeated):
        return list
    return str if kind == "string" else int


def read_varint(buffer: bytes, at: int) -> tuple[int, int]:
    """A number of up to 64 bits, and where it ends."""
    number = shift = 0
    while True:
        byte = buffer[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise DecodeError("a varint is longer than 10 bytes")
    if number >> 64:
        raise DecodeError("a varint is larger than 64 bits")
    return number, at


def _compile(new: Callable[[], Any], fields: Fields) -> Read:
    sized, numeric = _stores(fields)
    known = {number for number, _ in fields.values()}

    def read(buffer: bytes, at: int, stop: int, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise DecodeError(f"messages lie more than {MAX_DEPTH} deep in each other")
        message = new()
        while at < stop:
            tag = buffer[at]
            at += 1
            if tag > 0x7F:
                tag, at = read_varint(buffer, at - 1)
            if (store := sized.get(tag)) is not None:
                size = buffer[at]
                at += 1
                if size > 0x7F:
                    size, at = read_varint(buffer, at - 1)
                end = at + size
                if end > stop:
                    raise DecodeError("a field is longer than its message")
                store(message, buffer, at, end, depth)
                at = end
            elif (store_number := numeric.get(tag)) is not None:
                value, at = read_varint(buffer, at)
                store_number(message, value)
            else:
                at = _skip(buffer, at, tag, known)
        if at > stop:
            raise DecodeError("a field is longer than its message")
        return message

    return read


def _stores(fields: Fields) -> tuple[dict[int, Store], dict[int, StoreNumber]]:
    """The readers of the fields by tag: of those that have a length, and of numbers."""
    sized: dict[int, Store] = {}
    numeric: dict[int, StoreNumber] = {}
    for name, (number, kind) in fields.items():
        if isinstance(kind, str) and kind not in {"string", "bytes"}:
            numeric[number << 3 | VARINT] = _store_number(name, kind)
        else:
            sized[number << 3 | BYTES] = _store(name, kind)
    return sized, numeric


def _skip(buffer: bytes, at: int, tag: int, known: set[int]) -> int:
    """The end of a field that nobody asked for."""
    number, wire_type = tag >> 3, tag & 7
    if not 0 < number < 2**29:
        raise DecodeError(f"{number} is no field number")
    if number in known:
        raise DecodeError(f"field {number} has the wrong wire type {wire_type}")
    if wire_type == VARINT:
        return read_varint(buffer, at)[1]
    if wire_type == BYTES:
        size, at = read_varint(buffer, at)
        return at + size
    if wire_type == FIXED64:
        return at + 8
    if wire_type == FIXED32:
        return at + 4
    raise DecodeError(f"field {number} has wire type {wire_type}, which this protocol never uses")


def _store_number(name: str, kind: str) -> StoreNumber:
    convert = _NUMBERS[kind]

    def store(message: Any, value: int) -> None:
        setattr(message, name, convert(value))

    return store


def _store(name: str, kind: Kind) -> Store:
    if isinstance(kind, Repeated):
        read_item = _read_sized(kind.item)

        def append(message: Any, buffer: bytes, start: int, stop: int, depth: int) -> None:
            getattr(message, name).append(read_item(buffer, start, stop, depth))

        return append
    if isinstance(kind, ByName):
        return _store_entry(name, kind.item)
    read = _read_sized(kind)

    def store(message: Any, buffer: bytes, start: int, stop: int, depth: int) -> None:
        setattr(message, name, read(buffer, start, stop, depth))

    return store


class _Entry:
    """One pair of a map."""

    __slots__ = ("key", "value")

    def __init__(self) -> None:
        self.key = ""
        self.value: Any = None


def _store_entry(name: str, kind: Kind) -> Store:
    read_entry = _compile(_Entry, {"key": (1, "string"), "value": (2, kind)})
    read_value = _read_sized(kind)

    def store(message: Any, buffer: bytes, start: int, stop: int, depth: int) -> None:
        entry = read_entry(buffer, start, stop, depth)
        # An entry may leave out a zero value: nothing reads as zero.
        value = read_value(b"", 0, 0, depth) if entry.value is None else entry.value
        getattr(message, name)[entry.key] = value

    return store


def _read_sized(kind: Kind) -> Read:
    if kind == "string":
        return _read_string
    if kind == "bytes":
        return _read_raw
    if isinstance(kind, str | Repeated | ByName):
        raise TypeError(f"{kind} cannot be an item")
    reader = reader_of(kind)

    def read(buffer: bytes, start: int, stop: int, depth: int) -> Any:
        return reader.read(buffer, start, stop, depth + 1)

    return read


def _read_string(buffer: bytes, start: int, stop: int, _: int) -> str:
    return buffer[start:stop].decode()


def _read_raw(buffer: bytes, start: int, stop: int, _: int) -> Raw:
    return Raw(buffer[start:stop]) if stop > start else ABSENT


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


_NUMBERS: Final[dict[str, Callable[[int], int]]] = {
    "bool": bool,
    "int32": lambda value: _signed(value, 32),
    "int64": lambda value: _signed(value, 64),
    "uint32": lambda value: value & 0xFFFFFFFF,
    "uint64": lambda value: value,
    "sint64": lambda value: value >> 1 ^ -(value & 1),
}
