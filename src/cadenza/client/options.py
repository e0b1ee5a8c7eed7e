"""Options and callbacks of clients and subscriptions, with their bounds."""

from __future__ import annotations

import enum
import random
import ssl
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict

from cadenza.client.callbacks import Callback
from cadenza.client.errors import ClientError, UsageError
from cadenza.client.values import (
    Cause,
    Connected,
    Publication,
    ServerPublication,
    Subscribed,
)
from cadenza.clock import Clock, LoopClock
from cadenza.protocol.messages import ClientInfo, FilterNode

GetToken = Callable[[], Awaitable[str]]
"""Returns a connection token; raises ``UnauthorizedError`` when there is none."""
GetSubscriptionToken = Callable[[str], Awaitable[str]]
"""Returns a subscription token for a channel; raises as ``GetToken``."""


class Overflow(enum.Enum):
    """The policies for publications that come faster than they are taken."""

    BLOCK = "block"
    """Nothing more is read from the server until there is room: all subscriptions wait. While a
    command waits for its reply, up to as many again are taken, so that a consumer may call the
    client."""
    DROP_OLDEST = "drop_oldest"
    """The oldest publication that waits is dropped, and counted in ``Subscription.dropped``."""
    CONFLATE = "conflate"
    """A publication replaces the one that waits with the same ``conflate_key``, which is counted in
    ``Subscription.conflated``; when all keys differ, as ``DROP_OLDEST``."""
    FAIL = "fail"
    """The consumer gets the publications that wait, then ``BufferOverflowError``."""


@dataclass(frozen=True, kw_only=True)
class ClientOptions:
    """Options of a client; times are seconds.

    Attributes:
        token: The first connection token; without one ``get_token`` is called.
        get_token: Called at the first connect without a token, and whenever a token has expired.
        data: Custom data of the connect command, encoded as JSON.
        name: The name of the client, for the server.
        headers: HTTP headers of the request that opens the WebSocket.
        protocol: The encoding of messages: ``json`` or ``protobuf``.
        ssl: A TLS context for ``wss`` addresses; ``None`` verifies as the system does.
        proxy: The address of an HTTP or SOCKS proxy; ``True`` takes it from the environment.
        timeout: The most time for the answer to a command, and for opening a transport.
        start_timeout: The most time that ``async with`` and ``subscribe`` wait for success.
        min_reconnect_delay: The shortest pause between two attempts to connect.
        max_reconnect_delay: The longest pause between two attempts to connect.
        min_resubscribe_delay: The shortest pause after a failed subscribe.
        max_resubscribe_delay: The longest pause after a failed subscribe.
        max_server_ping_delay: The delay of a ping after which the connection counts as dead.
        refresh_retry: The shortest and the longest pause after a failed refresh of a token.
        max_frame_bytes: The largest frame that commands of one turn of the event loop share.
        max_message_bytes: The largest message that is accepted from the server.
        clock: The clock for all timeouts and pauses.
        random: Returns numbers from 0 to 1, for jitter.

    Raises:
        UsageError: An option cannot be right.
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
class ClientCallbacks:
    """Functions, plain or async, that a client calls.

    Attributes:
        on_connecting: Called when a connection is being made, with the cause.
        on_connected: Called when the client is connected.
        on_disconnected: Called when the client stays disconnected, with the cause.
        on_error: Called when something has failed and will be tried again.
        on_message: Called with data that the server sent outside of any channel.
        on_publication: Called with publications of server-side subscriptions.
    """

    on_connecting: Callback[Cause] | None = None
    on_connected: Callback[Connected] | None = None
    on_disconnected: Callback[Cause] | None = None
    on_error: Callback[ClientError] | None = None
    on_message: Callback[Any] | None = None
    on_publication: Callback[ServerPublication] | None = None


@dataclass(frozen=True, kw_only=True)
class SubscriptionOptions:
    """Options of a subscription.

    Attributes:
        token: The first subscription token; without one ``get_token`` is called, if there is one.
        get_token: Called with the channel when a token is needed.
        data: Custom data of the subscribe command, encoded as JSON.
        since: Offset and epoch to recover from at the first subscribe.
        positioned: Whether to ask the server to watch the position.
        recoverable: Whether to ask for recovery after a reconnect.
        join_leave: Whether to ask for joins and leaves.
        delta: ``fossil`` asks for patches instead of whole payloads; the consumer sees whole ones.
        tags_filter: Selects publications by their tags; see ``cadenza.client.tags``.
        buffer: The most publications that may wait for the consumer, at least 1.
        overflow: The policy when more come. ``None`` is ``FAIL`` for iteration, as it may never
            happen, and ``BLOCK`` for a callback.
        conflate_key: Publications with the same key replace one another under ``CONFLATE``. Without
            it all do: only the newest waits.

    Raises:
        UsageError: An option cannot be right, or two contradict each other.
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


@dataclass(frozen=True, kw_only=True)
class SubscriptionCallbacks:
    """Functions, plain or async, that a subscription calls.

    Plain functions are called by the reader of the connection, at once and in order. For async
    ones publications wait in a buffer; they run one after another, and may call the client.

    Attributes:
        on_publication: Called with each publication, in order.
        on_subscribing: Called when it waits for the server, with the cause.
        on_subscribed: Called when it is live; the event says whether missed publications have been
            recovered.
        on_unsubscribed: Called when it has ended, with the cause.
        on_join: Called when a client joins the channel.
        on_leave: Called when a client leaves the channel.
        on_error: Called when something has failed and will be tried again; without it the client's
            ``on_error`` is called.
    """

    on_publication: Callback[Publication] | None = None
    on_subscribing: Callback[Cause] | None = None
    on_subscribed: Callback[Subscribed] | None = None
    on_unsubscribed: Callback[Cause] | None = None
    on_join: Callback[ClientInfo] | None = None
    on_leave: Callback[ClientInfo] | None = None
    on_error: Callback[ClientError] | None = None


class ConnectArguments(TypedDict, total=False):
    """Keyword arguments of ``connect``: fields of ``ClientOptions`` and ``ClientCallbacks``."""

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
    on_connecting: Callback[Cause] | None
    on_connected: Callback[Connected] | None
    on_disconnected: Callback[Cause] | None
    on_error: Callback[ClientError] | None
    on_message: Callback[Any] | None
    on_publication: Callback[ServerPublication] | None


class SubscribeArguments(TypedDict, total=False):
    """Keyword arguments of ``Client.subscribe``.

    They are fields of ``SubscriptionOptions`` and ``SubscriptionCallbacks``.
    """

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
    on_subscribing: Callback[Cause] | None
    on_subscribed: Callback[Subscribed] | None
    on_unsubscribed: Callback[Cause] | None
    on_join: Callback[ClientInfo] | None
    on_leave: Callback[ClientInfo] | None
    on_error: Callback[ClientError] | None


def split(
    what: str, given: Mapping[str, Any], first: type, second: type
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide keyword arguments between two dataclasses.

    Args:
        what: The function that was called, for the error.
        given: The keyword arguments.
        first: A dataclass.
        second: Another one.

    Returns:
        The arguments that are fields of the first, and those of the second.

    Raises:
        UsageError: Neither has a field of that name.
    """
    names = [{field.name for field in fields(kind)} for kind in (first, second)]
    if unknown := set(given) - names[0] - names[1]:
        known = ", ".join(sorted(names[0] | names[1]))
        raise UsageError(f"{what} has no {', '.join(sorted(unknown))}; it has {known}")
    one, two = ({it: given[it] for it in sorted(own & set(given))} for own in names)
    return one, two
