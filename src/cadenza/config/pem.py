"""Public keys in PEM, each read as the kind that an option wants."""

from __future__ import annotations

from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cadenza.config.errors import PemError

EC_ALGORITHMS: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
"""The one algorithm that belongs to each curve (RFC 7518, section 3.4)."""

_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (RSAPublicKey, "an RSA key"),
    (EllipticCurvePublicKey, "an EC key"),
    (Ed25519PublicKey, "an Ed25519 key"),
)


def read_rsa(pem: str) -> RSAPublicKey:
    """An RSA public key, or the one in a certificate.

    Raises:
        PemError: It is another kind of key, or not a key.
    """
    key = _read(pem)
    if not isinstance(key, RSAPublicKey):
        raise PemError(f"must be an RSA key, not {_name(key)}")
    return key


def read_ec(pem: str) -> EllipticCurvePublicKey:
    """A public key on one of the curves of JSON Web Tokens.

    Raises:
        PemError: It is another kind of key, or not a key.
    """
    key = _read(pem)
    if not isinstance(key, EllipticCurvePublicKey):
        raise PemError(f"must be an EC key, not {_name(key)}")
    if key.curve.name not in EC_ALGORITHMS:
        raise PemError(f"must be on P-256, P-384 or P-521, not on {key.curve.name}")
    return key


def read_ed25519(pem: str) -> Ed25519PublicKey:
    """An Ed25519 public key.

    Raises:
        PemError: It is another kind of key, or not a key.
    """
    key = _read(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise PemError(f"must be an Ed25519 key, not {_name(key)}")
    return key


def _read(pem: str) -> object:
    if "PRIVATE KEY" in pem:
        raise PemError("must be a public key in PEM, not a private one")
    data = pem.encode()
    try:
        if "BEGIN CERTIFICATE" in pem:
            return x509.load_pem_x509_certificate(data).public_key()
        return load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise PemError("must be a public key in PEM, -----BEGIN PUBLIC KEY----- ...") from None


def _name(key: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(key, kind)), "a key of another kind")
