"""Key sets from a URL (RFC 7517): fetched when needed, kept, and never asked for too often."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import InvalidKeyError

from cadenza.config.rules_tokens import PLACEHOLDER
from cadenza.realtime.claims import TokenInvalid, TokenUndecided
from cadenza.server.tokens.audience import Audience
from cadenza.server.tokens.compact import Signed
from cadenza.server.tokens.jwks_fetch import Fetch, FetchError
from cadenza.server.tokens.keys import Check, ec_checks, ed25519_checks, refuse, rsa_checks
from cadenza.server.tokens.payload import read_common

logger: Final = logging.getLogger("cadenza.server")

FRESH_SECONDS: Final = 3600.0
"""How long a key set is used without asking again."""
GRACE_SECONDS: Final = 3600.0
"""How much longer, while its server does not answer."""
RETRY_SECONDS: Final = 5.0
"""Between two requests to one URL, whatever tokens arrive."""
FAILED_RETRY_SECONDS: Final = 1.0
"""The same after a request that failed: an outage should not outlive itself."""
NEW_SECONDS: Final = 1.0
"""For so long after it was fetched, no key of a set is thought to have changed under its name."""
MAX_ENDPOINTS: Final = 64
MAX_KEYS: Final = 256
MIN_RSA_BITS: Final = 2048

KeySet = dict[str, dict[str, Check]]
"""What each key can check: by its ``kid``, then by algorithm."""


class _Jwk(msgspec.Struct):
    kty: str
    kid: str = ""
    use: str = ""
    key_ops: list[str] | None = None
    alg: str = ""
    crv: str = ""
    n: str = ""
    e: str = ""
    x: str = ""
    y: str = ""


class _Document(msgspec.Struct):
    keys: list[dict[str, Any]]


def read_key_set(body: bytes) -> KeySet:
    """The usable public keys of a document; others (symmetric, for encryption) are passed over.

    Raises:
        FetchError: The body is no key set.
    """
    try:
        document = msgspec.json.decode(body, type=_Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FetchError(f"the answer is no key set: {error}") from None
    result: KeySet = {}
    for source in document.keys[:MAX_KEYS]:
        try:
            key = msgspec.convert(source, _Jwk)
            checks = _checks(key)
        except (msgspec.ValidationError, InvalidKeyError, ValueError):
            continue
        if key.kid and checks:
            result.setdefault(key.kid, {}).update(checks)
    return result


def _checks(jwk: _Jwk) -> dict[str, Check]:
    if jwk.use not in {"", "sig"} or (jwk.key_ops is not None and "verify" not in jwk.key_ops):
        return {}
    checks = _checks_of_type(jwk)
    return {name: check for name, check in checks.items() if jwk.alg in {"", name}}


def _checks_of_type(jwk: _Jwk) -> dict[str, Check]:
    """Only public members are handed on, so a private key in the set counts as its public half."""
    if jwk.kty == "RSA":
        rsa = RSAAlgorithm.from_jwk({"kty": "RSA", "n": jwk.n, "e": jwk.e})
        good = isinstance(rsa, RSAPublicKey) and rsa.key_size >= MIN_RSA_BITS
        return rsa_checks(rsa) if good and isinstance(rsa, RSAPublicKey) else {}
    if jwk.kty == "EC":
        ec = ECAlgorithm.from_jwk({"kty": "EC", "crv": jwk.crv, "x": jwk.x, "y": jwk.y})
        return ec_checks(ec) if isinstance(ec, EllipticCurvePublicKey) else {}
    if jwk.kty == "OKP":
        okp = OKPAlgorithm.from_jwk({"kty": "OKP", "crv": jwk.crv, "x": jwk.x})
        return ed25519_checks(okp) if isinstance(okp, Ed25519PublicKey) else {}
    return {}


class _Endpoint:
    """What is known of one URL."""

    __slots__ = ("asked_at", "failure", "fetched_at", "is_renewed", "keys", "task")

    def __init__(self) -> None:
        self.keys: KeySet = {}
        self.failure = ""
        self.is_renewed = False
        self.fetched_at = self.asked_at = float("-inf")
        self.task: asyncio.Task[None] | None = None

    def may_ask(self, now: float) -> bool:
        wait = FAILED_RETRY_SECONDS if self.failure else RETRY_SECONDS
        return abs(now - self.asked_at) >= wait

    def is_new(self, now: float) -> bool:
        """Whether no key can have changed since they were fetched."""
        return not self.failure and abs(now - self.fetched_at) < NEW_SECONDS

    def usable(self, now: float) -> bool:
        age = abs(now - self.fetched_at)
        is_fresh = age < FRESH_SECONDS and not self.is_renewed
        # Old keys serve on, and keep nobody waiting, once their server is known to be out of order.
        in_grace = bool(self.failure) or not self.may_ask(now)
        return is_fresh or (in_grace and age < FRESH_SECONDS + GRACE_SECONDS)

    def is_old(self, now: float) -> bool:
        """Whether the keys should be fetched again, and may be."""
        age = abs(now - self.fetched_at)
        return self.task is None and self.may_ask(now) and age >= FRESH_SECONDS


def _accepts(endpoint: _Endpoint, signed: Signed) -> bool:
    """Whether a key that is known signed the token."""
    check = endpoint.keys.get(signed.header.kid or "", {}).get(signed.header.alg)
    return check is not None and check(signed)


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class JwksKeys:
    """Keys of one URL, or of several when issuer or audience are part of it.

    Args:
        template: The URL; ``{{name}}`` is filled from the token's issuer or audience.
        audience: The patterns that give ``name`` its value.
        fetch: Gets a document.
    """

    def __init__(self, template: str, audience: Audience, fetch: Fetch) -> None:
        self._template, self._audience, self._fetch = template, audience, fetch
        self._has_names = PLACEHOLDER.search(template) is not None
        self._endpoints: OrderedDict[str, _Endpoint] = OrderedDict()

    def verify(self, signed: Signed, now: float) -> Awaitable[None] | None:
        """See ``Keys``; waits only while a key set is fetched."""
        if not signed.header.kid:
            raise TokenInvalid("the token does not name its key (kid)")
        url = self._url(signed)
        endpoint = self._endpoints.get(url)
        if endpoint is not None:
            self._endpoints.move_to_end(url)
            if endpoint.usable(now) and _accepts(endpoint, signed):
                if endpoint.is_old(now):
                    self._fetch_again(endpoint, url, now)
                return None
            # Not signed by a key that is known: the key may have come, or changed, since.
            if endpoint.task is None and not endpoint.may_ask(now):
                self._decide(endpoint, signed, now)
                return None
        return self._verify_later(url, signed, now)

    def _url(self, signed: Signed) -> str:
        if not self._has_names:
            return self._template
        return self._audience.endpoint(self._template, read_common(signed.payload))

    def _decide(
        self, endpoint: _Endpoint, signed: Signed, now: float, *, is_final: bool = False
    ) -> None:
        """Return, or say what is wrong with the token, or that this cannot be said now.

        ``is_final``: the key set was fetched for this token, and has the last word.
        """
        if endpoint.usable(now) and _accepts(endpoint, signed):
            return
        if not endpoint.usable(now):
            raise TokenUndecided(f"the key set cannot be fetched: {endpoint.failure}")
        checks = endpoint.keys.get(signed.header.kid or "")
        if not is_final and (checks is None or not endpoint.is_new(now)):
            raise TokenUndecided("the token's key may be newer than the key set that is known")
        if checks is None:
            raise TokenInvalid("the token's key (kid) is not in the key set")
        if signed.header.alg not in checks:
            raise refuse(signed)
        raise TokenInvalid("the signature is wrong")

    async def _verify_later(self, url: str, signed: Signed, now: float) -> None:
        endpoint = self._endpoints.setdefault(url, _Endpoint())
        if len(self._endpoints) > MAX_ENDPOINTS:
            self._endpoints.popitem(last=False)
        task = endpoint.task or self._fetch_again(endpoint, url, now)
        # Shielded: a client that leaves must not end the wait of the others.
        await asyncio.shield(task)
        self._decide(endpoint, signed, now, is_final=not endpoint.failure)

    def _fetch_again(self, endpoint: _Endpoint, url: str, now: float) -> asyncio.Task[None]:
        endpoint.asked_at = now
        endpoint.task = task = asyncio.create_task(self._refresh(endpoint, url, now))
        return task

    async def _refresh(self, endpoint: _Endpoint, url: str, now: float) -> None:
        try:
            endpoint.keys = read_key_set(await self._fetch(url))
            endpoint.fetched_at = now
        except FetchError as error:
            # What was fetched before stays good for a while.
            if str(error) != endpoint.failure:
                logger.warning("the key set at %s cannot be fetched: %s", _shown(url), error)
            endpoint.failure = str(error) or "unknown"
        else:
            if endpoint.failure:
                logger.warning("the key set at %s is fetched again", _shown(url))
            endpoint.failure, endpoint.is_renewed = "", False
        finally:
            endpoint.task = None

    def renew(self) -> None:
        """Ask for every key set again when it is needed next; until then nothing is forgotten."""
        for endpoint in self._endpoints.values():
            endpoint.is_renewed, endpoint.asked_at = True, float("-inf")

    async def close(self) -> None:
        """Give up the fetches under way."""
        tasks = [item.task for item in self._endpoints.values() if item.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
