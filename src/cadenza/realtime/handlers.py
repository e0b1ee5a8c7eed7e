"""The handlers of an application: the events of a node, and the answers to them.

A handler is a function or a coroutine function. It returns an answer, or ``None`` to leave the
decision to the node's rules (tokens and channel options); it raises ``CommandError`` or
``Disconnected`` to refuse. Handlers of one connection run one after another, in order of arrival;
only an ``rpc`` handler that returns an ``asyncio.Future`` lets the next command in meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from cadenza.protocol.codes import Disconnect, Unsubscribe
from cadenza.realtime.claims import SubscriptionGrant
from cadenza.realtime.eager import MaybeAwaitable
from cadenza.realtime.options import ChannelOptions
from cadenza.realtime.subscription import Snapshot

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection


class ConnectEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A client wants to connect. ``data`` are payload bytes; ``headers`` those it emulates."""

    connection: Connection
    token: str
    data: bytes
    name: str
    version: str
    headers: Mapping[str, str]


class ConnectReply(msgspec.Struct, frozen=True, kw_only=True):
    """Who it is, and what it gets: ``info`` others may see, ``meta`` stays in the server."""

    user: str = ""
    expire_at: int = 0
    info: bytes | None = None
    meta: bytes | None = None
    data: bytes | None = None
    subs: Mapping[str, SubscriptionGrant] = {}


class SubscribeEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A client wants to subscribe. ``options`` is ``None`` for an unknown namespace."""

    connection: Connection
    channel: str
    token: str
    data: bytes
    options: ChannelOptions | None


class SubscribeReply(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription is granted, with other channel options than the namespace's if need be.

    Attributes:
        grant: The options that the subscription is granted.
        options: The channel's options; ``None``: the namespace's.
        by_rules: Grant only what token and options grant; ``grant`` is not looked at.
        state: Makes the result's data when its position is known: the channel's state as of that
            position, in place of what the grant has.
    """

    grant: SubscriptionGrant = SubscriptionGrant()
    options: ChannelOptions | None = None
    by_rules: bool = False
    state: Callable[[], bytes | None] | None = None


class PublishEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A client wants to publish ``data``."""

    connection: Connection
    channel: str
    data: bytes
    options: ChannelOptions


class PublishReply(msgspec.Struct, frozen=True, kw_only=True):
    """The publication is granted. ``data`` replaces what the client sent."""

    data: bytes | None = None


class RPCEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A client calls ``method``; the answer is payload bytes."""

    connection: Connection
    method: str
    data: bytes


class RefreshEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A client has a new connection token."""

    connection: Connection
    token: str


class Handlers(msgspec.Struct, kw_only=True):
    """The application's part of a node. Every handler is optional."""

    connect: Callable[[ConnectEvent], MaybeAwaitable[ConnectReply | None]] | None = None
    """Who is it? ``None`` leaves it to the token."""
    connected: Callable[[Connection], None] | None = None
    """A connection was answered; its server-side subscriptions begin after this."""
    subscribe: Callable[[SubscribeEvent], MaybeAwaitable[SubscribeReply | None]] | None = None
    """May it subscribe? ``None`` leaves it to the token and the channel's options."""
    snapshot: Callable[[str], Snapshot | None] | None = None
    """Gives a channel that has a state the function that reads it: see ``Subscription``."""
    publish: Callable[[PublishEvent], MaybeAwaitable[PublishReply | None]] | None = None
    """May it publish? ``None`` leaves it to the channel's options."""
    rpc: Callable[[RPCEvent], MaybeAwaitable[bytes | None]] | None = None
    """Answers a call with payload bytes; raises ``CommandError`` for methods that it has not."""
    refresh: Callable[[RefreshEvent], MaybeAwaitable[ConnectReply | None]] | None = None
    """Who is it, now that its token was renewed? ``None`` leaves it to the token."""
    message: Callable[[Connection, bytes], MaybeAwaitable[None]] | None = None
    """A message that wants no answer; without this handler, clients that send one are closed."""
    unsubscribed: Callable[[Connection, str, Unsubscribe], None] | None = None
    """A subscription ended, from whichever side."""
    disconnected: Callable[[Connection, Disconnect], None] | None = None
    """A connection that had been answered ended, from whichever side."""
