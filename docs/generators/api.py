"""The reference of the Python API, from signatures and docstrings."""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, is_typeddict

import msgspec

from generators.fields import field_table, internals, is_made_elsewhere
from generators.source import attribute_docs

_SECTIONS = ("Args", "Returns", "Raises", "Attributes")
LINE = 92
_CODE = re.compile(r"``([^`]+)``")


def reference(module_name: str, names: str = "") -> str:
    """Everything a module exports, or only the names given, separated by spaces."""
    module = importlib.import_module(module_name)
    wanted = names.split() or getattr(module, "__all__", [])
    ordered = sorted(wanted, key=str.lower)
    return "\n\n".join(part for name in ordered for part in _entry(module, name))


def _entry(module: ModuleType, name: str) -> Iterator[str]:
    value = getattr(module, name)
    yield f"### `{name}`"
    if isinstance(value, (str, int)):
        yield _code(f"{name} = {json.dumps(value)}")
        return
    if not isinstance(value, type):
        keyword = "async def" if inspect.iscoroutinefunction(value) else "def"
        yield _code(f"{keyword} {_signature(value, name)}")
        yield _prose(inspect.getdoc(value))
        return
    text = inspect.cleandoc(value.__doc__) if value.__doc__ else ""
    is_sdk = module.__name__ == "cadenza.client"
    fields = field_table(value) if is_sdk else ""
    if not is_sdk:
        yield _code(f"class {_class_head(value, name)}")
    elif is_made_elsewhere(value) or is_typeddict(value):
        yield _code(f"class {name}")
        text = _without(text, "Args")
    else:
        yield _code(f"class {_class_head(value, name)}")
    yield _prose(_without(text, "Attributes") if fields else text)
    if fields:
        yield fields
    else:
        yield from _fields(value)
    yield from _methods(value, internals(value) if is_sdk else frozenset(), is_table=bool(fields))


def _without(text: str, section: str) -> str:
    """A docstring without one of its sections."""
    return re.sub(rf"(?m)^{section}:\n(?:(?:    .*)?\n?)+?(?=^\S|\Z)", "", text).strip()


def _class_head(value: type, name: str) -> str:
    renamed = {"tuple": "NamedTuple", "Struct": "", "object": ""}
    bases = [renamed.get(base.__name__, base.__name__) for base in value.__bases__]
    bases = [base for base in bases if base]
    if issubclass(value, (msgspec.Struct, tuple, Exception, enum.Enum)) or _is_protocol(value):
        return f"{name}({', '.join(bases)})" if bases else name
    return _signature(value, name).removesuffix(" -> None")


def _is_protocol(value: type) -> bool:
    return bool(getattr(value, "_is_protocol", False))


def _signature(value: Any, name: str) -> str:
    signature = inspect.signature(value)
    parts, keyword_only = [], False
    for item in signature.parameters.values():
        if item.name == "self":
            continue
        if item.kind is item.KEYWORD_ONLY and not keyword_only:
            keyword_only = True
            parts.append("*")
        parts.append(_parameter(item))
    result = signature.return_annotation
    arrow = "" if result is signature.empty else f" -> {_type(result)}"
    line = f"{name}({', '.join(parts)}){arrow}"
    if len(line) <= LINE:
        return line
    return "\n".join([f"{name}(", *(f"    {part}," for part in parts), f"){arrow}"])


def _parameter(item: inspect.Parameter) -> str:
    shown = item.name if item.annotation is item.empty else f"{item.name}: {_type(item.annotation)}"
    return shown if item.default is item.empty else f"{shown} = {_default(item.default)}"


def _type(annotation: Any) -> str:
    return str(annotation) if annotation is not None else "None"


def _fields(value: type) -> Iterator[str]:
    """The fields of a struct or a named tuple, with type and default."""
    if not issubclass(value, (msgspec.Struct, tuple)):
        return
    docs, types, defaults = attribute_docs(value), _annotations(value), _defaults(value)
    lines = []
    for name in getattr(value, "__struct_fields__", getattr(value, "_fields", ())):
        shown = f"{name}: {types[name]}" + (f" = {defaults[name]}" if name in defaults else "")
        lines.append(f"- `{shown}`" + (f": {_inline(docs[name])}" if name in docs else ""))
    yield "\n".join(lines)


def _annotations(value: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for base in reversed(value.__mro__):
        for name, type_ in vars(base).get("__annotations__", {}).items():
            found[name] = getattr(type_, "__forward_arg__", type_)
    return found


def _defaults(value: type) -> dict[str, str]:
    if not issubclass(value, msgspec.Struct):
        return {name: repr(item) for name, item in getattr(value, "_field_defaults", {}).items()}
    names, given = value.__struct_fields__, value.__struct_defaults__
    pairs = zip(names[len(names) - len(given) :], given, strict=True)
    return {name: _default(item) for name, item in pairs if item is not msgspec.NODEFAULT}


def _default(value: object) -> str:
    if isinstance(value, (bool, int, str)) or value is None:
        return repr(value).replace("'", '"')
    if isinstance(value, float):
        return str(value)
    if value == ():
        return "()"
    factory = getattr(value, "factory", None)
    return f"{factory.__name__}()" if factory else f"{type(value).__name__}()"


def _methods(value: type, hidden: frozenset[str], *, is_table: bool) -> Iterator[str]:
    if issubclass(value, (msgspec.Struct, Exception)) or is_typeddict(value):
        return
    for name, member in vars(value).items():
        if name.startswith("_") or name in hidden:
            continue
        if (inspect.getdoc(member) or "").startswith("See ``"):
            continue
        if isinstance(member, property) and is_table:
            continue
        if isinstance(member, property):
            yield f"#### `{name}`"
            yield _prose(inspect.getdoc(member))
        elif inspect.isfunction(member):
            text = inspect.getdoc(member) or ""
            kind = "async def" if inspect.iscoroutinefunction(member) else "def"
            yield f"#### `{name}`"
            yield _code(f"{kind} {_signature(member, name)}")
            yield _prose(text)


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _inline(text: str) -> str:
    return _CODE.sub(r"`\1`", " ".join(text.split()))


def _prose(text: str | None) -> str:
    """A Google-style docstring as Markdown."""
    lines, out, in_list, in_code = (text or "").splitlines(), [], False, False
    for line in lines:
        stripped = line.strip()
        if stripped.rstrip(":") in _SECTIONS and stripped.endswith(":"):
            in_list = True
            out += [f"**{stripped}**", ""]
        elif stripped == "::":
            in_code = True
            out += ["", "```python"]
        elif in_code:
            out.append(line.removeprefix("    "))
        elif in_list and line.startswith("    ") and not line.startswith("     "):
            head, colon, rest = stripped.partition(":")
            out.append(f"- `{head}`: {_inline(rest)}" if colon else f"- {_inline(stripped)}")
        elif in_list and stripped:
            out[-1] += f" {_inline(stripped)}"
        else:
            out.append(_CODE.sub(r"`\1`", line))
    return "\n".join([*out, *(["```"] if in_code else [])]).strip()
