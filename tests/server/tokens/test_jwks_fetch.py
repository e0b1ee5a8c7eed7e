"""Fetching key sets over real HTTP."""

from __future__ import annotations

import asyncio
import json

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from cadenza.config import ClientConfig, TokenConfig
from cadenza.server.tokens import FetchError, TokenVerifier, fetch_jwks

NOW = 1_800_000_000.0
RSA = rsa.generate_private_key(65537, 2048)
PUBLIC = jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True)
KEY_SET = json.dumps({"keys": [{**PUBLIC, "kid": "one"}]}).encode()


@pytest.fixture
async def site():
    """A real HTTP server; yields its base URL and the paths that were asked for."""
    asked, closing = [], asyncio.Event()

    async def answer(request):
        asked.append(request.path)
        if request.path == "/jwks":
            return web.Response(body=KEY_SET)
        if request.path == "/moved":
            raise web.HTTPFound("/jwks")
        if request.path == "/loop":
            raise web.HTTPFound("/loop")
        if request.path == "/away":
            raise web.HTTPFound("ftp://127.0.0.1/jwks")
        if request.path == "/large":
            return web.Response(body=b"x" * 10_001)
        if request.path == "/slow":
            response = web.StreamResponse()
            await response.prepare(request)
            await closing.wait()
            return response
        raise web.HTTPNotFound

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}", asked
    closing.set()
    await runner.cleanup()


async def test_keys_over_http(site):
    """The whole way, with the fetch that a server uses."""
    url, asked = site
    client = ClientConfig(token=TokenConfig(jwks_public_endpoint=f"{url}/jwks"))
    tokens = TokenVerifier(client)
    token = jwt.encode({"sub": "a"}, RSA, "RS256", headers={"kid": "one"})
    assert (await tokens.connect(token, NOW)).user == "a"
    assert tokens.connect(token, NOW).user == "a"
    assert asked == ["/jwks"]


async def test_redirect_on_the_same_scheme_is_followed(site):
    """Key sets move."""
    url, asked = site
    assert b"keys" in await fetch_jwks(f"{url}/moved")
    assert asked == ["/moved", "/jwks"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/loop", "status 302"),
        ("/away", "ftp URL"),
        ("/large", "larger than"),
        ("/slow", "no answer|timed out"),
        ("/none", "status 404"),
    ],
)
async def test_answer_that_is_not_wanted(site, path, words):
    """Endless redirects, other schemes, too much, too slow, not there."""
    url, _ = site
    with pytest.raises(FetchError, match=words):
        await fetch_jwks(f"{url}{path}", seconds=0.5, max_bytes=10_000)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/x", "jwks", ""])
async def test_only_http_is_fetched(url):
    """Nothing else is even tried."""
    with pytest.raises(FetchError, match="not http"):
        await fetch_jwks(url)


async def test_nobody_listens(unused_tcp_port):
    """A refused connection is a fetch that failed."""
    with pytest.raises(FetchError):
        await fetch_jwks(f"http://127.0.0.1:{unused_tcp_port}/jwks")
