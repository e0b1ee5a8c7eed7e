"""The models of the documented WebSocket API: ``WsCommand``, ``WsReply`` and their parts.

Attributes are snake_case, as in every Python client; the documents and ``to_json`` write camelCase;
the wire of the protocol is snake_case. ``data`` fields are any JSON value. Fields that are ``None``
are left out. Source: WebSocketApi.md, and the WebSocket schemas of the API.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from typing import Any, Self

import msgspec
from msgspec import Struct

Reader = Callable[[Any], Any]
"""Replaces names of the wire inside a value by those of the documents."""


class WsModel(Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of the models: reading and writing."""

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read the documented form.

        Raises:
            msgspec.ValidationError: A field is missing or of another type; says which.
            msgspec.DecodeError: It is no JSON.
        """
        return msgspec.json.decode(text, type=cls)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the documented form as a dictionary.

        Raises:
            msgspec.ValidationError: A field is missing or of another type; says which.
        """
        return msgspec.convert(data, cls)

    def to_json(self) -> str:
        """Write the documented form."""
        return msgspec.json.encode(self).decode()

    def to_dict(self) -> dict[str, Any]:
        """The documented form as a dictionary."""
        written: dict[str, Any] = msgspec.to_builtins(self)
        return written

    def to_wire(self) -> dict[str, Any]:
        """The form of the protocol: names in snake_case."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: _wire(value) for name, value in fields.items() if value is not None}

    @classmethod
    def from_wire(cls, data: dict[str, Any]) -> Self:
        """Read the form of the protocol; unknown fields are ignored.

        Raises:
            msgspec.ValidationError: A field is missing or of another type; says which.
        """
        return msgspec.convert(_documented(cls, data), cls)


def _wire(value: Any) -> Any:
    if isinstance(value, WsModel):
        return value.to_wire()
    if isinstance(value, dict) and any(isinstance(it, WsModel) for it in value.values()):
        return {name: _wire(it) for name, it in value.items()}
    if isinstance(value, list) and any(isinstance(it, WsModel) for it in value):
        return [_wire(it) for it in value]
    return value


def _documented(kind: type[WsModel], data: Any) -> Any:
    """Replace names of the wire by those of the documents, in models alone."""
    if not isinstance(data, dict):
        return data
    plan = _plan(kind)
    found: dict[str, Any] = {}
    for name, value in data.items():
        if name in plan:
            shown, read = plan[name]
            found[shown] = value if read is None else read(value)
    return found


@functools.cache
def _plan(kind: type[WsModel]) -> dict[str, tuple[str, Reader | None]]:
    """The documented name of each field, by either spelling, and the reader of its value."""
    plan: dict[str, tuple[str, Reader | None]] = {}
    for field in msgspec.structs.fields(kind):
        known = (field.encode_name, _reader(field.type))
        plan |= {field.name: known, field.encode_name: known}
    return plan


def _reader(kind: Any) -> Reader | None:
    """The reader of a field's type; ``None`` where it can hold no model."""
    if isinstance(kind, type) and issubclass(kind, WsModel):
        return functools.partial(_documented, kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return next((read for it in arguments if (read := _reader(it)) is not None), None)
    inner = _reader(arguments[-1]) if origin in (list, dict) else None
    if inner is None:
        return None
    return functools.partial(_read_list if origin is list else _read_dict, inner)


def _read_list(inner: Reader, value: Any) -> Any:
    return [inner(it) for it in value] if isinstance(value, list) else value


def _read_dict(inner: Reader, value: Any) -> Any:
    return {name: inner(it) for name, it in value.items()} if isinstance(value, dict) else value


# Parts of both directions.


class WsStreamPosition(WsModel):
    """A position in a channel's stream."""

    offset: int | None = None
    epoch: str | None = None


class WsClientInfo(WsModel):
    """A client that has published, joined, or is present."""

    user: str | None = None
    client: str | None = None
    conn_info: Any = None
    chan_info: Any = None


class WsPublication(WsModel):
    """One message of a channel; ``time`` is milliseconds since the epoch, UTC."""

    data: Any = None
    info: WsClientInfo | None = None
    offset: int | None = None
    tags: dict[str, str] | None = None
    delta: bool | None = None
    time: int | None = None
    channel: str | None = None


# Requests.


class WsSubscribeRequest(WsModel):
    """The request to subscribe to a channel."""

    channel: str
    token: str | None = None
    recover: bool | None = None
    epoch: str | None = None
    offset: int | None = None
    data: Any = None
    positioned: bool | None = None
    recoverable: bool | None = None
    join_leave: bool | None = None
    delta: str | None = None

    def __repr__(self) -> str:
        return f"WsSubscribeRequest(channel={self.channel!r}, ...)"


class WsConnectRequest(WsModel):
    """The first command of a connection."""

    token: str
    data: Any = None
    subs: dict[str, WsSubscribeRequest] | None = None
    name: str | None = None
    version: str | None = None

    def __repr__(self) -> str:
        return f"WsConnectRequest(name={self.name!r}, version={self.version!r}, token=...)"


class WsUnsubscribeRequest(WsModel):
    """The request to unsubscribe from a channel."""

    channel: str


class WsPublishRequest(WsModel):
    """The request to publish to a channel."""

    channel: str
    data: Any


class WsPresenceRequest(WsModel):
    """The request for the clients in a channel."""

    channel: str


class WsPresenceStatsRequest(WsModel):
    """The request for the numbers of clients and users in a channel."""

    channel: str


class WsHistoryRequest(WsModel):
    """The request to read a channel's stream."""

    channel: str
    limit: int | None = None
    since: WsStreamPosition | None = None
    reverse: bool | None = None


class WsSendRequest(WsModel):
    """Data that has no answer."""

    data: Any = None


class WsRPCRequest(WsModel):
    """The request to call a method of the application."""

    method: str | None = None
    data: Any = None


class WsRefreshRequest(WsModel):
    """A new connection token."""

    token: str

    def __repr__(self) -> str:
        return "WsRefreshRequest(token=...)"


class WsSubRefreshRequest(WsModel):
    """A new subscription token."""

    channel: str
    token: str

    def __repr__(self) -> str:
        return f"WsSubRefreshRequest(channel={self.channel!r}, token=...)"


class WsCommand(WsModel):
    """A command: an id, and one request."""

    id: int
    connect: WsConnectRequest | None = None
    subscribe: WsSubscribeRequest | None = None
    unsubscribe: WsUnsubscribeRequest | None = None
    publish: WsPublishRequest | None = None
    presence: WsPresenceRequest | None = None
    presence_stats: WsPresenceStatsRequest | None = None
    history: WsHistoryRequest | None = None
    ping: dict[str, Any] | None = None
    send: WsSendRequest | None = None
    rpc: WsRPCRequest | None = None
    refresh: WsRefreshRequest | None = None
    sub_refresh: WsSubRefreshRequest | None = None


# Results.


class WsError(WsModel):
    """The error in a reply: a command was refused."""

    code: int
    message: str
    temporary: bool | None = None


class WsSubscribeResult(WsModel):
    """The result of a subscribe."""

    expires: bool | None = None
    ttl: int | None = None
    recoverable: bool | None = None
    epoch: str | None = None
    publications: list[WsPublication] | None = None
    recovered: bool | None = None
    offset: int | None = None
    positioned: bool | None = None
    data: Any = None
    delta: bool | None = None


class WsConnectResult(WsModel):
    """The result of a connect."""

    client: str | None = None
    version: str | None = None
    expires: bool | None = None
    ttl: int | None = None
    data: Any = None
    subs: dict[str, WsSubscribeResult] | None = None
    ping: int | None = None
    pong: bool | None = None
    session: str | None = None
    node: str | None = None
    time: int | None = None


class WsPresenceResult(WsModel):
    """The clients in a channel, by client id."""

    presence: dict[str, WsClientInfo] | None = None


class WsPresenceStatsResult(WsModel):
    """The numbers of clients and users in a channel."""

    num_clients: int | None = None
    num_users: int | None = None


class WsHistoryResult(WsModel):
    """A page of a stream, and the position of the newest publication."""

    publications: list[WsPublication] | None = None
    epoch: str | None = None
    offset: int | None = None


class WsRPCResult(WsModel):
    """The answer of a method."""

    data: Any = None


class WsRefreshResult(WsModel):
    """The result of a refresh: the connection goes on."""

    client: str | None = None
    version: str | None = None
    expires: bool | None = None
    ttl: int | None = None


class WsSubRefreshResult(WsModel):
    """The result of a refresh: the subscription goes on."""

    expires: bool | None = None
    ttl: int | None = None


class WsJoin(WsModel):
    """A client has joined the channel."""

    info: WsClientInfo | None = None


class WsLeave(WsModel):
    """A client has left the channel."""

    info: WsClientInfo | None = None


class WsUnsubscribePush(WsModel):
    """The server has ended a subscription; codes from 2500 on ask to subscribe again."""

    code: int | None = None
    reason: str | None = None


class WsMessage(WsModel):
    """Data outside of any channel."""

    data: Any = None


class WsSubscribePush(WsModel):
    """The server has subscribed the connection to a channel."""

    recoverable: bool | None = None
    epoch: str | None = None
    offset: int | None = None
    positioned: bool | None = None
    data: Any = None


class WsConnectPush(WsModel):
    """The connection is open, on a one-way transport."""

    client: str | None = None
    version: str | None = None
    data: Any = None


class WsDisconnect(WsModel):
    """The server is about to disconnect."""

    code: int | None = None
    reason: str | None = None
    reconnect: bool | None = None


class WsRefreshPush(WsModel):
    """The new time at which the connection expires."""

    expires: bool | None = None
    ttl: int | None = None


class WsPush(WsModel):
    """A message that answers no command: exactly one of its fields beside ``channel`` is set."""

    channel: str | None = None
    pub: WsPublication | None = None
    join: WsJoin | None = None
    leave: WsLeave | None = None
    unsubscribe: WsUnsubscribePush | None = None
    message: WsMessage | None = None
    subscribe: WsSubscribePush | None = None
    connect: WsConnectPush | None = None
    disconnect: WsDisconnect | None = None
    refresh: WsRefreshPush | None = None


class WsReply(WsModel):
    """An answer with the id of its command, a push without an id, or a ping with neither."""

    id: int | None = None
    error: WsError | None = None
    push: WsPush | None = None
    connect: WsConnectResult | None = None
    subscribe: WsSubscribeResult | None = None
    unsubscribe: dict[str, Any] | None = None
    publish: dict[str, Any] | None = None
    presence: WsPresenceResult | None = None
    presence_stats: WsPresenceStatsResult | None = None
    history: WsHistoryResult | None = None
    ping: dict[str, Any] | None = None
    rpc: WsRPCResult | None = None
    refresh: WsRefreshResult | None = None
    sub_refresh: WsSubRefreshResult | None = None

    @property
    def is_ping(self) -> bool:
        """Whether it is the server's ping, which the connection answers by itself."""
        return self == WsReply()
