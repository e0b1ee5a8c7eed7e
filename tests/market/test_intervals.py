"""Where candles begin and end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.intervals import LENGTHS, SOURCES, open_of, shift
from cadenza.models import KlineInterval
from support.market.naive_candles import naive_open

TIMES = st.integers(0, 4_102_444_800_000)
INTERVALS = st.sampled_from(KlineInterval)


def at(*when):
    return round(datetime(*when, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("interval", "moment", "opened", "next_open"),
    [
        ("1s", at(2024, 2, 29, 23, 59, 59) + 999, at(2024, 2, 29, 23, 59, 59), at(2024, 3, 1)),
        ("3m", at(2024, 2, 29, 13, 5), at(2024, 2, 29, 13, 3), at(2024, 2, 29, 13, 6)),
        ("8h", at(2024, 2, 29, 15, 59), at(2024, 2, 29, 8), at(2024, 2, 29, 16)),
        ("1d", at(2024, 2, 29, 23), at(2024, 2, 29), at(2024, 3, 1)),
        ("3d", at(1970, 1, 3), at(1970, 1, 1), at(1970, 1, 4)),
        ("1w", at(2024, 8, 11, 23), at(2024, 8, 5), at(2024, 8, 12)),
        ("1M", at(2024, 2, 29, 23), at(2024, 2, 1), at(2024, 3, 1)),
        ("1M", at(2023, 12, 31, 23), at(2023, 12, 1), at(2024, 1, 1)),
    ],
)
def test_candles_begin_where_the_calendar_says(interval, moment, opened, next_open):
    """Weeks on Monday, months on the first, three days counted from the epoch."""
    interval = KlineInterval(interval)
    assert open_of(interval, moment) == opened
    assert shift(interval, opened, 1) == next_open
    assert shift(interval, next_open, -1) == opened


@given(INTERVALS, TIMES)
def test_every_time_is_in_one_candle(interval, moment):
    """A candle begins where the calendar says, and ends where the next begins."""
    opened = open_of(interval, moment)
    assert opened == naive_open(interval, moment)
    following = shift(interval, opened, 1)
    assert opened <= moment < following
    assert open_of(interval, following) == following
    assert open_of(interval, following - 1) == opened


@given(INTERVALS, TIMES)
def test_candles_are_made_of_whole_shorter_ones(interval, moment):
    """Where a candle begins, one of its source begins."""
    opened = open_of(interval, moment)
    if interval in SOURCES:
        assert open_of(SOURCES[interval], opened) == opened


@given(TIMES, st.integers(-100, 100))
def test_months_are_counted(moment, count):
    """Twelve months are a year, and so many back lead to where it began."""
    month = KlineInterval.MONTH_1
    opened = open_of(month, moment + at(1980, 1, 1))
    assert shift(month, shift(month, opened, count), -count) == opened
    year = datetime.fromtimestamp(opened / 1000, UTC).year
    there = datetime.fromtimestamp(shift(month, opened, 12 * 5) / 1000, UTC)
    assert there.year == year + 5


def test_every_interval_of_the_api_is_there():
    """Sixteen, of which only the month has no fixed length and only the second no source."""
    assert len(KlineInterval) == 16
    assert set(KlineInterval) - set(LENGTHS) == {KlineInterval.MONTH_1}
    assert set(KlineInterval) - set(SOURCES) == {KlineInterval.SECOND_1}
