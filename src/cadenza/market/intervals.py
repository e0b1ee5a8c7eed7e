"""The intervals of candles: their beginnings and ends, in UTC.

Intervals of a fixed length are counted from the epoch, so that days begin at midnight and three-day
candles on every third day since 1970-01-01. Weeks begin on Monday, months on their first day. A
candle holds the trades from its open time up to, and without, the open time of the next.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cadenza.models import KlineInterval

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
WEEK_MS: Final = 7 * DAY_MS

LATEST_MS: Final = 221_845_392_000_000
"""The first moment of the year 9000: the calendar ends soon after."""

LENGTHS: Final[dict[KlineInterval, int]] = {
    KlineInterval.SECOND_1: SECOND_MS,
    KlineInterval.MINUTE_1: MINUTE_MS,
    KlineInterval.MINUTE_3: 3 * MINUTE_MS,
    KlineInterval.MINUTE_5: 5 * MINUTE_MS,
    KlineInterval.MINUTE_15: 15 * MINUTE_MS,
    KlineInterval.MINUTE_30: 30 * MINUTE_MS,
    KlineInterval.HOUR_1: HOUR_MS,
    KlineInterval.HOUR_2: 2 * HOUR_MS,
    KlineInterval.HOUR_4: 4 * HOUR_MS,
    KlineInterval.HOUR_6: 6 * HOUR_MS,
    KlineInterval.HOUR_8: 8 * HOUR_MS,
    KlineInterval.HOUR_12: 12 * HOUR_MS,
    KlineInterval.DAY_1: DAY_MS,
    KlineInterval.DAY_3: 3 * DAY_MS,
    KlineInterval.WEEK_1: WEEK_MS,
}
"""Milliseconds of the intervals of a fixed length: all but the month."""

SOURCES: Final[dict[KlineInterval, KlineInterval]] = {
    KlineInterval.MINUTE_1: KlineInterval.SECOND_1,
    KlineInterval.MINUTE_3: KlineInterval.MINUTE_1,
    KlineInterval.MINUTE_5: KlineInterval.MINUTE_1,
    KlineInterval.MINUTE_15: KlineInterval.MINUTE_5,
    KlineInterval.MINUTE_30: KlineInterval.MINUTE_15,
    KlineInterval.HOUR_1: KlineInterval.MINUTE_30,
    KlineInterval.HOUR_2: KlineInterval.HOUR_1,
    KlineInterval.HOUR_4: KlineInterval.HOUR_2,
    KlineInterval.HOUR_6: KlineInterval.HOUR_2,
    KlineInterval.HOUR_8: KlineInterval.HOUR_4,
    KlineInterval.HOUR_12: KlineInterval.HOUR_4,
    KlineInterval.DAY_1: KlineInterval.HOUR_12,
    KlineInterval.DAY_3: KlineInterval.DAY_1,
    KlineInterval.WEEK_1: KlineInterval.DAY_1,
    KlineInterval.MONTH_1: KlineInterval.DAY_1,
}
"""The interval whose candles add up to those of another: the longest that always fits."""

_MONDAY_MS: Final = 4 * DAY_MS
"""The first Monday after the epoch, which was a Thursday."""


def open_of(interval: KlineInterval, time_ms: int) -> int:
    """The open time of the candle that a time belongs to, in milliseconds since the epoch.

    Raises:
        ValueError: The time is beyond the calendar (only for months; year 9999).
    """
    if interval is KlineInterval.MONTH_1:
        date = datetime.fromtimestamp(time_ms // SECOND_MS, UTC)
        return _month_open(date.year * 12 + date.month - 1)
    length = LENGTHS[interval]
    if interval is KlineInterval.WEEK_1:
        return time_ms - (time_ms - _MONDAY_MS) % length
    return time_ms - time_ms % length


def shift(interval: KlineInterval, open_ms: int, count: int) -> int:
    """The open time of the candle ``count`` after (negative: before) the one that opens then."""
    if interval is KlineInterval.MONTH_1:
        date = datetime.fromtimestamp(open_ms // SECOND_MS, UTC)
        # Before 1970 there is nothing to be had, and datetime ends soon.
        return _month_open(max(0, date.year * 12 + date.month - 1 + count))
    return open_ms + count * LENGTHS[interval]


def _month_open(months: int) -> int:
    year, month = divmod(months, 12)
    return round(datetime(max(year, 1), month + 1, 1, tzinfo=UTC).timestamp()) * SECOND_MS
