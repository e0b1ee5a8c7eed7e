"""Tickers and klines over both surfaces."""

from __future__ import annotations

import pytest

from cadenza.models import Kline, Ticker
from support.gateway.payload_check import check

BTC, ETH, PAPER = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT", "PAPER:BTC/USDT"


async def test_a_ticker(world):
    """The same payload as the channel's."""
    rest = (await world.get("market/ticker/get", instrumentId=BTC))["data"]
    check(rest, Ticker)
    assert world.rpc("query.ticker.get", instrumentId=BTC)["data"] == rest


async def test_a_ticker_of_a_silent_instrument(world):
    """Temporary: something may happen; unknown instruments are another error."""
    status, envelope = await world.refused(
        "GET", "market/ticker/get", params={"instrumentId": PAPER}
    )
    assert (status, envelope["errno"]) == (400, 20005)
    assert world.rpc("query.ticker.get", instrumentId="X:Y/Z")["error"]["code"] == 20001


async def test_tickers_in_pages(world):
    """Silent instruments are left out; the cursor leads through everything."""
    first = await world.get("market/ticker/list", limit=1)
    assert first["pagination"] == {
        "offset": 0,
        "limit": 1,
        "total": 3,
        "cursor": BTC,
        "hasNext": True,
    }
    second = await world.get("market/ticker/list", limit=5, cursor=first["pagination"]["cursor"])
    assert [one["instrumentId"] for one in second["data"]] == [ETH]
    assert second["pagination"] == {"offset": 1, "limit": 5, "total": 3, "hasNext": False}
    status, envelope = await world.refused("GET", "market/ticker/list", params={"cursor": "zzz"})
    assert (status, envelope["details"]["resource"]) == (400, "cursor")


def test_tickers_over_rpc(world):
    """By venue and symbol, without pages."""
    answer = world.rpc("query.ticker.list", venue="BINANCE", symbols=["ETH/USDT"])
    assert [one["instrumentId"] for one in answer["data"]] == [ETH]
    assert "pagination" not in answer
    assert len(world.rpc("query.ticker.list")["data"]) == 2


@pytest.mark.parametrize("path", ["market/kline/get", "market/kline/list"])
async def test_candles(world, path):
    """Range and limit reach the klines; the documented name is an alias."""
    params = {"instrumentId": BTC, "interval": "1M", "from": 1, "to": 2, "limit": 3}
    kline = (await world.get(path, **params))["data"]
    check(kline, Kline)
    assert world.klines.asked == [(BTC, "1M", 1, 2, 3)]
    await world.get(path, instrumentId=BTC, interval="1m")
    assert world.klines.asked[1] == (BTC, "1m", None, None, 50)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"instrumentId": BTC}, "interval"),
        ({"interval": "1m"}, "instrumentId"),
        ({"interval": "1m", "instrumentId": "X"}, "instrumentId"),
        ({"interval": "7m", "instrumentId": BTC}, "interval"),
        ({"interval": "1m", "instrumentId": BTC, "from": 2, "to": 1}, "to"),
        ({"interval": "1m", "instrumentId": BTC, "from": -1}, "from"),
        ({"interval": "1m", "instrumentId": BTC, "to": 10**18}, "to"),
        ({"interval": "1m", "instrumentId": BTC, "limit": 1001}, "limit"),
    ],
)
async def test_candles_that_cannot_be_had(world, params, field):
    """Each mistake names its field."""
    _, envelope = await world.refused("GET", "market/kline/get", params=params)
    assert envelope["details"]["resource"] == field
    assert world.klines.asked == []


def test_candles_over_rpc(world):
    """One kline an instrument, one minute unless asked otherwise."""
    found = world.rpc("query.kline.list", symbols=["BTC/USDT"])["data"]
    assert [one["instrumentId"] for one in found] == [BTC, PAPER]
    assert {one["interval"] for one in found} == {"1m"}
    world.rpc("query.kline.list", instrumentIds=[ETH], interval="1d", **{"from": 5})
    assert world.klines.asked[-1] == (ETH, "1d", 5, None, 50)
