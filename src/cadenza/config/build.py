"""A ``Config`` out of a tree of plain values: every name known, every value of its type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import FieldInfo

from cadenza.config.config import OWN_OPTIONS, Config
from cadenza.config.errors import MismatchError
from cadenza.config.names import fields, is_struct, item_type, nearest
from cadenza.config.report import Report
from cadenza.config.unsupported import GROUPS, UNSUPPORTED
from cadenza.config.unsupported_check import check_unsupported
from cadenza.config.values import kind, read_scalar
from cadenza.realtime.duration import Duration

_ZERO_IS_ZERO: Final = (*OWN_OPTIONS, "http_server.address")
_NEGATIVE_IS_OFF: Final = frozenset({"client.ping_interval", "client.pong_timeout"})

Place = tuple[str, str]
"""The place of an option in the tree: the path to show, ``channel.namespaces[2]``, and the path to
look up, ``channel.namespaces[]``."""


def build(tree: Mapping[str, object], report: Report) -> Config:
    """Read the whole tree.

    Raises:
        ConfigError: With every misspelt name and every value of a wrong type.
    """
    config = _section(Config, tree, ("", ""), report)
    report.raise_if_wrong()
    assert isinstance(config, Config)  # noqa: S101 - without a problem there is a struct
    return config


def _inside(place: Place, name: str) -> Place:
    shown, known = place
    return (f"{shown}.{name}", f"{known}.{name}") if shown else (name, name)


def _section(
    struct: type[msgspec.Struct], tree: object, place: Place, report: Report
) -> msgspec.Struct | None:
    """The struct of a section; ``None`` if something is wrong with its part of the tree."""
    if not isinstance(tree, Mapping):
        report.error(place[0], f"must be a section of options, not {kind(tree)}")
        return None
    known, values = fields(struct), {}
    before = len(report.problems)
    for key, value in tree.items():
        name = str(key)
        if name not in known:
            _unknown(name, value, place, report, set(known))
        elif value is not None and not _means_default(known[name], value, place, report):
            values[name] = _option(known[name].type, value, _inside(place, name), report)
    for name, field in known.items():
        if field.required and name not in values:
            report.error(place[0], f"needs {name}")
    return None if len(report.problems) > before else struct(**values)


def _unknown(name: str, value: object, place: Place, report: Report, names: set[str]) -> None:
    shown, known = _inside(place, name)
    if known in GROUPS:
        _group(value, (shown, known), report)
    elif (option := UNSUPPORTED.get(known)) is not None:
        check_unsupported(option, value, shown, report)
    else:
        prefix = f"{place[1]}." if place[1] else ""
        siblings = names | {
            path.removeprefix(prefix).partition(".")[0]
            for path in UNSUPPORTED
            if path.startswith(prefix)
        }
        report.error(shown, f"no such option; {nearest(shown, siblings)}".rstrip("; "))


def _group(value: object, place: Place, report: Report) -> None:
    if not isinstance(value, Mapping):
        report.error(place[0], f"must be a section of options, not {kind(value)}")
        return
    for name, inner in value.items():
        _unknown(str(name), inner, place, report, set())


def _means_default(field: FieldInfo, value: object, place: Place, report: Report) -> bool:
    """Whether a file's zero stands for the default, as it does in Centrifugo."""
    shown, known = _inside(place, field.name)
    own = any(known == path or known.startswith(f"{path}.") for path in _ZERO_IS_ZERO)
    if own or not report.is_from_file(shown) or isinstance(value, (bool, Mapping, list)):
        return False
    zero = value in (0, "", "0") or (field.type is Duration and value in ("0s", "0ms"))
    if not zero or field.default is msgspec.NODEFAULT or not field.default:
        return False
    off = " A negative duration turns it off." if known in _NEGATIVE_IS_OFF else ""
    report.warn(shown, f"zero or empty means the default, {field.default!s}.{off}")
    return True


def _option(type_: Any, value: object, place: Place, report: Report) -> object:
    if is_struct(type_):
        return _section(type_, value, place, report)
    try:
        if (item := item_type(type_)) is not None:
            return _list(item, value, place, report)
        result = read_scalar(type_, value)
    except MismatchError as error:
        report.error(place[0], str(error))
        return None
    if isinstance(result, Duration) and result < 0 and place[1] in _NEGATIVE_IS_OFF:
        return Duration(0)
    return result


def _list(item: Any, value: object, place: Place, report: Report) -> tuple[object, ...]:
    """A list; from a text, JSON if the items are sections, else words."""
    if isinstance(value, str):
        value = _json_list(value) if is_struct(item) else value.split()
    if not isinstance(value, (list, tuple)):
        raise MismatchError(f"must be a list, not {kind(value)}")
    shown, known = place
    return tuple(
        _option(item, inner, (f"{shown}[{index}]", f"{known}[]"), report)
        for index, inner in enumerate(value)
    )


def _json_list(text: str) -> object:
    try:
        return json.loads(text or "[]")
    except ValueError as error:
        raise MismatchError(f"must be a list in JSON: {error}") from None
