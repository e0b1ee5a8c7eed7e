r"""JSON from outside: one reader for everything that clients, backends and issuers of tokens send.

What it takes is what the protocol's own rules take, which are those of proto3 and of RFC 8259:

- ``null`` is the default of every field. Only in a payload, which nobody opens, is it a value.
- A text is UTF-8 (section 8.1); bytes that are not are refused here, before they are kept.
- An escape such as ``\ud83d`` may stand alone (section 8.2: half of a pair, from a program that
  cut a text in two). In a payload it stays as it is; in a text it becomes U+FFFD.

The decoder below does all of this at once for nearly every message; only what it does not take is
read a second time, more slowly.
"""

from __future__ import annotations

import re
import types
from functools import cache
from typing import Annotated, Any, Final, Generic, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Raw, Struct

from cadenza.protocol.errors import DecodeError

T = TypeVar("T")

_FAILURES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NULL: Final = b"null"
_BLANKS: Final = b" \t\r\n"


class JsonReader(Generic[T]):
    """Reads one kind of value.

    Args:
        kind: A type that msgspec decodes; payloads in it are ``Raw``.
    """

    __slots__ = ("_decode", "_kind")

    def __init__(self, kind: type[T] | object) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(cast("type[T]", kind)).decode

    def read(self, data: bytes) -> T:
        """The value.

        Raises:
            DecodeError: It is not JSON, not UTF-8, or not of the kind.
        """
        try:
            if not data.isascii():
                data.decode()  # the decoder does not look into payloads
            return self._decode(data)
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error}") from error
        except (msgspec.MsgspecError, RecursionError) as error:
            return self._read_again(data, error)

    def _read_again(self, data: bytes, error: Exception) -> T:
        lone = _Lone.among(data) if b"\\u" in data else None
        if lone is None and _NULL not in data:
            raise DecodeError(str(error)) from error
        try:
            value = _value(self._kind, data if lone is None else lone.hidden(data))
            return cast("T", value if lone is None else lone.shown(value))
        except (*_FAILURES, ValueError, TypeError) as again:
            raise DecodeError(str(again)) from again


_any: Final[JsonReader[Raw]] = JsonReader(Raw)


def check(data: bytes) -> None:
    """Return if the bytes are one JSON value.

    Raises:
        DecodeError: They are not, or not UTF-8.
    """
    _any.read(data)


def compact(data: bytes) -> bytes:
    """A JSON value without blanks between its tokens.

    Raises:
        DecodeError: It is none.
    """
    check(data)
    lone = _Lone.among(data) if b"\\u" in data else None
    if lone is None:
        return msgspec.json.format(data, indent=-1)
    return lone.restored(msgspec.json.format(lone.hidden(data), indent=-1))


# Nulls. The types are those of the messages: structs, maps by text, lists, single values.


def _value(kind: Any, data: bytes) -> Any:
    """A value of a kind; ``null`` is the kind's zero."""
    if get_origin(kind) is Annotated:
        inner = get_args(kind)[0]
        return msgspec.json.decode(b"0" if _is_null(data) and inner is int else data, type=kind)
    if kind is Raw or kind is Any:
        return msgspec.json.decode(data, type=kind)
    if _is_null(data):
        return _zero(kind)
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        return _of_union(kind, data)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _struct(kind, data)
    if origin is dict:
        inner = get_args(kind)[1]
        found = msgspec.json.decode(data, type=dict[str, Raw])
        return {name: _value(inner, bytes(item)) for name, item in found.items()}
    if origin in {list, tuple}:
        inner = get_args(kind)[0]
        items = [_value(inner, bytes(item)) for item in msgspec.json.decode(data, type=list[Raw])]
        return tuple(items) if origin is tuple else items
    return msgspec.json.decode(data, type=kind)


def _of_union(kind: Any, data: bytes) -> Any:
    """One alternative beside ``None``: read as that one; several: none of them is a struct."""
    options = [option for option in get_args(kind) if option is not types.NoneType]
    return _value(options[0], data) if len(options) == 1 else msgspec.json.decode(data, type=kind)


def _struct(kind: type[Struct], data: bytes) -> Struct:
    known = _fields(kind)
    given = {}
    for name, item in msgspec.json.decode(data, type=dict[str, Raw]).items():
        field = known.get(name)
        if field is None:
            continue
        raw = bytes(item)
        if field.type is Raw or not _is_null(raw):
            given[field.name] = _value(field.type, raw)
        else:
            given.pop(field.name, None)
    return kind(**given)


@cache
def _fields(kind: type[Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _zero(kind: Any) -> Any:
    origin = get_origin(kind) or kind
    if origin in {Union, types.UnionType}:
        return None
    return origin()


def _is_null(data: bytes) -> bool:
    return data.strip(_BLANKS) == _NULL


# Lone surrogates.

_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
"""A pair; or a lone one, in the group; or any other escape, so that ``\\\\ud83d`` is none."""


_BASES: Final = (0xE000, 0xE800, 0xF000, 0)


class _Lone:
    """Lone surrogates of a text hidden behind characters that the text does not have.

    Args:
        base: The first of the 2048 characters of private use that stand for them. 0: none is
            free, and U+FFFD stands for all of them, also in payloads.
    """

    __slots__ = ("_base", "_characters", "_escapes")

    def __init__(self, base: int) -> None:
        first, last = chr(base), chr(base + 0x7FF)
        self._base = base
        self._characters = re.compile(f"[{first}-{last}]")
        nibble = "[0-7]" if base & 0x800 == 0 else "[89a-fA-F]"
        letter = "[eE]" if base < 0xF000 else "[fF]"
        self._escapes = re.compile(
            rb"\\(?:u(" + f"{letter}{nibble}".encode() + rb"[0-9a-fA-F]{2})|.)", re.DOTALL
        )

    @classmethod
    def among(cls, data: bytes) -> _Lone | None:
        """What hides those of ``data``; ``None`` if there are none."""
        if not any(found[1] for found in _ESCAPE.finditer(data)):
            return None
        text = data.decode()
        return next((lone for lone in _hidings() if lone.is_free_in(text, data)), None)

    def is_free_in(self, text: str, data: bytes) -> bool:
        """Whether none of the characters occurs, plain or escaped."""
        return not self._base or (
            not self._characters.search(text)
            and not any(found[1] for found in self._escapes.finditer(data))
        )

    def hidden(self, data: bytes) -> bytes:
        """The text without lone surrogates."""

        def hide(found: re.Match[bytes]) -> bytes:
            code = found[1]
            if not code:
                return found[0]
            stand_in = int(code, 16) - 0xD800 + self._base if self._base else 0xFFFD
            return b"\\u%04x" % stand_in

        return _ESCAPE.sub(hide, data)

    def restored(self, data: bytes) -> bytes:
        """The text with them again."""
        if not self._base:
            return data

        def restore(found: re.Match[bytes]) -> bytes:
            code = found[1]
            return found[0] if not code else b"\\u%04x" % (int(code, 16) - self._base + 0xD800)

        return self._escapes.sub(restore, data)

    def shown(self, value: Any) -> Any:
        """A decoded value: payloads with them again, texts with U+FFFD in their places."""
        if not self._base:
            return value
        if isinstance(value, str):
            return self._characters.sub("\N{REPLACEMENT CHARACTER}", value)
        if isinstance(value, Raw):
            raw = bytes(value)
            return Raw(self.restored(raw)) if raw else value
        if isinstance(value, Struct):
            for name in value.__struct_fields__:
                msgspec.structs.force_setattr(value, name, self.shown(getattr(value, name)))
            return value
        if isinstance(value, dict):
            return {self.shown(key): self.shown(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.shown, value))
        return value


@cache
def _hidings() -> tuple[_Lone, ...]:
    return tuple(_Lone(base) for base in _BASES)
