"""The Protobuf numbers and types of every message: a table, and nothing that works with it.

Source: sections 1.3 and 1.4 of the protocol. A field of ``messages`` that is not here (the
camelCase spellings) has no Protobuf form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from cadenza.protocol import messages as m

Scalar: TypeAlias = Literal[
    "bool", "int32", "int64", "uint32", "uint64", "sint64", "string", "bytes"
]


@dataclass(frozen=True, eq=False, slots=True)
class Repeated:
    """Any number of ``item``."""

    item: Kind


@dataclass(frozen=True, eq=False, slots=True)
class ByName:
    """A map from strings to ``item``."""

    item: Kind


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """A message whose numbers, in this one place, are not those of its struct in ``FIELDS``."""

    struct: type[m.Message]
    fields: Fields


Kind: TypeAlias = Scalar | type[m.Message] | Repeated | ByName | Layout
Fields: TypeAlias = dict[str, tuple[int, Kind]]

CONNECT_PUSH: Final = Layout(
    m.ConnectResult,
    {
        "client": (1, "string"),
        "version": (2, "string"),
        "data": (3, "bytes"),
        "subs": (4, ByName(m.SubscribeResult)),
        "expires": (5, "bool"),
        "ttl": (6, "uint32"),
        "ping": (7, "uint32"),
        "pong": (8, "bool"),
        "session": (9, "string"),
        "node": (10, "string"),
        "time": (11, "int64"),
    },
)
"""``Push.connect``: the same fields as a connect result, other numbers."""

_CHANNEL: Final[Fields] = {"channel": (1, "string")}
_DATA: Final[Fields] = {"data": (1, "bytes")}
_LIFETIME: Final[Fields] = {"expires": (1, "bool"), "ttl": (2, "uint32")}

FIELDS: Final[dict[type[m.Message], Fields]] = {
    m.Empty: {},
    m.FilterNode: {
        "op": (1, "string"),
        "key": (2, "string"),
        "cmp": (3, "string"),
        "val": (4, "string"),
        "vals": (5, Repeated("string")),
        "nodes": (6, Repeated(m.FilterNode)),
    },
    m.StreamPosition: {"offset": (1, "uint64"), "epoch": (2, "string")},
    m.SubscribeRequest: {
        "channel": (1, "string"),
        "token": (2, "string"),
        "recover": (3, "bool"),
        "epoch": (6, "string"),
        "offset": (7, "uint64"),
        "data": (8, "bytes"),
        "positioned": (9, "bool"),
        "recoverable": (10, "bool"),
        "join_leave": (11, "bool"),
        "delta": (12, "string"),
        "tf": (13, m.FilterNode),
        "flag": (14, "int64"),
        "type": (15, "int32"),
    },
    m.ConnectRequest: {
        "token": (1, "string"),
        "data": (2, "bytes"),
        "subs": (3, ByName(m.SubscribeRequest)),
        "name": (4, "string"),
        "version": (5, "string"),
        "headers": (6, ByName("string")),
        "flag": (7, "int64"),
    },
    m.ChannelRequest: _CHANNEL,
    m.PublishRequest: {
        "channel": (1, "string"),
        "data": (2, "bytes"),
        "type": (3, "int32"),
        "key": (4, "string"),
        "removed": (5, "bool"),
    },
    m.HistoryRequest: {
        "channel": (1, "string"),
        "limit": (7, "int32"),
        "since": (8, m.StreamPosition),
        "reverse": (9, "bool"),
    },
    m.SendRequest: _DATA,
    m.RPCRequest: {"data": (1, "bytes"), "method": (2, "string")},
    m.RefreshRequest: {"token": (1, "string")},
    m.SubRefreshRequest: {"channel": (1, "string"), "token": (2, "string"), "type": (3, "int32")},
    m.Command: {
        "id": (1, "uint32"),
        "connect": (4, m.ConnectRequest),
        "subscribe": (5, m.SubscribeRequest),
        "unsubscribe": (6, m.ChannelRequest),
        "publish": (7, m.PublishRequest),
        "presence": (8, m.ChannelRequest),
        "presence_stats": (9, m.ChannelRequest),
        "history": (10, m.HistoryRequest),
        "ping": (11, m.Empty),
        "send": (12, m.SendRequest),
        "rpc": (13, m.RPCRequest),
        "refresh": (14, m.RefreshRequest),
        "sub_refresh": (15, m.SubRefreshRequest),
    },
    m.EmulationRequest: {"node": (1, "string"), "session": (2, "string"), "data": (3, "bytes")},
    m.ClientInfo: {
        "user": (1, "string"),
        "client": (2, "string"),
        "conn_info": (3, "bytes"),
        "chan_info": (4, "bytes"),
    },
    m.Publication: {
        "data": (4, "bytes"),
        "info": (5, m.ClientInfo),
        "offset": (6, "uint64"),
        "tags": (7, ByName("string")),
        "delta": (8, "bool"),
        "time": (9, "int64"),
        "channel": (10, "string"),
        "key": (11, "string"),
        "removed": (12, "bool"),
        "score": (13, "sint64"),
        "epoch": (14, "string"),
        "version": (16, "uint64"),
    },
    m.SubscribeResult: {
        "expires": (1, "bool"),
        "ttl": (2, "uint32"),
        "recoverable": (3, "bool"),
        "epoch": (6, "string"),
        "publications": (7, Repeated(m.Publication)),
        "recovered": (8, "bool"),
        "offset": (9, "uint64"),
        "positioned": (10, "bool"),
        "data": (11, "bytes"),
        "was_recovering": (12, "bool"),
        "delta": (13, "bool"),
        "id": (14, "int64"),
        "publish_debounce": (19, "uint32"),
    },
    m.ConnectResult: {
        "client": (1, "string"),
        "version": (2, "string"),
        "expires": (3, "bool"),
        "ttl": (4, "uint32"),
        "data": (5, "bytes"),
        "subs": (6, ByName(m.SubscribeResult)),
        "ping": (7, "uint32"),
        "pong": (8, "bool"),
        "session": (9, "string"),
        "node": (10, "string"),
        "time": (11, "int64"),
    },
    m.PresenceResult: {"presence": (1, ByName(m.ClientInfo))},
    m.PresenceStatsResult: {"num_clients": (1, "uint32"), "num_users": (2, "uint32")},
    m.HistoryResult: {
        "publications": (1, Repeated(m.Publication)),
        "epoch": (2, "string"),
        "offset": (3, "uint64"),
    },
    m.RPCResult: _DATA,
    m.RefreshResult: {
        "client": (1, "string"),
        "version": (2, "string"),
        "expires": (3, "bool"),
        "ttl": (4, "uint32"),
    },
    m.SubRefreshResult: _LIFETIME,
    m.JoinLeave: {"info": (1, m.ClientInfo)},
    m.UnsubscribePush: {"code": (2, "uint32"), "reason": (3, "string")},
    m.MessagePush: _DATA,
    m.SubscribePush: {
        "recoverable": (1, "bool"),
        "epoch": (4, "string"),
        "offset": (5, "uint64"),
        "positioned": (6, "bool"),
        "data": (7, "bytes"),
    },
    m.DisconnectPush: {"code": (1, "uint32"), "reason": (2, "string"), "reconnect": (3, "bool")},
    m.RefreshPush: _LIFETIME,
    m.Push: {
        "id": (1, "int64"),
        "channel": (2, "string"),
        "pub": (4, m.Publication),
        "join": (5, m.JoinLeave),
        "leave": (6, m.JoinLeave),
        "unsubscribe": (7, m.UnsubscribePush),
        "message": (8, m.MessagePush),
        "subscribe": (9, m.SubscribePush),
        "connect": (10, CONNECT_PUSH),
        "disconnect": (11, m.DisconnectPush),
        "refresh": (12, m.RefreshPush),
    },
    m.Error: {"code": (1, "uint32"), "message": (2, "string"), "temporary": (3, "bool")},
    m.Reply: {
        "id": (1, "uint32"),
        "error": (2, m.Error),
        "push": (4, m.Push),
        "connect": (5, m.ConnectResult),
        "subscribe": (6, m.SubscribeResult),
        "unsubscribe": (7, m.Empty),
        "publish": (8, m.Empty),
        "presence": (9, m.PresenceResult),
        "presence_stats": (10, m.PresenceStatsResult),
        "history": (11, m.HistoryResult),
        "ping": (12, m.Empty),
        "rpc": (13, m.RPCResult),
        "refresh": (14, m.RefreshResult),
        "sub_refresh": (15, m.SubRefreshResult),
    },
}
