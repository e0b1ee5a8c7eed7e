"""Stored subscriptions to market data: always there, never ended."""

from __future__ import annotations

import pytest

from cadenza.models import RpcSubscription, Subscription
from support.gateway.payload_check import check

BTC, ETH, PAPER = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT", "PAPER:BTC/USDT"
BOOKS = "market/subscription/orderBook"
LIST = "query.market.subscription.orderbook.list"
SUBSCRIBE = "command.market.subscription.orderbook.subscribe"
UNSUBSCRIBE = "command.market.subscription.orderbook.unsubscribe"


async def test_every_instrument_has_one(world):
    """ACTIVE since the start, in both shapes, with ids that stay."""
    rest = (await world.get(f"{BOOKS}/list"))["data"]
    assert [one["instrumentId"] for one in rest] == [BTC, ETH, PAPER]
    check(rest[0], Subscription)
    assert rest[0]["createdAtDateTime"] == "2023-11-14T22:13:20.000Z"
    rpc = world.rpc(LIST)["data"]
    check(rpc[0], RpcSubscription)
    assert [one["subscriptionId"] for one in rpc] == [one["subscriptionId"] for one in rest]
    assert {one["status"] for one in rpc} == {"ACTIVE"}
    assert rpc[0]["createdAt"] == rest[0]["createdAtDateTime"]
    assert len((await world.get(f"{BOOKS}/list", instrumentId=ETH))["data"]) == 1


async def test_subscribing_is_answered_with_it(world):
    """As often as one likes, with the same one each time."""
    (one,) = world.rpc(SUBSCRIBE, instrumentIds=[BTC])["data"]
    again = (await world.http("POST", f"{BOOKS}/subscribe", json={"instrumentId": BTC})).json()
    assert again["data"]["subscriptionId"] == one["subscriptionId"]
    assert world.rpc(SUBSCRIBE, instrumentIds=["X:Y/Z"])["error"]["code"] == 20001
    assert len(world.rpc(SUBSCRIBE, venue="BINANCE")["data"]) == 2


async def test_ending_one(world):
    """TERMINATED by id and by instrument, as often as one likes, until subscribing again."""
    (one,) = world.rpc(LIST, instrumentIds=[BTC])["data"]
    for body in ({"instrumentId": BTC}, {"subscriptionId": one["subscriptionId"].upper()}):
        for _ in range(2):
            response = await world.http("POST", f"{BOOKS}/unsubscribe", json=body)
            assert response.status_code == 200
            assert response.json()["data"]["status"] == "TERMINATED"
            (rpc,) = world.rpc(UNSUBSCRIBE, **body)["data"]
            assert (rpc["status"], rpc["subscriptionId"]) == ("TERMINATED", one["subscriptionId"])
    statuses = {row["instrumentId"]: row["status"] for row in world.rpc(LIST)["data"]}
    assert statuses.pop(BTC) == "TERMINATED"
    assert set(statuses.values()) == {"ACTIVE"}
    assert world.rpc(LIST, "ben", instrumentIds=[BTC])["data"][0]["status"] == "ACTIVE"
    (again,) = world.rpc(SUBSCRIBE, instrumentIds=[BTC])["data"]
    assert again["status"] == "ACTIVE"
    other = "00000000-0000-4000-8000-000000000000"
    assert world.rpc(UNSUBSCRIBE, subscriptionId=other)["error"]["code"] == 20006
    assert world.rpc(UNSUBSCRIBE, instrumentId="X")["error"]["code"] == 20001
    assert world.rpc(UNSUBSCRIBE)["error"]["code"] == 10002


@pytest.mark.parametrize("instruments", [["BTC/USDT"], [BTC], ["BTC/USDT", BTC]])
def test_creating_by_venue(world, instruments):
    """Instruments by id or by symbol."""
    kind = "MARKET.SUBSCRIPTION.KLINE"
    found = world.rpc(
        "command.subscription.create",
        venue="BINANCE",
        subscriptionType=kind,
        instruments=instruments,
        interval="1m",
    )["data"]
    assert [(one["instrumentId"], one["subscriptionType"]) for one in found] == [(BTC, kind)]


def test_creating_what_cannot_be(world):
    """Another venue's instrument, an account's kind, or missing fields."""
    method = "command.subscription.create"
    ask = {"venue": "BINANCE", "subscriptionType": "MARKET.SUBSCRIPTION.TRADE"}
    assert len(world.rpc(method, **ask)["data"]) == 2
    assert world.rpc(method, **ask, instruments=[PAPER])["error"]["code"] == 20001
    wrong = {**ask, "subscriptionType": "TRADING_ACCOUNT.SUBSCRIPTION.PORTFOLIO"}
    assert "command.trading_account.subscribe" in world.rpc(method, **wrong)["error"]["message"]
    assert world.rpc(method, venue="BINANCE")["error"]["code"] == 10002


def test_listing_all_kinds(world):
    """Four of each instrument, fewer with filters."""
    method = "query.subscription.list"
    found = world.rpc(method)["data"]
    assert len(found) == 12
    assert len({one["subscriptionId"] for one in found}) == 12
    kind = "MARKET.SUBSCRIPTION.TICKER"
    (one,) = world.rpc(method, instrumentId=[BTC], subscriptionType=kind)["data"]
    assert one["subscriptionType"] == kind
    assert len(world.rpc(method, venue="PAPER")["data"]) == 4
    assert world.rpc(method, subscriptionType="TRADING_ACCOUNT.SUBSCRIPTION.USER_DATA") == {
        "data": []
    }
