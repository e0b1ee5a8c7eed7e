"""Every message of the Centrifugo v6 client protocol, as typed structs.

The field names are the JSON names; their Protobuf numbers stand in ``protobuf_fields``. Payload
fields (``data``, ``conn_info``, ``chan_info``) are ``msgspec.Raw``: bytes that the protocol carries
and never opens, JSON text on a JSON connection. ``ABSENT`` marks a payload that is not there, as
JSON ``null`` is a payload.

A field without a default is on the wire even when it is zero; every other field is left out then.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct, field

ABSENT: Final = Raw(b"")
"""The payload of a message that has none."""

UInt32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
Int32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
UInt64 = Annotated[int, Meta(ge=0)]
Int64 = int


def check_uint64(value: int) -> None:
    """The upper bound that ``Meta`` cannot hold.

    Raises:
        ValueError: The value does not fit; inside a decoder this becomes its own error.
    """
    if value >= 2**64:
        raise ValueError(f"{value} is more than an unsigned 64-bit integer holds")


class Message(Struct, omit_defaults=True, kw_only=True):
    """Base of all messages: fields that hold their default are not written."""


class Empty(Message):
    """A request or result without fields."""


# Commands: client to server.


class FilterNode(Message):
    """One node of a tags filter: a comparison, or ``and`` / ``or`` / ``not`` over ``nodes``."""

    op: str = ""
    key: str = ""
    cmp: str = ""
    val: str = ""
    vals: list[str] = []
    nodes: list[FilterNode] = []


class StreamPosition(Message):
    """A place in a channel's stream."""

    offset: UInt64 = 0
    epoch: str = ""

    def __post_init__(self) -> None:
        check_uint64(self.offset)


class SubscribeRequest(Message):
    """Subscribe to ``channel``, or what is known of it in a connect's ``subs``."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: UInt64 = 0
    data: Raw = ABSENT
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    tf: FilterNode | None = None
    flag: Int64 = 0
    type: Int32 = 0
    join_leave_camel: bool = field(default=False, name="joinLeave")

    def __post_init__(self) -> None:
        check_uint64(self.offset)


class ConnectRequest(Message):
    """The first command of a connection."""

    token: str = ""
    data: Raw = ABSENT
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}
    flag: Int64 = 0


class ChannelRequest(Message):
    """A request that names a channel and nothing else: unsubscribe, presence, presence_stats."""

    channel: str = ""


class PublishRequest(Message):
    """Publish ``data``; ``type`` 1 and the key fields are for map channels."""

    channel: str = ""
    data: Raw = ABSENT
    type: Int32 = 0
    key: str = ""
    removed: bool = False


class HistoryRequest(Message):
    """Read a channel's stream; ``limit`` 0 asks for its position only, below 0 for all."""

    channel: str = ""
    limit: Int32 = 0
    since: StreamPosition | None = None
    reverse: bool = False


class SendRequest(Message):
    """A message to the server that wants no reply."""

    data: Raw = ABSENT


class RPCRequest(Message):
    """Call a method of the application."""

    data: Raw = ABSENT
    method: str = ""


class RefreshRequest(Message):
    """A new connection token."""

    token: str = ""


class SubRefreshRequest(Message):
    """A new subscription token; ``type`` other than 0 is for shared poll channels."""

    channel: str = ""
    token: str = ""
    type: Int32 = 0


class Command(Message):
    """A message from a client: an id and one request. No field at all is a pong."""

    id: UInt32 = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: ChannelRequest | None = None
    publish: PublishRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    ping: Empty | None = None
    send: SendRequest | None = None
    rpc: RPCRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None
    presence_stats_camel: ChannelRequest | None = field(default=None, name="presenceStats")
    sub_refresh_camel: SubRefreshRequest | None = field(default=None, name="subRefresh")


class EmulationRequest(Message):
    """The body of ``/emulation``: commands for a session of an HTTP-stream or SSE connection.

    ``data`` holds the commands in the framing of the connection; in JSON it is a string.
    """

    node: str = ""
    session: str = ""
    data: Raw = ABSENT


# Results and pushes: server to client.


class ClientInfo(Message):
    """A connection that has published, joined or is present."""

    user: str
    client: str
    conn_info: Raw = ABSENT
    chan_info: Raw = ABSENT


class Publication(Message, gc=False):  # thousands live in streams, and none is part of a cycle
    """One message of a channel; ``offset`` is 0 where the channel keeps no history."""

    data: Raw = ABSENT
    info: ClientInfo | None = None
    offset: UInt64 = 0
    tags: dict[str, str] = {}
    delta: bool = False
    time: Int64 = 0
    channel: str = ""
    key: str = ""
    removed: bool = False
    score: Int64 = 0
    epoch: str = ""
    version: UInt64 = 0


class SubscribeResult(Message):
    """The answer to a subscribe, also inside ``ConnectResult.subs``."""

    expires: bool = False
    ttl: UInt32 = 0
    recoverable: bool = False
    epoch: str = ""
    publications: list[Publication] = []
    recovered: bool = False
    offset: UInt64 = 0
    positioned: bool = False
    data: Raw = ABSENT
    was_recovering: bool = False
    delta: bool = False
    id: Int64 = 0
    publish_debounce: UInt32 = 0


class ConnectResult(Message):
    """The answer to a connect, and the ``connect`` push of unidirectional transports."""

    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: UInt32 = 0
    data: Raw = ABSENT
    subs: dict[str, SubscribeResult] = {}
    ping: UInt32 = 0
    pong: bool = False
    session: str = ""
    node: str = ""
    time: Int64 = 0


class PresenceResult(Message):
    """The members of a channel, by client id."""

    presence: dict[str, ClientInfo]


class PresenceStatsResult(Message):
    """The number of members of a channel."""

    num_clients: UInt32
    num_users: UInt32


class HistoryResult(Message):
    """Publications of a stream and the position of its top."""

    publications: list[Publication]
    epoch: str
    offset: UInt64


class RPCResult(Message):
    """The answer of the application."""

    data: Raw = ABSENT


class RefreshResult(Message):
    """The connection's new lifetime; ``client`` and ``version`` are declared and never filled."""

    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: UInt32 = 0


class SubRefreshResult(Message):
    """The subscription's new lifetime."""

    expires: bool = False
    ttl: UInt32 = 0


class JoinLeave(Message):
    """Body of the join and leave pushes."""

    info: ClientInfo | None = None


class UnsubscribePush(Message):
    """The server ended a subscription; see ``codes`` for what a client does next."""

    code: UInt32 = 0
    reason: str = ""


class MessagePush(Message):
    """A message to this connection, outside of any channel."""

    data: Raw = ABSENT


class SubscribePush(Message):
    """The server subscribed this connection to a channel."""

    recoverable: bool = False
    epoch: str = ""
    offset: UInt64 = 0
    positioned: bool = False
    data: Raw = ABSENT


class DisconnectPush(Message):
    """The connection ends; only where the transport has no close frame."""

    code: UInt32 = 0
    reason: str = ""
    reconnect: bool = False


class RefreshPush(Message):
    """The server changed the connection's lifetime."""

    expires: bool = False
    ttl: UInt32 = 0


class Push(Message):
    """Something that no command asked for."""

    id: Int64 = 0
    channel: str = ""
    pub: Publication | None = None
    join: JoinLeave | None = None
    leave: JoinLeave | None = None
    unsubscribe: UnsubscribePush | None = None
    message: MessagePush | None = None
    subscribe: SubscribePush | None = None
    connect: ConnectResult | None = None
    disconnect: DisconnectPush | None = None
    refresh: RefreshPush | None = None


class Error(Message):
    """Why a command failed."""

    code: UInt32 = 0
    message: str = ""
    temporary: bool = False


class Reply(Message):
    """A message from a server: the result of command ``id``, or a push; without a field, a ping."""

    id: UInt32 = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: Empty | None = None
    publish: Empty | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: Empty | None = None
    rpc: RPCResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None


def payload(data: bytes | None) -> Raw:
    """Wrap payload bytes; ``None`` and ``b""`` are no payload."""
    return msgspec.Raw(data) if data else ABSENT
