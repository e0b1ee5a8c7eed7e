"""A configuration written out again: as plain values, JSON, YAML or TOML."""

from __future__ import annotations

import json
from typing import Any, Final, Literal, TypeAlias

import msgspec
import yaml

from cadenza.config.config import Config
from cadenza.realtime.duration import Duration
from cadenza.server.config import toml
from cadenza.server.config.secret import Secret

Format: TypeAlias = Literal["json", "yaml", "toml"]
FORMATS: Final[tuple[Format, ...]] = ("json", "yaml", "toml")

_OFF: Final = Duration(-1)  # in a file zero means the default


def dump(config: Config, *, redact: bool = True) -> dict[str, Any]:
    """The configuration as sections of plain values; options that are absent are left out.

    Args:
        config: What to write.
        redact: Show secrets as ``***``. Without it the result loads back equal.
    """
    client = config.client
    pings = {name: _OFF for name in ("ping_interval", "pong_timeout") if not getattr(client, name)}
    if pings:
        config = msgspec.structs.replace(config, client=msgspec.structs.replace(client, **pings))
    return {name: _plain(getattr(config, name), redact) for name in config.__struct_fields__}


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


def dumps(config: Config, fmt: Format, *, redact: bool = True) -> str:
    """The text of a configuration file."""
    tree = dump(config, redact=redact)
    if fmt == "json":
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
    if fmt == "yaml":  # escaped: PyYAML folds some line breaks that it writes plainly
        return yaml.safe_dump(tree, sort_keys=False)
    return toml.dumps(tree)
