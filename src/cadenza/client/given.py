"""Keyword arguments of ``connect`` and ``subscribe``, for type checkers and editors.

The same names as the fields of the options and callbacks, where their meaning stands.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields
from typing import Any, Literal, TypedDict

from cadenza.client.callbacks import Callback
from cadenza.client.clock import Clock
from cadenza.client.errors import ClientError, UsageError
from cadenza.client.options import GetSubscriptionToken, GetToken, Overflow
from cadenza.client.values import Connected, Left, Publication, ServerPublication, Subscribed
from cadenza.protocol.messages import ClientInfo, FilterNode


class ConnectGiven(TypedDict, total=False):
    """Fields of ``ClientOptions`` and ``ClientCallbacks``."""

    token: str
    get_token: GetToken | None
    data: Any
    name: str
    headers: Mapping[str, str]
    protocol: Literal["json", "protobuf"]
    ssl: ssl.SSLContext | None
    proxy: str | Literal[True] | None
    timeout: float
    start_timeout: float
    min_reconnect_delay: float
    max_reconnect_delay: float
    min_resubscribe_delay: float
    max_resubscribe_delay: float
    max_server_ping_delay: float
    refresh_retry: tuple[float, float]
    max_frame_bytes: int
    max_message_bytes: int
    clock: Clock
    random: Callable[[], float]
    on_connecting: Callback[Left] | None
    on_connected: Callback[Connected] | None
    on_disconnected: Callback[Left] | None
    on_error: Callback[ClientError] | None
    on_message: Callback[Any] | None
    on_publication: Callback[ServerPublication] | None


class SubscribeGiven(TypedDict, total=False):
    """Fields of ``SubscriptionOptions`` and ``SubscriptionCallbacks``."""

    token: str
    get_token: GetSubscriptionToken | None
    data: Any
    since: tuple[int, str] | None
    positioned: bool
    recoverable: bool
    join_leave: bool
    delta: Literal["", "fossil"]
    tags_filter: FilterNode | None
    buffer: int
    overflow: Overflow | None
    conflate_key: Callable[[Publication], Hashable] | None
    on_publication: Callback[Publication] | None
    on_subscribing: Callback[Left] | None
    on_subscribed: Callback[Subscribed] | None
    on_unsubscribed: Callback[Left] | None
    on_join: Callback[ClientInfo] | None
    on_leave: Callback[ClientInfo] | None
    on_error: Callback[ClientError] | None


def split(
    what: str, given: Mapping[str, Any], first: type, second: type
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keyword arguments by the dataclass that has a field of the name.

    Raises:
        UsageError: Neither has.
    """
    names = [{field.name for field in fields(kind)} for kind in (first, second)]
    if unknown := set(given) - names[0] - names[1]:
        known = ", ".join(sorted(names[0] | names[1]))
        raise UsageError(f"{what} has no {', '.join(sorted(unknown))}; it has {known}")
    one, two = ({it: given[it] for it in sorted(own & set(given))} for own in names)
    return one, two
