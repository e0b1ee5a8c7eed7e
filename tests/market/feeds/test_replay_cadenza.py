"""Replay of recordings of ``cadenza record``, written by hand to be wrong in every way."""

from __future__ import annotations

import gzip
import json

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import RecordingFormatError
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.market import Market

BTC = "BINANCE:BTC/USDT"
BOOK = f"market:orderBook:{BTC}"
START_NS = 1_795_000_000_000_000_000


def line(second, **fields):
    first = {"event": fields.pop("event")} if "event" in fields else {}
    return json.dumps({**first, "time": START_NS + round(second * 1e9), **fields}) + "\n"


def header(*channels, event="recording", version=1):
    text = line(0, event=event, version=version, program="cadenza 1", channels=channels or [BOOK])
    return text.replace('{"event": ', '{"event":')


def instrument(name=BTC, **changes):
    data = {"instrumentId": name, "pipSize": "0.01", "lotSize": "0.001", "minNotional": "5"}
    return line(0, event="instrument", data=data | changes).replace('"event": ', '"event":')


def book(second, kind, sequence, bids, asks=(), *, name=BTC, channel=None, previous=None):
    data = {"updateType": kind, "instrumentId": name, "bids": list(bids), "asks": list(asks)}
    data |= {"timestamp": 1000 + sequence, "sequence": sequence}
    data |= {"prevSequence": sequence - 1 if previous is None else previous}
    return line(second, channel=channel or f"market:orderBook:{name}", data=data)


def snapshot(second, sequence, price="99.00", **options):
    asks = [("101.00", "1.000")]
    return book(second, "SNAPSHOT", sequence, [(price, "1.000")], asks, **options)


def diff(second, sequence, price="98.00", **options):
    return book(second, "DIFF", sequence, [(price, "2.000")], **options)


def trade(second, trade_id, *, name=BTC):
    data = {"instrumentId": name, "tradeId": str(trade_id), "price": "100.00"}
    data |= {"quantity": "0.500", "side": "SELL", "timestamp": 7}
    return line(second, channel=f"market:trade:{name}", data=data)


@pytest.fixture
def replay(tmp_path, recorder):
    """Replay lines: the market, and what the feed counted."""

    async def run(*lines, clock=None, **options):
        path = tmp_path / "a.jsonl"
        path.write_text("".join(lines))
        market = Market()
        market.add_listener(recorder)
        feed = ReplayFeed(path, market, clock or VirtualClock(), **({"speed": MAX_SPEED} | options))
        await feed.run()
        return market, feed.statistics()

    return run


async def test_books_and_trades_come_as_they_were_published(replay, recorder):
    """With the steps that the server told, and the times of the venue."""
    market, counted = await replay(
        header(), instrument(), snapshot(1, 5), trade(2, 7), diff(3, 6), diff(4, 7, "97.00")
    )
    levels = {"99.00": "1.000", "98.00": "2.000", "97.00": "2.000"}
    assert recorder.copies[BTC] == {"bids": levels, "asks": {"101.00": "1.000"}}
    assert [it["timestamp"] for it in recorder.books] == [1005, 1006, 1007]
    assert (recorder.trades[0]["tradeId"], recorder.trades[0]["side"]) == ("7", "SELL")
    assert (counted.snapshots, counted.diffs, counted.trades, counted.skipped) == (1, 2, 1, 0)
    shown = market.listing(BTC).instrument
    assert (shown.pip_size, shown.lot_size, shown.min_notional) == ("0.01", "0.001", "5")
    assert shown.description == "Recorded from BINANCE of a Cadenza server"


async def test_blanks_and_the_order_of_keys_mean_nothing(replay):
    """As a program writes the lines that reads them and writes them again."""
    lines = [header(), instrument(), snapshot(1, 5), diff(3, 6)]
    again = [
        "  " + json.dumps(dict(reversed(json.loads(one).items())), separators=(" ,", " : ")) + "\n"
        for one in lines
    ]
    market, counted = await replay(*again)
    assert (counted.snapshots, counted.diffs, counted.skipped) == (1, 1, 0)
    assert market.listing(BTC).instrument.pip_size == "0.01"


async def test_the_pace_is_that_of_the_capture(replay):
    """Not of the venue's timestamps."""
    clock = VirtualClock()
    await replay(header(), instrument(), snapshot(1, 5), diff(9, 6), clock=clock, speed=2.0)
    assert clock.monotonic() == pytest.approx(4.5)


async def test_paper_instruments_are_published_under_mock(replay):
    """Their names belong to the paper venue of the server that replays."""
    name = "PAPER:BTC/USDT"
    market, _ = await replay(header(), instrument(name), snapshot(1, 5, name=name))
    assert [it.instrument_id for it in market.instruments()] == ["MOCK:BTC/USDT"]


async def test_two_books_of_one_name_are_told_apart(replay):
    """The second one is left out and counted; the first one stays right."""
    paper, mock = "PAPER:BTC/USDT", "MOCK:BTC/USDT"
    market, counted = await replay(
        header(),
        instrument(mock),
        instrument(paper),
        snapshot(1, 5, name=mock),
        snapshot(2, 50, "98.50", name=paper),
        diff(3, 51, name=paper),
        diff(4, 6, name=mock),
    )
    assert [it.instrument_id for it in market.instruments()] == [mock]
    assert counted.diffs == 1
    assert counted.skipped >= 1
    assert next(iter(market.book(mock).bids.top(1)))[1] == ("99.00", "1.000")


async def test_without_steps_those_of_the_first_snapshot_count(replay):
    """A server that has no such call."""
    market, counted = await replay(header(), trade(0.5, 1), snapshot(1, 5), trade(2, 2))
    shown = market.listing(BTC).instrument
    # Of the numbers' digits, without the zeros at their end; 0.500 of the trade made the lot finer.
    assert (shown.pip_size, shown.lot_size) == ("1", "0.1")
    assert counted.trades == 1  # before the book nothing is known of the instrument


async def test_a_hole_makes_the_book_stale_until_the_next_snapshot(replay, recorder):
    """Also when its number is smaller, as after a restart of the server."""
    _, counted = await replay(
        header(), instrument(), snapshot(1, 500), diff(2, 502), diff(3, 503), snapshot(4, 3)
    )
    assert (counted.gaps, counted.resyncs, counted.stale) == (1, 1, ())
    assert [it["updateType"] for it in recorder.books] == ["SNAPSHOT", "SNAPSHOT"]


async def test_a_second_channel_of_the_same_book_changes_nothing(replay):
    """Both names of a book may be recorded."""
    other = "market:orderbook:BINANCE:BTC/USDT"
    _, counted = await replay(
        header(BOOK, other),
        instrument(),
        snapshot(1, 5),
        snapshot(1.5, 5, channel=other),
        diff(2, 6),
        diff(2, 6, channel=other),
        diff(3, 7),
    )
    assert (counted.snapshots, counted.diffs, counted.gaps, counted.outdated) == (1, 2, 0, 0)


async def test_damaged_lines_are_counted_and_left_out(replay):
    """A torn last line is one of them."""
    torn = diff(9, 7)[:-20]
    _, counted = await replay(
        header(),
        instrument(pipSize="zero"),
        instrument(),
        "no json\n",
        snapshot(1, 5),
        line(2, channel=BOOK, data={"updateType": "DIFF"}),
        line(2, channel=BOOK, data="text"),
        line(2, channel=BOOK, base64="AAAA"),
        book(2, "DELTA", 6, []),
        diff(3, 6),
        torn,
    )
    assert (counted.snapshots, counted.diffs, counted.gaps) == (1, 1, 0)
    assert counted.skipped == 6


async def test_what_is_no_market_data_is_passed_over(replay):
    """Other channels, and what the recording says of itself."""
    _, counted = await replay(
        header(BOOK, "chat:a"),
        line(0, event="subscribed", channel=BOOK, offset=5, epoch="x", fresh=True),
        line(1, channel="chat:a", offset=1, data={"updateType": "SNAPSHOT"}),
        line(1, channel="market:ticker:BINANCE", data={}),
        instrument(),
        snapshot(1, 5),
        line(2, event="gap", channel=BOOK, reason="could not be recovered"),
        header(event="resumed"),
        diff(3, 6),
    )
    assert (counted.snapshots, counted.diffs, counted.skipped) == (1, 1, 0)


async def test_a_loop_begins_again_with_its_own_snapshot(tmp_path, recorder):
    """Instruments are declared anew, equally."""
    path = tmp_path / "a.jsonl"
    path.write_text(header() + instrument() + snapshot(1, 5) + diff(2, 6))
    market = Market()
    market.add_listener(recorder)
    feed = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    await feed.run()
    again = ReplayFeed(path, market, VirtualClock(), speed=MAX_SPEED)
    await again.run()
    assert [it["updateType"] for it in recorder.books] == ["SNAPSHOT", "DIFF"] * 2


async def test_a_folder_plays_different_recordings_side_by_side(tmp_path, recorder):
    """And parts of one, by their channels, one after another."""
    other = "BINANCE:ETH/USDT"
    (tmp_path / "a1.jsonl").write_text(header() + instrument() + snapshot(1, 5) + diff(4, 6))
    part = gzip.compress((header(event="resumed") + diff(6, 7, "97.00")).encode())
    (tmp_path / "a2.jsonl.gz").write_bytes(part)
    name = f"market:orderBook:{other}"
    (tmp_path / "b.jsonl").write_text(
        header(name) + instrument(other) + snapshot(2, 9, name=other) + diff(5, 10, name=other)
    )
    market = Market()
    market.add_listener(recorder)
    await ReplayFeed(tmp_path, market, VirtualClock(), speed=MAX_SPEED).run()
    assert [it["timestamp"] for it in recorder.books] == [1005, 1009, 1006, 1010, 1007]


@pytest.mark.parametrize(
    "first",
    [header(version=2), line(0, event="gap"), '{"event":"recording"}\n', '{"event":"\n', "{}\n"],
)
def test_other_files_are_no_recordings(tmp_path, first):
    """Nor are those of a later version."""
    path = tmp_path / "a.jsonl"
    path.write_text(first + snapshot(1, 5))
    with pytest.raises(RecordingFormatError, match="cadenza record"):
        ReplayFeed(path, Market(), VirtualClock())


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1"])
def test_a_damaged_parquet_file_is_no_recording(tmp_path, content):
    """As the footer is missing after a crash of another program."""
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(RecordingFormatError):
        ReplayFeed(path, Market(), VirtualClock())
