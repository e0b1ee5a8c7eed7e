"""The requests and results of the server API, as typed structs.

Payload fields (``data``, ``info``) are raw JSON; their ``b64`` twins carry any bytes and win where
both are given. A field without a default is in the answer even when it is zero.
"""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from cadenza.protocol import codes
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import compact
from cadenza.protocol.messages import ABSENT, ClientInfo, Message, StreamPosition, UInt64
from cadenza.realtime import CommandError, Override, SubscriptionGrant

UnixSeconds = Annotated[int, Meta(ge=-(2**62), le=2**62)]


class Request(Struct, kw_only=True):
    """Base of the requests: unknown fields are ignored."""


class BoolValue(Struct):
    """How the API writes an option that may be absent."""

    value: bool = False


class OverrideRequest(Request):
    """Channel options for one subscription."""

    presence: BoolValue | None = None
    join_leave: BoolValue | None = None
    force_push_join_leave: BoolValue | None = None
    force_positioning: BoolValue | None = None
    force_recovery: BoolValue | None = None

    def as_override(self) -> Override:
        """The engine's form of it."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return Override(**{name: option.value for name, option in given.items() if option})


class PublishFields(Request):
    """What publish and broadcast have in common."""

    data: Raw = ABSENT
    b64data: str = ""
    skip_history: bool = False
    tags: dict[str, str] | None = None
    idempotency_key: str = ""
    delta: bool = False
    version: UInt64 = 0
    version_epoch: str = ""


class PublishRequest(PublishFields):
    """Publish to a channel."""

    channel: str = ""


class BroadcastRequest(PublishFields):
    """Publish the same to many channels."""

    channels: list[str] = []


class UserRequest(Request):
    """Connections of a user; one of them, if ``client`` or ``session`` is given."""

    user: str = ""
    client: str = ""
    session: str = ""


class SubscribeRequest(UserRequest):
    """Subscribe connections from the server's side."""

    channel: str = ""
    info: Raw = ABSENT
    b64info: str = ""
    data: Raw = ABSENT
    b64data: str = ""
    expire_at: UnixSeconds = 0
    recover_since: StreamPosition | None = None
    override: OverrideRequest | None = None

    def grant(self) -> SubscriptionGrant:
        """What the subscription is given."""
        return SubscriptionGrant(
            info=payload_of(self.info, self.b64info) or None,
            data=payload_of(self.data, self.b64data) or None,
            expire_at=self.expire_at,
            override=self.override.as_override() if self.override else Override(),
        )


class UnsubscribeRequest(UserRequest):
    """End subscriptions."""

    channel: str = ""


class DisconnectWith(Request):
    """Code and reason of a disconnect; 3503 by default."""

    code: Annotated[int, Meta(ge=0, le=65535)] = 0
    reason: str = ""


class DisconnectRequest(UserRequest):
    """End connections, except those of ``whitelist``."""

    whitelist: tuple[str, ...] = ()
    disconnect: DisconnectWith | None = None


class RefreshRequest(UserRequest):
    """Change the lifetime of connections."""

    expired: bool = False
    expire_at: UnixSeconds = 0
    info: Raw = ABSENT


class ChannelRequest(Request):
    """A request about one channel."""

    channel: str = ""


class HistoryRequest(Request):
    """Read a stream; no ``limit`` asks for its position only."""

    channel: str = ""
    limit: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] = 0
    since: StreamPosition | None = None
    reverse: bool = False


class ChannelsRequest(Request):
    """Channels with subscribers whose names match a glob pattern; empty: all."""

    pattern: str = ""


class InfoRequest(Request):
    """The nodes."""


class RPCRequest(Request):
    """A method of the application's own."""

    method: str = ""
    params: Raw = ABSENT


class BatchRequest(Request):
    """Several commands, each as ``{"method": request}``."""

    commands: list[dict[str, Raw] | None] = msgspec.field(default_factory=list)
    parallel: bool = False


class PublishResult(Message):
    """Where the publication is; nothing without history."""

    offset: int = 0
    epoch: str = ""


class PresenceResult(Message):
    """Who is in a channel."""

    presence: dict[str, ClientInfo]


class PresenceStatsResult(Message):
    """How many are in a channel."""

    num_clients: int
    num_users: int


class HistoryPublication(Message):
    """A publication, as a backend sees it."""

    data: Raw = ABSENT
    info: ClientInfo | None = None
    offset: int = 0
    tags: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it


class HistoryResult(Message):
    """Part of a stream, and its top."""

    publications: list[HistoryPublication]
    epoch: str
    offset: int


class NodeMetrics(Message):
    """Counters of a node over the last ``interval`` seconds."""

    interval: float
    items: dict[str, float]


class NodeResult(Message):
    """One node. ``uptime`` in seconds."""

    uid: str
    name: str
    version: str
    num_clients: int
    num_users: int
    num_subs: int
    num_channels: int
    uptime: int
    metrics: NodeMetrics


Result = Message | dict[str, Any]


def payload_of(data: Raw, b64data: str) -> bytes:
    """The payload of a request.

    Raises:
        CommandError: 107, the base64 is bad.
    """
    if not b64data:
        return bytes(data)
    try:
        return base64.b64decode(b64data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CommandError(codes.BAD_REQUEST) from error


def shown_payload(data: Raw) -> Raw:
    """A payload inside an answer in JSON: what is not JSON is shown as a base64 string."""
    raw = bytes(data)
    if not raw:
        return ABSENT
    try:
        return Raw(compact(raw))
    except DecodeError:
        return Raw(msgspec.json.encode(base64.b64encode(raw).decode()))
