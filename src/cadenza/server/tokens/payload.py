"""The JSON of a token's payload: types strict, everything optional, times and bytes made plain."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import JsonReader
from cadenza.realtime.claims import (
    ConnectClaims,
    Override,
    SubscribeClaims,
    SubscriptionGrant,
    TokenExpired,
    TokenInvalid,
)

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_LATEST: Final = 2**53
_NO_OVERRIDE: Final = Override()
_PLAIN_GRANT: Final = SubscriptionGrant()
_Timestamp = int | float | str | None
ReadT = TypeVar("ReadT")


class _Flag(msgspec.Struct, gc=False):
    value: bool = False


class _Override(msgspec.Struct, gc=False):
    presence: _Flag | None = None
    join_leave: _Flag | None = None
    force_push_join_leave: _Flag | None = None
    force_positioning: _Flag | None = None
    force_recovery: _Flag | None = None


class _Options(msgspec.Struct):
    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    override: _Override | None = None


class Payload(msgspec.Struct):
    """Claims of both kinds of tokens."""

    sub: str | None = None
    aud: str | list[str] | None = None
    iss: str | None = None
    exp: _Timestamp = None
    nbf: _Timestamp = None
    expire_at: int | None = None
    channel: str | None = None
    info: msgspec.Raw = msgspec.Raw()
    b64info: str | None = None

    @property
    def audiences(self) -> list[str]:
        """``aud`` is one text or a list of texts."""
        if self.aud is None:
            return []
        return [self.aud] if isinstance(self.aud, str) else self.aud


class ConnectPayload(Payload):
    """Claims of a connection token."""

    channels: list[str] | None = None
    subs: dict[str, _Options | None] | None = None
    meta: msgspec.Raw = msgspec.Raw()


class SubscribePayload(Payload):
    """Claims of a subscription token."""

    client: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    b64data: str | None = None
    override: _Override | None = None


_decode_connect: Final = JsonReader[ConnectPayload](ConnectPayload).read
_decode_subscribe: Final = JsonReader[SubscribePayload](SubscribePayload).read
_decode_common: Final = JsonReader[Payload](Payload).read
_decode_text: Final = JsonReader[str](str).read


def read_connect(payload: bytes) -> ConnectPayload:
    """The claims of a connection token, or ``TokenInvalid``."""
    return _read(_decode_connect, payload)


def read_subscribe(payload: bytes) -> SubscribePayload:
    """The claims of a subscription token, or ``TokenInvalid``."""
    return _read(_decode_subscribe, payload)


def read_common(payload: bytes) -> Payload:
    """The claims that every token may have, or ``TokenInvalid``."""
    return _read(_decode_common, payload)


def _read(decode: Callable[[bytes], ReadT], payload: bytes) -> ReadT:
    try:
        return decode(payload)
    except DecodeError as error:
        raise TokenInvalid(f"the claims are malformed: {error}") from None


def check_times(payload: Payload, now: float) -> None:
    """``exp`` must lie ahead, ``nbf`` must not.

    Raises:
        TokenExpired: The token is too old or too young.
        TokenInvalid: A claim is no time.
    """
    if payload.exp is not None and _seconds(payload.exp) <= now:
        raise TokenExpired("the token is expired")
    if payload.nbf is not None and _seconds(payload.nbf) > now:
        raise TokenExpired("the token is not valid yet")


def _seconds(value: float | str) -> float:
    """Issuers write times as numbers, with fractions, and as texts with a number inside."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise TokenInvalid("a time in the claims is not a number")
        value = float(value)
    if not -_LATEST <= value <= _LATEST:
        raise TokenInvalid("a time in the claims is out of range")
    return value


def _expire_at(payload: Payload) -> int:
    """When the connection or subscription ends: ``expire_at`` wins over ``exp``."""
    if payload.expire_at is not None:
        return min(max(payload.expire_at, 0), _LATEST)
    return 0 if payload.exp is None else math.floor(_seconds(payload.exp))


def _bytes(plain: msgspec.Raw, encoded: str | None) -> bytes | None:
    """Base64 wins over JSON."""
    if not encoded:
        return bytes(plain) or None
    try:
        return b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        raise TokenInvalid("a claim is not base64") from None


def _override(source: _Override | None) -> Override:
    if source is None:
        return _NO_OVERRIDE
    flags = {name: getattr(source, name) for name in _Override.__struct_fields__}
    return Override(**{name: flag.value for name, flag in flags.items() if flag is not None})


def forbid_channel(payload: ConnectPayload) -> None:
    """A subscription token does not open a connection: ``TokenInvalid``."""
    if payload.channel:
        raise TokenInvalid("a connection token must not have the claim channel")


def connect_claims(payload: ConnectPayload, user: str) -> ConnectClaims:
    """The result for a connection token.

    Raises:
        TokenInvalid: It has malformed base64.
    """
    return ConnectClaims(
        user=user,
        expire_at=_expire_at(payload),
        info=_bytes(payload.info, payload.b64info),
        meta=bytes(payload.meta) or None,
        subs=_subs(payload),
    )


def _subs(payload: ConnectPayload) -> dict[str, SubscriptionGrant]:
    """``channels`` only counts without ``subs``."""
    if payload.subs:
        return {name: _grant(options) for name, options in payload.subs.items()}
    return dict.fromkeys(payload.channels or (), _PLAIN_GRANT)


def _grant(source: _Options | None) -> SubscriptionGrant:
    if source is None:
        return _PLAIN_GRANT
    return SubscriptionGrant(
        info=_bytes(source.info, source.b64info),
        data=_bytes(source.data, source.b64data),
        override=_override(source.override),
    )


def subscribe_claims(payload: SubscribePayload, user: str) -> SubscribeClaims:
    """The result for a subscription token.

    Raises:
        TokenInvalid: It names no channel, or has malformed base64.
    """
    if not payload.channel:
        raise TokenInvalid("a subscription token needs the claim channel")
    grant = SubscriptionGrant(
        info=_bytes(payload.info, payload.b64info),
        data=_bytes(payload.data, payload.b64data),
        expire_at=_expire_at(payload),
        override=_override(payload.override),
    )
    return SubscribeClaims(
        user=user, channel=payload.channel, client=payload.client or "", grant=grant
    )


class UserClaim:
    """Another claim than ``sub`` that names the user (``user_id_claim``): a text or a number."""

    def __init__(self, name: str) -> None:
        fields = [("value", msgspec.Raw, msgspec.field(name=name, default=msgspec.Raw()))]
        self._decode: Callable[[bytes], Any] = JsonReader[Any](
            msgspec.defstruct("UserClaim", fields)
        ).read

    def read(self, payload: bytes) -> str:
        """The user; absent and ``null`` are anonymous.

        Raises:
            TokenInvalid: The claim is a list or an object.
        """
        raw = bytes(_read(self._decode, payload).value)
        if raw.startswith(b'"'):
            return _read(_decode_text, raw)
        if raw.startswith((b"{", b"[")):
            raise TokenInvalid("the claim that names the user is neither text nor number")
        return "" if raw == b"null" else raw.decode()
