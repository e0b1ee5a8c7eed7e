"""Venues, instruments and securities over both surfaces."""

from __future__ import annotations

import pytest

from cadenza.market.errors import NoSnapshotError
from cadenza.models import Instrument
from support.gateway.payload_check import check

BTC, ETH, PAPER = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT", "PAPER:BTC/USDT"


def ids(items):
    return [item["instrumentId"] for item in items]


async def test_venues(world):
    """Bare names over RPC, names with status over REST; a venue all stale is OFFLINE."""
    assert world.rpc("query.venue.list") == {"data": ["BINANCE", "PAPER"]}
    world.market.book_stale(NoSnapshotError(PAPER))
    world.market.book_stale(NoSnapshotError(BTC))
    found = (await world.get("market/venue/list"))["data"]
    assert found == [
        {"venue": "BINANCE", "status": "ONLINE"},
        {"venue": "PAPER", "status": "OFFLINE"},
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [BTC, ETH, PAPER]),
        ({"venue": "PAPER"}, [PAPER]),
        ({"symbols": ["BTC/USDT"]}, [BTC, PAPER]),
        ({"symbols": ["BTC/USDT", "ETH/USDT"], "venue": "BINANCE"}, [BTC, ETH]),
        ({"symbols": ["X/Y"]}, []),
        ({"venue": "OKX"}, []),
        ({"securityType": "CRYPTO"}, [BTC, ETH, PAPER]),
        ({"securityType": "STOCK"}, []),
        ({"instrumentStatus": "ACTIVE", "limit": 1, "offset": 1}, [ETH]),
        ({"instrumentStatus": "DELISTED"}, []),
        ({"offset": 7}, []),
    ],
)
async def test_instruments(world, filters, expected):
    """The same filters mean the same on both surfaces."""
    assert ids(world.rpc("query.instrument.list", **filters)["data"]) == expected
    assert ids((await world.get("market/instrument/list", **filters))["data"]) == expected


async def test_an_instrument_in_both_shapes(world):
    """REST has every field that it requires, RPC its own set."""
    rest = (await world.get("market/instrument/list"))["data"][0]
    check(rest, Instrument)
    assert rest["baseScale"] == 3
    rpc = world.rpc("query.instrument.list")["data"][0]
    assert rpc["lotSize"] == rest["lotSize"] == "0.001"
    assert "baseScale" not in rpc
    assert rpc["orderTypes"] == rest["orderTypes"]


async def test_pages(world):
    """A page tells where it is and whether more follows."""
    page = (await world.get("market/instrument/list", limit=2))["pagination"]
    assert page == {"offset": 0, "limit": 2, "total": 3, "hasNext": True}
    page = (await world.get("market/instrument/list", limit=2, offset=2))["pagination"]
    assert page == {"offset": 2, "limit": 2, "total": 3, "hasNext": False}
    assert (await world.get("market/instrument/list"))["pagination"]["limit"] == 50


async def test_securities(world):
    """Each asset of a venue once, with its finest steps."""
    found = (await world.get("market/security/list", venue="BINANCE"))["data"]
    assert [one["securityId"] for one in found] == ["BINANCE:BTC", "BINANCE:USDT", "BINANCE:ETH"]
    assert found[0] == {
        "securityId": "BINANCE:BTC",
        "symbol": "BTC",
        "venue": "BINANCE",
        "securityType": "CRYPTO",
        "precision": 3,
        "scale": 3,
        "minQuantity": found[0]["minQuantity"],
        "lotSize": "0.001",
    }
    assert "lotSize" not in found[1]
    (one,) = (await world.get("market/security/list", securityId="PAPER:BTC"))["data"]
    assert (one["precision"], one["lotSize"]) == (5, "0.00001")


def test_securities_over_rpc(world):
    """By symbol, by id, or by external symbol."""
    method = "query.security.list"
    both = world.rpc(method, securities=["BTC"])["data"]
    assert [one["securityId"] for one in both] == ["BINANCE:BTC", "PAPER:BTC"]
    assert both[0] == {
        "securityId": "BINANCE:BTC",
        "symbol": "BTC",
        "externalSymbol": "BTC",
        "venue": "BINANCE",
    }
    (one,) = world.rpc(method, securities=["PAPER:BTC"])["data"]
    assert one["venue"] == "PAPER"
    assert len(world.rpc(method, externalSymbols=["ETH"], venue="BINANCE")["data"]) == 1
    assert "pagination" not in world.rpc(method)
