"""What an observer of the market is told, and when."""

from __future__ import annotations

import pytest

from cadenza.market.errors import CrossedBookError, OffStepError, SequenceGapError
from cadenza.market.market import Market
from cadenza.models import OrderSide

BTC = "BINANCE:BTC/USDT"
BIDS = [("99.50", "1"), ("99.40", "2")]
ASKS = [("100.00", "3")]


class Diary:
    """An observer and a listener in one: what came, in order."""

    def __init__(self):
        self.entries = []

    def on_instrument(self, book):
        self.entries.append(("instrument", book.listing.instrument.instrument_id, len(book.bids)))

    def on_book_changed(self, book, touched, timestamp_ms):
        keys = None if touched is None else (touched.bids, touched.asks)
        self.entries.append(("changed", keys, len(book.bids), timestamp_ms))

    def on_trade_seen(self, listing, price, lots, side, timestamp_ms):
        assert listing.instrument.instrument_id == BTC
        self.entries.append(("trade", price, lots, side, timestamp_ms))

    def on_stale(self, listing, fault):
        self.entries.append(("stale", listing.instrument.instrument_id, type(fault)))

    def on_book(self, instrument_id, payload, update_type):
        self.entries.append(("published", update_type.value))

    def on_trade(self, instrument_id, payload):
        self.entries.append(("published", "TRADE"))

    def on_book_health(self, instrument_id, fault):
        self.entries.append(("health", fault is None))

    def take(self):
        taken, self.entries = self.entries, []
        return taken


@pytest.fixture
def diary():
    return Diary()


def watched(diary, **options):
    market = Market(**options)
    market.add_observer(diary)
    market.add_listener(diary)
    return market


def print_trade(market, price="99.50", quantity="0.25"):
    side = OrderSide.SELL
    market.trade(BTC, trade_id="1", price=price, quantity=quantity, side=side, timestamp_ms=7)


def test_an_observer_hears_whole_numbers_before_anything_is_published(diary, instrument):
    """Each call of a feed comes once, in ticks and lots, ahead of its publication."""
    market = watched(diary)
    market.instrument(instrument)
    market.instrument(instrument)
    assert diary.take() == [("instrument", BTC, 0)]
    market.book_snapshot(BTC, BIDS, ASKS, 5)
    assert diary.take() == [("changed", None, 2, 5), ("published", "SNAPSHOT")]
    market.book_diff(BTC, [("99.40", "0")], [("100.00", "4")], 6)
    keys = ([-9940], [10000])
    assert diary.take() == [("changed", keys, 1, 6), ("published", "DIFF")]
    print_trade(market)
    trade = ("trade", 9950, 250, OrderSide.SELL, 7)
    assert diary.take() == [trade, ("published", "TRADE")]


def test_pacing_holds_nothing_back_from_an_observer(diary, instrument):
    """The observer sees every update, subscribers one for all of them."""
    market = watched(diary, is_paced=True)
    market.instrument(instrument)
    market.book_snapshot(BTC, BIDS, ASKS, 5)
    diary.take()
    market.book_diff(BTC, [("99.40", "0")], [], 6)
    market.book_diff(BTC, [("99.40", "8")], [], 7)
    market.publish_pending()
    names = [entry[0] for entry in diary.take()]
    assert names == ["changed", "changed", "published"]


def test_a_fault_is_told_once_and_the_next_snapshot_ends_it(diary, instrument):
    """Between the two nothing is said about the book, but trades still are."""
    market = watched(diary)
    market.instrument(instrument)
    market.book_snapshot(BTC, BIDS, ASKS, 5)
    diary.take()
    with pytest.raises(CrossedBookError):
        market.book_diff(BTC, [("100.00", "1")], [], 6)
    market.book_stale(SequenceGapError(BTC, 1, 3))
    assert diary.take() == [("stale", BTC, CrossedBookError), ("health", False)]
    print_trade(market)
    market.book_snapshot(BTC, BIDS, ASKS, 8)
    names = [entry[0] for entry in diary.take()]
    assert names == ["trade", "published", "health", "changed", "published"]


def test_what_is_no_trade_of_the_instrument_is_not_told(diary, instrument):
    """A price between two ticks raises before anybody hears of it."""
    market = watched(diary)
    market.instrument(instrument)
    diary.take()
    with pytest.raises(OffStepError):
        print_trade(market, price="99.505")
    assert diary.take() == []


def test_who_comes_late_is_told_what_there_is(diary, instrument):
    """An observer added later begins with the instruments, their books or their faults."""
    market = Market()
    market.instrument(instrument)
    market.book_snapshot(BTC, BIDS, ASKS, 5)
    market.add_observer(diary)
    assert diary.take() == [("instrument", BTC, 2), ("changed", None, 2, 0)]
    market.book_stale(SequenceGapError(BTC, 1, 3))
    later = Diary()
    market.add_observer(later)
    assert later.take() == [("instrument", BTC, 2), ("stale", BTC, SequenceGapError)]
