"""What the SDK hands to its user: publications, pages of history, who is present, what happened."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from cadenza.client.errors import (
    UsageError,
)
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.json_codec import inline
from cadenza.protocol.messages import (
    ABSENT,
    ClientInfo,
)

T = TypeVar("T")

_any_json: Final = msgspec.json.Decoder()
_encode: Final = msgspec.json.Encoder().encode


class StreamPosition(NamedTuple):
    """A place in the stream of a channel."""

    offset: int
    epoch: str


class Publication(Struct, gc=False, frozen=True):
    """One message of a channel.

    Attributes:
        channel: Where it was published.
        payload: Its bytes, as the publisher wrote them.
        offset: Its place in the channel's stream; 0 where the channel keeps none.
        tags: What the publisher attached.
        info: The client that published it; ``None`` when it came through the server.
    """

    channel: str
    payload: Raw
    offset: int = 0
    tags: dict[str, str] = {}
    info: ClientInfo | None = None

    @property
    def raw(self) -> bytes:
        """The payload's bytes."""
        return bytes(self.payload)

    @property
    def data(self) -> Any:
        """The payload decoded from JSON, anew at each call; ``None`` when there is none."""
        return decode(self.payload)

    def decode(self, kind: type[T]) -> T:
        """The payload as ``kind``, checked.

        Raises:
            msgspec.ValidationError: It is something else.
        """
        return msgspec.json.decode(self.payload, type=kind)


class HistoryPage(NamedTuple):
    """Publications of a stream, and the position of its newest."""

    publications: list[Publication]
    position: StreamPosition


class PresenceStats(NamedTuple):
    """How many are in a channel."""

    clients: int
    users: int


class Connected(NamedTuple):
    """The client is connected: its id there, and what the server said of itself."""

    client: str
    version: str
    data: Any


class Cause(NamedTuple):
    """The client or a subscription has left its good state: why."""

    code: int
    reason: str


class Subscribed(NamedTuple):
    """A subscription is live.

    Attributes:
        was_recovering: Whether missed publications were asked for.
        recovered: Whether they all came; when not, load the state anew.
        position: Where the stream stands, before the publications that were recovered.
        data: Custom data of the server.
    """

    was_recovering: bool
    recovered: bool
    position: StreamPosition | None
    data: Any


class ServerPublication(NamedTuple):
    """A publication of a server-side subscription."""

    channel: str
    publication: Publication


def decode(payload: Raw) -> Any:
    """A payload from JSON; ``None`` when it is absent."""
    return _any_json.decode(payload) if bytes(payload) else None


def encode(data: Any, *, as_json: bool) -> Raw:
    """A payload for the wire: ``bytes`` and ``Raw`` as they stand, all else as JSON.

    Args:
        data: What to send; ``Decimal`` becomes a string.
        as_json: Whether the connection carries JSON only.

    Raises:
        UsageError: It cannot be written.
    """
    try:
        if isinstance(data, (bytes, Raw)):
            given = data if isinstance(data, Raw) else Raw(data)
            return inline(given) if as_json else given
        return Raw(_encode(data))
    except (TypeError, ValueError, PayloadError) as error:
        raise UsageError(f"this cannot be sent: {error}") from error


def encode_optional(data: Any, *, as_json: bool) -> Raw:
    """As ``encode``; ``None`` is no payload."""
    return ABSENT if data is None else encode(data, as_json=as_json)


class ClientStats(NamedTuple):
    """What has happened so far.

    Attributes:
        connects: How many times the client has connected.
        errors: Exceptions of callbacks, each logged by ``cadenza.client``.
        gaps: Server-side subscriptions whose missed publications could not be recovered.
    """

    connects: int
    errors: int
    gaps: int
