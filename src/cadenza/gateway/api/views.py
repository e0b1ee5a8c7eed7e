"""Views of a record: the REST shape and the RPC shape of the same facts.

A record is a REST struct with the fields that only RPC has added to it, its times in milliseconds.
`view` makes either surface of it by field name: a time becomes RFC 3339 where the target says so,
``...DateTime`` twins are filled from their milliseconds, nested structs become the target's kind,
and the few fields with two names (`ALIASES`) are found under the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import UnionType
from typing import Any, Final, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET

from cadenza.models.scalars import Iso, iso_of, millis_of

T = TypeVar("T", bound=msgspec.Struct)

ALIASES: Final = {
    "quantity_type": "order_quantity_type",
    "order_quantity_type": "quantity_type",
    "external_account_id": "external_trading_account_id",
}
"""Fields of a target, and the name that the same fact may have in a source."""

_TWIN: Final = "_date_time"


class MissingFieldsError(ValueError):
    """A target needs fields that the source does not have.

    Attributes:
        target: Name of the target's type.
        fields: The wire names of the missing fields.
    """

    def __init__(self, target: str, fields: tuple[str, ...]) -> None:
        self.target = target
        self.fields = fields
        super().__init__(f"{target} needs {', '.join(fields)}")


class _FieldPlan(NamedTuple):
    """How one field of a target comes about."""

    name: str
    source: str
    convert: Callable[[Any], Any] | None
    is_required: bool
    wire_name: str


def view(source: msgspec.Struct, target: type[T], **more: Any) -> T:
    """Make a ``target`` from the facts of ``source``.

    Args:
        source: A record or the other surface's struct.
        target: The struct type to make.
        **more: Fields to set in place of, or in addition to, the source's.

    Raises:
        MissingFieldsError: A required field of the target is unset in the source.
        ValueError: A time of the source is no RFC 3339 time.
    """
    values = dict(more)
    missing = []
    for name, source_name, convert, is_required, wire_name in _plan(type(source), target):
        if name in more:
            continue
        value = getattr(source, source_name) if source_name else UNSET
        if value is UNSET:
            if is_required:
                missing.append(wire_name)
            continue
        values[name] = convert(value) if convert and value is not None else value
    if missing:
        raise MissingFieldsError(target.__name__, tuple(missing))
    return target(**values)


def has_twins(kind: type[msgspec.Struct]) -> bool:
    """Whether a struct has ``...DateTime`` fields, which are other fields as RFC 3339."""
    return any(name.endswith(_TWIN) for name in kind.__struct_fields__)


@cache
def _plan(source: type[msgspec.Struct], target: type[msgspec.Struct]) -> tuple[_FieldPlan, ...]:
    known = set(source.__struct_fields__)
    source_hints = get_type_hints(source, include_extras=True)
    target_hints = get_type_hints(target, include_extras=True)
    steps = []
    for field in msgspec.structs.fields(target):
        name = field.name
        convert: Callable[[Any], Any] | None = None
        if name.endswith(_TWIN) and name.removesuffix(_TWIN) in known:
            found = name.removesuffix(_TWIN)
            convert = _to_iso
        else:
            found = name if name in known else ALIASES.get(name, "")
            found = found if found in known else ""
            if found:
                convert = _converter(source_hints[found], target_hints[name])
        if found or field.required:
            steps.append(_FieldPlan(name, found, convert, field.required, field.encode_name))
    return tuple(steps)


def _converter(source: Any, target: Any) -> Callable[[Any], Any] | None:
    """The conversion of a value of hint ``source`` for a field of hint ``target``."""
    source_parts, target_parts = _parts(source), _parts(target)
    if Iso in target_parts and Iso not in source_parts:
        return _to_iso
    if Iso in source_parts and Iso not in target_parts:
        return millis_of
    kind = _struct_in(target_parts)
    if kind is None or (kind is _struct_in(source_parts) and not has_twins(kind)):
        return None
    if any(get_origin(part) is tuple for part in target_parts):
        return lambda items: tuple(view(item, kind) for item in items)
    return lambda item: view(item, kind)


def _to_iso(value: int | str) -> str:
    return value if isinstance(value, str) else iso_of(value)


def _parts(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the hint alone."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _struct_in(parts: tuple[Any, ...]) -> type[msgspec.Struct] | None:
    """The struct type among the members, or that of the items of a tuple among them."""
    for part in parts:
        for kind in (part, *get_args(part)):
            if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                return kind
    return None
