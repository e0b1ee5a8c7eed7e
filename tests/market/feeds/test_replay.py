"""Replay of small recordings written for the purpose."""

from __future__ import annotations

import asyncio
import gzip
import json

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import RecordingFormatError, RecordingNotFoundError
from cadenza.market.feeds.replay import MAX_BURST, MAX_SPEED, ReplayFeed
from cadenza.market.market import Market

BTC = "BINANCE:BTC/USDT"
START_NS = 1_723_161_253_000_000_000


def line(seconds, content):
    return f"{START_NS + round(seconds * 1e9)} {json.dumps(content, separators=(',', ':'))}\n"


def diff(seconds, first, last, bids=(), *, symbol="BTCUSDT"):
    data = {"e": "depthUpdate", "E": 1000 + last, "s": symbol, "U": first, "u": last}
    data |= {"b": list(bids), "a": []}
    return line(seconds, {"stream": f"{symbol.lower()}@depth@100ms", "data": data})


def snapshot(seconds, last, bids, asks=(("101.00", "1.000"),)):
    return line(seconds, {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)})


def trade(seconds, trade_id, price="100.00", *, is_buyer_maker=True):
    data = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": trade_id, "p": price, "q": "0.500"}
    data |= {"T": 5, "m": is_buyer_maker, "M": True}
    return line(seconds, {"stream": "btcusdt@trade", "data": data})


GOOD = [
    diff(0.0, 1, 5, [("99.00", "1.000")]),
    diff(0.5, 6, 10, [("99.00", "2.000")]),
    snapshot(1.0, 7, [("99.00", "1.500"), ("98.00", "1.000")]),
    trade(2.0, 71),
    diff(3.0, 11, 12, [("98.00", "0.000")]),
]
BROKEN = [*GOOD, diff(4.0, 14, 15, [("97.00", "1.000")]), diff(5.0, 16, 17, [("96.00", "1.000")])]


@pytest.fixture
def market(recorder):
    market = Market()
    market.add_listener(recorder)
    return market


def write(folder, name, lines):
    path = folder / name
    path.write_text("".join(lines))
    return path


async def replay(path, market, **options):
    feed = ReplayFeed(path, market, VirtualClock(), **({"speed": MAX_SPEED} | options))
    await feed.run()
    return feed.statistics()


def kinds(recorder):
    return [(book["updateType"], book["sequence"]) for book in recorder.books]


async def test_held_updates_follow_the_snapshot_and_the_final_book_stands(
    tmp_path, market, recorder
):
    statistics = await replay(write(tmp_path, "a.jsonl", GOOD), market)
    assert kinds(recorder) == [("SNAPSHOT", 1), ("DIFF", 2), ("DIFF", 3)]
    assert recorder.copies[BTC] == {"bids": {"99.00": "2.000"}, "asks": {"101.00": "1.000"}}
    assert recorder.trades[0]["side"] == "SELL"
    assert statistics._asdict() | {"lag_ms": 0} == {
        "messages": 5,
        "snapshots": 1,
        "diffs": 2,
        "outdated": 1,
        "trades": 1,
        "skipped": 0,
        "gaps": 0,
        "faults": 0,
        "resyncs": 0,
        "checks": 0,
        "unchecked": 0,
        "crossed": 0,
        "bests": 0,
        "loops": 0,
        "lag_ms": 0,
        "finished": True,
        "stale": (),
        "unknown": {},
    }


@pytest.mark.parametrize("speed", [1.0, 10.0, 0.5])
async def test_messages_come_at_the_recorded_times_divided_by_the_speed(tmp_path, market, speed):
    clock = VirtualClock()
    times = []

    class Listener:
        def on_book(self, *_):
            times.append(clock.monotonic())

        def on_trade(self, *_):
            times.append(clock.monotonic())

        def on_book_health(self, *_):
            pass

    market.add_listener(Listener())
    await ReplayFeed(write(tmp_path, "a.jsonl", GOOD), market, clock, speed=speed).run()
    # The held update comes in the same moment as the snapshot at 1 s.
    assert times == pytest.approx([second / speed for second in (1.0, 1.0, 2.0, 3.0)])


async def test_a_long_silence_is_cut(tmp_path, market):
    clock = VirtualClock()
    path = write(tmp_path, "a.jsonl", [*GOOD, diff(90_000, 13, 14, [("98.00", "1.000")])])
    await ReplayFeed(path, market, clock, max_silence_s=30).run()
    assert clock.monotonic() == pytest.approx(33.0)


async def test_a_gap_makes_the_book_stale_to_the_end_when_no_snapshot_follows(
    tmp_path, market, recorder, caplog
):
    statistics = await replay(write(tmp_path, "a.jsonl", BROKEN), market)
    assert (statistics.gaps, statistics.resyncs, statistics.stale) == (1, 0, (BTC,))
    assert not statistics.healthy
    assert kinds(recorder)[-1] == ("DIFF", 3)
    fault = market.fault(BTC)
    assert (fault.last, fault.first) == (12, 14)
    assert "updates after 12 and before 14 are missing" in caplog.text


async def test_a_snapshot_after_the_gap_replaces_the_book_in_sequence(tmp_path, market, recorder):
    fresh = snapshot(6.0, 16, [("95.00", "1.000")])
    path = write(tmp_path, "a.jsonl", [*BROKEN, fresh, diff(7.0, 18, 18, [("94.00", "1.000")])])
    statistics = await replay(path, market)
    assert (statistics.gaps, statistics.resyncs, statistics.stale) == (1, 1, ())
    assert kinds(recorder)[3:] == [("SNAPSHOT", 4), ("DIFF", 5), ("DIFF", 6)]
    assert recorder.copies[BTC]["bids"] == {"95.00": "1.000", "96.00": "1.000", "94.00": "1.000"}
    assert [fault is None for _, fault in recorder.health] == [False, True]


async def test_a_loop_begins_with_a_snapshot_and_the_sequence_goes_on(tmp_path, market, recorder):
    feed = ReplayFeed(
        write(tmp_path, "a.jsonl", BROKEN), market, VirtualClock(), speed=MAX_SPEED, loop=True
    )
    task = asyncio.create_task(feed.run())
    while feed.statistics().loops < 2:  # noqa: ASYNC110 - giving way lets the feed run
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert feed.statistics().resyncs >= 1
    assert not feed.statistics().finished
    assert kinds(recorder)[:6] == [
        ("SNAPSHOT", 1),
        ("DIFF", 2),
        ("DIFF", 3),
        ("SNAPSHOT", 4),
        ("DIFF", 5),
        ("DIFF", 6),
    ]


async def test_files_of_one_market_follow_one_another_and_markets_are_merged_by_time(
    tmp_path, market, recorder
):
    other = [
        snapshot(0.7, 3, [("10.00", "1.000")], [("11.00", "1.000")]),
        diff(3.5, 4, 4, [("10.00", "5.000")], symbol="SOLUSDT"),
    ]
    write(tmp_path, "btc_2.jsonl", GOOD[3:])
    write(tmp_path, "btc_1.jsonl", GOOD[:3])
    write(tmp_path, "sol.jsonl", other)
    write(tmp_path, "notes.txt", ["not a recording\n"])
    statistics = await replay(tmp_path, market)
    assert statistics.messages == 7
    assert statistics.gaps == 0
    assert [book["instrumentId"] for book in recorder.books] == [
        "BINANCE:SOL/USDT",
        BTC,
        BTC,
        BTC,
        "BINANCE:SOL/USDT",
    ]


async def test_a_compressed_file_is_recognised_by_its_content(tmp_path, market):
    path = tmp_path / "recording"
    path.write_bytes(gzip.compress("".join(GOOD).encode()))
    assert (await replay(path, market)).diffs == 2


async def test_a_truncated_compressed_file_is_read_as_far_as_it_goes(tmp_path, market, caplog):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress("".join(GOOD * 2000).encode())[:-200])
    statistics = await replay(path, market)
    assert statistics.diffs == 2
    assert "ends early" in caplog.text


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("nonsense\n", "line 3: the line does not begin with 19 digits"),
        (f"{START_NS} {{half a line\n", "JSON is malformed"),
        (line(1, {"stream": "btcusdt@trade", "data": {"t": 1}}), "required field"),
        (trade(1, 9, price="1e5"), 'trade 9 of BINANCE:BTC/USDT: price "1e5"'),
        (diff(1, 1, 2, symbol="ETHUSDT"), "a message of ETHUSDT in a recording of BTCUSDT"),
    ],
)
async def test_a_line_that_cannot_be_read_is_counted_logged_and_skipped(
    tmp_path, market, caplog, bad, reason
):
    path = write(tmp_path, "a.jsonl", [*GOOD[:2], bad, *GOOD[2:]])
    statistics = await replay(path, market)
    assert (statistics.skipped, statistics.diffs, statistics.messages) == (1, 2, 6)
    assert reason in caplog.text


async def test_a_price_finer_than_the_guessed_tick_makes_the_tick_finer(tmp_path, market, recorder):
    finer = diff(4.0, 13, 14, [("99.005", "1.000")])
    statistics = await replay(write(tmp_path, "a.jsonl", [*GOOD, finer]), market)
    assert (statistics.faults, statistics.stale) == (0, ())
    assert market.listing(BTC).instrument.pip_size == "0.001"
    assert recorder.copies[BTC]["bids"] == {"99.00": "2.000", "99.005": "1.000"}


async def test_a_level_that_is_no_number_makes_the_book_stale(tmp_path, market):
    bad = diff(4.0, 13, 14, [("99.o5", "1.000")])
    statistics = await replay(write(tmp_path, "a.jsonl", [*GOOD, bad]), market)
    assert (statistics.faults, statistics.stale) == (1, (BTC,))
    assert 'price "99.o5" is not a plain' in str(market.fault(BTC))


async def test_a_recording_without_its_snapshot_says_so(tmp_path, market, recorder, caplog):
    await replay(write(tmp_path, "a.jsonl", GOOD[:2]), market)
    assert recorder.books == []
    assert "BINANCE:BTC/USDT: no book at the end" in caplog.text


def test_instruments_are_known_before_the_replay(tmp_path, market):
    feed = ReplayFeed(write(tmp_path, "a.jsonl", GOOD), market, VirtualClock())
    (instrument,) = feed.instruments()
    assert (instrument.instrument_id, instrument.pip_size) == (BTC, "0.01")


def test_a_missing_path_an_empty_folder_and_an_unknown_format_are_errors(tmp_path, market):
    with pytest.raises(RecordingNotFoundError, match="no such file or folder"):
        ReplayFeed(tmp_path / "nothing", market, VirtualClock())
    with pytest.raises(RecordingNotFoundError, match=r"no recording in this folder .*Binance"):
        ReplayFeed(tmp_path, market, VirtualClock())
    path = write(tmp_path, "notes.txt", ["hello\n"])
    with pytest.raises(RecordingFormatError, match=r"notes\.txt: not a recording .*OKX"):
        ReplayFeed(path, market, VirtualClock())


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_is_not_positive_is_refused(tmp_path, market, speed):
    with pytest.raises(ValueError, match="speed must be positive"):
        ReplayFeed(write(tmp_path, "a.jsonl", GOOD), market, VirtualClock(), speed=speed)


async def test_flat_out_others_still_get_their_turn(tmp_path, market):
    path = write(tmp_path, "a.jsonl", [*GOOD, *(trade(3, number) for number in range(1000))])
    feed = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    task = asyncio.create_task(feed.run())
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 1000 // MAX_BURST
