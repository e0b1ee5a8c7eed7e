"""JSON Web Tokens of connections and subscriptions (protocol 3.2 to 3.5).

Claims and errors are the engine's own, from ``cadenza.realtime.claims``.
"""

from __future__ import annotations

from cadenza.realtime.claims import TokenError, TokenExpired, TokenInvalid, TokenUndecided
from cadenza.server.tokens.compact import MAX_TOKEN_LENGTH
from cadenza.server.tokens.jwks_fetch import Fetch, FetchError, fetch_jwks
from cadenza.server.tokens.signing import connection_token, sign, subscription_token
from cadenza.server.tokens.verifier import TokenVerifier

__all__ = [
    "MAX_TOKEN_LENGTH",
    "Fetch",
    "FetchError",
    "TokenError",
    "TokenExpired",
    "TokenInvalid",
    "TokenUndecided",
    "TokenVerifier",
    "connection_token",
    "fetch_jwks",
    "sign",
    "subscription_token",
]
