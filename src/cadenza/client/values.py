"""The values that the SDK gives its user: publications, history, presence, events, counters."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Raw, Struct

from cadenza.client.errors import UsageError
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.json_codec import inline
from cadenza.protocol.messages import ABSENT, ClientInfo

T = TypeVar("T")

_any_json: Final = msgspec.json.Decoder()
_encode: Final = msgspec.json.Encoder().encode


class StreamPosition(NamedTuple):
    """A position in the stream of a channel.

    Attributes:
        offset: The offset of a publication; 0 stands before the first one.
        epoch: The name of the stream, which changes when the server begins a new one.
    """

    offset: int
    epoch: str


class Publication(Struct, gc=False, frozen=True):
    """One message of a channel.

    Attributes:
        channel: The channel.
        payload: The payload, as the publisher wrote it.
        offset: The offset in the channel's stream; 0 where the channel keeps none.
        tags: The tags that the publisher attached.
        info: The client that published it; ``None`` when it came through the server.
    """

    channel: str
    payload: Raw
    offset: int = 0
    tags: dict[str, str] = {}
    info: ClientInfo | None = None

    @property
    def raw(self) -> bytes:
        """The payload as bytes."""
        return bytes(self.payload)

    @property
    def data(self) -> Any:
        """The payload decoded from JSON, at each call again; ``None`` when it is empty."""
        return decode(self.payload)

    def decode(self, kind: type[T]) -> T:
        """The payload decoded from JSON, as a type.

        Args:
            kind: A type that ``msgspec`` can decode.

        Raises:
            msgspec.DecodeError: The payload is not JSON.
            msgspec.ValidationError: The payload is not of that type.
        """
        return msgspec.json.decode(self.payload, type=kind)


class HistoryPage(NamedTuple):
    """Publications of a stream.

    Attributes:
        publications: The publications, in the order that was asked for.
        position: The position of the newest publication of the stream.
    """

    publications: list[Publication]
    position: StreamPosition


class PresenceStats(NamedTuple):
    """The numbers of clients and users in a channel.

    Attributes:
        clients: The number of clients.
        users: The number of users, each with one client or more.
    """

    clients: int
    users: int


class Connected(NamedTuple):
    """The client is connected.

    Attributes:
        client: The id of the connection.
        version: The server's version; may be empty.
        data: Custom data of the server, decoded from JSON.
    """

    client: str
    version: str
    data: Any


class Cause(NamedTuple):
    """The cause of a change of state, of a client or of a subscription.

    Attributes:
        code: The server's code, or one below 100 that is local to this client.
        reason: The words that belong to it.
    """

    code: int
    reason: str


class Subscribed(NamedTuple):
    """A subscription is live.

    Attributes:
        was_recovering: Whether missed publications were asked for.
        recovered: Whether all of them came; if not, load the state again.
        position: The position before the publications that were recovered; ``None`` where the
            server does not watch it.
        data: Custom data of the server, decoded from JSON.
    """

    was_recovering: bool
    recovered: bool
    position: StreamPosition | None
    data: Any


class ServerPublication(NamedTuple):
    """A publication of a server-side subscription.

    Attributes:
        channel: The channel.
        publication: The publication.
    """

    channel: str
    publication: Publication


class ClientStats(NamedTuple):
    """Counters of a client.

    Attributes:
        connects: How many times it has connected.
        errors: How many exceptions callbacks have raised, each logged by ``cadenza.client``.
        gaps: How many times missed publications of a server-side subscription could not be
            recovered.
    """

    connects: int
    errors: int
    gaps: int


def decode(payload: Raw) -> Any:
    """Decode a payload from JSON; ``None`` when it is empty."""
    return _any_json.decode(payload) if bytes(payload) else None


def encode(data: Any, *, as_json: bool) -> Raw:
    """Encode a payload: ``bytes`` and ``Raw`` as they are, everything else as JSON.

    Args:
        data: The payload; ``Decimal`` becomes a string.
        as_json: Whether the connection carries JSON only.

    Raises:
        UsageError: It cannot be encoded.
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
