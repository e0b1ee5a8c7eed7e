"""Deribit: chained changes, grouped pictures, numbers with exponents."""

from __future__ import annotations

import gzip

import pytest

from support.market.captures import START, capture, levels

ADDRESS = "wss://www.deribit.com/ws/api/v2"
BTC = "DERIBIT:BTC-PERP/USD"


def told(channel, data):
    params = {"channel": channel, "data": data}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def book(kind, number, bids=(), asks=(), *, previous=None, name="BTC-PERPETUAL"):
    data = {"timestamp": START * 1000, "instrument_name": name, "change_id": number}
    data |= {"type": kind, "bids": [list(row) for row in bids], "asks": [list(row) for row in asks]}
    data |= {} if previous is None else {"prev_change_id": previous}
    return told(f"book.{name}.100ms", data)


FIRST = book("snapshot", 10, [("new", 5042.5, 30.0), ("new", 5041.5, 20.0)], [("new", 5043.0, 4e6)])


async def test_changes_are_chained_and_numbers_written_plainly(play, heard):
    change = (
        '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms",'
        '"data":{"timestamp":1780000000100,"type":"change","change_id":12,"prev_change_id":10,'
        '"instrument_name":"BTC-PERPETUAL","bids":[["change",5042.5,1.0002e6],'
        '["delete",5041.5,0.0]],"asks":[["new",5043.5,10.0]]}}}'
    )
    counted = await play(capture(ADDRESS, {"jsonrpc": "2.0", "id": 1, "result": []}, FIRST, change))
    assert (counted.snapshots, counted.diffs, counted.unchecked) == (1, 1, 0)
    assert levels(heard, BTC) == (
        [("5042.5", "1000200")],
        [("5043.0", "4000000.0"), ("5043.5", "10.0")],
    )
    assert heard.listing(BTC).instrument.lot_size == "1"


async def test_a_hole_is_found(play):
    counted = await play(
        capture(
            ADDRESS,
            FIRST,
            book("change", 14, [("new", 1.5, 1.0)], previous=13),
            book("snapshot", 20, [("new", 5.5, 1.0)]),
            book("change", 21, [("new", 5.0, 1.0)], previous=20),
        )
    )
    assert (counted.gaps, counted.resyncs, counted.diffs, counted.stale) == (1, 1, 1, ())


async def test_grouped_books_come_whole(play, heard):
    def image(*bids):
        data = {"timestamp": START * 1000, "change_id": 7, "instrument_name": "BTC-PERPETUAL"}
        return told("book.BTC-PERPETUAL.none.10.100ms", data | {"bids": bids, "asks": [[6.5, 1]]})

    counted = await play(capture(ADDRESS, image([5.5, 10], [5.0, 20]), image([5.5, 15])))
    assert (counted.snapshots, counted.diffs) == (1, 1)
    assert levels(heard, BTC)[0] == [("5.5", "15")]


async def test_trades_have_the_takers_side(play, recorder):
    trade = {"trade_seq": 30, "trade_id": "48079269", "timestamp": START * 1000, "price": 8950.0}
    trade |= {"instrument_name": "BTC-PERPETUAL", "direction": "sell", "amount": 10.0}
    counted = await play(capture(ADDRESS, told("trades.BTC-PERPETUAL.100ms", [trade])))
    assert counted.trades == 1
    assert (recorder.trades[0]["tradeId"], recorder.trades[0]["side"]) == ("48079269", "SELL")


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("BTC-24SEP21", "DERIBIT:BTC-24SEP21/USD"),
        ("ETH_USDC-PERPETUAL", "DERIBIT:ETH-PERP/USDC"),
        ("BTC-24SEP21-34000-P", "DERIBIT:BTC-24SEP21-34000-P/BTC"),
        ("BTC_USDC", "DERIBIT:BTC/USDC"),
    ],
)
async def test_names(play, heard, symbol, name):
    await play(capture(ADDRESS, book("snapshot", 1, [("new", 5.5, 1.0)], name=symbol)))
    assert heard.instruments()[0].instrument_id == name


async def test_the_real_recording_is_one_chain(shared_data, play):
    with gzip.open(shared_data / "multi-venue/DERIBIT.ws.1.0.gz", "rt") as lines:
        counted = await play(lines.read())
    assert (counted.snapshots, counted.diffs, counted.gaps, counted.unchecked) == (10, 36, 0, 0)
    assert counted.unknown == {"ticker": 89}
