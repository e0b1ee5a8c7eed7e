"""Loading a configuration from its sources: the file, then the environment, then flags."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from cadenza.config import environment
from cadenza.config.build import build
from cadenza.config.config import Config
from cadenza.config.formats import read_file
from cadenza.config.re2 import compile_pattern
from cadenza.config.report import ConfigWarning, Report
from cadenza.config.rules import validate
from cadenza.realtime.options import ChannelOptions, ChannelRules

_FLAG: Final = "flag"
OptionsT = TypeVar("OptionsT", bound=ChannelOptions)


def load(
    path: Path | str | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
) -> tuple[Config, list[ConfigWarning]]:
    """Read, check and return a configuration.

    Args:
        path: A JSON, YAML or TOML file; without one, the defaults stand in for it.
        environ: Environment variables; see ``environment`` for their names.
        overrides: Options by dotted path, ``{"http_server.port": 8301}``, that win over
            everything; those that are ``None`` were not given.

    Returns:
        The configuration, and what in it will not work as written.

    Raises:
        ConfigError: With every mistake that was found.
    """
    return load_tree({} if path is None else read_file(Path(path)), environ, overrides)


def load_tree(
    tree: dict[str, Any],
    environ: Mapping[str, str],
    overrides: Mapping[str, object] | None = None,
) -> tuple[Config, list[ConfigWarning]]:
    """As ``load``, with the contents of a file, which are changed on the way."""
    sources: dict[str, str] = {}
    report = Report(sources)
    environment.apply(environ, tree, sources, report)
    for option, value in (overrides or {}).items():
        if value is not None:
            environment.put(tree, option, value)
            sources[option] = _FLAG
    config = build(tree, report)
    validate(config, report)
    report.raise_if_wrong()
    return config, report.warnings


def engine_rules(channel: ChannelRules) -> ChannelRules:
    """The same rules for the engine, with ``channel_regex`` as Python understands it.

    A file's patterns are RE2; see ``re2`` for what differs.
    """
    return msgspec.structs.replace(
        channel,
        without_namespace=_translated(channel.without_namespace),
        namespaces=tuple(map(_translated, channel.namespaces)),
    )


def _translated(options: OptionsT) -> OptionsT:
    pattern = options.channel_regex
    if not pattern:
        return options
    return msgspec.structs.replace(options, channel_regex=f"(?a){compile_pattern(pattern).pattern}")
