"""Everything a client and a subscription can be told, with its bounds."""

from __future__ import annotations

import enum
import random
import ssl
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

from cadenza.client.callbacks import Callback
from cadenza.client.errors import (
    ClientError,
    UsageError,
)
from cadenza.client.values import (
    Connected,
    Left,
    Publication,
    ServerPublication,
    Subscribed,
)
from cadenza.clock import Clock, LoopClock
from cadenza.protocol.messages import (
    ClientInfo,
    FilterNode,
)

GetToken = Callable[[], Awaitable[str]]
"""Gives a connection token; raises ``UnauthorizedError`` when there is none to have."""
GetSubscriptionToken = Callable[[str], Awaitable[str]]
"""The same for a channel."""


class Overflow(enum.Enum):
    """What happens when publications come faster than they are taken."""

    BLOCK = "block"
    """Nothing more is read from the server until there is room: all subscriptions wait. While a
    command waits for its reply, up to as many again are taken, so that a consumer may call the
    client."""
    DROP_OLDEST = "drop_oldest"
    """The oldest that waits is dropped, and counted in ``Subscription.dropped``."""
    CONFLATE = "conflate"
    """A publication takes the place of the one that waits with the same ``conflate_key``, whose
    loss ``Subscription.conflated`` counts; when all keys differ, as ``DROP_OLDEST``."""
    FAIL = "fail"
    """The consumer gets what waits, then ``BufferOverflowError``."""


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """Options of a client; times are seconds.

    Attributes:
        token: The first connection token; without one ``get_token`` is asked.
        get_token: Asked at the first connect without a token, and whenever one has expired.
        data: Custom data of the connect command, encoded as JSON.
        name: How the client calls itself to the server.
        headers: Sent with the request that opens the WebSocket.
        protocol: How messages are written: ``json`` or ``protobuf``.
        ssl: A TLS context for ``wss`` addresses; ``None`` verifies as the system does.
        proxy: The address of an HTTP or SOCKS proxy, ``True`` for what the environment says.
        timeout: For the answer to a command, and for opening a transport.
        start_timeout: How long ``async with`` and ``subscribe`` wait for success.
        min_reconnect_delay: The least pause between connections; ``max_reconnect_delay`` the most.
        min_resubscribe_delay: The same for failed subscribes; ``max_resubscribe_delay`` the most.
        max_server_ping_delay: How late a ping may be before the connection counts as dead.
        refresh_retry: Bounds of the pause after a failed refresh.
        max_frame_bytes: Commands of one tick share a frame up to this size.
        max_message_bytes: The largest message that is taken from the server.
        clock: Where the time comes from.
        random: Numbers from 0 to 1, for jitter.
    """

    token: str = ""
    get_token: GetToken | None = None
    data: Any = None
    name: str = "cadenza"
    headers: Mapping[str, str] = field(default_factory=dict)
    protocol: Literal["json", "protobuf"] = "json"
    ssl: ssl.SSLContext | None = None
    proxy: str | Literal[True] | None = None
    timeout: float = 5.0
    start_timeout: float = 15.0
    min_reconnect_delay: float = 0.5
    max_reconnect_delay: float = 20.0
    min_resubscribe_delay: float = 0.5
    max_resubscribe_delay: float = 20.0
    max_server_ping_delay: float = 10.0
    refresh_retry: tuple[float, float] = (5.0, 10.0)
    max_frame_bytes: int = 32_768
    max_message_bytes: int = 16 * 2**20
    clock: Clock = field(default_factory=LoopClock)
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.protocol not in ("json", "protobuf"):
            raise UsageError(f"protocol is 'json' or 'protobuf', not {self.protocol!r}")
        for name in ("timeout", "start_timeout", "max_server_ping_delay", "max_frame_bytes"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} must be above 0, not {getattr(self, name)!r}")
        for kind in ("reconnect", "resubscribe"):
            least, most = (getattr(self, f"{end}_{kind}_delay") for end in ("min", "max"))
            if not 0 <= least <= most:
                raise UsageError(f"min_{kind}_delay {least} and max_{kind}_delay {most} contradict")


@dataclass(frozen=True, kw_only=True)
class SubscriptionOptions:
    """Options of a subscription.

    Attributes:
        token: The first subscription token; without one ``get_token`` is asked, if there is one.
        get_token: Called with the channel.
        data: Custom data of the subscribe command, encoded as JSON.
        since: Offset and epoch to recover from at the first subscribe.
        positioned: Ask that the server watches the position.
        recoverable: Ask for recovery after a reconnect.
        join_leave: Ask for joins and leaves.
        delta: ``fossil`` asks for patches instead of whole payloads; the consumer sees whole ones.
        buffer: How many publications may wait for the consumer.
        tags_filter: Ask for those publications only whose tags fit; see ``cadenza.client.tags``.
        conflate_key: Publications with the same key replace one another under ``CONFLATE``. Without
            one all do: only the newest waits.
        overflow: What happens when more come. ``None`` is ``FAIL`` for iteration, where it is not
            known whether anybody ever iterates, and ``BLOCK`` for a callback.
    """

    token: str = ""
    get_token: GetSubscriptionToken | None = None
    data: Any = None
    since: tuple[int, str] | None = None
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: Literal["", "fossil"] = ""
    tags_filter: FilterNode | None = None
    buffer: int = 1024
    overflow: Overflow | None = None
    conflate_key: Callable[[Publication], Hashable] | None = None

    def __post_init__(self) -> None:
        if self.delta not in ("", "fossil"):
            raise UsageError(f"delta is 'fossil' or '', not {self.delta!r}")
        if self.conflate_key is not None and self.overflow is not Overflow.CONFLATE:
            raise UsageError("conflate_key goes with overflow=Overflow.CONFLATE")
        if self.buffer < 1:
            raise UsageError(f"buffer must be at least 1, not {self.buffer}")


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


@dataclass(frozen=True, kw_only=True)
class ClientCallbacks:
    """Functions, plain or async, that a client calls.

    Attributes:
        on_connecting: A connection is being made, and why.
        on_connected: It is there.
        on_disconnected: The client stays disconnected, and why.
        on_error: Something failed and is tried again.
        on_message: The server sent data outside of any channel.
        on_publication: A publication of a server-side subscription.
    """

    on_connecting: Callback[Left] | None = None
    on_connected: Callback[Connected] | None = None
    on_disconnected: Callback[Left] | None = None
    on_error: Callback[ClientError] | None = None
    on_message: Callback[Any] | None = None
    on_publication: Callback[ServerPublication] | None = None
