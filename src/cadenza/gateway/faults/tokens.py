"""Tokens that expire early: a verifier around the gateway's own."""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Final

import msgspec

from cadenza.gateway.faults.specs import Expire
from cadenza.gateway.faults.table import FaultTable
from cadenza.realtime import ConnectClaims, SubscribeClaims, TokenExpired, TokenVerifier
from cadenza.realtime.eager import MaybeAwaitable

SEEN_KEPT: Final = 4096
"""Tokens whose first use is remembered."""


class EarlyExpiry:
    """Verifies as its inner verifier does, and lets tokens expire as the faults say.

    Args:
        inner: Verifies.
        table: The faults that are on.
    """

    def __init__(self, inner: TokenVerifier, table: FaultTable) -> None:
        self._inner = inner
        self._table = table
        # By hash, which Python makes from a secret of the process: no token is kept.
        self._first_used: dict[int, int] = {}

    def connect(self, token: str, now: float) -> MaybeAwaitable[ConnectClaims]:
        """See ``TokenVerifier``."""
        claims = self._inner.connect(token, now)
        if isinstance(claims, ConnectClaims):
            return self._shortened(token, claims, now)
        return self._later(token, claims, now)

    def subscribe(self, token: str, now: float) -> MaybeAwaitable[SubscribeClaims]:
        """See ``TokenVerifier``."""
        return self._inner.subscribe(token, now)

    async def _later(
        self, token: str, claims: Awaitable[ConnectClaims], now: float
    ) -> ConnectClaims:
        return self._shortened(token, await claims, now)

    def _shortened(self, token: str, claims: ConnectClaims, now: float) -> ConnectClaims:
        """The claims with the expiry that the faults leave them.

        Raises:
            TokenExpired: A fault expired every token that was used before it, and so this one.
        """
        first_used = self._note(token, round(now * 1000))
        expire_at = claims.expire_at
        for fault in self._table.of(Expire):
            spec = fault.spec
            if not isinstance(spec, Expire) or spec.target.user not in {"", claims.user}:
                continue
            if not spec.ms:
                if first_used <= fault.set_at and fault.strikes():
                    raise TokenExpired(f"{fault.id} has expired it")
                continue
            short = math.ceil(now + spec.ms / 1000)
            if not 0 < expire_at <= short and fault.strikes():
                expire_at = short
        if expire_at == claims.expire_at:
            return claims
        return msgspec.structs.replace(claims, expire_at=expire_at)

    def _note(self, token: str, now_ms: int) -> int:
        """When the token was first used, in Unix milliseconds."""
        known = self._first_used
        first_used = known.setdefault(hash(token), now_ms)
        if len(known) > SEEN_KEPT:
            del known[next(iter(known))]
        return first_used
