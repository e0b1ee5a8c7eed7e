"""Making tokens with the shared secret (HS256), for the command line and the sandbox."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from cadenza.config import Secret
from cadenza.config.client import TokenConfig
from cadenza.server.tokens.compact import encode_segment

_HEADER: Final = encode_segment(b'{"alg":"HS256","typ":"JWT"}')


def sign(claims: Mapping[str, Any], key: Secret) -> str:
    """A token of these claims.

    Raises:
        ValueError: The key is empty.
    """
    if not key:
        raise ValueError("a token cannot be signed with an empty key")
    signing_input = _HEADER + b"." + encode_segment(msgspec.json.encode(claims))
    signature = hmac.digest(key.reveal().encode(), signing_input, "sha256")
    return (signing_input + b"." + encode_segment(signature)).decode()


def connection_token(config: TokenConfig, user: str, *, now: float, ttl: float | None) -> str:
    """A token to connect with.

    Args:
        config: Its key signs; its exact audience and issuer, if any, become claims.
        user: User id; empty for an anonymous one.
        now: Unix seconds.
        ttl: Seconds until it expires; ``None``: never.
    """
    return sign(_claims(config, user, now, ttl), config.hmac_secret_key)


def subscription_token(
    config: TokenConfig, user: str, channel: str, *, now: float, ttl: float | None
) -> str:
    """A token to subscribe to one channel with; arguments as in ``connection_token``."""
    claims = _claims(config, user, now, ttl) | {"channel": channel}
    return sign(claims, config.hmac_secret_key)


def _claims(config: TokenConfig, user: str, now: float, ttl: float | None) -> dict[str, Any]:
    claims: dict[str, Any] = {config.user_id_claim or "sub": user, "iat": int(now)}
    if ttl is not None:
        claims["exp"] = int(now + ttl)
    if config.audience:
        claims["aud"] = config.audience
    if config.issuer:
        claims["iss"] = config.issuer
    return claims
