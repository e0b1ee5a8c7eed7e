"""Klines of a market: payloads, what time it is, and recorded trades."""

from __future__ import annotations

import io
import zipfile

import msgspec
import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import UnknownInstrumentError
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.intervals import DAY_MS
from cadenza.market.klines import GRACE_MS, Klines, percent
from cadenza.market.market import Market
from cadenza.models import Kline, KlineInterval, OrderSide
from support.market.naive_candles import NaiveCandles

BTC = "BINANCE:BTC/USDT"
START = 1_700_000_000_000
SECOND, MINUTE, DAY = KlineInterval.SECOND_1, KlineInterval.MINUTE_1, KlineInterval.DAY_1
SPOT = "binance/spot_btcusdt_20240808.jsonl.gz"
SPY = "us-equity/spy_20131007_trade.zip"


class Trades:
    """An observer that remembers every trade."""

    def __init__(self):
        self.seen = {}

    def on_trade_seen(self, listing, price, lots, _side, timestamp_ms):
        name = listing.instrument.instrument_id
        self.seen.setdefault(name, []).append((price, lots, timestamp_ms))

    on_instrument = on_book_changed = on_stale = lambda *_: None


def trade(market, price="100.00", quantity="1.000", time_ms=START):
    market.trade(
        BTC,
        trade_id="1",
        price=price,
        quantity=quantity,
        side=OrderSide.BUY,
        timestamp_ms=time_ms,
    )


def rows(kline):
    return [list(row) for row in kline.candles]


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def make(clock, instrument):
    """A market and its klines; ``recorded``: time is the feed's."""

    def build(*, recorded=False, **options):
        market = Market()
        klines = Klines(clock, is_recorded=lambda _: recorded, **options)
        market.add_observer(klines)
        market.instrument(instrument)
        return market, klines

    return build


def test_the_payload_has_strings_and_no_floats(make):
    """Prices with the instrument's decimals, volume in base, times as integers."""
    market, klines = make()
    trade(market, "100.5", "0.1")
    trade(market, "100.4", "0.2")
    kline = klines.kline(BTC, MINUTE)
    assert rows(kline) == [
        [1_699_999_980_000, "100.50", "100.50", "100.40", "100.40", "0.300"],
    ]
    assert (kline.is_closed, kline.timestamp, kline.interval) == (False, START, "1m")
    assert (kline.instrument_id, kline.venue, kline.symbol) == (BTC, "BINANCE", "BTC/USDT")
    encoded = msgspec.json.encode(kline)
    assert msgspec.json.decode(encoded, type=Kline) == kline


def test_before_the_first_trade_there_are_no_candles(make):
    """An answer without rows, and nothing that is closed."""
    _, klines = make()
    kline = klines.kline(BTC, MINUTE)
    assert (kline.candles, kline.is_closed) == ((), False)
    assert klines.price_change_percent(BTC) is None


def test_unknown_instruments(make):
    """The error names the nearest."""
    _, klines = make()
    with pytest.raises(UnknownInstrumentError, match="BINANCE:BTC/USDT"):
        klines.kline("BINANCE:BTC/USD", MINUTE)
    assert klines.series("BINANCE:BTC/USD") is None


async def test_the_clock_closes_a_candle_after_a_grace(make, clock):
    """A trade on its way still finds its candle; then it is over without another trade."""
    market, klines = make()
    trade(market)
    await clock.sleep(1)
    trade(market, "101.00", time_ms=START + 999)
    assert len(klines.kline(BTC, SECOND).candles) == 1
    await clock.sleep(GRACE_MS / 1000)
    kline = klines.kline(BTC, SECOND)
    assert rows(kline) == [
        [START, "100.00", "101.00", "100.00", "101.00", "2.000"],
        [START + 1000, "101.00", "101.00", "101.00", "101.00", "0.000"],
    ]
    assert not kline.is_closed
    assert klines.kline(BTC, SECOND, end_ms=START + 999).is_closed


async def test_a_date_far_ahead_holds_nothing_up(make, clock):
    """Where the clock rules a wrong date moves time by ten seconds at most."""
    market, klines = make()
    trade(market, time_ms=START * 1_000_000)
    trade(market, "101.00", time_ms=START + 10)
    assert len(klines.kline(BTC, SECOND).candles) == 1
    await clock.sleep(12)
    trade(market, "102.00", time_ms=clock.time_ms())
    assert [row[4] for row in rows(klines.kline(BTC, SECOND))] == ["101.00", "101.00", "102.00"]


async def test_a_recordings_time_is_its_own(make, clock):
    """However long the replay takes: only what the instrument's messages name moves its time."""
    market, klines = make(recorded=True)
    trade(market, time_ms=1_000_000)
    await clock.sleep(3600)
    assert len(klines.kline(BTC, SECOND).candles) == 1
    assert klines.kline(BTC, SECOND).timestamp == 1_000_000
    market.book_snapshot(BTC, [("99.00", "1.000")], [], 1_001_000 + GRACE_MS - 1)
    assert len(klines.kline(BTC, SECOND).candles) == 1
    market.book_diff(BTC, [("98.00", "1.000")], [], 1_001_000 + GRACE_MS)
    assert len(klines.kline(BTC, SECOND).candles) == 2
    assert klines.time_ms(BTC) == 1_001_000 + GRACE_MS


def test_of_other_feeds_the_book_moves_no_time(make):
    """There the clock is asked."""
    market, klines = make()
    trade(market)
    market.book_snapshot(BTC, [("99.00", "1.000")], [], START + 60_000)
    assert len(klines.kline(BTC, SECOND).candles) == 1


def test_who_listens_hears_of_each_second(make):
    """Once when it begins to be over, and not for trades within one."""
    market, klines = make()
    heard = []
    klines.listen(heard.append)
    for time_ms in (START, START + 1, START + 999, START + 1000, START + 5000, START + 4000):
        trade(market, time_ms=time_ms)
    assert heard == [BTC] * 3


def test_closed_candles_come_one_by_one(make):
    """Each once, in order, flat ones too; never the one that forms."""
    market, klines = make(recorded=True, history=5)
    trade(market)
    trade(market, "101.00", time_ms=START + 3000)
    closed = klines.closed(BTC, SECOND, START)
    assert [rows(kline)[0][0] for kline in closed] == [START, START + 1000, START + 2000]
    assert all(kline.is_closed for kline in closed)
    assert klines.closed(BTC, SECOND, START + 3000) == []
    trade(market, "102.00", time_ms=START + 60_000)
    assert len(klines.closed(BTC, SECOND, START)) == 4


def test_the_change_within_a_day(make):
    """From the price of the candle of 24 hours ago, or from the first of a younger instrument."""
    market, klines = make(recorded=True)
    trade(market, "200.00", time_ms=START)
    trade(market, "150.00", time_ms=START + DAY_MS // 2)
    assert klines.price_change_percent(BTC) == "-25.00"
    trade(market, "150.00", time_ms=START + DAY_MS * 3 // 2)
    assert klines.price_change_percent(BTC) == "0.00"
    trade(market, "150.01", time_ms=START + DAY_MS * 3)
    assert klines.price_change_percent(BTC) == "0.01"


@pytest.mark.parametrize(
    ("change", "base", "text"),
    [
        (0, 7, "0.00"),
        (1, 3, "33.33"),
        (-2, 3, "-66.67"),
        (-1, 1_000_000, "0.00"),
        (1, 20_000, "0.01"),
        (-1, 20_000, "-0.01"),
        (10**30, 3, "33333333333333333333333333333333.33"),
    ],
)
def test_percent(change, base, text):
    """Exact integers, halves away from zero, and no negative nothing."""
    assert percent(change, base) == text


async def replayed(path):
    market, trades = Market(), Trades()
    klines = Klines(VirtualClock(START), is_recorded=lambda _: True)
    market.add_observer(klines)
    market.add_observer(trades)
    await ReplayFeed(path, market, VirtualClock(START), speed=MAX_SPEED).run()
    return klines, trades.seen


async def test_recorded_trades(shared_data):
    """Candles of a replay are those of its trades by their own times, none of them late."""
    klines, trades = await replayed(shared_data / SPOT)
    naive = NaiveCandles()
    for price, lots, time_ms in trades[BTC]:
        naive.add(price, lots, time_ms)
    series = klines.series(BTC)
    naive.advance(series.newest_open(SECOND))
    assert (series.trades, series.late) == (9757, 0)
    for interval in KlineInterval:
        expected = naive.bars(interval, 1000)
        assert [tuple(bar) for bar in series.bars(interval, limit=1000)] == expected
    days = series.bars(DAY, limit=2)
    assert sum(day.lots for day in days) == sum(lots for _, lots, _ in trades[BTC])


def test_a_day_of_an_exchange(shared_data, instrument):
    """A quarter of a million recorded trades add up to the day's published range and volume."""
    with zipfile.ZipFile(shared_data / SPY) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    market = Market()
    klines = Klines(VirtualClock(START), is_recorded=lambda _: True)
    market.add_observer(klines)
    market.instrument(instrument)
    listing = market.listing(BTC)
    for line in io.StringIO(text):
        time_ms, price, size, *_ = line.split(",")
        klines.on_trade_seen(listing, int(price), int(size), OrderSide.UNKNOWN, int(time_ms))
    for interval in (DAY, KlineInterval.HOUR_1, KlineInterval.MINUTE_3):
        bars = klines.series(BTC).bars(interval, limit=1000)
        assert sum(bar.lots for bar in bars) == 97_062_721
        assert min(bar.low for bar in bars) == 1_670_100
        assert max(bar.high for bar in bars) == 1_689_000
    assert klines.series(BTC).late == 0


async def simulated():
    """Klines and trades of a simulated market in virtual time."""
    clock, market, trades = VirtualClock(START), Market(), Trades()
    klines = Klines(clock)
    market.add_observer(klines)
    market.add_observer(trades)
    await SimulatedFeed(market, clock, seed=5, rate=20, events=2000).run()
    found = [
        klines.kline(name, interval, limit=1000)
        for name in trades.seen
        for interval in (SECOND, MINUTE)
    ]
    return market, trades.seen, found


async def test_a_simulated_market_under_a_virtual_clock():
    """The same seed gives the same candles, and their volume is that of the trades."""
    market, trades, found = await simulated()
    assert found == (await simulated())[2]
    for kline in found:
        scale = market.listing(kline.instrument_id).lots
        volume = sum(scale[row[5]] for row in kline.candles)
        assert volume == sum(lots for _, lots, _ in trades[kline.instrument_id])
        opens = [row[0] for row in kline.candles]
        length = 1000 if kline.interval == "1s" else 60_000
        assert opens == list(range(opens[0], opens[-1] + 1, length))
