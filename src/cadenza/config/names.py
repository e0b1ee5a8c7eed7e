"""Names of all options: of Cadenza's own, and of those that only Centrifugo has."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, get_args, get_origin

import msgspec

from cadenza.config.config import Config
from cadenza.config.unsupported import UNSUPPORTED, Shape

_CUTOFF: Final = 0.7


@cache
def fields(struct: type[msgspec.Struct]) -> Mapping[str, msgspec.structs.FieldInfo]:
    """Fields of a struct by name, with their resolved types and defaults."""
    return MappingProxyType({item.name: item for item in msgspec.structs.fields(struct)})


def is_struct(type_: Any) -> bool:
    """Whether an option of this type is a section."""
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


def item_type(type_: Any) -> Any | None:
    """The type of the items if ``type_`` is a list, also when it may be absent."""
    for option in (type_, *get_args(type_)):
        if get_origin(option) is tuple:
            return get_args(option)[0]
    return None


def _leaves(struct: type[msgspec.Struct], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, field in fields(struct).items():
        path, type_ = f"{prefix}{name}", field.type
        if is_struct(type_):
            yield from _leaves(type_, f"{path}.")
            continue
        yield path, type_
        if is_struct(item := item_type(type_)) and item is not None:
            yield from _leaves(item, f"{path}[].")


def _shape_leaves(shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, dict):
        for name, inner in shape.items():
            yield from _shape_leaves(inner, f"{path}.{name}")
    else:
        yield path


@cache
def supported() -> Mapping[str, Any]:
    """The type of every option of Cadenza, by path: ``channel.namespaces[].presence``."""
    return MappingProxyType(dict(_leaves(Config, "")))


@cache
def unsupported() -> frozenset[str]:
    """The path of every option that Centrifugo has and Cadenza lacks."""
    return frozenset(
        leaf for path, lack in UNSUPPORTED.items() for leaf in _shape_leaves(lack.shape, path)
    )


@cache
def _by_flat_name() -> Mapping[str, str]:
    paths = sorted(supported().keys() | unsupported())
    return {path.replace("[]", "").replace(".", "_"): path for path in paths}


def nearest(path: str, siblings: set[str]) -> str:
    """A half sentence that names the known option nearest to an unknown one, or is empty.

    Args:
        path: The unknown option, with its section.
        siblings: The names that its section has.
    """
    section, _, name = path.rpartition(".")
    if close := difflib.get_close_matches(name.lower(), sorted(siblings), n=1, cutoff=_CUTOFF):
        return f"did you mean {section}.{close[0]}?" if section else f"did you mean {close[0]}?"
    if found := nearest_anywhere(path):
        return f"did you mean {found}?"
    return ""


def nearest_anywhere(path: str) -> str:
    """The known option whose whole name is nearest, or an empty text."""
    flat = path.lower().replace(".", "_")
    ends = [known for known in _by_flat_name() if known.endswith(f"_{flat}")]
    close = min(ends, key=len, default="") or next(
        iter(difflib.get_close_matches(flat, _by_flat_name(), n=1, cutoff=_CUTOFF)), ""
    )
    return _by_flat_name().get(close, "")
