"""Making tokens."""

from __future__ import annotations

import jwt
import pytest

from cadenza.config import ClientConfig, Secret, TokenConfig
from cadenza.server.tokens import TokenVerifier, connection_token, sign, subscription_token

KEY = Secret("0123456789abcdef0123456789abcdef")
NOW = 1_800_000_000.0


def test_tokens_verify_here_and_elsewhere():
    """Another library reads them as well."""
    token = sign({"sub": "a"}, KEY)
    assert jwt.decode(token, KEY.reveal(), ["HS256"]) == {"sub": "a"}


def test_made_tokens_satisfy_their_own_section():
    """Audience, issuer and the user's claim are set as the section wants them."""
    config = TokenConfig(hmac_secret_key=KEY, audience="me", issuer="us", user_id_claim="uid")
    verifier = TokenVerifier(ClientConfig(token=config))
    claims = verifier.connect(connection_token(config, "alice", now=NOW, ttl=60), NOW)
    assert (claims.user, claims.expire_at) == ("alice", int(NOW) + 60)
    token = subscription_token(config, "alice", "news", now=NOW, ttl=None)
    subscription = verifier.subscribe(token, NOW)
    assert (subscription.user, subscription.channel, subscription.grant.expire_at) == (
        "alice",
        "news",
        0,
    )


def test_nothing_is_signed_with_an_empty_key():
    """Everybody could do that."""
    with pytest.raises(ValueError, match="empty key"):
        sign({}, Secret(""))
