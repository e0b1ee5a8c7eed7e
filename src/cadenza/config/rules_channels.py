"""Rules of the ``channel`` section: namespaces, history, recovery, patterns."""

from __future__ import annotations

import difflib
import re
from typing import Final

from cadenza.config.config import Config
from cadenza.config.errors import PatternError
from cadenza.config.re2 import compile_pattern, may_take_long
from cadenza.config.report import Report
from cadenza.realtime.duration import Duration
from cadenza.realtime.options import ChannelOptions

NAME: Final = re.compile(r"[-a-zA-Z0-9_.]{2,}")


def check_channels(config: Config, report: Report) -> None:
    """Check names and options of all namespaces."""
    channel = config.channel
    _whole_seconds("channel.history_meta_ttl", channel.history_meta_ttl, report)
    _check_options("channel.without_namespace", channel.without_namespace, config, report)
    seen: set[str] = set()
    for index, space in enumerate(channel.namespaces):
        path = f"channel.namespaces[{index}]"
        if not NAME.fullmatch(space.name):
            report.error(
                f"{path}.name",
                f'"{space.name}" is no name of a namespace: two or more of a-z A-Z 0-9 - _ .',
            )
        if space.name in seen:
            report.error(f"{path}.name", f'"{space.name}" is there twice')
        seen.add(space.name)
        _check_options(path, space, config, report)
    _check_personal(config, report)


def _check_options(path: str, options: ChannelOptions, config: Config, report: Report) -> None:
    _whole_seconds(f"{path}.history_ttl", options.history_ttl, report)
    _whole_seconds(f"{path}.history_meta_ttl", options.history_meta_ttl, report)
    has_history = bool(options.history_size and options.history_ttl)
    if bool(options.history_size) != bool(options.history_ttl):
        report.error(path, "needs both history_size and history_ttl, or none")
    elif options.force_recovery and not has_history:
        report.error(f"{path}.force_recovery", "needs history_size and history_ttl")
    meta_ttl = options.history_meta_ttl or config.channel.history_meta_ttl
    if options.history_ttl > meta_ttl:
        report.error(f"{path}.history_ttl", f"must not be longer than history_meta_ttl, {meta_ttl}")
    cached = options.force_recovery and options.force_recovery_mode == "cache"
    if options.auto_cache_recover and not cached:
        report.error(
            f"{path}.auto_cache_recover", 'needs force_recovery and force_recovery_mode "cache"'
        )
    check_pattern(f"{path}.channel_regex", options.channel_regex, report)


def check_pattern(path: str, pattern: str, report: Report) -> None:
    """Check that a pattern can be used; warn of one that may be slow."""
    if not pattern:
        return
    try:
        compile_pattern(pattern)
    except PatternError as error:
        report.error(path, f"is no usable regular expression: {error}")
        return
    if may_take_long(pattern):
        report.warn(
            path,
            "repeats a repetition, which may take very long on a hostile text: write it "
            "without one inside the other",
        )


def check_history(path: str, size: int, ttl: Duration, report: Report) -> None:
    """Check that size and TTL go together, and that the TTL is whole seconds."""
    if bool(size) != bool(ttl):
        report.error(path, "needs both history_size and history_ttl, or none")
    _whole_seconds(f"{path}.history_ttl", ttl, report)


def _whole_seconds(path: str, value: Duration, report: Report) -> None:
    if value % 1:
        report.error(path, f"must be whole seconds, not {value}")


def _check_personal(config: Config, report: Report) -> None:
    personal = config.client.subscribe_to_user_personal_channel
    path = "client.subscribe_to_user_personal_channel"
    name = personal.personal_channel_namespace
    if not personal.enabled:
        return
    spaces = {space.name: space for space in config.channel.namespaces}
    options = spaces.get(name) if name else config.channel.without_namespace
    if options is None:
        close = difflib.get_close_matches(name, spaces, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        report.error(f"{path}.personal_channel_namespace", f'there is no namespace "{name}"{hint}')
    elif personal.single_connection and not options.presence:
        where = f'the namespace "{name}"' if name else "channel.without_namespace"
        report.error(f"{path}.single_connection", f"needs presence in {where}")
