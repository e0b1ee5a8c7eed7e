"""The claims of a verified token, and the interface of its verifier."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from cadenza.realtime.eager import MaybeAwaitable

LONGEST_TTL: Final = 365 * 24 * 3600
"""Seconds; nothing that expires lives longer, so that every timer stays within bounds."""


def seconds_left(expire_at: float, now: float) -> int:
    """``ttl`` of a result: whole seconds, never below 0; 0 for what never expires."""
    return int(max(0, min(LONGEST_TTL, expire_at - now))) if expire_at else 0


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Channel options that a token sets for one subscription; ``None`` leaves them alone."""

    presence: bool | None = None
    join_leave: bool | None = None
    force_push_join_leave: bool | None = None
    force_positioning: bool | None = None
    force_recovery: bool | None = None


class SubscriptionGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription that somebody with the right to do so gives to a connection.

    ``info`` becomes the subscriber's ``chan_info``, ``data`` goes to the subscriber; both are
    payload bytes. ``expire_at`` is in Unix seconds; 0: never.
    """

    info: bytes | None = None
    data: bytes | None = None
    expire_at: int = 0
    override: Override = Override()


class ConnectClaims(msgspec.Struct, frozen=True, kw_only=True):
    """A verified connection token. ``expire_at`` 0: the connection never expires."""

    user: str = ""
    expire_at: int = 0
    info: bytes | None = None
    meta: bytes | None = None
    subs: dict[str, SubscriptionGrant] = {}


class SubscribeClaims(msgspec.Struct, frozen=True, kw_only=True):
    """A verified subscription token. An empty ``client`` binds it to no connection."""

    user: str = ""
    channel: str = ""
    client: str = ""
    grant: SubscriptionGrant = SubscriptionGrant()


class TokenError(Exception):
    """A token that is not accepted. The message is for the log and never holds the token."""


class TokenInvalid(TokenError):  # noqa: N818 - Centrifugo's word
    """Malformed, signed by somebody else, or made for something else."""


class TokenExpired(TokenError):  # noqa: N818 - Centrifugo's word
    """Good once, or good later: its ``exp`` or ``nbf`` says not now."""


class TokenUndecided(TokenError):  # noqa: N818 - as its siblings
    """Nobody can say just now: the key is not known yet, as where keys come from is out of order.

    Not the token's fault, so nothing final: the client is told to try again.
    """


class TokenVerifier(Protocol):
    """Verifies tokens. Answers at once unless it has to fetch a key."""

    def connect(self, token: str, now: float) -> MaybeAwaitable[ConnectClaims]:
        """Verify a connection token at Unix time ``now``.

        Raises:
            TokenError: See its kinds.
        """

    def subscribe(self, token: str, now: float) -> MaybeAwaitable[SubscribeClaims]:
        """Verify a subscription token at Unix time ``now``.

        Raises:
            TokenError: See its kinds.
        """
