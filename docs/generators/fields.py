"""Tables of the fields of a class: every name that a program reads or gives, with its type."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any, Final, is_typeddict

import msgspec

from cadenza.client.options import (
    ClientCallbacks,
    ClientOptions,
    SubscriptionCallbacks,
    SubscriptionOptions,
)
from cadenza.client.trading.account_callbacks import AccountCallbacks
from generators.source import one_line, table

INTERNAL: Final[dict[str, frozenset[str]]] = {
    "Account": frozenset({"load"}),
    "BookChanges": frozenset({"put", "end"}),
    "Client": frozenset(
        {"adopt", "forget", "give_up", "hold", "is_held", "is_json", "is_server_side"}
        | {"known_subs", "on_connecting", "on_ended", "on_established", "on_invalidated"}
        | {"on_push", "room", "start", "trouble", "wait_connected"}
    ),
    "EventStream": frozenset({"put", "end"}),
    "LiveOrderBook": frozenset({"settle", "start"}),
    "Order": frozenset({"add", "begin", "gone", "interrupt", "show", "tell"}),
    "Subscription": frozenset(
        {"interrupt", "on_membership", "on_publication", "on_state", "on_trouble"}
        | {"on_welcome", "resume", "subscriber"}
    ),
    "TypedChannel": frozenset({"start"}),
}
"""Methods by which the parts of the SDK talk to each other: nothing for its users."""

_ELSEWHERE: Final[dict[str, tuple[type, ...]]] = {
    "AccountArguments": (AccountCallbacks,),
    "ConnectArguments": (ClientOptions, ClientCallbacks),
    "SubscribeArguments": (SubscriptionOptions, SubscriptionCallbacks),
}
"""Where the sentences of keyword arguments stand."""
_LONG: Final = re.compile(r"^cadenza\.[\w.]+\.")


def is_made_elsewhere(value: type) -> bool:
    """Whether a user gets objects of a class, and never makes one."""
    return value.__name__ in {"Account", "Client", "EventStream", "Order", "Subscription"}


def internals(value: type) -> frozenset[str]:
    """The members of a class that are no part of its reference.

    Raises:
        LookupError: The list of them names one that is not there.
    """
    hidden = INTERNAL.get(value.__name__, frozenset())
    if missing := {name for name in hidden if not hasattr(value, name)}:
        raise LookupError(f"{value.__name__} has no {', '.join(sorted(missing))}")
    return hidden


def field_table(value: type) -> str:
    """The table of a class; empty if it has no fields."""
    rows = list(_rows(value))
    return table(["Field", "Type", ""], rows) if rows else ""


def _rows(value: type) -> Iterator[list[str]]:
    sentences = _sentences(value)
    for name, kind in _declared(value).items():
        yield [f"`{name}`", _shown(kind), one_line(sentences.get(name, ""))]
    for name, member in _properties(value).items():
        kind = inspect.signature(member.fget).return_annotation
        yield [f"`{name}`", _shown(kind), one_line(inspect.getdoc(member) or "")]


def _shown(kind: object) -> str:
    text = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    return "`" + _LONG.sub("", text).replace("|", "\\|") + "`"


def _declared(value: type) -> dict[str, Any]:
    if is_typeddict(value):
        return {
            name: getattr(it, "__forward_arg__", it) for name, it in value.__annotations__.items()
        }
    if dataclasses.is_dataclass(value):
        return {it.name: it.type for it in dataclasses.fields(value)}
    if issubclass(value, (msgspec.Struct, tuple)):
        names = getattr(value, "__struct_fields__", getattr(value, "_fields", ()))
        kinds: dict[str, Any] = {}
        for base in reversed(value.__mro__):
            kinds |= vars(base).get("__annotations__", {})
        return {name: getattr(kinds[name], "__forward_arg__", kinds[name]) for name in names}
    if issubclass(value, Exception) or not is_made_elsewhere(value):
        return {}
    types = {"account_id": "str", "channel": "str", "order_id": "str", "options": "ClientOptions"}
    return {name: types[name] for name in attributes_of(value) if name in types}


def _properties(value: type) -> dict[str, property]:
    found: dict[str, property] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("cadenza."):
            found |= {it: at for it, at in vars(base).items() if isinstance(at, property)}
    hidden = internals(value)
    return {it: at for it, at in found.items() if not it.startswith("_") and it not in hidden}


def _sentences(value: type) -> dict[str, str]:
    found: dict[str, str] = {}
    for source in (*_ELSEWHERE.get(value.__name__, ()), *reversed(value.__mro__)):
        if source.__module__.startswith("cadenza."):
            found |= attributes_of(source)
    return found


def attributes_of(value: type) -> dict[str, str]:
    """The sentences of the section ``Attributes`` of a docstring."""
    text = inspect.cleandoc(value.__doc__ or "")
    _, _, section = text.partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if not line.strip():
            continue
        if not line.startswith("    "):
            break
        if line.startswith("     "):
            found[name] += " " + line.strip()
        else:
            name, _, rest = line.strip().partition(":")
            found[name] = rest.strip()
    return found
