"""Kraken v2 and v1: checksums over numbers, precision, depth, and books crossed at the venue."""

from __future__ import annotations

import json
import zlib

import pytest

from support.market.captures import capture, levels

V2, V1 = "wss://ws.kraken.com/v2", "wss://ws.kraken.com"
BTC = "MOCK:BTC/USD"

# The venue's own snapshot of USDG/USD of 2026-09-17, with its checksum: zeros at the end of
# numbers belong to it. (Facts as published by a public repository's test.)
USDG_BIDS = "0.9999 653645.22211 0.9998 21389.49905 0.9997 311181.88799 0.9996 935949.00167 "
USDG_BIDS += "0.9995 5.25262 0.9993 15819.07585 0.9990 28045.34609 0.9985 35372.52894 "
USDG_BIDS += "0.9900 10.07905 0.9835 240.14072"
USDG_ASKS = "1.0000 382506.65119 1.0001 242215.90771 1.0002 357570.43200 1.0003 936797.08901 "
USDG_ASKS += "1.0004 10578.85361 1.0005 83656.47123 1.0007 15819.07585 1.0010 23655.03579 "
USDG_ASKS += "1.0015 35372.52894 1.0024 5000.00000"


def rows(text):
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


def book(kind, symbol, bids, asks, checksum=None):
    """A message of v2: numbers are JSON numbers, with the digits given."""
    sides = (
        f'"{name}":[{",".join(f"""{{"price":{price},"qty":{qty}}}""" for price, qty in found)}]'
        for name, found in (("bids", bids), ("asks", asks))
    )
    proof = "" if checksum is None else f'"checksum":{checksum},'
    return (
        f'{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}",{",".join(sides)},'
        f'{proof}"timestamp":"2026-05-28T20:26:41.386754Z"}}]}}'
    )


def crc(bids, asks):
    """Of rows that are best first, with all their digits."""
    numbers = [number for row in [*asks[:10], *bids[:10]] for number in row]
    return zlib.crc32("".join(it.replace(".", "").lstrip("0") for it in numbers).encode())


BIDS = [("45283.5", "0.10000000"), ("45283.4", "1.50000000")]
ASKS = [("45284.0", "2.50000000"), ("45285.1", "0.30000000")]


async def test_the_real_snapshot_proves_itself(play, heard):
    text = book("snapshot", "USDG/USD", rows(USDG_BIDS), rows(USDG_ASKS), 3225719247)
    counted = await play(capture(V2, text))
    assert (counted.checks, counted.faults) == (1, 0)
    assert levels(heard, "MOCK:USDG/USD")[1][0] == ("1.0000", "382506.65119")
    shown = heard.listing("MOCK:USDG/USD").instrument
    assert (shown.pip_size, shown.lot_size) == ("0.0001", "0.00001")


async def test_a_writer_that_dropped_the_zeros_is_understood_all_the_same(play):
    """As every JSON library with floats does, and small numbers get exponents."""
    text = book("snapshot", "USDG/USD", rows(USDG_BIDS), rows(USDG_ASKS), 3225719247)
    counted = await play(capture(V2, json.loads(text)))
    assert (counted.checks, counted.faults) == (1, 0)


async def test_updates_are_checked_and_cut_to_the_depth(play, heard):
    """Levels that fall out of the depth are not deleted by a message."""
    bids = [(f"{100 - step}.0", "1.00000000") for step in range(10)]
    asks = [(f"{101 + step}.0", "1.00000000") for step in range(10)]
    better = ("100.5", "2.00000000")
    after = [better, *bids[:9]]
    counted = await play(
        capture(
            V2,
            {"method": "subscribe", "result": {"channel": "book", "depth": 10}, "success": True},
            book("snapshot", "BTC/USD", bids, asks, crc(bids, asks)),
            book("update", "BTC/USD", [better], [], crc(after, asks)),
            {"channel": "heartbeat"},
        )
    )
    assert (counted.checks, counted.faults, counted.diffs, counted.unknown) == (2, 0, 1, {})
    assert levels(heard, BTC)[0] == after


async def test_a_wrong_checksum_stops_the_book_until_the_next_snapshot(play):
    counted = await play(
        capture(
            V2,
            book("snapshot", "BTC/USD", BIDS, ASKS, crc(BIDS, ASKS)),
            book("update", "BTC/USD", [("45283.5", "9.00000000")], [], 1),
            book("update", "BTC/USD", [("45283.5", "8.00000000")], [], 1),
            book("snapshot", "BTC/USD", BIDS, ASKS, crc(BIDS, ASKS)),
        )
    )
    assert (counted.checks, counted.faults, counted.resyncs, counted.stale) == (2, 1, 1, ())


async def test_told_precision_and_steps_count(play, heard):
    pair = {"symbol": "BTC/USD", "price_precision": 1, "qty_precision": 8}
    pair |= {"price_increment": 0.1, "qty_increment": 1e-8, "status": "online"}
    told = {"channel": "instrument", "type": "snapshot", "data": {"assets": [], "pairs": [pair]}}
    short = [("45283.5", "0.1")], [("45284", "2.5")]
    full = [("45283.5", "0.10000000")], [("45284.0", "2.50000000")]
    counted = await play(capture(V2, told, book("snapshot", "BTC/USD", *short, crc(*full))))
    assert (counted.checks, counted.faults) == (1, 0)
    shown = heard.listing(BTC).instrument
    assert (shown.pip_size, shown.lot_size) == ("0.1", "0.00000001")


async def test_trades_have_the_takers_side_and_those_from_before_are_left_out(play, recorder):
    trade = {"symbol": "BTC/USD", "side": "sell", "price": 45283.5, "qty": 0.25, "trade_id": 7}
    trade |= {"ord_type": "market", "timestamp": "2026-05-28T20:26:41.5Z"}
    counted = await play(
        capture(
            V2,
            {"channel": "trade", "type": "snapshot", "data": [trade | {"trade_id": 6}]},
            {"channel": "trade", "type": "update", "data": [trade]},
        )
    )
    assert counted.trades == 1
    told = recorder.trades[0]
    assert (told["tradeId"], told["side"], told["price"]) == ("7", "SELL", "45283.5")
    assert told["timestamp"] == 1_780_000_001_500


async def test_a_book_crossed_at_the_venue_is_held_until_it_is_uncrossed(play, heard, recorder):
    """A recorded update of v1 left bid = ask = 38800; the checksum proved it."""
    before = [("38799.90000", "1.00000000")], [("38800.00000", "2.00000000")]
    locked = [("38800.00000", "3.00000000"), *before[0]], before[1]
    after = locked[0], [("38800.10000", "1.00000000")]
    row = "1780000001.000000"

    def part(**sides):
        return {name: [[*level, row] for level in found] for name, found in sides.items()}

    def v1(*parts):
        return [336, *parts, "book-10", "XBT/USD"]

    counted = await play(
        capture(
            V1,
            v1(part(**{"bs": before[0], "as": before[1]})),
            v1(part(b=[locked[0][0]]) | {"c": str(crc(*locked))}),
            v1(part(a=[(before[1][0][0], "0.00000000"), after[1][0]]) | {"c": str(crc(*after))}),
        )
    )
    assert (counted.crossed, counted.faults, counted.resyncs, counted.stale) == (1, 0, 1, ())
    assert [it["updateType"] for it in recorder.books] == ["SNAPSHOT", "DIFF"]
    copy = recorder.copies["MOCK:XBT/USD"]
    assert copy == {"bids": dict(after[0]), "asks": dict(after[1])}
    assert [fault is None for _, fault in recorder.health] == [False, True]


async def test_an_empty_first_book_gets_its_steps_later(play, heard):
    """PERP/EUR, as recorded: nothing in the snapshot."""
    empty = [0, {"as": [], "bs": []}, "book-25", "PERP/EUR"]
    level = [["12.3456", "1.50000000", "1780000001.0"]]
    counted = await play(capture(V1, empty, [0, {"b": level}, "book-25", "PERP/EUR"]))
    assert (counted.faults, counted.stale, counted.unchecked) == (0, (), 1)
    shown = heard.listing("MOCK:PERP/EUR").instrument
    assert (shown.pip_size, shown.lot_size) == ("0.0001", "0.1")


async def test_trades_of_v1_are_read(play, recorder):
    trade = ["5541.20000", "0.15850568", "1780000001.321597", "s", "l", ""]
    counted = await play(capture(V1, [0, [trade, trade], "trade", "XBT/USD"]))
    assert counted.trades == 2
    assert recorder.trades[0]["side"] == "SELL"
    assert recorder.trades[0]["timestamp"] == 1_780_000_001_321
    assert len({it["tradeId"] for it in recorder.trades}) == 2


@pytest.mark.parametrize("symbol", ["AAPLx/USD", "币安/USD"])
async def test_symbols_of_other_letters_have_an_id(play, heard, symbol):
    await play(capture(V2, book("snapshot", symbol, BIDS, ASKS)))
    assert heard.instruments()[0].instrument_id == f"MOCK:{symbol.upper()}"
    assert heard.instruments()[0].external_symbol == symbol
