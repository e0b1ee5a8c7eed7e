"""Configuration files, read and written: JSON, YAML or TOML, by the ending of the name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec
import yaml

from cadenza.config.config import Config
from cadenza.config.errors import ConfigError
from cadenza.config.values import Secret, kind
from cadenza.realtime.duration import Duration

Format: TypeAlias = Literal["json", "yaml", "toml"]
FORMATS: Final[tuple[Format, ...]] = ("json", "yaml", "toml")
MAX_BYTES: Final = 8 * 1024 * 1024
"""The largest file that is read."""

_OFF: Final = Duration(-1)  # in a file zero means the default


def read_file(path: Path) -> dict[str, object]:
    """The tree of a file, with option names in lower case (they do not depend on it).

    Raises:
        ConfigError: There is no such file, its format is unknown or its text is malformed.
    """
    parser = _PARSERS.get(path.suffix.lower())
    if parser is None:
        endings = ", ".join(_PARSERS)
        raise ConfigError.single(str(path), f"the name of a configuration must end in {endings}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError.single(str(path), f"is larger than {MAX_BYTES} bytes")
        tree = parser(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError.single(str(path), error.strerror or "cannot be read") from None
    except yaml.MarkedYAMLError as error:
        # The error's own text quotes the lines around, which may hold secrets.
        raise ConfigError.single(str(path), _yaml_problem(error)) from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError.single(str(path), f"cannot be parsed: {error}") from None
    if tree is None:
        return {}
    if not isinstance(tree, Mapping):
        raise ConfigError.single(str(path), f"must hold sections of options, not {kind(tree)}")
    return {str(name).lower(): lowered(value) for name, value in tree.items()}


def lowered(tree: object) -> object:
    """A tree with every name in lower case."""
    if isinstance(tree, Mapping):
        return {str(name).lower(): lowered(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [lowered(value) for value in tree]
    return tree


def dump(config: Config, *, redact: bool = True) -> dict[str, Any]:
    """The sections of a configuration as plain values; options that are absent are left out.

    Args:
        config: The configuration.
        redact: Whether secrets are shown as ``***``. Without it the result loads back equal.
    """
    client = config.client
    pings = {name: _OFF for name in ("ping_interval", "pong_timeout") if not getattr(client, name)}
    if pings:
        config = msgspec.structs.replace(config, client=msgspec.structs.replace(client, **pings))
    return {name: _plain(getattr(config, name), redact) for name in config.__struct_fields__}


def dumps(config: Config, fmt: Format, *, redact: bool = True) -> str:
    """The text of a configuration file; see ``dump`` for ``redact``."""
    tree = dump(config, redact=redact)
    if fmt == "json":
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
    if fmt == "yaml":  # escaped: PyYAML folds some line breaks that it writes plainly
        return yaml.safe_dump(tree, sort_keys=False)
    return _toml_text(tree)


def _json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_without_duplicates)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    section = dict(pairs)
    if len(section) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'"{twice}" is there twice in the same section')
    return section


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
    return f"cannot be parsed: {error.problem}{where}"


def _plain(value: object, redact: bool) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
        return {name: _plain(inner, redact) for name, inner in fields if inner is not None}
    if isinstance(value, tuple):
        return [_plain(item, redact) for item in value]
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, Secret):
        return str(value) if redact else value.reveal()
    return value


def _toml_text(tree: Mapping[str, Any]) -> str:
    """A tree as TOML; its names must be bare keys (letters, digits, ``_``, ``-``).

    Raises:
        TypeError: A value is not a text, number, bool, list or mapping.
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


_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    ".json": _json,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
    ".toml": tomllib.loads,
}
