"""Every option with its type, its default and its meaning, from the configuration's structs."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

import msgspec

from cadenza.config import Config, Secret
from cadenza.config.names import fields, is_struct, item_type
from cadenza.config.unsupported import UNSUPPORTED
from cadenza.realtime.duration import Duration
from generators.source import attribute_docs, one_line, table

_PLAIN = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def sections() -> list[str]:
    """The names of the top sections."""
    return list(fields(Config))


def section(name: str) -> str:
    """The table of one section and its subsections."""
    struct = fields(Config)[name].type
    return table(["Option", "Type", "Default", "Meaning"], _rows(struct, f"{name}.", struct()))


def _rows(struct: type[msgspec.Struct], prefix: str, defaults: Any) -> list[list[str]]:
    docs, rows = attribute_docs(struct), []
    for name, info in fields(struct).items():
        path, default = f"{prefix}{name}", getattr(defaults, name, None)
        if is_struct(info.type):
            if path == "channel.without_namespace":
                meaning = "Options of channels without a namespace: those of the table below."
                rows.append([f"`{path}`", "section", "", meaning])
                continue
            rows += _rows(info.type, f"{path}.", default)
            continue
        item = item_type(info.type)
        is_list_of_sections = item is not None and is_struct(item)
        meaning = one_line(docs.get(name, "") or _of_section(struct, name, item))
        rows.append([f"`{path}`", _type(info.type), _default(default), meaning])
        if is_list_of_sections and path != "channel.namespaces":
            rows += _rows(item, f"{path}[].", item())  # type: ignore[arg-type,misc] # it is a struct
    return rows


def _of_section(struct: type[msgspec.Struct], name: str, item: Any) -> str:
    """What stands in place of an option's own docstring: that of its section or of its items."""
    if item is not None and is_struct(item):
        return str(item.__doc__)
    if name != "enabled":
        return ""
    about = str(struct.__doc__).partition(": ")[2]
    return f"Switches this on. {about[:1].upper()}{about[1:]}".strip()


def channel_options() -> str:
    """The options of a namespace, which are those of channels without one too."""
    struct = fields(fields(Config)["channel"].type)["without_namespace"].type
    return table(["Option", "Type", "Default", "Meaning"], _rows(struct, "", struct()))


def _type(type_: Any) -> str:
    if type_ is Duration:
        return "duration"
    if type_ is Secret:
        return "secret text"
    if (item := item_type(type_)) is not None:
        return "list of sections" if is_struct(item) else f"list of {_type(item)}"
    if get_origin(type_) is Literal:
        return "one of " + ", ".join(
            f"`{value}`" if value else "empty" for value in get_args(type_)
        )
    if get_origin(type_) in {Union, types.UnionType}:
        return " or ".join(_type(part) for part in get_args(type_) if part is not type(None))
    return _PLAIN[type_]


def _default(value: Any) -> str:
    if isinstance(value, Duration):
        return f"`{value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
    if isinstance(value, str) and value:
        return f"`{value}`"
    if isinstance(value, tuple) and value:
        return "; ".join(map(_item, value))
    return "empty" if value is not None and not isinstance(value, Secret) else "none"


def _item(value: Any) -> str:
    """One item of a list's default; a section as the values of its options."""
    if isinstance(value, msgspec.Struct):
        shown = (getattr(value, name) for name in value.__struct_fields__)
        return f"`{' '.join(map(str, shown))}`"
    return f"`{value}`"


def lacking() -> str:
    """Options of Centrifugo that are warned of and ignored."""
    rows = [
        [f"`{path}`", one_line(f"{_sentence(lack.sentence)}.")]
        for path, lack in UNSUPPORTED.items()
        if not path.startswith("channel.without_namespace.")
    ]
    return table(["Option or section", "What that means"], rows)


def _sentence(text: str) -> str:
    """With a capital, unless it begins with the name of an option."""
    is_name = "." in text.partition(" ")[0]
    return text if is_name else text[0].upper() + text[1:]
