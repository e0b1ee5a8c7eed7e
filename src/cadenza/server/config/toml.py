"""Writing TOML (the standard library only reads it): tables, arrays of tables, plain values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def dumps(tree: Mapping[str, Any]) -> str:
    """The text of a tree whose names are bare keys (letters, digits, ``_``, ``-``).

    Raises:
        TypeError: A value is none of text, number, bool, list or mapping.
    """
    return "\n".join(_table(tree, "")).strip() + "\n"


def _table(table: Mapping[str, Any], path: str) -> Iterator[str]:
    inner = {name: value for name, value in table.items() if _is_table(value)}
    for name, value in table.items():
        if name not in inner:
            yield f"{name} = {_value(value)}"
    for name, value in inner.items():
        full = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield f"\n[{full}]"
            yield from _table(value, full)
            continue
        for item in value:
            yield f"\n[[{full}]]"
            yield from _table(item, full)


def _is_table(value: object) -> bool:
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")
