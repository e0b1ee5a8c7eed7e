"""The parameters of a call, read strictly: what is wrong with them is said in a sentence.

Unknown fields are ignored: the API's clients are generated from newer and older versions of it.
What is known is strict: a number is no text and a text no number, enumerations are closed, and
decimals are plain. An empty body counts as an empty object, as calls without parameters have none.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from enum import Enum
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import inspect

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.models import scalars

StructT = TypeVar("StructT", bound=msgspec.Struct)

MOST_FIELDS: Final = 1000
"""Fields of a query."""

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_FLAGS: Final = {"true": True, "false": False}
_LISTS: Final = (inspect.ListType, inspect.VarTupleType)

# Parts of what the decoder says.
_AT: Final = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`")
_STEP: Final = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_EMPTY: Final = frozenset((b"", b"null"))
_FEW: Final = 8
"""So many valid values are all named in a sentence; of more, only the nearest."""

_WORDS: Final[dict[type, str]] = {
    inspect.IntType: "an integer",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.StrType: "a text",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
    inspect.TupleType: "a list",
}


def reader(kind: type[StructT]) -> Callable[[bytes], StructT]:
    """Make a function that reads the JSON of a call's parameters.

    It raises `OperationError`, which names the field and what is wrong with it.
    """
    decode = msgspec.json.Decoder(kind).decode

    def read(data: bytes) -> StructT:
        try:
            return decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            if data.strip() in _EMPTY:
                return decode_empty()
            raise _refusal(error, kind, data) from None

    def decode_empty() -> StructT:
        try:
            return decode(b"{}")
        except msgspec.ValidationError as error:
            raise _describe(error, kind, {}) from None

    return read


def query_reader(kind: type[StructT]) -> Callable[[str], StructT]:
    """Make a function that reads the query of a URL as ``kind``.

    It raises `OperationError`, which names the field and what is wrong with it.
    """
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    types = {field.encode_name: concrete(field.type) for field in fields}

    def read(query: str) -> StructT:
        values: dict[str, Any] = {}
        for name, text in _pairs(query):
            wanted = types.get(name)
            if wanted is None or not text:
                continue
            if isinstance(wanted, _LISTS):
                values.setdefault(name, []).append(_value(name, text, concrete(wanted.item_type)))
            elif name in values:
                raise OperationError(
                    errors.INVALID_FIELD, f"{name} is given more than once", field=name
                )
            else:
                values[name] = _value(name, text, wanted)
        return _converted(values, kind)

    return read


def _pairs(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise OperationError(errors.MALFORMED, "the query is not in UTF-8") from None
    except ValueError:
        message = f"the query has more than {MOST_FIELDS} fields"
        raise OperationError(errors.MALFORMED, message) from None


def _value(name: str, text: str, wanted: Any) -> Any:
    if isinstance(wanted, inspect.IntType):
        if not _INTEGER.fullmatch(text):
            raise _unreadable(name, text, "an integer")
        return int(text)
    if isinstance(wanted, inspect.BoolType):
        if text not in _FLAGS:
            raise _unreadable(name, text, "true or false")
        return _FLAGS[text]
    return text


def _unreadable(name: str, text: str, need: str) -> OperationError:
    """The text of a parameter is not of its type."""
    message = f'{name} is "{cut(text)}", which is not {need}'
    return OperationError(errors.INVALID_FIELD, message, field=name, provided=(text,))


def _converted(values: dict[str, Any], kind: type[StructT]) -> StructT:
    """The struct of the values of a query."""
    try:
        return msgspec.convert(values, type=kind)
    except msgspec.ValidationError as error:
        raise _describe(error, kind, values) from None


def _refusal(error: Exception, kind: type[msgspec.Struct], data: bytes) -> OperationError:
    if isinstance(error, msgspec.ValidationError):
        try:
            return _describe(error, kind, msgspec.json.decode(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as worse:
            error = worse
    if isinstance(error, RecursionError):
        return OperationError(errors.MALFORMED, "the JSON is nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return OperationError(errors.MALFORMED, "the JSON is not in UTF-8")
    return OperationError(errors.MALFORMED, f"the request is no JSON: {error}")


def _describe(
    error: msgspec.ValidationError, kind: type[msgspec.Struct], values: Any
) -> OperationError:
    """An error that names the field and the nearest valid value.

    Args:
        error: The decoder's error, whose text ends with the path of the field.
        kind: The type it wanted.
        values: The values it was given, as plain Python values.
    """
    text = str(error)
    place = _AT.search(text)
    path = place["path"] if place else ""
    said = text[: place.start()] if place else text
    wanted, given = _follow(path, inspect.type_info(kind), values)
    field = path.lstrip(".")
    missing = _MISSING.match(said)
    if missing is not None:
        name = f"{field}.{missing['name']}".lstrip(".")
        return OperationError(
            errors.MISSING_FIELD, f"{name} is missing", field=name, required=(name,)
        )
    if not field and isinstance(values, dict):
        return OperationError(errors.INVALID_REQUEST, cut(said, 200))
    return _wrong(field or "the request", said, wanted, given)


def _follow(path: str, wanted: Any, given: Any) -> tuple[Any, Any]:
    """The type and the value at a path such as ``.tradeOrder.fees[0].asset``."""
    for step in _STEP.finditer(path):
        name, index = step["name"], step["index"]
        wanted = _inner(concrete(wanted), name, index)
        if name is not None:
            given = given.get(name) if isinstance(given, dict) else None
        elif isinstance(given, list) and index.isdigit():
            given = given[int(index)]
        else:
            given = None
    return concrete(wanted), given


def _inner(wanted: Any, name: str | None, index: str | None) -> Any:
    if isinstance(wanted, inspect.StructType):
        found = [field.type for field in wanted.fields if field.encode_name == name]
        return found[0] if found else None
    if isinstance(wanted, inspect.DictType):
        return wanted.value_type
    if isinstance(wanted, inspect.TupleType) and index and index.isdigit():
        return wanted.item_types[int(index)]
    return getattr(wanted, "item_type", None)


def _wrong(field: str, said: str, wanted: Any, given: Any) -> OperationError:
    """The value at ``field`` is not what its type wants."""
    shown = _shown(given)
    if isinstance(wanted, inspect.EnumType) and isinstance(given, str):
        return _no_member(field, wanted.cls, given)
    if isinstance(wanted, inspect.StrType) and wanted.pattern in _PATTERNS:
        need = _PATTERNS[wanted.pattern]
    elif isinstance(wanted, inspect.EnumType):
        need = f"a text, one of {_some(wanted.cls)}"
    elif isinstance(wanted, inspect.IntType) and type(given) is int:
        return _out_of_range(field, said, wanted, given)
    else:
        need = _WORDS.get(type(wanted), "")
    message = f"{field} is {shown}, which is not {need}" if need else f"{field}: {cut(said, 200)}"
    return OperationError(errors.INVALID_FIELD, message, field=field, provided=(shown,))


def _no_member(field: str, kind: type[Enum], given: str) -> OperationError:
    values = tuple(str(member.value) for member in kind)
    near = difflib.get_close_matches(cut(given).upper(), values, n=1, cutoff=0.5)
    near = near or difflib.get_close_matches(cut(given), values, n=1, cutoff=0.4)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    few = len(values) <= _FEW or not near
    list_ = f", which is not one of {', '.join(v or '(empty)' for v in values)}" if few else ""
    message = f"{field} is {_shown(given)}{list_ or f', which is no {kind.__name__}'}{hint}"
    return OperationError(
        errors.INVALID_FIELD, message, field=field, required=values, provided=(given,)
    )


def _out_of_range(field: str, said: str, wanted: inspect.IntType, given: int) -> OperationError:
    low, high = wanted.ge, wanted.le
    bounds = [f"at least {low}"] if low is not None else []
    bounds += [f"at most {high}"] if high is not None else []
    near = low if low is not None and given < low else high
    shown = _shown(given)
    if not bounds or near is None:
        return OperationError(errors.INVALID_FIELD, f"{field} is {shown}: {said}", field=field)
    message = f"{field} is {shown}; it must be {' and '.join(bounds)}"
    return OperationError(
        errors.INVALID_FIELD, message, field=field, provided=(shown,), nearest=near
    )


def _some(kind: type[Enum]) -> str:
    values = [str(member.value) for member in kind]
    return ", ".join(values[:_FEW]) + (", ..." if len(values) > _FEW else "")


def _shown(value: Any) -> str:
    """A client's own value as JSON, cut."""
    if isinstance(value, str):
        value = cut(value)
    elif isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    return cut(msgspec.json.encode(value).decode())


def concrete(wanted: Any) -> Any:
    """The one type of a union that is neither absence nor null."""
    if isinstance(wanted, inspect.UnionType):
        for part in wanted.types:
            found = concrete(part)
            if not isinstance(found, (inspect.NoneType, inspect.CustomType)) and found is not None:
                return found
    if isinstance(wanted, inspect.Metadata):
        return concrete(wanted.type)
    return wanted


def _pattern(annotated: Any) -> str:
    return str(concrete(inspect.type_info(annotated)).pattern)


_PATTERNS: Final[dict[str, str]] = {
    _pattern(scalars.Dec): 'a plain decimal in a text, such as "-0.25"',
    _pattern(scalars.PositiveDec): 'a plain decimal without a sign in a text, such as "0.25"',
    _pattern(scalars.Uuid): 'a UUID, such as "0b0a8f4e-6f1c-4f63-9c55-0a4d6a1f2b3c"',
}
