"""One publication in all the forms in which its subscribers want it, each made once."""

from __future__ import annotations

import enum

from msgspec import Raw

from cadenza.protocol import delta, json_codec
from cadenza.protocol.messages import ABSENT, ClientInfo, Publication, Push
from cadenza.realtime.broker import Delivery
from cadenza.realtime.wire import Codec, Wire


class Variant(enum.Enum):
    """How the payload of a publication is written."""

    PLAIN = "plain"
    FULL = "full"
    """For a delta subscriber without a base: the whole payload, in JSON as a string."""
    PATCH = "patch"
    """For a delta subscriber with a base: a patch, or the whole payload if that is shorter."""

    # Members are compared by identity, and often.
    __hash__ = object.__hash__


class PublicationEncoder:
    """Encodes the push of one publication; remembers each form it was asked for."""

    __slots__ = ("_channel", "_delivery", "_known", "_patches")

    def __init__(self, channel: str, delivery: Delivery) -> None:
        self._channel = channel
        self._delivery = delivery
        self._known: dict[tuple[Codec, bool, Variant], bytes] = {}
        self._patches: dict[str, bytes | None] = {}

    def encode(self, wire: Wire, variant: Variant) -> bytes:
        """The encoded push.

        Raises:
            PayloadError: The wire's codec cannot carry the payload.
        """
        key = (wire.codec, wire.unidirectional, variant)
        message = self._known.get(key)
        if message is None:
            publication = shown(self._delivery.publication, wire.codec, variant, self._patch)
            push = Push(channel=self._channel, pub=publication)
            message = self._known[key] = wire.push(push)
        return message

    def _patch(self, codec: Codec) -> bytes | None:
        """A patch that is shorter than the payload, or ``None``."""
        if not self._delivery.delta or self._delivery.previous is None:
            return None
        if codec.format not in self._patches:
            data = bytes(self._delivery.publication.data)
            self._patches[codec.format] = make_patch(codec, self._delivery.previous, data)
        return self._patches[codec.format]


def make_patch(codec: Codec, base: bytes, data: bytes) -> bytes | None:
    """A patch that the codec can carry, if there is one that is shorter than the data."""
    create = delta.create_text if codec.format == "json" else delta.create
    patch = create(base, data)
    return patch if patch is not None and len(patch) < len(data) else None


def shown(
    publication: Publication, codec: Codec, variant: Variant, patch: object = None
) -> Publication:
    """A publication as a subscriber of this codec and variant sees it.

    Args:
        publication: As it is kept; not changed.
        codec: The subscriber's.
        variant: How it takes the payload.
        patch: Called with the codec for the patch of ``Variant.PATCH``.
    """
    if variant is Variant.PLAIN or (codec.format == "protobuf" and variant is Variant.FULL):
        return _plain(publication, codec)
    patched = patch(codec) if variant is Variant.PATCH and callable(patch) else None
    data = bytes(publication.data) if patched is None else patched
    # A delta subscriber's publication is rebuilt, and carries neither the stream's epoch nor the
    # version, as the reference server's.
    return Publication(
        data=json_codec.quoted(data) if codec.format == "json" else Raw(data),
        info=shown_info(publication.info, codec),
        offset=publication.offset,
        tags=publication.tags,
        delta=patched is not None,
    )


def shown_recovered(missed: list[Publication], codec: Codec, *, delta: bool) -> list[Publication]:
    """Recovered publications as a subscriber takes them: of deltas, the first is whole."""
    if not delta:
        return [shown(publication, codec, Variant.PLAIN) for publication in missed]
    result: list[Publication] = []
    base: bytes | None = None
    for publication in missed:
        data = bytes(publication.data)
        patch = None if base is None else make_patch(codec, base, data)
        result.append(shown(publication, codec, Variant.PATCH, lambda _, patch=patch: patch))
        base = data
    return result


def _plain(publication: Publication, codec: Codec) -> Publication:
    """A publication with its payload as it stands; itself, if the codec can carry all of it."""
    data, info = shown_payload(publication.data, codec), shown_info(publication.info, codec)
    if data is publication.data and info is publication.info:
        return publication
    return Publication(
        data=data,
        info=info,
        offset=publication.offset,
        tags=publication.tags,
        epoch=publication.epoch,
        version=publication.version,
    )


def shown_info(info: ClientInfo | None, codec: Codec) -> ClientInfo | None:
    """Client info with payloads that the codec can carry; itself, if it has none."""
    if info is None or (info.conn_info is ABSENT and info.chan_info is ABSENT):
        return info
    return ClientInfo(
        user=info.user,
        client=info.client,
        conn_info=shown_payload(info.conn_info, codec),
        chan_info=shown_payload(info.chan_info, codec),
    )


def shown_payload(data: Raw, codec: Codec) -> Raw:
    """A payload as the codec carries it; one that is absent stays so."""
    return data if data is ABSENT else codec.payload(data)
