"""Algorithms and the keys that they belong to."""

from __future__ import annotations

import itertools

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cadenza.config import ClientConfig, Secret, TokenConfig
from cadenza.server.tokens import TokenInvalid, TokenVerifier

NOW = 1_800_000_000.0
SECRET = "0123456789abcdef" * 4
RSA = rsa.generate_private_key(65537, 2048)
P256, P384, P521 = (
    ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
)
ED = ed25519.Ed25519PrivateKey.generate()
SIGNERS = {
    **dict.fromkeys(("HS256", "HS384", "HS512"), SECRET),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSA),
    "ES256": P256,
    "ES384": P384,
    "ES512": P521,
    "EdDSA": ED,
}


def public(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


OPTIONS = {
    "HS": {"hmac_secret_key": Secret(SECRET)},
    "RSA": {"rsa_public_key": public(RSA)},
    "P256": {"ecdsa_public_key": public(P256)},
    "P384": {"ecdsa_public_key": public(P384)},
    "P521": {"ecdsa_public_key": public(P521)},
    "ED": {"ed25519_public_key": public(ED)},
}
ALLOWED = {
    "HS": {"HS256", "HS384", "HS512"},
    "RSA": {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"},
    "P256": {"ES256"},
    "P384": {"ES384"},
    "P521": {"ES512"},
    "ED": {"EdDSA"},
}


def verifier(*keys):
    options = {name: value for key in keys for name, value in OPTIONS[key].items()}
    return TokenVerifier(ClientConfig(token=TokenConfig(**options)))


@pytest.mark.parametrize(("key", "algorithm"), list(itertools.product(OPTIONS, SIGNERS)))
def test_key_verifies_exactly_its_own_algorithms(key, algorithm):
    """Every key with every algorithm."""
    token = jwt.encode({"sub": "a"}, SIGNERS[algorithm], algorithm)
    if algorithm in ALLOWED[key]:
        assert verifier(key).connect(token, NOW).user == "a"
    else:
        with pytest.raises(TokenInvalid, match="no key for the algorithm"):
            verifier(key).connect(token, NOW)


def test_all_keys_serve_together():
    """Each for its own algorithms."""
    everything = verifier("HS", "RSA", "P256", "ED")
    for algorithm in ("HS256", "PS512", "ES256", "EdDSA"):
        token = jwt.encode({"sub": "a"}, SIGNERS[algorithm], algorithm)
        assert everything.connect(token, NOW).user == "a"


@pytest.mark.parametrize("key", ["RSA", "P256", "ED"])
def test_public_key_is_never_an_hmac_secret(key):
    """The classic confusion: a token signed with the text of the public key."""
    pem = next(iter(OPTIONS[key].values()))
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    head = jwt.encode({"sub": "a"}, SECRET, "HS256").rpartition(".")[0]
    signature = jwt.utils.base64url_encode(algorithm.sign(head.encode(), pem.encode())).decode()
    for tokens in (verifier(key), verifier("HS", key)):
        with pytest.raises(TokenInvalid):
            tokens.connect(f"{head}.{signature}", NOW)


@pytest.mark.parametrize(
    ("key", "algorithm", "other"),
    [
        ("RSA", "RS256", rsa.generate_private_key(65537, 2048)),
        ("P256", "ES256", ec.generate_private_key(ec.SECP256R1())),
        ("ED", "EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_signature_of_another_key_is_wrong(key, algorithm, other):
    """Of the same type and algorithm."""
    with pytest.raises(TokenInvalid, match="signature"):
        verifier(key).connect(jwt.encode({}, other, algorithm), NOW)


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_signature_has_one_spelling_only(algorithm):
    """Other trailing bits, padding or the standard alphabet are refused."""
    tokens = verifier("HS", "RSA", "P256", "ED")
    token = jwt.encode({"sub": "a"}, SIGNERS[algorithm], algorithm)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    respelled = token[:-1] + alphabet[last ^ 1]
    for changed in (respelled, token + "=", token + "==", token + "A", token[:-1]):
        with pytest.raises(TokenInvalid):
            tokens.connect(changed, NOW)


def test_signature_of_a_wrong_length_is_invalid():
    """For an elliptic curve, where the length is fixed."""
    head = jwt.encode({"sub": "a"}, P256, "ES256").rpartition(".")[0]
    for signature in ("AAAA", "A" * 400):
        with pytest.raises(TokenInvalid):
            verifier("P256").connect(f"{head}.{signature}", NOW)
