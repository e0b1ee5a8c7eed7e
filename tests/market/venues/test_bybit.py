"""Bybit v5: numbered books that begin anew at any time, best levels apart, trades of takers."""

from __future__ import annotations

import pytest

from support.market.captures import START, capture, levels

SPOT = "wss://stream.bybit.com/v5/public/spot"
BTC = "MOCK:BTC/USDT"


def book(kind, number, bids=(), asks=(), *, depth=50, seq=0, symbol="BTCUSDT"):
    data = {"s": symbol, "b": [list(row) for row in bids], "a": [list(row) for row in asks]}
    data |= {"u": number, "seq": seq}
    message = {"topic": f"orderbook.{depth}.{symbol}", "type": kind, "ts": START * 1000 + 1000}
    return message | {"data": data, "cts": START * 1000 + 990}


FIRST = book("snapshot", 100, [("16493.50", "0.006")], [("16611.00", "0.029")], seq=1000)


async def test_a_book_is_one_chain(play, heard, recorder):
    counted = await play(
        capture(
            SPOT,
            {"success": True, "ret_msg": "subscribe", "op": "subscribe"},
            FIRST,
            book("delta", 101, [("16493.50", "0"), ("16494.00", "1")]),
            {"op": "pong"},
        )
    )
    assert (counted.snapshots, counted.diffs, counted.unchecked) == (1, 1, 0)
    assert counted.unknown == {}
    assert levels(heard, BTC)[0] == [("16494.00", "1")]
    assert recorder.books[0]["timestamp"] == START * 1000 + 990


async def test_a_hole_is_found_and_a_new_snapshot_replaces_the_book_at_any_time(play, heard):
    counted = await play(
        capture(
            SPOT,
            FIRST,
            book("delta", 103, [("1.0", "1")]),
            book("delta", 104, [("1.0", "1")]),
            book("snapshot", 1, [("16000.0", "1")], [("16001.0", "1")]),
            book("delta", 2, [("16000.5", "1")]),
            book("snapshot", 50, [("15000.0", "1")], [("15001.0", "1")]),
        )
    )
    assert (counted.gaps, counted.resyncs, counted.snapshots, counted.diffs) == (1, 1, 3, 1)
    assert levels(heard, BTC)[0] == [("15000.0", "1")]


async def test_the_first_level_told_apart_is_shown_between_updates(play, heard):
    """Ordered by ``seq``; one that is older than the book says nothing."""
    counted = await play(
        capture(
            SPOT,
            FIRST,
            book("snapshot", 7, [("16500.00", "2")], [("16600.00", "3")], depth=1, seq=1001),
            book("snapshot", 8, [("1.00", "2")], [("2.00", "3")], depth=1, seq=999),
        )
    )
    assert (counted.snapshots, counted.bests) == (1, 1)
    assert levels(heard, BTC) == (
        [("16500.00", "2"), ("16493.50", "0.006")],
        [("16600.00", "3"), ("16611.00", "0.029")],
    )


async def test_trades_have_the_takers_side(play, recorder):
    trade = {"T": START * 1000 + 5, "s": "BTCUSDT", "S": "Sell", "v": "0.001", "p": "16578.50"}
    trade |= {"i": "20f43950-d8dd-5b31-9112-a178eb6023af", "BT": False}
    message = {"topic": "publicTrade.BTCUSDT", "type": "snapshot", "ts": 1, "data": [trade, trade]}
    counted = await play(capture(SPOT, message))
    assert counted.trades == 2
    assert (recorder.trades[0]["side"], recorder.trades[0]["price"]) == ("SELL", "16578.50")


async def test_tickers_are_counted_by_name(play):
    counted = await play(capture(SPOT, FIRST, {"topic": "tickers.BTCUSDT", "data": {}}))
    assert counted.unknown == {"tickers": 1}


@pytest.mark.parametrize(
    ("kind", "symbol", "name"),
    [
        ("spot", "BTCUSDT", "MOCK:BTC/USDT"),
        ("linear", "BTCUSDT", "MOCK:BTC-PERP/USDT"),
        ("linear", "BTCPERP", "MOCK:BTC-PERP/USDC"),
        ("linear", "1000PEPEUSDT", "MOCK:1000PEPE-PERP/USDT"),
        ("inverse", "BTCUSD", "MOCK:BTC-PERP/USD"),
        ("linear", "BTC-29DEC23", "MOCK:BTC-29DEC23/USDC"),
        ("linear", "BTCUSDT-26JUN26", "MOCK:BTC-26JUN26/USDT"),
        ("option", "BTC-30DEC22-18000-C", "MOCK:BTC-30DEC22-18000-C/USDC"),
    ],
)
async def test_names(play, heard, kind, symbol, name):
    address = f"wss://stream.bybit.com/v5/public/{kind}"
    await play(capture(address, book("snapshot", 5, [("2.0", "1")], [("3.0", "1")], symbol=symbol)))
    assert heard.instruments()[0].instrument_id == name


async def test_without_an_address_a_trade_of_a_contract_tells_the_market(play, heard):
    trade = {"T": 5, "s": "BTCUSDT", "S": "Buy", "v": "1", "p": "2.5", "L": "PlusTick", "i": "x"}
    lines = [FIRST, {"topic": "publicTrade.BTCUSDT", "ts": 1, "data": [trade]}]
    text = capture("x", *lines).partition("\n")[2]
    await play(text)
    assert heard.instruments()[0].instrument_id == "MOCK:BTC-PERP/USDT"
