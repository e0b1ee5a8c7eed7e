"""The verifier of both kinds of tokens: at once where the keys are at hand, else later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from cadenza.config import ClientConfig, TokenConfig
from cadenza.realtime.claims import ConnectClaims, SubscribeClaims
from cadenza.server.tokens.audience import Audience
from cadenza.server.tokens.compact import Signed, split
from cadenza.server.tokens.jwks import JwksKeys
from cadenza.server.tokens.jwks_fetch import Fetch, fetch_jwks
from cadenza.server.tokens.keys import Keys, NoKeys, StaticKeys
from cadenza.server.tokens.payload import (
    Payload,
    UserClaim,
    check_times,
    connect_claims,
    forbid_channel,
    read_connect,
    read_subscribe,
    subscribe_claims,
)

ClaimsT = TypeVar("ClaimsT")


class _Rules:
    """One section of the configuration, ready for use."""

    __slots__ = ("audience", "keys", "user_claim")

    def __init__(self, config: TokenConfig, fetch: Fetch, *, skip_signature: bool) -> None:
        self.audience = Audience(config)
        self.user_claim = UserClaim(config.user_id_claim) if config.user_id_claim else None
        self.keys: Keys
        if skip_signature:
            self.keys = NoKeys()
        elif config.jwks_public_endpoint:
            self.keys = JwksKeys(config.jwks_public_endpoint, self.audience, fetch)
        else:
            self.keys = StaticKeys(config)

    def accept(self, payload: Payload, signed: Signed, now: float) -> str:
        """Check audience, issuer and times of a token that is truly signed; return its user."""
        self.audience.check(payload)
        check_times(payload, now)
        if self.user_claim is not None:
            return self.user_claim.read(signed.payload)
        return payload.sub or ""


class TokenVerifier:
    """Decides whom a token speaks for.

    Both methods answer at once unless keys must be fetched from a JWKS endpoint first; then they
    return an awaitable that ends the same way. They keep no reference to a token.

    Args:
        client: The ``client`` section.
        fetch: How to get a key set; asked only when an endpoint is configured.
    """

    def __init__(self, client: ClientConfig, *, fetch: Fetch = fetch_jwks) -> None:
        skip = client.insecure_skip_token_signature_verify
        self._connection = _Rules(client.token, fetch, skip_signature=skip)
        self._subscription = self._connection
        if client.subscription_token.enabled:
            self._subscription = _Rules(client.subscription_token, fetch, skip_signature=skip)

    def connect(self, token: str, now: float) -> ConnectClaims | Awaitable[ConnectClaims]:
        """Verify the token of a connect or refresh command.

        Args:
            token: In the compact form.
            now: Unix seconds.

        Raises:
            TokenInvalid: Close with 3500.
            TokenExpired: Error 109; a refresh closes with 3005.
        """
        return _verify(self._connection, token, now, _connect)

    def subscribe(self, token: str, now: float) -> SubscribeClaims | Awaitable[SubscribeClaims]:
        """Verify the token of a subscribe or sub_refresh command.

        The caller compares user, channel and client with those of the request.

        Raises:
            TokenInvalid: Error 103; a sub_refresh closes with 3500.
            TokenExpired: Error 109.
        """
        return _verify(self._subscription, token, now, _subscribe)

    def renew(self) -> None:
        """Fetch key sets again, as somebody says that they have changed."""
        for rules in {self._connection, self._subscription}:
            if isinstance(rules.keys, JwksKeys):
                rules.keys.renew()

    async def close(self) -> None:
        """Give up fetches under way."""
        for rules in {self._connection, self._subscription}:
            if isinstance(rules.keys, JwksKeys):
                await rules.keys.close()


def _verify(
    rules: _Rules,
    token: str,
    now: float,
    read: Callable[[_Rules, Signed, float], ClaimsT],
) -> ClaimsT | Awaitable[ClaimsT]:
    signed = split(token)
    pending = rules.keys.verify(signed, now)
    if pending is None:
        return read(rules, signed, now)

    async def later() -> ClaimsT:
        await pending
        return read(rules, signed, now)

    return later()


def _connect(rules: _Rules, signed: Signed, now: float) -> ConnectClaims:
    payload = read_connect(signed.payload)
    forbid_channel(payload)
    return connect_claims(payload, rules.accept(payload, signed, now))


def _subscribe(rules: _Rules, signed: Signed, now: float) -> SubscribeClaims:
    payload = read_subscribe(signed.payload)
    return subscribe_claims(payload, rules.accept(payload, signed, now))
