"""Keys and the algorithms that each may verify: the key decides, never the token alone.

The primitives are PyJWT's algorithm objects; only HMAC, one call, goes to the standard library.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256, sha384, sha512
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from cadenza.config import TokenConfig
from cadenza.config.pem import EC_ALGORITHMS, read_ec, read_ed25519, read_rsa
from cadenza.realtime.claims import TokenInvalid
from cadenza.server.tokens.compact import Signed, decode_segment, encode_segment

Check: TypeAlias = Callable[[Signed], bool]
"""Whether one key signed the token, by one algorithm."""
Checks: TypeAlias = Mapping[str, Check]
"""What one key can check, by the name of the algorithm."""

_HASHES: Final = {"HS256": sha256, "HS384": sha384, "HS512": sha512}
_RSA: Final = {
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "RS384": RSAAlgorithm(RSAAlgorithm.SHA384),
    "RS512": RSAAlgorithm(RSAAlgorithm.SHA512),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "PS384": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA384),
    "PS512": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA512),
}
_EC: Final = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256),
    "ES384": ECAlgorithm(ECAlgorithm.SHA384),
    "ES512": ECAlgorithm(ECAlgorithm.SHA512),
}
_OKP: Final = OKPAlgorithm()


class Keys(Protocol):
    """Where the keys of a verifier come from."""

    def verify(self, signed: Signed, now: float) -> Awaitable[None] | None:
        """Return if a known key signed the token, else raise ``TokenInvalid``.

        An awaitable comes back only when keys must be fetched first; it ends the same way.
        ``TokenUndecided`` where the key may exist and cannot be had.
        ``now`` is Unix seconds.
        """


def hmac_checks(key: bytes) -> dict[str, Check]:
    """HS256, HS384 and HS512 with a shared secret."""

    def check_with(digest: str) -> Check:
        def check(signed: Signed) -> bool:
            # Comparing encoded texts leaves no second spelling of a signature.
            expected = encode_segment(hmac.digest(key, signed.signing_input, digest))
            return hmac.compare_digest(expected, signed.signature)

        return check

    return {name: check_with(function().name) for name, function in _HASHES.items()}


def rsa_checks(key: RSAPublicKey) -> dict[str, Check]:
    """RS and PS 256, 384, 512."""
    return {name: _public_check(algorithm, key) for name, algorithm in _RSA.items()}


def ec_checks(key: EllipticCurvePublicKey) -> dict[str, Check]:
    """The one algorithm of the key's curve; a curve of no algorithm checks nothing."""
    name = EC_ALGORITHMS.get(key.curve.name)
    return {name: _public_check(_EC[name], key)} if name else {}


def ed25519_checks(key: Ed25519PublicKey) -> dict[str, Check]:
    """EdDSA."""
    return {"EdDSA": _public_check(_OKP, key)}


def _public_check(algorithm: Algorithm, key: object) -> Check:
    def check(signed: Signed) -> bool:
        signature = decode_segment(signed.signature)
        canonical = encode_segment(signature) == signed.signature
        return canonical and algorithm.verify(signed.signing_input, key, signature)

    return check


def refuse(signed: Signed) -> TokenInvalid:
    """The error for an algorithm that no key allows."""
    return TokenInvalid(f"no key for the algorithm {signed.header.alg[:16]!r}")


class StaticKeys:
    """The keys of the configuration."""

    def __init__(self, config: TokenConfig) -> None:
        self._checks: dict[str, Check] = {}
        if config.hmac_secret_key:
            self._checks |= hmac_checks(config.hmac_secret_key.reveal().encode())
        if config.rsa_public_key:
            self._checks |= rsa_checks(read_rsa(config.rsa_public_key))
        if config.ecdsa_public_key:
            self._checks |= ec_checks(read_ec(config.ecdsa_public_key))
        if config.ed25519_public_key:
            self._checks |= ed25519_checks(read_ed25519(config.ed25519_public_key))
        previous = config.hmac_previous_secret_key.reveal().encode()
        self._previous = hmac_checks(previous) if previous else {}
        self._previous_until = config.hmac_previous_secret_key_valid_until

    def verify(self, signed: Signed, now: float) -> None:
        """See ``Keys``; never waits."""
        algorithm = signed.header.alg
        check, previous = self._checks.get(algorithm), self._previous.get(algorithm)
        if check is not None and check(signed):
            return
        if previous is not None and self._previous_counts(now) and previous(signed):
            return
        raise refuse(signed) if check is None else TokenInvalid("the signature is wrong")

    def _previous_counts(self, now: float) -> bool:
        return not self._previous_until or now <= self._previous_until


class NoKeys:
    """``insecure_skip_token_signature_verify``: every token is believed."""

    def verify(self, signed: Signed, now: float) -> None:
        """See ``Keys``; never refuses."""
