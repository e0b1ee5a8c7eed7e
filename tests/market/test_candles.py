"""The candles of one instrument, compared with those made from all its trades."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.market.candles import NOT_BEGUN, RESTART_MS, CandleSeries
from cadenza.market.intervals import DAY_MS, MINUTE_MS, SECOND_MS
from cadenza.models import KlineInterval
from support.market.naive_candles import NaiveCandles

START = 1_709_250_000_000  # 2024-02-29 23:40 UTC: a day, a month and a three-day candle end soon
HISTORY = 30
SECOND = KlineInterval.SECOND_1
MINUTE = KlineInterval.MINUTE_1

STEPS = st.one_of(
    st.integers(0, 400),
    st.integers(-3_000, 5_000),
    st.integers(0, 10 * MINUTE_MS),
    st.integers(0, 5 * DAY_MS),
)
TRADES = st.tuples(st.just("trade"), STEPS, st.integers(1, 9), st.integers(0, 5))
ADVANCES = st.tuples(st.just("advance"), STEPS, st.just(0), st.just(0))
READS = st.tuples(st.just("read"), STEPS, st.sampled_from(KlineInterval), st.integers(1, 40))


def check(series, naive, interval):
    expected = naive.bars(interval, HISTORY)
    assert [tuple(bar) for bar in series.bars(interval, limit=HISTORY)] == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(TRADES, TRADES, ADVANCES, READS), max_size=60))
def test_candles_equal_those_of_the_list_of_trades(operations):
    """Of every interval, at every moment, with gaps, late trades, the clock, and reads between."""
    series, naive = CandleSeries(HISTORY), NaiveCandles()
    now = START
    for name, step, value, count in operations:
        if name == "trade":
            series.add(value, count, now + step)
            naive.add(value, count, now + step)
        elif name == "advance":
            series.advance(now + step)
            naive.advance(now + step)
        else:
            check(series, naive, value)
        now = max(now, naive.now)
    for interval in KlineInterval:
        check(series, naive, interval)
    assert series.trades == len(naive.trades)


BOUNDS = st.one_of(
    st.none(),
    st.tuples(st.integers(0, HISTORY), st.sampled_from([-1, 0, 1, 500])),
    st.tuples(st.just(0), st.sampled_from([-(10**15), 10**15])),
)
"""Nothing, or the number of a candle and milliseconds from its open time."""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.integers(1, 9)), min_size=1, max_size=30),
    st.sampled_from([SECOND, MINUTE, KlineInterval.MINUTE_3, KlineInterval.MONTH_1]),
    BOUNDS,
    BOUNDS,
    st.integers(1, 40),
)
def test_a_range_is_cut_out_of_them(trades, interval, first, last, limit):
    """Both bounds count; without the first the newest are given, with it the oldest."""
    series, naive = CandleSeries(HISTORY), NaiveCandles()
    now = START
    for step, price in trades:
        now += step
        series.add(price, 1, now)
        naive.add(price, 1, now)
    bars = naive.bars(interval, HISTORY)
    first_ms, last_ms = (
        bound and bars[bound[0] % len(bars)][0] + bound[1] for bound in (first, last)
    )
    expected = [
        bar
        for bar in bars
        if (first_ms is None or bar[0] >= first_ms) and (last_ms is None or bar[0] <= last_ms)
    ]
    expected = expected[-limit:] if first_ms is None else expected[:limit]
    found = series.bars(interval, first_ms=first_ms, last_ms=last_ms, limit=limit)
    assert [tuple(bar) for bar in found] == expected


@pytest.mark.parametrize(
    ("first", "last", "limit", "found"),
    [
        (None, None, 3, [7, 8, 9]),
        (None, 4_000, 3, [2, 3, 4]),
        (None, 4_999, 3, [2, 3, 4]),
        (None, 3_999, 3, [1, 2, 3]),
        (4_000, None, 3, [4, 5, 6]),
        (3_001, None, 3, [4, 5, 6]),
        (3_001, 5_000, 9, [4, 5]),
        (-9_000, 1_000, 9, [0, 1]),
        (9_000, None, 9, [9]),
        (9_001, None, 9, []),
        (4_001, 4_999, 9, []),
        (5_000, 4_000, 9, []),
        (None, -1, 9, []),
    ],
)
def test_both_bounds_count(first, last, limit, found):
    """By open time, in milliseconds from the first of ten candles."""
    series = CandleSeries()
    for number in range(10):
        series.add(number, 1, START + number * SECOND_MS)
    first_ms = None if first is None else START + first
    last_ms = None if last is None else START + last
    bars = series.bars(SECOND, first_ms=first_ms, last_ms=last_ms, limit=limit)
    assert [bar.close for bar in bars] == found


def test_before_the_first_trade_there_is_nothing():
    """The clock alone makes no candles."""
    series = CandleSeries()
    assert not series.advance(START)
    assert series.bars(SECOND, limit=10) == []
    assert series.newest_open(SECOND) == NOT_BEGUN
    assert series.price_at(START) is None


def test_a_late_trade_changes_no_closed_candle():
    """It counts in the second that forms, and is counted as late."""
    series = CandleSeries()
    series.add(10, 1, START)
    series.advance(START + SECOND_MS)
    closed = series.bars(SECOND, limit=9)[0]
    series.add(5, 7, START + 999)
    first, second = series.bars(SECOND, limit=9)
    assert first == closed
    assert second == (START + SECOND_MS, 5, 5, 5, 5, 7)
    assert series.late == 1


def test_the_open_of_a_candle_is_its_first_trade():
    """And not the close before it, also when seconds without a trade came first."""
    series = CandleSeries()
    series.add(10, 1, START)
    series.add(20, 1, START + MINUTE_MS + 30 * SECOND_MS)
    assert series.bars(MINUTE, limit=1)[0] == (START + MINUTE_MS, 20, 20, 20, 20, 1)


def test_a_trade_without_a_quantity_is_a_trade():
    """It moves the price and not the volume."""
    series = CandleSeries()
    series.add(10, 0, START)
    series.add(12, 0, START)
    series.advance(START + SECOND_MS)
    assert series.bars(SECOND, limit=2)[0] == (START, 10, 12, 10, 12, 0)


def test_a_recording_that_begins_again_begins_new_candles():
    """Of a recording a jump back is a beginning; of any other market it is a late trade."""
    back = START - RESTART_MS - 1
    for is_recorded, restarts, late in ((True, 1, 0), (False, 0, 1)):
        series = CandleSeries(is_recorded=is_recorded)
        series.add(10, 1, START)
        series.add(11, 2, back)
        assert (series.restarts, series.late) == (restarts, late)
        if is_recorded:
            assert series.seen == back
            second = back // SECOND_MS * SECOND_MS
            assert series.bars(SECOND, limit=9) == [(second, 11, 11, 11, 11, 2)]


@pytest.mark.parametrize("time_ms", [-1, START * 1_000, 10**30])
def test_a_time_that_is_none_moves_nothing(time_ms):
    """The trade counts as of the latest one; before the first it counts nowhere."""
    series = CandleSeries(is_recorded=True)
    assert not series.add(9, 1, time_ms)
    assert not series.has_begun
    series.add(10, 1, START)
    assert not series.add(12, 1, time_ms)
    assert series.bars(SECOND, limit=9) == [(START, 10, 12, 10, 12, 2)]
    assert series.seen == START


def test_a_long_silence_costs_nothing():
    """A year without a trade is skipped, and only what is asked for is filled."""
    series = CandleSeries(100)
    series.add(10, 1, START)
    series.add(11, 1, START + 365 * DAY_MS)
    bars = series.bars(SECOND, limit=1000)
    assert len(bars) == 100
    assert {bar.close for bar in bars[:-1]} == {10}
    assert [bar.at for bar in bars] == list(range(bars[0].at, bars[-1].at + 1, SECOND_MS))


@pytest.mark.parametrize("history", [1, 2, 10, 1000])
def test_the_price_a_day_ago(history):
    """The open of the candle of that moment, or the first price of a younger instrument."""
    series = CandleSeries(history)
    series.add(10, 1, START)
    assert series.price_at(START - DAY_MS) == 10
    series.add(20, 1, START + DAY_MS)
    assert series.price_at(START) == 10
    series.add(30, 1, START + 2 * DAY_MS)
    assert series.price_at(START + DAY_MS) == 20


def test_no_history_is_refused():
    """There is always one candle: the one that forms."""
    with pytest.raises(ValueError, match="at least one candle"):
        CandleSeries(0)
