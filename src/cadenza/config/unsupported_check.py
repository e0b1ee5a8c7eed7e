"""A check of options that Cadenza lacks: silent at their defaults, with a warning otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from cadenza.config.names import nearest
from cadenza.config.report import Report
from cadenza.config.unsupported import Shape, Unsupported
from cadenza.config.values import kind
from cadenza.realtime.duration import Duration

_OFF: Final = frozenset({"", "0", "0s", "false", "[]", "{}", "f"})


def check_unsupported(option: Unsupported, value: object, path: str, report: Report) -> None:
    """Warn once of an option or section that is set; report unknown names inside it."""
    changed = _changed(option.shape, value, path, report)
    if not changed or _switched_off(option.shape, value):
        return
    inner = [name.removeprefix(path).lstrip(".") for name in changed]
    listed = f" ({', '.join(inner)})" if isinstance(value, Mapping) else ""
    report.warn(path, f"Cadenza does not have this option{listed}: {option.sentence}")


def _switched_off(shape: Shape, value: object) -> bool:
    """A section that is not enabled does nothing in Centrifugo either."""
    if not (isinstance(shape, dict) and "enabled" in shape and isinstance(value, Mapping)):
        return False
    return str(value.get("enabled", "")).lower() in _OFF


def _changed(shape: Shape, value: object, path: str, report: Report) -> list[str]:
    """Paths of the options inside that are not at their default."""
    if isinstance(shape, dict):
        return _changed_section(shape, value, path, report)
    if isinstance(shape, list):
        return _changed_list(shape[0], value, path, report)
    return [] if _is_default(shape, value) else [path]


def _changed_section(
    shape: dict[str, Shape], value: object, path: str, report: Report
) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, Mapping):
        report.error(path, f"must be a section of options, not {kind(value)}")
        return []
    changed = []
    for key, inner in value.items():
        name = str(key)
        if name in shape:
            changed += _changed(shape[name], inner, f"{path}.{name}", report)
        else:
            hint = nearest(f"{path}.{name}", set(shape))
            report.error(f"{path}.{name}", f"no such option; {hint}".rstrip("; "))
    return changed


def _changed_list(item: Shape, value: object, path: str, report: Report) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value or "[]")
        except ValueError:
            report.error(path, "must be a list in JSON")
            return []
    if value is None or value == []:
        return []
    if not isinstance(value, (list, tuple)):
        report.error(path, f"must be a list, not {kind(value)}")
        return []
    for index, inner in enumerate(value):
        _changed(item, inner, f"{path}[{index}]", report)
    return [path]


def _is_default(default: str | int | None, value: object) -> bool:
    if not value or str(value).lower() in _OFF:
        return True  # in a file, zero and empty mean the default
    if default is None:
        return False
    if isinstance(value, list) and len(value) == 1:
        return str(value[0]) == str(default)
    return str(value) == str(default) or _same_duration(str(default), str(value))


def _same_duration(one: str, other: str) -> bool:
    try:
        return Duration.parse(one) == Duration.parse(other)
    except ValueError:
        return False
