"""Every operation of the published API against a gateway: answers and errors of its own schemas."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.config import load_tree
from cadenza.gateway.gateway import Gateway
from cadenza.trading.exchange.dealer import DEALER_ID
from support.gateway.contract import Document, mutated

KEY = "unit-test-hmac-key-0123456789abcdef"
SEED = "/connection/websocket"
BTC = "PAPER:BTC/USDT"
NOBODYS = "00000000-0000-4000-8000-ffffffffffff"
TREE = {
    "client": {"token": {"hmac_secret_key": KEY}},
    "http_api": {"key": "operator"},
    "market": {"simulated": {"seed": 7}},
}
ENVELOPE = {"success", "errno", "error"}


@pytest.fixture(scope="module")
def document(shared):
    path = shared / "api/openapi.json"
    if not path.exists():
        pytest.skip("the published document of the API is not here")
    return Document(json.loads(path.read_text()))


class Floor:
    """A gateway with a book, an order and two users.

    Args:
        gateway: The gateway.
        signed: Signs claims.
    """

    def __init__(self, gateway, signed):
        transport = httpx.ASGITransport(gateway.app)
        self.web = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self.tokens = {
            user: signed(sub=user, meta={"operator": user == "op"}) for user in ("ann", "ben", "op")
        }
        self.known = {}

    async def open(self):
        accounts = await self.call("GET", "/api/v3/tradingAccount/list")
        mine = accounts.json()["data"][0]["tradingAccountId"]
        theirs = await self.call("GET", "/api/v3/tradingAccount/list", user="ben")
        foreign = theirs.json()["data"][0]["tradingAccountId"]
        order = {
            "tradingAccountId": mine,
            "instrumentId": BTC,
            "orderSide": "BUY",
            "orderType": "LIMIT",
            "limitPrice": "100.00",
            "quantity": "0.1",
        }
        placed = await self.call("POST", "/api/v3/tradeOrder/submit", order)
        orders = [placed.json()["data"][0]["tradeOrderId"], NOBODYS]
        self.known = {
            "tradingAccountId": [mine, mine, foreign, NOBODYS],
            "traderAccountId": [mine, foreign],
            "dealerAccountId": [DEALER_ID, NOBODYS],
            "tradeOrderId": orders,
            "instrumentId": [BTC, BTC, "PAPER:ETH/USDT", "X:Y/Z"],
            "instrumentIds": [[BTC]],
            "externalTradingAccountId": ["mine", mine, foreign],
            "credentialIds": [[]],
            "venue": ["PAPER"],
            "symbols": [["BTC/USDT"]],
            "limitPrice": ["100.00", "0.001"],
            "stopPrice": ["90000.00"],
            "quantity": ["0.01", "1", "0.000001"],
            "orderType": ["LIMIT", "MARKET"],
            "nickname": ["paper"],
            "currency": ["USDT", "USD", "EUR", "BTC"],
            "from": [0],
            "to": [1_700_003_600_000],
        }
        return self

    async def call(self, http, path, params=None, *, user="ann"):
        headers = {"authorization": f"Bearer {self.tokens[user]}"} if user else {}
        if http == "GET":
            return await self.web.get(path, params=params, headers=headers)
        return await self.web.request(http, path, json=params, headers=headers)


@pytest.fixture
async def floor(signed):
    gateway = Gateway(load_tree(TREE, {}, {})[0])
    async with gateway.running():
        gateway.market.publish_pending()
        yield await Floor(gateway, signed).open()


def checked(document, key, response):
    """Whether an answer is served, once it is of the schema of its status."""
    operation = document.operations[key]
    body = response.json()
    if body.get("errno") == 70001:
        assert response.status_code == 404
        faults = document.faults({"$ref": "#/components/schemas/baseResponse"}, body)
        assert not list(faults)
        return False
    assert str(response.status_code) in operation["responses"], (key, body)
    schema = document.schema(operation, response.status_code)
    assert not list(document.faults(schema, body)), (key, response.status_code, body)
    if "health" not in key[1]:
        assert set(body) >= ENVELOPE
        assert (body["error"] is None) == body["success"] == (body["errno"] == 0)
        assert (response.status_code == 200) == body["success"]
    return True


def params_of(document, key, known):
    """A strategy for valid parameters of an operation."""
    operation = document.operations[key]
    body = document.body(operation)
    if body is not None:
        return document.values(body, known)
    needed, optional = {}, {}
    for one in operation.get("parameters", ()):
        place = needed if one["required"] else optional
        place[one["name"]] = document.values(one["schema"], known, one["name"])
    return st.fixed_dictionaries(needed, optional=optional)


def plain(http, params):
    """Parameters as a query takes them."""
    if http != "GET":
        return params
    found = {name: value for name, value in params.items() if value is not None}
    return {
        name: value if isinstance(value, (str, list)) else json.dumps(value)
        for name, value in found.items()
        if not (isinstance(value, list) and None in value)
    }


def test_the_oracle_sees_what_is_wrong(document):
    """A missing field, a null, a wrong type, an unknown member, a bad decimal and a bad id."""
    schema = {"$ref": "#/components/schemas/cancelTradeOrderRequest"}
    good = {"tradeOrderId": NOBODYS, "tradingAccountId": NOBODYS}
    assert not list(document.faults(schema, good))
    for bad in (
        {},
        {**good, "tradeOrderId": None},
        {**good, "tradeOrderId": 1},
        [],
        {**good, "tradeOrderId": "x"},
    ):
        assert list(document.faults(schema, bad))
    venue = {"$ref": "#/components/schemas/venue"}
    assert not list(document.faults(venue, "PAPER"))
    assert list(document.faults(venue, "MOON"))
    ticker = {"$ref": "#/components/schemas/ticker"}
    body = {"symbol": "A/B", "timestamp": 1, "venue": "PAPER"}
    assert not list(document.faults(ticker, {**body, "lastPrice": "1.5"}))
    assert list(document.faults(ticker, {**body, "lastPrice": "1e5"}))
    assert list(document.faults(ticker, {**body, "timestamp": True}))


async def test_every_operation_answers_as_the_document_says(document, floor):
    """Without parameters, without a token, and with a bad one."""
    served = 0
    for key, operation in document.operations.items():
        http, path = key
        if path == SEED:
            continue
        is_public = operation.get("security") == []
        for user in ("ann", "op", ""):
            response = await floor.call(http, path, None if http == "GET" else {}, user=user)
            is_served = checked(document, key, response)
            assert not is_served or is_public or user or response.status_code == 401, key
        served += is_served
    assert served >= 35


async def test_the_operation_of_the_socket(document, floor):
    """400, and 401 for a bad bearer; 101 is an upgrade's."""
    key = ("POST", SEED)
    assert set(document.operations[key]["responses"]) == {"101", "400", "401"}
    for token, status in (("", 400), ("a.b.c", 401), (floor.tokens["ann"], 400)):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        response = await floor.web.post(SEED, json={"id": 1, "connect": {}}, headers=headers)
        assert response.status_code == status
        assert checked(document, key, response)


def drawn(strategy, is_bad):
    """Parameters of a strategy, each with one thing wrong with it if that is wanted."""
    found = []

    @settings(
        max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.data())
    def collect(data):
        params = data.draw(strategy)
        found.append(mutated(data.draw, params) if is_bad else params)

    collect()
    return found


@pytest.mark.parametrize("is_bad", [False, True], ids=["valid", "mutated"])
async def test_generated_requests(document, floor, is_bad):
    """Whatever the document allows, and what it does not: an answer of the schema of its status."""
    seen = {}
    for key in document.operations:
        http, path = key
        if path == SEED:
            continue
        found = drawn(params_of(document, key, floor.known), is_bad)
        for params in found:
            user = "op" if "instrument/" in path or "security/" in path else "ann"
            response = await floor.call(http, path, plain(http, params), user=user)
            assert response.status_code < 500, (key, params, response.text)
            if checked(document, key, response):
                seen.setdefault(response.status_code, set()).add(key)
        if "instrument/disable" in path:
            await floor.call(
                "POST", "/api/v3/market/instrument/enable", {"instrumentId": BTC}, user="op"
            )
    assert {200, 400} <= set(seen)
    assert is_bad or len(seen[200]) > 25


async def test_every_operation_has_a_good_answer(document, floor):
    """One request for each that is served, which works."""
    known = floor.known
    mine = {"tradingAccountId": known["tradingAccountId"][0]}
    one, dealer = {"instrumentId": BTC}, {"dealerAccountId": DEALER_ID}
    order = {**mine, **one, "orderSide": "BUY", "orderType": "LIMIT", "quantity": "0.1"}
    calls = {
        "tradeOrder/submit": {**order, "limitPrice": "101.00", "timeInForce": None},
        "tradeOrder/cancel": {**mine, "tradeOrderId": known["tradeOrderId"][0]},
        "tradingAccount/connect": {"credentialIds": [], "externalTradingAccountId": "mine"},
        "tradingAccount/disconnect": mine,
        "tradingAccount/update": {**mine, "nickname": "x"},
        "tradingAccount/disable": mine,
        "tradingAccount/enable": mine,
        "tradingAccount/subscription/subscribe": mine,
        "tradingAccount/subscription/unsubscribe": mine,
        "market/subscription/orderBook/subscribe": one,
        "market/subscription/orderBook/unsubscribe": one,
        "market/instrument/sync": {"venue": "PAPER", "symbols": []},
        "market/instrument/enable": one,
        "market/instrument/disable": one,
        "market/security/sync": {"venue": "PAPER"},
        "market/orderBook/get": {"venue": "PAPER", "symbol": "BTC/USDT"},
        "market/kline/get": {**one, "interval": "1m", "from": 0, "to": 1_700_000_000_000},
        "quote/rfq": {**dealer, **one, "orderSide": "BUY", "quantity": "0.01", "ttl": 10},
        "fermata/dealer/get": dealer,
        "fermata/dealer/pause": dealer,
        "fermata/dealer/resume": dealer,
    }
    late = ("tradingAccount/disable", "tradingAccount/enable", "tradingAccount/disconnect")
    last = {path: index for index, path in enumerate((*late, "fermata/dealer/pause"))}
    keys = sorted(document.operations, key=lambda key: last.get(key[1][8:], -1))
    for key in keys:
        http, path = key
        name = path.removeprefix("/api/v3").lstrip("/")
        if path == SEED or name == "market/ticker/get":
            continue
        user = "op" if "/dealer/" in name or "instrument/" in name or "security/" in name else "ann"
        response = await floor.call(http, path, calls.get(name), user=user)
        if checked(document, key, response):
            is_good = response.status_code == 200
            assert is_good or name.startswith(("market/orderBook/get", "quote/rfq")), response.text


async def test_the_served_document_has_every_name_of_it(document, floor):
    """The same operationIds and tags; nothing is missing, and what is added says so."""
    served = (await floor.web.get("/api/v3/openapi.json")).json()
    for (http, path), operation in document.operations.items():
        found = served["paths"][path][http.lower()]
        assert (found["operationId"], found["tags"]) == (
            operation["operationId"],
            operation["tags"],
        )
        assert "x-extension" not in found
        if "x-not-served" not in found:
            listed = {"101", *operation["responses"]}
            assert set(found["responses"]) <= listed, path
            names = {one["name"] for one in found.get("parameters", ())}
            assert names >= {one["name"] for one in operation.get("parameters", ())}
    for path, place in served["paths"].items():
        for http, found in place.items():
            assert (http.upper(), path) in document.operations or found["x-extension"]
    assert served["tags"] == document.tree["tags"]
