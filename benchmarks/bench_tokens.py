"""CPU time of verifying a connection token, against PyJWT's own ``jwt.decode``.

Run: ``python benchmarks/bench_tokens.py``. The figures are the best of several rounds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cadenza.config import ClientConfig, Secret, TokenConfig
from cadenza.server.tokens import TokenVerifier

ROUNDS = 5
NOW = time.time()
CLAIMS: dict[str, Any] = {
    "sub": "user-4711",
    "exp": int(NOW) + 3600,
    "info": {"name": "Ada", "desk": "rates"},
    "channels": ["tradingAccount:4711"],
}


def microseconds(call: Callable[[], object], repeat: int) -> float:
    """The best time of one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(repeat):
            call()
        best = min(best, (time.process_time() - start) / repeat)
    return best * 1e6


def report(name: str, config: TokenConfig, signing: Any, verifying: Any, repeat: int) -> None:
    """Print one line."""
    verifier = TokenVerifier(ClientConfig(token=config))
    token = jwt.encode(CLAIMS, signing, name)
    ours = microseconds(lambda: verifier.connect(token, NOW), repeat)
    theirs = microseconds(lambda: jwt.decode(token, verifying, [name]), repeat)
    print(f"{name:6} {ours:8.1f} us   jwt.decode {theirs:8.1f} us")


def main() -> None:
    """Measure one algorithm of each family."""
    secret = secrets.token_hex(32)
    report("HS256", TokenConfig(hmac_secret_key=Secret(secret)), secret, secret, 20_000)
    rsa_key = rsa.generate_private_key(65537, 2048)
    ec_key = ec.generate_private_key(ec.SECP256R1())
    ed_key = ed25519.Ed25519PrivateKey.generate()

    def pem(key: Any) -> str:
        public = key.public_key()
        text = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return str(text, "ascii")

    config = TokenConfig(
        rsa_public_key=pem(rsa_key), ecdsa_public_key=pem(ec_key), ed25519_public_key=pem(ed_key)
    )
    report("RS256", config, rsa_key, rsa_key.public_key(), 2_000)
    report("ES256", config, ec_key, ec_key.public_key(), 2_000)
    report("EdDSA", config, ed_key, ed_key.public_key(), 2_000)


if __name__ == "__main__":
    main()
