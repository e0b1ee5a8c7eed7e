"""The surface over HTTP."""

from __future__ import annotations

import json
import logging

import httpx
import pytest

from cadenza.gateway.api import Operation, Registry, Reply, RestForm
from cadenza.models import SubscribeOrderBookRequest
from cadenza.trading.errors import RateLimitError

SUBSCRIBE = "market/subscription/orderBook/subscribe"


async def test_an_answer_is_wrapped(world):
    """Envelope, type, and headers that keep it out of caches and frames."""
    response = await world.http("GET", "market/venue/list")
    assert response.status_code == 200
    assert response.json() == {
        "success": True,
        "errno": 0,
        "data": [
            {"venue": "BINANCE", "status": "ONLINE"},
            {"venue": "PAPER", "status": "ONLINE"},
        ],
    }
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, "MISSING_TOKEN"),
        ("", "MISSING_TOKEN"),
        ("Bearer", "MISSING_TOKEN"),
        ("Bearer ", "MISSING_TOKEN"),
        ("Basic YTpi", "MISSING_TOKEN"),
        ("Bearer x", "INVALID_TOKEN"),
        ("Bearer a.b.c", "INVALID_TOKEN"),
        ("Bearer " + "x" * 100_000, "INVALID_TOKEN"),
    ],
)
async def test_who_calls_must_show_a_token(world, header, name):
    """401 with the scheme, for served calls and for those that are not."""
    headers = {} if header is None else {"authorization": header}
    for method, path in (("GET", ""), ("POST", SUBSCRIBE), ("POST", "credential/create")):
        response = await world.http(method, path, token="", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["details"]["code"] == name
        assert len(response.content) < 400


@pytest.mark.parametrize("claims", [{"exp": 1}, {"nbf": 4_000_000_000}, {"expire_at": 1}])
async def test_expired_tokens(world, claims):
    """Told apart from bad ones; the time is the parameter's."""
    status, envelope = await world.refused("GET", "", token=world.token(**claims))
    assert (status, envelope["details"]["code"]) == (401, "EXPIRED_TOKEN")


async def test_the_scheme_is_read_leniently(world):
    """Schemes have no case."""
    response = await world.http(
        "GET", "", token="", headers={"authorization": f"bEaReR   {world.token()}"}
    )
    assert response.status_code == 200


async def test_grants_of_a_token(world):
    """The accounts that a token's server-side channels name."""
    seen = []
    form = RestForm(http="GET", path="x", result=int)
    run = lambda caller, request: seen.append(caller) or Reply(1)  # noqa: E731 - one line says it all
    world.registry = Registry([Operation(name="x", doc="A test.", run=run, rest=form)])
    await world.http("GET", "x", token=world.token("ann", channels=["tradingAccount:9", "a"]))
    assert (seen[0].user, seen[0].accounts, seen[0].client) == ("ann", {"9"}, "")


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("nothing", ""),
        ("market/venues/list", 'did you mean "/api/v3/market/venue/list"?'),
        ("market/venue/list/", 'did you mean "/api/v3/market/venue/list"?'),
        ("x" * 3000, "xxx..."),
    ],
)
async def test_unknown_paths(world, path, hint):
    """404 in the envelope, with or without a token, naming the nearest path."""
    for token in ("", None):
        status, envelope = await world.refused("GET", path, token=token)
        assert (status, envelope["errno"]) == (404, 10005)
        assert hint in envelope["error"]
        assert len(envelope["error"]) < 300


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_wrong_http_methods(world, method):
    """405 with the ones that are right."""
    response = await world.http(method, "market/venue/list")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["details"]["required"] == ["GET"]


async def test_calls_that_are_not_served(world):
    """404 with an errno of their own, under every method where a whole folder is out."""
    for method, path in (
        ("POST", "credential/create"),
        ("DELETE", "market/security/delete"),
        ("GET", "fermata/wallet/list"),
        ("POST", "auth/login"),
    ):
        status, envelope = await world.refused(method, path)
        assert (status, envelope["errno"]) == (404, 70001)
        assert envelope["details"]["code"] == "NOT_SERVED"
    status, _ = await world.refused("GET", "credential/create")
    assert status == 405


async def test_head_is_get_without_a_body(world):
    """Whoever only wants to know gets the status."""
    response = await world.http("HEAD", "market/venue/list")
    assert response.status_code == 200


async def test_bodies(world):
    """JSON whatever its type is called; limits are checked while reading."""
    body = json.dumps({"instrumentId": "BINANCE:BTC/USDT"}).encode()
    for kind in ("application/json", "text/plain", ""):
        response = await world.http("POST", SUBSCRIBE, content=body, headers={"content-type": kind})
        assert response.status_code == 200
    status, envelope = await world.refused("POST", SUBSCRIBE, content=b"x" * 5000)
    assert (status, envelope["errno"]) == (413, 10007)
    status, envelope = await world.refused("POST", SUBSCRIBE, content=b"{")
    assert (status, envelope["errno"]) == (400, 10001)
    status, envelope = await world.refused("POST", SUBSCRIBE)
    assert (status, envelope["details"]["resource"]) == (400, "instrumentId")
    assert envelope["details"]["action"] == "market.subscription.orderBook.subscribe"


async def test_the_query_of_a_post_is_not_its_body(world):
    """Parameters stand in one place."""
    status, _ = await world.refused("POST", f"{SUBSCRIBE}?instrumentId=BINANCE:BTC/USDT")
    assert status == 400


async def test_a_failure_is_500_and_logged(world, caplog):
    """The envelope tells nothing."""

    def run(caller, request):
        raise RuntimeError("secret")

    form = RestForm(http="GET", path="x", result=int)
    world.registry = Registry([Operation(name="x", doc="A test.", run=run, rest=form)])
    with caplog.at_level(logging.ERROR, "cadenza.gateway"):
        status, envelope = await world.refused("GET", "x")
    assert (status, envelope["errno"]) == (500, 10009)
    assert "secret" not in json.dumps(envelope)
    assert "secret" in caplog.text


async def test_when_to_come_back(world):
    """Whoever sends too many orders is told when the next one will be taken."""

    def run(caller, request):
        raise RateLimitError(10, 1500)

    form = RestForm(http="GET", path="x", result=int)
    world.registry = Registry([Operation(name="x", doc="A test.", run=run, rest=form)])
    response = await world.http("GET", "x")
    assert (response.status_code, response.headers["retry-after"]) == (429, "2")
    assert response.json()["details"]["metadata"] == {"retryMs": 1500}


async def test_an_answer_that_comes_later(world):
    """Coroutines are awaited; a token without a user is refused where one is needed."""

    async def run(caller, request):
        return Reply({"got": request.instrument_id})

    form = RestForm(http="POST", path="x", params=SubscribeOrderBookRequest, result=dict)
    world.registry = Registry(
        [
            Operation(
                name="x",
                doc="A test.",
                run=run,
                request=SubscribeOrderBookRequest,
                rest=form,
                needs_user=True,
            )
        ]
    )
    response = await world.http("POST", "x", json={"instrumentId": "a"})
    assert response.json()["data"] == {"got": "a"}
    status, envelope = await world.refused(
        "POST", "x", token=world.token(""), json={"instrumentId": "a"}
    )
    assert (status, envelope["details"]["code"]) == (403, "NO_USER")


async def test_pages_of_other_origins(world):
    """Only allowed origins may read, and their preflight is answered."""
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    good = {"origin": "https://good.example"}
    response = await world.http("OPTIONS", SUBSCRIBE, token="", headers={**good, **ask})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == "https://good.example"
    assert response.headers["access-control-allow-methods"] == "POST"
    assert response.headers["access-control-allow-headers"] == "authorization"
    response = await world.http("GET", "", headers=good)
    assert response.headers["access-control-allow-origin"] == "https://good.example"
    bad = {"origin": "https://bad.example"}
    for headers in (bad, {**bad, **ask}):
        response = await world.http("OPTIONS" if len(headers) > 1 else "GET", "", headers=headers)
        assert "access-control-allow-origin" not in response.headers
        assert "access-control-allow-methods" not in response.headers


async def test_documents_need_no_token(world):
    """Both descriptions are public, and the same every time."""
    for name, key in (("openapi.json", "openapi"), ("asyncapi.json", "asyncapi")):
        first = await world.http("GET", name, token="")
        assert first.status_code == 200
        assert key in first.json()
        status, _ = await world.refused("POST", name)
        assert status == 405


async def test_the_root_is_a_call(world):
    """``GET /api/v3``, and nothing beside it."""
    assert (await world.get(""))["data"]["name"] == "Cadenza"
    transport = httpx.ASGITransport(world.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/api/v3x")).status_code == 404


async def test_through_a_real_gateway(gateway_of, signed):
    """The routes stand before those of the server API, whose path begins alike."""
    gateway = await gateway_of(http_api={"key": "k"})
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert (await client.get("/api/v3")).status_code == 401
        headers = {"authorization": f"Bearer {signed(sub='ann')}"}
        found = await client.get("/api/v3/market/venue/list", headers=headers)
        assert {"venue": "BINANCE", "status": "ONLINE"} in found.json()["data"]
        answer = await client.post("/api/info", headers={"x-api-key": "k"}, json={})
        assert "result" in answer.json()
