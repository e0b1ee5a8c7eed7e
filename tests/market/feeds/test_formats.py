"""Recordings as people have them: written again, cut into sockets, looped, in channels unknown."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import RecordingFormatError
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.models import KlineInterval
from support.market.captures import START, capture, opened, received, replayed

RECORDINGS = [
    "binance/spot_btcusdt_20240808.jsonl.gz",
    "binance/usdm_btcusdt_20240808.jsonl.gz",
    "binance/usdm_ethusdt_20240808.jsonl.gz",
    "binance/cm_btcusd_perp_20240808.jsonl.gz",
    "multi-venue/OKX.ws.1.0.gz",
    "multi-venue/KRAKEN.ws.50.0.gz",
    "multi-venue/COINBASE.ws.28.0.gz",
    "multi-venue/DERIBIT.ws.1.0.gz",
]
MOST_LINES = 4000
"""Lines of each that are written again: past the snapshots of all."""


def turned(value):
    """The same JSON with the keys of every object the other way round."""
    if isinstance(value, dict):
        return {key: turned(value[key]) for key in reversed(value)}
    return [turned(one) for one in value] if isinstance(value, list) else value


def written_again(line):
    """The line with blanks and another order of keys; JSON means the same."""
    start = line.find("{") if "[" not in line[:40] else min(line.find("{") % 10**9, line.find("["))
    if start < 0 or "<-" in line[:60]:
        return line
    try:
        message = json.loads(line[start:])
    except ValueError:
        return line
    return (
        f"{line[:start]} {json.dumps(turned(message), indent=None, separators=(' , ', ' : '))} \n"
    )


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", RECORDINGS)
async def test_blanks_and_the_order_of_keys_mean_nothing(shared_data, tmp_path, recorder, name):
    with gzip.open(shared_data / name, "rt") as lines:
        text = [line for _, line in zip(range(MOST_LINES), lines, strict=False)]
    found = []
    for number, content in enumerate(("".join(text), "".join(map(written_again, text)))):
        market = Market()
        market.add_listener(recorder)
        recorder.raw.clear()
        counted = await replayed(tmp_path / f"{number}", content, market)
        found.append((counted._replace(lag_ms=0), list(recorder.raw)))
    assert found[0] == found[1]
    assert found[0][0].snapshots > 0
    assert found[0][0].skipped == 0


def okx(channel, *rows, action="", **fields):
    arg = {"channel": channel, "instId": "BTC-USDT"}
    return {"arg": arg, **({"action": action} if action else {}), "data": [*rows], **fields}


def book(second, seq, price):
    rows = {"bids": [[price, "1"]], "asks": [["200", "1"]], "ts": str((START + second) * 1000)}
    action = "update" if seq > 1 else "snapshot"
    chain = {"seqId": seq, "prevSeqId": seq - 1 if seq > 1 else -1}
    return received(second, okx("books", rows | chain, action=action))


def trade(second, number, price="150"):
    told = {"tradeId": str(number), "px": price, "sz": "0.5", "side": "buy"}
    return received(second, okx("trades", told | {"ts": str((START + second) * 1000)}))


SOCKET = opened("wss://ws.okx.com:8443/ws/v5/public")


class Order:
    """Hears in which order books and trades come."""

    def __init__(self):
        self.heard = []

    def on_book(self, _id, _payload, update_type):
        self.heard.append(update_type.value)

    def on_trade(self, _id, _payload):
        self.heard.append("trade")

    def on_book_health(self, _id, fault):
        raise AssertionError(fault)


async def test_sockets_of_one_venue_are_merged_by_time(play, heard):
    """``VENUE.ws.<socket>.<part>``: books on one, trades on the other; parts follow one another."""
    order = Order()
    heard.add_listener(order)
    counted = await play(
        {
            "OKX.ws.1.0": SOCKET + book(1, 1, "100") + book(3, 2, "101"),
            "OKX.ws.1.1": SOCKET + book(5, 3, "102") + book(7, 4, "103"),
            "OKX.ws.2.0": SOCKET + trade(2, 1) + trade(4, 2) + trade(6, 3) + trade(8, 4),
        }
    )
    assert order.heard == ["SNAPSHOT", "trade", "DIFF", "trade", "DIFF", "trade", "DIFF", "trade"]
    assert (counted.gaps, counted.trades, counted.unknown) == (0, 4, {})


async def test_a_socket_of_trades_alone_makes_candles(play, heard):
    counted = await play(SOCKET + trade(1, 1) + trade(2, 2, "150.5"))
    assert counted.trades == 2
    assert heard.instruments()[0].pip_size == "0.1"


async def test_the_same_name_at_two_venues_is_told_apart(play, heard, caplog):
    """Kraken's and Coinbase's BTC/USD both come as MOCK: the second one is left out and counted."""
    level = {"price": 10.5, "qty": 1.5}
    kraken = {"symbol": "BTC/USD", "bids": [level], "asks": []}
    coinbase = {"type": "snapshot", "product_id": "BTC-USD", "bids": [["9.5", "1"]], "asks": []}
    counted = await play(
        {
            "a": capture(
                "wss://ws.kraken.com/v2", {"channel": "book", "type": "snapshot", "data": [kraken]}
            ),
            "b": capture("wss://ws-feed.exchange.coinbase.com", coinbase),
        }
    )
    assert counted.snapshots == 1
    assert counted.unknown == {"MOCK:BTC/USD of Coinbase (the name is taken)": 1}
    assert "MOCK:BTC/USD of Coinbase is left out" in caplog.text
    assert heard.book("MOCK:BTC/USD").best_bid().price == "10.5"


async def test_candles_go_on_in_the_second_pass(tmp_path, heard, recorder):
    """A second pass is later than the first: no candle is forgotten, no trade has an id twice."""
    clock = VirtualClock()
    klines = Klines(clock, is_recorded=lambda _: True)
    heard.add_observer(klines)
    path = tmp_path / "a"
    path.write_text(SOCKET + book(0, 1, "100") + trade(1, 71, "150") + trade(9, 72, "151"))
    feed = ReplayFeed(path, heard, clock, loop=True)
    known = "OKX:BTC/USDT"
    task = asyncio.create_task(feed.run())
    while feed.statistics().loops < 3:
        await clock.sleep(0.5)
    task.cancel()
    series = klines.series(known)
    assert (series.restarts, series.late) == (0, 0)
    times = [it["timestamp"] for it in recorder.trades]
    assert times == sorted(times)
    assert [it["tradeId"] for it in recorder.trades[:4]] == ["71", "72", "71-2", "72-2"]
    # 9 s of recording, then the next whole second at least one later.
    assert [(it - START * 1000) // 1000 for it in times[:5]] == [1, 9, 12, 20, 23]
    rows = klines.kline(known, KlineInterval.SECOND_1).candles
    opens = [row[0] for row in rows]
    assert opens == list(range(times[0], opens[-1] + 1, 1000))
    assert [row[0] for row in rows if row[5] == "0.5"] == times


async def test_a_recording_of_which_nothing_is_understood_says_so(play, caplog):
    """Right address, other channels."""
    caplog.set_level(logging.WARNING)
    told = okx("tickers", {"last": "1"})
    counted = await play(SOCKET + "".join(received(second, told) for second in range(52)))
    assert counted.unknown == {"tickers": 52}
    assert "52 messages of channel tickers are not used; understood are: OKX: books" in caplog.text
    (error,) = [it for it in caplog.records if it.levelno == logging.ERROR]
    assert "nothing is understood of the first 52 messages" in error.getMessage()
    assert "tickers (52)" in error.getMessage()


async def test_it_says_so_long_before_the_end(tmp_path, heard, caplog):
    """At its own pace a recording lasts for hours."""
    path = tmp_path / "a"
    told = okx("tickers", {"last": "1"})
    path.write_text(SOCKET + "".join(received(second, told) for second in range(3000)))
    clock = VirtualClock()
    feed = ReplayFeed(path, heard, clock)
    task = asyncio.create_task(feed.run())
    while feed.statistics().messages < 1001:
        await clock.sleep(1)
    task.cancel()
    assert "nothing is understood of the first 1000 messages" in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "hello\n",
        '{"stream":"btcusdt@trade"}\n',
        "wss://www.bitmex.com/realtime <-> 1780000000.0\n1780000001.0: {}\n",
        "1780000001000000000 {}\n",
        "\n",
        "",
    ],
)
async def test_what_is_no_known_recording_is_refused(tmp_path, text):
    path = tmp_path / "a"
    path.write_text(text)
    with pytest.raises(RecordingFormatError, match="Binance, OKX, Kraken, Coinbase, Bybit"):
        ReplayFeed(path, Market(), VirtualClock(), speed=MAX_SPEED)


@pytest.mark.parametrize(
    "stamp",
    [
        "1780000001000000000",
        "1780000001000000",
        "1780000001000",
        "1780000001.25",
        "1780000001",
        "2026-05-28T20:26:41.25Z",
        "2026-05-28T20:26:41.2500000Z",
    ],
)
@pytest.mark.parametrize("colon", ["", ":"])
async def test_receive_times_of_every_kind_before_every_venue(play, stamp, colon):
    """Bybit as hftbacktest's recorder writes it, as a capture, as Tardis does."""
    data = {"s": "BTCUSDT", "b": [["1.5", "1"]], "a": [], "u": 5, "seq": 7}
    message = {"topic": "orderbook.50.BTCUSDT", "type": "snapshot", "ts": 5, "data": data}
    counted = await play(f"{stamp}{colon} {json.dumps(message)}\n")
    assert (counted.snapshots, counted.skipped) == (1, 0)
