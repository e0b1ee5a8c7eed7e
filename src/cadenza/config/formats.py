"""Reading a configuration file: JSON, YAML or TOML, told apart by the ending of its name."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from cadenza.config.problems import ConfigError
from cadenza.config.values import kind

MAX_BYTES: Final = 8 * 1024 * 1024


def _json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_without_duplicates)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    section = dict(pairs)
    if len(section) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'"{twice}" is there twice in the same section')
    return section


_PARSERS: Final[dict[str, Callable[[str], object]]] = {
    ".json": _json,
    ".yaml": yaml.safe_load,
    ".yml": yaml.safe_load,
    ".toml": tomllib.loads,
}


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


def _yaml_problem(error: yaml.MarkedYAMLError) -> str:
    where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
    return f"cannot be parsed: {error.problem}{where}"


def lowered(tree: object) -> object:
    """The same tree with every name in lower case."""
    if isinstance(tree, Mapping):
        return {str(name).lower(): lowered(value) for name, value in tree.items()}
    if isinstance(tree, list):
        return [lowered(value) for value in tree]
    return tree
