"""What the operator switches: instruments and the dealer, kept where there is a folder."""

from __future__ import annotations

import pytest

from cadenza.gateway.api.operation import Caller, names_operator
from cadenza.gateway.api.rest import Bearer
from cadenza.gateway.operations.catalog import MarketServices, make_registry
from cadenza.gateway.operations.switches import Switches
from cadenza.realtime.claims import ConnectClaims
from cadenza.trading.exchange.dealer import DEALER_ID
from support.gateway.trading_world import BTC, NOBODYS, Desk

OPERATOR = Caller("op", is_operator=True)


@pytest.fixture
async def desk(tmp_path):
    desk = await Desk.open()
    desk.switches = Switches(tmp_path / "off.json")
    market = desk.world.market
    services = MarketServices(market, None, None, None, desk.world.clock.time_ms, desk.switches)
    desk.registry = make_registry(services, desk.services._replace(switches=desk.switches))
    return desk


async def do(desk, path, caller, **params):
    """Call as somebody; the answer's data."""
    operation = desk.registry.paths[path]["POST"]
    request = operation.request(**params)
    return operation.run(caller, request).data


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("market/instrument/enable", {"instrumentId": BTC}),
        ("market/instrument/disable", {"instrumentId": BTC}),
        ("market/instrument/sync", {"venue": "PAPER", "symbols": []}),
        ("market/security/sync", {"venue": "PAPER"}),
        ("fermata/dealer/pause", {"dealerAccountId": DEALER_ID}),
        ("fermata/dealer/resume", {"dealerAccountId": DEALER_ID}),
    ],
)
async def test_users_may_not(desk, path, params):
    """403, which the API lists."""
    error = await desk.rest("POST", path, params)
    assert (error.entry.code, error.entry.status) == (11004, 403)


async def test_an_instrument_that_is_off(desk, tmp_path):
    """New orders are refused with filter STATUS; open ones stay and can be cancelled."""
    opened = await desk.submit()
    off = await do(desk, "market/instrument/disable", OPERATOR, instrument_id=BTC)
    assert off.status == "DISABLED"
    wanted = {"tradingAccountId": desk.account, **desk.order()}
    error = await desk.rest("POST", "tradeOrder/submit", wanted)
    assert (error.entry.code, error.problem.facts["filter"]) == (30101, "STATUS")
    listed = await desk.rest("GET", "market/instrument/list", {"instrumentStatus": "DISABLED"})
    assert [one["instrumentId"] for one in listed["data"]] == [BTC]
    assert Switches(tmp_path / "off.json").is_off(BTC)
    name = {"tradingAccountId": desk.account, "tradeOrderId": opened["tradeOrderId"]}
    assert (await desk.rest("POST", "tradeOrder/cancel", name))["data"]["status"] == "CANCELLED"
    await do(desk, "market/instrument/enable", OPERATOR, instrument_id=BTC)
    assert not Switches(tmp_path / "off.json").is_off(BTC)
    assert (await desk.rest("POST", "tradeOrder/submit", wanted))["errno"] == 0


async def test_the_same_order_again_is_answered_while_it_is_off(desk):
    """A client that repeats what was taken learns that it was."""
    wanted = {"tradingAccountId": desk.account, **desk.order(), "idempotencyKey": "k"}
    first = await desk.rest("POST", "tradeOrder/submit", wanted)
    await do(desk, "market/instrument/disable", OPERATOR, instrument_id=BTC)
    again = await desk.rest("POST", "tradeOrder/submit", wanted)
    assert again["data"][0]["tradeOrderId"] == first["data"][0]["tradeOrderId"]


async def test_the_dealer(desk):
    """Listed with its id; paused it quotes nothing, and both can be said twice."""
    (dealer,) = (await desk.rest("GET", "fermata/dealer/list", {}))["data"]
    assert (dealer["dealerAccountId"], dealer["status"]) == (DEALER_ID, "ACTIVE")
    asked = {
        "dealerAccountId": DEALER_ID,
        "instrumentId": BTC,
        "orderSide": "BUY",
        "quantity": "1",
        "ttl": 10,
    }
    for _ in range(2):
        paused = await do(desk, "fermata/dealer/pause", OPERATOR, dealer_account_id=DEALER_ID)
        assert paused.status == "PAUSED"
    error = await desk.rest("POST", "quote/rfq", asked)
    assert (error.entry.code, "paused" in error.message) == (60005, True)
    assert (await desk.rest("GET", "fermata/dealer/list", {"status": "ACTIVE"}))["data"] == []
    resumed = await do(desk, "fermata/dealer/resume", OPERATOR, dealer_account_id=DEALER_ID)
    assert resumed.status == "ACTIVE"
    error = await desk.rest("GET", "fermata/dealer/get", {"dealerAccountId": NOBODYS})
    assert error.entry.code == 60006


async def test_there_are_no_credentials(desk):
    """An empty list over both surfaces."""
    found = await desk.rest("GET", "credential/list", {"credentialType": "HMAC"})
    assert (found["data"], found["pagination"]["total"]) == ([], 0)


@pytest.mark.parametrize(
    ("meta", "is_operator"),
    [
        (None, False),
        (b'{"operator":true}', True),
        (b'{"operator":false}', False),
        (b'{"operator":"true"}', False),
        (b'{"operator":1}', False),
        (b'["operator"]', False),
        (b'{"other":{"operator":true}}', False),
    ],
)
def test_who_is_the_operator(meta, is_operator):
    """A token whose meta says exactly that."""
    assert names_operator(meta) is is_operator


@pytest.mark.parametrize(
    ("key", "sent", "is_operator"),
    [
        ("k", "k", True),
        ("k", "K", False),
        ("k", "", False),
        ("", "", False),
        ("k", "\u017e", False),
    ],
)
async def test_the_key_of_the_server_api(key, sent, is_operator):
    """Shown beside a token it makes its bearer the operator; without one configured nobody is."""

    class Verifier:
        def connect(self, token, now):
            return ConnectClaims(user="ann")

    bearer = Bearer(Verifier(), lambda: 0.0, key)
    assert (await bearer.caller("Bearer x", sent)).is_operator is is_operator
