"""Rules of ``client.token`` and ``client.subscription_token``: keys, patterns, the JWKS URL."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from cadenza.config.client import TokenConfig
from cadenza.config.config import Config
from cadenza.config.errors import PemError
from cadenza.config.pem import read_ec, read_ed25519, read_rsa
from cadenza.config.re2 import fixed_choices
from cadenza.config.report import Report
from cadenza.config.rules_channels import check_pattern

PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")
"""A part of the JWKS URL that a token's issuer or audience fills in."""

_CLAIM: Final = re.compile(r"[a-zA-Z_]+")
_SHORT_HMAC: Final = 32
_SHORT_RSA: Final = 2048
_READERS: Final[dict[str, Callable[[str], object]]] = {
    "rsa_public_key": read_rsa,
    "ecdsa_public_key": read_ec,
    "ed25519_public_key": read_ed25519,
}


def check_tokens(config: Config, report: Report) -> None:
    """Check both sections."""
    client = config.client
    _check_section("client.token", client.token, report)
    _check_section("client.subscription_token", client.subscription_token, report)
    if client.insecure_skip_token_signature_verify:
        report.warn(
            "client.insecure_skip_token_signature_verify",
            "anybody can connect as anybody: signatures of tokens are not verified",
        )


def _check_section(path: str, token: TokenConfig, report: Report) -> None:
    for name in ("audience", "issuer"):
        pattern = getattr(token, f"{name}_regex")
        if getattr(token, name) and pattern:
            report.error(f"{path}.{name}_regex", f"cannot be used together with {path}.{name}")
        check_pattern(f"{path}.{name}_regex", pattern, report)
    if token.user_id_claim and not _CLAIM.fullmatch(token.user_id_claim):
        report.error(f"{path}.user_id_claim", "must be letters and _ only")
    _check_hmac(path, token, report)
    _check_public_keys(path, token, report)
    if token.jwks_public_endpoint:
        _check_endpoint(path, token, report)


def _check_hmac(path: str, token: TokenConfig, report: Report) -> None:
    for name in ("hmac_secret_key", "hmac_previous_secret_key"):
        key = getattr(token, name).reveal()
        if 0 < len(key.encode()) < _SHORT_HMAC:
            report.warn(f"{path}.{name}", f"is short: use at least {_SHORT_HMAC} random bytes")
    if token.hmac_previous_secret_key and not token.hmac_secret_key:
        report.warn(f"{path}.hmac_previous_secret_key", "is set without hmac_secret_key")


def _check_public_keys(path: str, token: TokenConfig, report: Report) -> None:
    for name, read in _READERS.items():
        pem = getattr(token, name)
        if not pem:
            continue
        try:
            key = read(pem)
        except PemError as error:
            report.error(f"{path}.{name}", str(error))
            continue
        if isinstance(key, RSAPublicKey) and key.key_size < _SHORT_RSA:
            bits = key.key_size
            report.warn(f"{path}.{name}", f"is short: {bits} bits, use at least {_SHORT_RSA}")


def _check_endpoint(path: str, token: TokenConfig, report: Report) -> None:
    name = f"{path}.jwks_public_endpoint"
    try:
        url = urlsplit(PLACEHOLDER.sub("x", token.jwks_public_endpoint))
    except ValueError:
        url = urlsplit("")
    if url.scheme not in {"http", "https"} or not url.netloc:
        report.error(name, "must be an http:// or https:// URL")
    static = [key for key in ("hmac_secret_key", *_READERS) if getattr(token, key)]
    if static:
        report.warn(name, f"is used instead of {', '.join(static)}")
    for group in PLACEHOLDER.findall(token.jwks_public_endpoint):
        _check_placeholder(name, group, token, report)


def _check_placeholder(name: str, group: str, token: TokenConfig, report: Report) -> None:
    """Check that a value is one of a list: it comes from a token that is not verified yet."""
    patterns = (token.issuer_regex, token.audience_regex)
    if not any(f"<{group}>" in pattern for pattern in patterns):
        report.error(name, f"{{{{{group}}}}} is no named group of issuer_regex or audience_regex")
    elif not any(fixed_choices(pattern, group) for pattern in patterns):
        sentence = (
            f"{{{{{group}}}}} must come from a group that lists its values, "
            f"(?P<{group}>one|two): otherwise a forged token chooses where keys are fetched"
        )
        unsafe = token.insecure_skip_jwks_endpoint_safety_check
        (report.warn if unsafe else report.error)(name, sentence)
