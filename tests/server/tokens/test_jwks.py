"""Keys from a JWKS endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cadenza.config import ClientConfig, Secret, TokenConfig
from cadenza.server.tokens import (
    FetchError,
    TokenExpired,
    TokenInvalid,
    TokenUndecided,
    TokenVerifier,
)
from cadenza.server.tokens.jwks import (
    FAILED_RETRY_SECONDS,
    FRESH_SECONDS,
    GRACE_SECONDS,
    MAX_ENDPOINTS,
    RETRY_SECONDS,
    read_key_set,
)

NOW = 1_800_000_000.0
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
URL = "https://keys.example/jwks"
SECRET = "0123456789abcdef0123456789abcdef"


def jwk(key, kid, **more):
    algorithm = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    kind = next(found for base, found in algorithm.items() if isinstance(key, base))
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


def key_set(*keys):
    return json.dumps({"keys": keys}).encode()


class Server:
    """Stands in for HTTP: counts requests, waits when told, answers or fails."""

    def __init__(self, *keys):
        self.body, self.urls, self.fails = key_set(*keys), [], False
        self.gate, self.asked = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def __call__(self, url):
        self.urls.append(url)
        self.asked.set()
        await self.gate.wait()
        if self.fails:
            raise FetchError("out of order")
        return self.body

    def verifier(self, url=URL, **token):
        config = TokenConfig(jwks_public_endpoint=url, **token)
        return TokenVerifier(ClientConfig(token=config), fetch=self)


def make(key=RSA, kid="one", algorithm="RS256", **claims):
    return jwt.encode({"sub": "a"} | claims, key, algorithm, headers={"kid": kid})


async def verify(tokens, token, now=NOW):
    result = tokens.connect(token, now)
    return await result if inspect.isawaitable(result) else result


async def test_first_token_waits_for_the_keys_and_the_next_does_not():
    """The engine answers in the same tick once a key is known."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    first = tokens.connect(make(), NOW)
    assert inspect.isawaitable(first)
    assert (await first).user == "a"
    assert tokens.connect(make(), NOW + 1).user == "a"
    assert server.urls == [URL]


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS384"), (EC, "ES256"), (ED, "EdDSA")]
)
async def test_all_public_key_types(key, algorithm):
    """RSA, elliptic curves, Ed25519."""
    tokens = Server(jwk(key, "one")).verifier()
    assert (await verify(tokens, make(key, algorithm=algorithm))).user == "a"


async def test_key_type_fixes_the_algorithm():
    """Also ``alg`` of the key itself narrows it; a public key is never an HMAC secret."""
    tokens = Server(jwk(RSA, "one", alg="RS512"), jwk(EC, "two")).verifier()
    await verify(tokens, make(algorithm="RS512"))
    for token in (
        make(algorithm="RS256"),
        make(RSA, "two"),
        make(EC, "one", "ES256"),
        make(SECRET, "one", "HS256"),
    ):
        with pytest.raises(TokenInvalid, match="no key for the algorithm"):
            tokens.connect(token, NOW)


async def test_token_without_a_key_name_is_invalid_at_once():
    """Nothing is fetched for it."""
    server = Server(jwk(RSA, "one"))
    with pytest.raises(TokenInvalid, match="kid"):
        server.verifier().connect(jwt.encode({}, RSA, "RS256"), NOW)
    assert server.urls == []


async def test_static_keys_do_not_count_beside_an_endpoint():
    """As the configuration's warning says."""
    tokens = Server(jwk(RSA, "one")).verifier(hmac_secret_key=Secret(SECRET))
    with pytest.raises(TokenInvalid):
        await verify(tokens, make(SECRET, "one", "HS256"))


async def test_wrong_signature_and_expiry_through_an_endpoint():
    """The awaitable ends with the same errors."""
    tokens = Server(jwk(RSA, "one")).verifier()
    with pytest.raises(TokenInvalid, match="signature"):
        await verify(tokens, make(rsa.generate_private_key(65537, 2048)))
    with pytest.raises(TokenExpired):
        await verify(Server(jwk(RSA, "one")).verifier(), make(exp=5))


async def test_unknown_key_asks_again_but_not_too_often():
    """A rotated key is found; a flood of made-up names is one request in five seconds."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    await verify(tokens, make())
    for number in range(20):
        with pytest.raises(TokenUndecided, match="may be newer"):
            tokens.connect(make(kid=f"made-up-{number}"), NOW + 1)
    assert len(server.urls) == 1
    server.body = key_set(jwk(RSA, "one"), jwk(EC, "two"))
    later = NOW + RETRY_SECONDS
    assert (await verify(tokens, make(EC, "two", "ES256"), later)).user == "a"
    assert len(server.urls) == 2


async def test_waiting_tokens_share_one_request():
    """A hundred clients at the start are one fetch."""
    server = Server(jwk(RSA, "one"))
    server.gate.clear()
    tokens = server.verifier()
    waiting = [asyncio.ensure_future(verify(tokens, make())) for _ in range(100)]
    await server.asked.wait()
    waiting[0].cancel()
    server.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert {claims.user for claims in results[1:]} == {"a"}
    assert len(server.urls) == 1


async def test_endpoint_out_of_order():
    """Undecided while nothing was ever fetched, and not asked for every token."""
    server = Server(jwk(RSA, "one"))
    server.fails = True
    tokens = server.verifier()
    with pytest.raises(TokenUndecided, match="cannot be fetched"):
        await verify(tokens, make())
    with pytest.raises(TokenUndecided, match=r"cannot be fetched: out of order"):
        tokens.connect(make(), NOW + FAILED_RETRY_SECONDS / 2)
    assert len(server.urls) == 1
    server.fails = False
    assert (await verify(tokens, make(), NOW + FAILED_RETRY_SECONDS)).user == "a"


async def test_an_outage_is_logged_when_it_begins_and_when_it_ends(caplog):
    """Once each, with its reason, and without what is secret in the URL."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier("https://me:hush@keys.example/jwks?key=hush")
    now = NOW
    for fails in (True, True, True, False, False, True):
        server.fails = fails
        with contextlib.suppress(TokenUndecided):
            await verify(tokens, make(), now)
        now += FRESH_SECONDS + GRACE_SECONDS
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "the key set at https://keys.example/jwks cannot be fetched: out of order",
        "the key set at https://keys.example/jwks is fetched again",
        "the key set at https://keys.example/jwks cannot be fetched: out of order",
    ]


async def test_a_key_that_came_just_now_is_not_refused_for_good():
    """Issuers sign with a new key at once; the set is asked again as soon as it may be."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    await verify(tokens, make())
    server.body = key_set(jwk(RSA, "one"), jwk(EC, "two"))
    new = make(EC, "two", "ES256")
    with pytest.raises(TokenUndecided):
        await verify(tokens, new, NOW)
    assert (await verify(tokens, make(), NOW)).user == "a"
    assert (await verify(tokens, new, NOW + RETRY_SECONDS)).user == "a"


async def test_a_key_that_changed_under_its_name_is_fetched():
    """Some issuers have one name for all their keys."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    await verify(tokens, make())
    other = rsa.generate_private_key(65537, 2048)
    server.body = key_set(jwk(other, "one"))
    with pytest.raises(TokenInvalid, match="signature"):
        await verify(tokens, make(other), NOW)
    with pytest.raises(TokenUndecided):
        await verify(tokens, make(other), NOW + 2)
    assert (await verify(tokens, make(other), NOW + RETRY_SECONDS)).user == "a"
    with pytest.raises(TokenInvalid, match="signature"):
        await verify(tokens, make(), NOW + 2 * RETRY_SECONDS)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"keys":null}', b"\xff", b""])
async def test_an_answer_that_is_no_key_set_decides_nothing(body):
    """A page in place of the document says nothing about the token."""
    server = Server(jwk(RSA, "one"))
    server.body = body
    with pytest.raises(TokenUndecided, match="no key set"):
        await verify(server.verifier(), make())


async def test_keys_grow_old_and_are_fetched_again():
    """After an hour; a key that is gone then counts no more."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    await verify(tokens, make())
    server.body = key_set(jwk(EC, "two"))
    with pytest.raises(TokenInvalid, match="not in the key set"):
        await verify(tokens, make(), NOW + FRESH_SECONDS)
    assert len(server.urls) == 2


async def test_old_keys_serve_on_while_the_endpoint_is_out_of_order():
    """For a while, then no more."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier()
    await verify(tokens, make())
    server.fails = True
    assert (await verify(tokens, make(), NOW + FRESH_SECONDS)).user == "a"
    assert tokens.connect(make(), NOW + FRESH_SECONDS + 1).user == "a"
    with pytest.raises(TokenUndecided, match="cannot be fetched"):
        await verify(tokens, make(), NOW + FRESH_SECONDS + GRACE_SECONDS)


async def test_url_from_the_issuer():
    """Each tenant has its own keys; one tenant's key does not open another's door."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier(
        "https://keys.example/{{tenant}}/jwks", issuer_regex=r"^https://(?P<tenant>a|b)\.example$"
    )
    await verify(tokens, make(iss="https://a.example"))
    server.body = key_set(jwk(EC, "one"))
    with pytest.raises(TokenInvalid):
        await verify(tokens, make(iss="https://b.example"))
    assert server.urls == ["https://keys.example/a/jwks", "https://keys.example/b/jwks"]
    with pytest.raises(TokenInvalid, match="issuer"):
        tokens.connect(make(iss="https://c.example"), NOW)


@pytest.mark.parametrize("value", ["../x", "a/b", "a@b", "evil.example/?", "", ".", "a:1"])
async def test_value_that_changes_the_shape_of_the_url_is_invalid(value):
    """Even where the operator has switched the safety check off."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier("https://keys.example/{{t}}", audience_regex="^(?P<t>.*)$")
    with pytest.raises(TokenInvalid, match="URL"):
        tokens.connect(make(aud=value), NOW)
    assert server.urls == []


async def test_number_of_urls_is_bounded():
    """Values from tokens cannot fill the memory."""
    server = Server(jwk(RSA, "one"))
    tokens = server.verifier("https://keys.example/{{t}}", audience_regex="^(?P<t>.*)$")
    for number in range(MAX_ENDPOINTS + 10):
        await verify(tokens, make(aud=f"t{number}"))
    assert len(tokens._connection.keys._endpoints) == MAX_ENDPOINTS


async def test_close_gives_up_a_fetch():
    """A server that stops does not wait for another one."""
    server = Server(jwk(RSA, "one"))
    server.gate.clear()
    tokens = server.verifier()
    waiting = asyncio.ensure_future(verify(tokens, make()))
    await server.asked.wait()
    await tokens.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_key_set_passes_over_what_it_cannot_use():
    """Symmetric keys, keys for encryption, short or broken ones, keys without a name."""
    short = jwk(rsa.generate_private_key(65537, 1024), "short")
    body = key_set(
        {"kty": "oct", "k": "c2VjcmV0", "kid": "oct"},
        jwk(RSA, "enc", use="enc"),
        jwk(RSA, "ops", key_ops=["sign"]),
        short,
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "EC", "kid": "curve", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": 5},
        {**jwk(RSA, ""), "kid": ""},
        jwk(RSA, "good", key_ops=["verify"]),
    )
    assert set(read_key_set(body)) == {"good"}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"keys": 5}', b"<html>", b"\xff", b'{"keys":[5]}'])
def test_document_that_is_no_key_set(body):
    """Told from an empty set."""
    with pytest.raises(FetchError):
        read_key_set(body)
