"""What subscribers of ticker channels get: the ticker as it is, then its changes."""

from __future__ import annotations

import pytest

from cadenza.market.errors import SequenceGapError
from cadenza.market.instrument import make_instrument
from cadenza.models import Venue

BTC, ETH = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT"
TICKER, VENUE = f"market:ticker:{BTC}", "market:ticker:BINANCE"
START = 1_699_999_980_000


@pytest.fixture
def ether():
    return make_instrument(
        venue=Venue.BINANCE,
        base="ETH",
        quote="USDT",
        tick="0.1",
        lot="0.01",
        external_symbol="ETHUSDT",
        description="",
    )


async def test_a_ticker_comes_first_and_then_its_changes(desk, client_of):
    """A trade or another best price; one publication a beat at most."""
    desk.trade()
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=TICKER)
    (first,) = client.pushed(TICKER)
    assert first["data"]["lastPrice"] == "100.00"
    desk.beat(100)
    desk.gateway.market.book_snapshot(BTC, [("99.00", "1.000")], [("101.00", "1.000")], 1)
    desk.trade("100.50")
    desk.beat(100)
    desk.gateway.market.book_diff(BTC, [("90.00", "1.000")], [], 1)
    desk.beat(100)
    last = client.pushed(TICKER)[-1]["data"]
    assert len(client.pushed(TICKER)) == 3
    assert last == {
        "instrumentId": BTC,
        "venue": "BINANCE",
        "symbol": "BTC/USDT",
        "lastPrice": "100.50",
        "lastQuantity": "1.000",
        "bidPrice": "99.00",
        "bidQuantity": "1.000",
        "askPrice": "101.00",
        "askQuantity": "1.000",
        "priceChangePercent": "0.50",
        "timestamp": START + 200,
    }
    desk.gateway.market.book_stale(SequenceGapError(BTC, 1, 9))
    desk.beat(100)
    assert "bidPrice" not in client.pushed(TICKER)[-1]["data"]


async def test_the_tickers_of_a_venue(desk, client_of, ether):
    """One publication an instrument; a newcomer gets all of them with the next beat."""
    desk.gateway.market.instrument(ether)
    desk.trade()
    desk.trade("10.0", name=ETH, quantity="1")
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=VENUE)
    desk.beat(100)
    desk.beat(100)
    names = [found["data"]["instrumentId"] for found in client.pushed(VENUE)]
    assert names == [BTC, ETH]
    desk.trade("10.1", name=ETH, quantity="1")
    desk.beat(100)
    assert [found["data"]["lastPrice"] for found in client.pushed(VENUE)][2:] == ["10.1"]
    newcomer = client_of(desk.gateway)
    newcomer.ask("subscribe", channel=VENUE)
    desk.beat(100)
    assert [found["data"]["instrumentId"] for found in newcomer.pushed(VENUE)] == [BTC, ETH]


async def test_tickers_have_an_interval(desk_of, client_of):
    """A longer one than the timer's is kept; 0 publishes each change at once."""
    for interval, count in (("1s", 2), ("0s", 20)):
        desk = await desk_of(market={"ticker": {"update_interval": interval}})
        client = client_of(desk.gateway)
        for channel in (TICKER, VENUE):
            client.ask("subscribe", channel=channel)
        for _ in range(20):
            desk.trade()
            if interval == "1s":
                desk.beat(100)
        assert [len(client.pushed(channel)) for channel in (TICKER, VENUE)] == [count, count]


async def test_a_change_of_the_book_may_be_published_at_once(desk_of, client_of):
    """With an interval of 0 the ticker comes with the update."""
    desk = await desk_of(market={"ticker": {"update_interval": "0s"}})
    client = client_of(desk.gateway)
    client.ask("subscribe", channel=TICKER)
    desk.gateway.market.book_snapshot(BTC, [("99.00", "1.000")], [], 1)
    desk.gateway.market.book_diff(BTC, [("98.00", "1.000")], [], 1)
    desk.gateway.node.outbox.flush()
    assert [found["data"]["bidPrice"] for found in client.pushed(TICKER)] == ["99.00"]


async def test_recovered_tickers_are_the_newest(desk_of, client_of):
    """With a history the ticker of a time without subscribers is in it."""
    desk = await desk_of(market={"ticker": {"history_size": 5, "history_ttl": "60s"}})
    desk.trade()
    client = client_of(desk.gateway)
    reply = client.ask("subscribe", channel=TICKER)["subscribe"]
    client.connection.lost()
    desk.beat(100)
    desk.trade("111.00")
    back = client_of(desk.gateway)
    since = {"offset": reply["offset"], "epoch": reply["epoch"], "recover": True}
    reply = back.ask("subscribe", channel=TICKER, **since)["subscribe"]
    assert reply["recovered"]
    assert [found["data"]["lastPrice"] for found in reply["publications"]] == ["111.00"]
