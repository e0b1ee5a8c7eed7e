"""The market: what it publishes, and when it keeps quiet."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import (
    BadLevelError,
    ChecksumError,
    CrossedBookError,
    InstrumentConflictError,
    NoSnapshotError,
    OffStepError,
    SequenceGapError,
    UnknownInstrumentError,
)
from cadenza.market.market import Market
from cadenza.models import OrderSide

BTC = "BINANCE:BTC/USDT"
BIDS = [("99.50", "1"), ("99.40", "2")]
ASKS = [("100.00", "3"), ("100.10", "4")]


def make_market(recorder, instrument, **options):
    market = Market(**options)
    market.add_listener(recorder)
    market.instrument(instrument)
    return market


@pytest.fixture
def market(recorder, instrument):
    return make_market(recorder, instrument)


def sequences(recorder):
    return [(book["updateType"], book["prevSequence"], book["sequence"]) for book in recorder.books]


def test_a_snapshot_and_the_diffs_after_it_are_numbered_without_a_hole(market, recorder):
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    market.book_diff(BTC, [("99.50", "0")], [], 11)
    market.book_diff(BTC, [], [("100.00", "9")], 12)
    assert sequences(recorder) == [("SNAPSHOT", 0, 1), ("DIFF", 1, 2), ("DIFF", 2, 3)]
    assert recorder.books[1]["bids"] == [["99.50", "0"]]
    assert recorder.books[2]["timestamp"] == 12


def test_what_a_new_subscriber_gets_belongs_to_the_last_publication(market, recorder):
    assert market.snapshot(BTC) is None
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    assert market.snapshot(BTC) == recorder.raw[-1]
    market.book_diff(BTC, [("99.50", "0")], [], 11)
    snapshot = msgspec.json.decode(market.snapshot(BTC))
    assert snapshot["sequence"] == recorder.books[-1]["sequence"]
    assert dict(snapshot["bids"]) == recorder.copies[BTC]["bids"]


def test_a_paced_market_joins_changes_until_it_is_told_to_publish(recorder, instrument):
    market = make_market(recorder, instrument, is_paced=True)
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    market.book_diff(BTC, [("99.50", "5")], [], 11)
    market.book_diff(BTC, [("99.50", "6"), ("99.30", "1")], [], 12)
    assert sequences(recorder) == [("SNAPSHOT", 0, 1)]
    assert msgspec.json.decode(market.snapshot(BTC))["bids"] == [["99.50", "1"], ["99.40", "2"]]
    market.publish_pending()
    market.publish_pending()
    assert sequences(recorder)[1:] == [("DIFF", 1, 2)]
    assert recorder.books[1]["bids"] == [["99.50", "6"], ["99.30", "1"]]


def test_after_a_gap_nothing_is_published_until_a_snapshot(market, recorder):
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    gap = SequenceGapError(BTC, 5, 9)
    before = market.snapshot(BTC)
    market.book_stale(gap)
    with pytest.raises(NoSnapshotError):
        market.book_diff(BTC, [("99.50", "7")], [], 11)
    assert market.fault(BTC) is gap
    assert market.snapshot(BTC) == before
    market.book_snapshot(BTC, [("98.00", "1")], [], 12)
    assert sequences(recorder) == [("SNAPSHOT", 0, 1), ("SNAPSHOT", 1, 2)]
    assert recorder.health == [(BTC, gap), (BTC, None)]
    assert recorder.copies[BTC] == {"bids": {"98.00": "1"}, "asks": {}}


def test_changes_that_wait_when_the_book_becomes_stale_are_never_published(recorder, instrument):
    market = make_market(recorder, instrument, is_paced=True)
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    market.book_diff(BTC, [("99.50", "5")], [], 11)
    market.book_stale(SequenceGapError(BTC, 1, 3))
    market.publish_pending()
    assert len(recorder.books) == 1


def fail_check(book):
    raise ChecksumError(str(book.listing.id), 1, 2)


@pytest.mark.parametrize(
    ("bids", "check", "error"),
    [
        ([("100.00", "1")], None, CrossedBookError),
        ([("99.505", "1")], None, BadLevelError),
        ([("99.50", "-1")], None, BadLevelError),
        ([("99.50", "7")], fail_check, ChecksumError),
    ],
)
def test_an_update_that_cannot_be_trusted_is_not_published(market, recorder, bids, check, error):
    market.book_snapshot(BTC, BIDS, ASKS, 10)
    with pytest.raises(error) as caught:
        market.book_diff(BTC, bids, [], 11, check)
    assert market.fault(BTC) is caught.value
    assert recorder.health == [(BTC, caught.value)]
    assert len(recorder.books) == 1


def test_a_wrong_snapshot_is_not_published_either(market, recorder):
    with pytest.raises(CrossedBookError):
        market.book_snapshot(BTC, [("100.00", "1")], ASKS, 10)
    assert market.snapshot(BTC) is None
    assert recorder.books == []


def test_a_diff_before_any_snapshot_is_refused(market):
    with pytest.raises(NoSnapshotError):
        market.book_diff(BTC, BIDS, [], 10)


def report_trade(market, price="99.50", trade_id="1"):
    market.trade(
        BTC, trade_id=trade_id, price=price, quantity="0.5", side=OrderSide.SELL, timestamp_ms=7
    )


def test_trades_are_published_and_the_latest_remembered(recorder, instrument):
    market = make_market(recorder, instrument, recent_trades=2)
    for trade_id in "123":
        report_trade(market, trade_id=trade_id)
    assert [trade["tradeId"] for trade in recorder.trades] == ["1", "2", "3"]
    assert [trade.trade_id for trade in market.recent_trades(BTC)] == ["2", "3"]
    assert recorder.trades[0]["side"] == "SELL"


def test_a_trade_off_the_tick_is_refused(market, recorder):
    with pytest.raises(OffStepError):
        report_trade(market, price="99.505")
    assert recorder.trades == []


def test_declaring_an_instrument_twice_changes_nothing_unless_it_differs(market, instrument):
    market.instrument(instrument)
    assert market.instruments() == [instrument]
    other = msgspec.structs.replace(instrument, pip_size="0.1")
    with pytest.raises(InstrumentConflictError, match="BINANCE:BTC/USDT"):
        market.instrument(other)


def test_an_unknown_instrument_is_an_error_that_names_the_nearest(market):
    with pytest.raises(UnknownInstrumentError, match='did you mean "BINANCE:BTC/USDT"'):
        market.snapshot("BINANCE:BTC/USD")


async def test_the_publisher_keeps_its_beat_and_leaves_out_missed_ones():
    """Work that takes longer than two intervals costs the beats in it, and no delay after it."""
    clock = VirtualClock()
    beats = []

    class Busy(Market):
        def publish_pending(self):
            beats.append(clock.time_ms() - start)
            if len(beats) == 2:
                clock.advance(0.25)

    start = clock.time_ms()
    task = asyncio.create_task(Busy().publish_every(clock, 100))
    await clock.sleep(0.65)
    task.cancel()
    assert beats == [100, 200, 500, 600]
