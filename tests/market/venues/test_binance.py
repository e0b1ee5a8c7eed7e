"""Binance: streams that look alike, symbols of every alphabet, times in every unit."""

from __future__ import annotations

import json

import pytest

from support.market.captures import START, capture, levels

BTC = "BINANCE:BTC/USDT"


def line(second, content, *, unit=9):
    time = f"{(START + second):.9f}".replace(".", "")[: 10 + unit]
    return f"{time} {json.dumps(content)}\n"


def wrapped(stream, data, symbol="BTCUSDT"):
    return {"stream": f"{symbol.lower()}@{stream}", "data": data}


def diff(first, last, bids=(), asks=(), *, symbol="BTCUSDT", at=None, **more):
    data = {"e": "depthUpdate", "E": at or START * 1000 + last, "s": symbol}
    data |= {"U": first, "u": last, "b": list(bids), "a": list(asks)}
    return wrapped("depth@100ms", data | more, symbol)


def snapshot(last, bids=(("99.00", "1.0"),), asks=(("101.00", "1.0"),)):
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}


def trade(number, *, kind="trade", symbol="BTCUSDT", **more):
    data = {"e": kind, "E": START * 1000, "s": symbol, "p": "100.00", "q": "0.50000000"}
    data |= {"t" if kind == "trade" else "a": number, "T": START * 1000 + number, "m": True}
    return wrapped(kind, data | more, symbol)


def best(number, bid, ask, *, symbol="BTCUSDT"):
    data = {"u": number, "s": symbol, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return wrapped("bookTicker", data, symbol)


def recording(*messages, unit=9):
    return "".join(line(number, one, unit=unit) for number, one in enumerate(messages))


async def test_aggregated_trades_are_trades(play, recorder):
    counted = await play(recording(diff(1, 2), snapshot(1), trade(12345, kind="aggTrade")))
    assert (counted.trades, counted.unknown) == (1, {})
    assert (recorder.trades[0]["tradeId"], recorder.trades[0]["side"]) == ("12345", "SELL")


async def test_trades_told_twice_count_once(play):
    """Single and aggregated trades are the same trades: the first kind counts."""
    counted = await play(
        recording(trade(1), trade(9, kind="aggTrade"), trade(2), trade(10, kind="aggTrade"))
    )
    assert counted.trades == 2
    assert counted.unknown == {"aggTrade (beside other trades)": 2}


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("币安人生USDT", "BINANCE:币安人生/USDT"),
        ("1000SATSFDUSD", "BINANCE:1000SATS/FDUSD"),
        ("USDCUSDT", "BINANCE:USDC/USDT"),
        ("ÄPFELTRY", "BINANCE:ÄPFEL/TRY"),
    ],
)
async def test_symbols_of_other_letters(play, heard, symbol, name):
    counted = await play(
        recording(diff(1, 2, symbol=symbol), snapshot(1), diff(3, 3, symbol=symbol))
    )
    assert heard.instruments()[0].instrument_id == name
    assert (counted.snapshots, counted.diffs, counted.skipped) == (1, 2, 0)


async def test_trailing_zeros_are_no_precision_and_spellings_stay(play, heard, recorder):
    """Real spot messages have eight digits for everything; the tick of ETHUSDT is 0.01."""
    bids, asks = [("2499.90000000", "5.00000000")], [("2500.11000000", "5.00050000")]
    update = diff(100, 101, [("2500.00000000", "1.00000000")], symbol="ETHUSDT")
    await play(recording(update, snapshot(101, bids, asks), diff(102, 102, symbol="ETHUSDT")))
    shown = heard.listing("BINANCE:ETH/USDT").instrument
    assert (shown.pip_size, shown.lot_size) == ("0.01", "0.0001")
    assert (shown.min_quantity, shown.quote_precision) == ("0.0001", 2)
    assert recorder.books[0]["asks"] == [["2500.11000000", "5.00050000"]]


@pytest.mark.parametrize("unit", [0, 3, 6, 9])
async def test_receive_times_of_every_unit(play, unit):
    """Seconds to nanoseconds; a recording of two seconds is two seconds long."""
    counted = await play(recording(diff(1, 2), snapshot(1), diff(3, 3), unit=unit))
    assert (counted.diffs, counted.skipped) == (2, 0)


@pytest.mark.parametrize("factor", [1, 1000, 1_000_000])
async def test_event_times_of_every_unit(play, recorder, factor):
    """``timeUnit=MICROSECOND`` in the address of a socket makes them longer."""
    at = (START * 1000 + 7) * factor
    await play(recording(diff(1, 2), snapshot(1), diff(3, 3, [("98.00", "1.0")], at=at)))
    assert recorder.books[-1]["timestamp"] == START * 1000 + 7


async def test_a_partial_depth_of_spot_is_a_book(play, heard, recorder):
    """It looks like the REST snapshot, but comes again and again."""
    images = [
        wrapped("depth5@100ms", snapshot(10, [("9.0", "1")], [("9.5", "1")])),
        wrapped("depth5@100ms", snapshot(12, [("9.1", "1")], [("9.5", "2")])),
    ]
    counted = await play(recording(*images))
    assert (counted.snapshots, counted.diffs) == (1, 1)
    assert levels(heard, BTC) == ([("9.1", "1")], [("9.5", "2")])
    assert recorder.copies[BTC] == {"bids": {"9.1": "1"}, "asks": {"9.5": "2"}}


async def test_a_partial_depth_of_futures_looks_like_an_update_and_is_none(play, heard):
    def image(number, *bids):
        told = diff(number, number, bids, [("9.5", "1")], pu=number - 1)
        return {**told, "stream": "btcusdt@depth20@100ms"}

    counted = await play(recording(image(10, ("9.0", "1")), image(15, ("9.1", "1"))))
    assert (counted.gaps, counted.stale) == (0, ())
    assert levels(heard, "BINANCE:BTC-PERP/USDT")[0] == [("9.1", "1")]


async def test_several_symbols_on_one_socket(play, heard):
    """Where no snapshot has to be told apart."""
    await play(
        recording(
            wrapped("depth5", snapshot(1, [("9.0", "1")]), "BTCUSDT"),
            wrapped("depth5", snapshot(1, [("8.0", "1")]), "ETHUSDT"),
            trade(1, symbol="ETHUSDT"),
        )
    )
    assert [it.symbol for it in heard.instruments()] == ["BTC/USDT", "ETH/USDT"]


async def test_a_capture_of_raw_streams(play):
    """Without the wrapper, as ``/ws/<stream>`` sends them."""
    address = "wss://fstream.binance.com/public/ws/btcusdt@depth"
    raw = [diff(1, 5, pu=0)["data"], snapshot(4), diff(6, 7, pu=5)["data"], trade(1)["data"]]
    counted = await play(capture(address, *raw, {"result": None, "id": 1}))
    assert (counted.snapshots, counted.diffs, counted.trades, counted.gaps) == (1, 2, 1, 0)


async def test_what_is_not_understood_is_counted_by_name(play, caplog):
    kline = wrapped("kline_1m", {"e": "kline"})
    counted = await play(recording(diff(1, 2), snapshot(1), kline, kline))
    assert counted.unknown == {"kline_1m": 2}
    assert "2 messages of channel kline_1m are not used" in caplog.text


# Best prices between updates.


async def test_best_prices_are_shown_between_updates_and_leave_no_trace(play, heard, recorder):
    """A level that came and went between two updates is in neither of them."""
    text = recording(
        diff(1, 2),
        snapshot(2, [("99.00", "1.0"), ("98.00", "1.0")], [("101.00", "1.0")]),
        best(3, ("99.50", "4.0"), ("101.00", "0.5")),
        best(4, ("98.00", "1.0"), ("101.00", "0.5")),
        diff(3, 5, [("99.00", "0"), ("97.00", "1.0")], [("101.00", "0.5")]),
    )
    counted = await play(text)
    assert (counted.bests, counted.diffs, counted.stale) == (2, 1, ())
    assert levels(heard, BTC) == ([("98.00", "1.0"), ("97.00", "1.0")], [("101.00", "0.5")])
    assert recorder.books[1]["bids"] == [["99.50", "4.0"]]
    assert sorted(recorder.books[2]["bids"]) == [["99.00", "0"], ["99.50", "0"]]
    assert recorder.copies[BTC]["bids"] == {"98.00": "1.0", "97.00": "1.0"}


async def test_best_prices_later_than_an_update_stay_after_it(play, heard):
    counted = await play(
        recording(
            diff(1, 2),
            snapshot(2),
            best(9, ("99.50", "4.0"), ("100.50", "0.5")),
            best(8, ("1.00", "4.0"), ("2.00", "0.5")),
            diff(3, 5, [("99.20", "7.0")]),
        )
    )
    assert (counted.bests, counted.diffs) == (1, 1)
    bids, asks = levels(heard, BTC)
    assert bids[:2] == [("99.50", "4.0"), ("99.20", "7.0")]
    assert asks == [("100.50", "0.5"), ("101.00", "1.0")]


@pytest.mark.parametrize(
    "sides",
    [
        pytest.param((("99.50", "4.0"), ("99.50", "1.0")), id="locked"),
        pytest.param((("0.00", "0.0"), ("101.00", "1.0")), id="one side empty"),
        pytest.param((("99.5o", "4.0"), ("100.00", "1.0")), id="no number"),
    ],
)
async def test_best_prices_that_say_nothing_do_no_harm(play, heard, sides):
    counted = await play(recording(diff(1, 2), snapshot(2), best(3, *sides), diff(3, 5)))
    assert counted.stale == ()
    assert levels(heard, BTC) == ([("99.00", "1.0")], [("101.00", "1.0")])


async def test_best_prices_of_a_book_that_is_lost_are_not_shown(play, heard):
    counted = await play(
        recording(diff(1, 2), snapshot(2), diff(7, 8), best(9, ("99.5", "1"), ("100", "1")))
    )
    assert (counted.gaps, counted.bests, counted.stale) == (1, 0, (BTC,))
