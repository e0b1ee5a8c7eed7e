"""Order books over both surfaces."""

from __future__ import annotations

import pytest

from cadenza.market.errors import NoSnapshotError
from cadenza.models import OrderBook, Venue
from support.gateway.payload_check import check

BTC, ETH, PAPER = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT", "PAPER:BTC/USDT"


async def test_a_book(world):
    """A SNAPSHOT with the channel's sequence, the same over both surfaces."""
    rest = (await world.get("market/orderBook/get", instrumentId=BTC))["data"]
    book = check(rest, OrderBook)
    assert book.venue is Venue.BINANCE
    assert rest["updateType"] == "SNAPSHOT"
    assert rest["bids"] == [["9.00", "1.000"], ["8.00", "2.000"]]
    assert rest["sequence"] == 1
    assert world.rpc("query.orderbook.get", instrumentId=BTC)["data"] == rest


def test_a_book_is_cut_to_its_depth(world):
    """The best levels of each side."""
    book = world.rpc("query.orderbook.get", instrumentId=BTC, depth=1)["data"]
    assert (book["bids"], book["asks"]) == ([["9.00", "1.000"]], [["10.00", "3.000"]])
    book = world.rpc("query.orderbook.get", instrumentId=BTC, depth=10_000)["data"]
    assert len(book["bids"]) == 2


def test_a_book_is_as_published_last(world):
    """Nothing is remembered beyond the next publication."""
    ask = {"instrumentId": BTC, "depth": 1}
    assert world.rpc("query.orderbook.get", **ask)["data"]["bids"] == [["9.00", "1.000"]]
    world.market.book_diff(BTC, [("9.00", "0.500")], [], 5)
    book = world.rpc("query.orderbook.get", **ask)["data"]
    assert (book["bids"], book["sequence"], book["timestamp"]) == ([["9.00", "0.500"]], 2, 5)


@pytest.mark.parametrize(
    ("params", "status", "code", "message"),
    [
        ({}, 400, 10002, "instrumentId is missing"),
        ({"instrumentId": "BINANCE:BTC/USD"}, 404, 20001, f'did you mean "{BTC}"?'),
        ({"instrumentId": "x" * 3000}, 400, 20002, "is too long for an instrument id"),
        ({"instrumentId": ETH}, 400, 20003, "was never published"),
        ({"instrumentId": BTC, "depth": 0}, 400, 10003, "it must be at least 1"),
    ],
)
async def test_books_that_are_not_there(world, params, status, code, message):
    """Each case has its own error, the same over both surfaces."""
    got, envelope = await world.refused("GET", "market/orderBook/get", params=params)
    error = world.rpc("query.orderbook.get", **params)["error"]
    assert (got, envelope["errno"]) == (status, code)
    assert message in envelope["error"]
    assert error == {"code": code, "message": envelope["error"], "temporary": code == 20003}
    assert len(error["message"]) < 300


def test_a_stale_book_is_refused(world):
    """What cannot be trusted is not shown; the sentence says why."""
    world.market.book_stale(NoSnapshotError(BTC))
    error = world.rpc("query.orderbook.get", instrumentId=BTC)["error"]
    assert error["code"] == 20004
    assert "before a snapshot" in error["message"]


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, [BTC]),
        ({"venue": "PAPER"}, []),
        ({"symbols": ["BTC/USDT"]}, [BTC]),
        ({"instrumentIds": [BTC, BTC], "depth": 1}, [BTC]),
        ({"instrumentIds": []}, []),
    ],
)
def test_many_books(world, params, found):
    """Those that are not ready are left out, unless they are named."""
    books = world.rpc("query.orderbook.list", **params)["data"]
    assert [book["instrumentId"] for book in books] == found


async def test_many_books_by_name(world):
    """A named one must be there."""
    params = [("instrumentIds", BTC), ("instrumentIds", ETH)]
    status, envelope = await world.refused("GET", "market/orderBook/list", params=params)
    assert (status, envelope["errno"]) == (400, 20003)
    assert envelope["details"]["metadata"] == {"instrumentId": ETH, "temporary": True}
    assert world.rpc("query.orderbook.list", instrumentIds=["X:Y"])["error"]["code"] == 20001
    assert len((await world.get("market/orderBook/list", instrumentIds=BTC))["data"]) == 1
