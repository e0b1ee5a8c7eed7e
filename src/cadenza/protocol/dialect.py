"""The camelCase spelling of the protocol that the Cadenza API's published models use.

Where Centrifugo writes ``presence_stats``, ``sub_refresh``, ``join_leave``, ``num_clients`` or
``conn_info``, the models write ``presenceStats``, ``subRefresh`` and so on. A command in that
spelling is understood, and marks its connection as one that is answered in it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from cadenza.protocol.messages import Command, Message

SPELLED_TWICE: Final = frozenset({"connect", "subscribe", "presence_stats", "sub_refresh"})
"""Requests in which the two spellings can be told apart."""

_UNDERSCORE: Final = re.compile(r"_([a-z])")
_names: Final[dict[str, str]] = {}


def camel(name: str) -> str:
    """``presence_stats`` → ``presenceStats``."""
    known = _names.get(name)
    if known is None:
        known = _names[name] = _UNDERSCORE.sub(lambda match: match[1].upper(), name)
    return known


def is_camel(command: Command) -> bool:
    """Whether a command was spelled in camelCase somewhere that the two spellings differ."""
    subscribe = command.subscribe
    return (
        command.presence_stats_camel is not None
        or command.sub_refresh_camel is not None
        or (subscribe is not None and subscribe.join_leave_camel)
        or (
            command.connect is not None
            and any(request.join_leave_camel for request in command.connect.subs.values())
        )
    )


def camel_command(command: Command) -> Command:
    """Copy what was spelled in camelCase to the fields that everybody reads."""
    if command.presence_stats_camel is not None:
        command.presence_stats = command.presence_stats_camel
    if command.sub_refresh_camel is not None:
        command.sub_refresh = command.sub_refresh_camel
    if command.subscribe is not None and command.subscribe.join_leave_camel:
        command.subscribe.join_leave = True
    if command.connect is not None:
        for request in command.connect.subs.values():
            request.join_leave = request.join_leave or request.join_leave_camel
    return command


def encode_camel(message: Message) -> bytes:
    """A message as JSON with camelCase field names; payloads and map keys stay as they are."""
    return msgspec.json.encode(_builtins(message))


def _builtins(value: Any) -> Any:
    """A struct as a dictionary of the fields that would be written, names respelled."""
    if isinstance(value, Struct):
        shown: dict[str, Any] = {}
        required = len(value.__struct_fields__) - len(value.__struct_defaults__)
        defaults = ((),) * required + value.__struct_defaults__
        for name, wire_name, default in zip(
            value.__struct_fields__, value.__struct_encode_fields__, defaults, strict=True
        ):
            item = getattr(value, name)
            if item is not default and item != _plain(default):
                shown[camel(wire_name)] = _builtins(item)
        return shown
    if isinstance(value, dict):
        return {key: _builtins(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_builtins(item) for item in value]
    return value


def _plain(default: Any) -> Any:
    """A default as a value: msgspec keeps empty containers as factories."""
    factory = getattr(default, "factory", None)
    return factory() if factory is not None else default
