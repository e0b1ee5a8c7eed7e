"""The candles of one instrument, of all intervals, from its trades.

A trade changes the candle of its second and nothing else. A second that is over goes into the
candle of its minute, a minute that is over into those of three and five minutes, and so on
(``intervals.SOURCES``), so that a trade costs the same however many intervals there are; a candle
that still forms is put together when somebody reads it.

Only candles with trades are kept. A candle without one is made when it is read: it is flat at the
close before it and has volume 0, so that candles follow each other without a hole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Final, NamedTuple

from cadenza.market.intervals import DAY_MS, LATEST_MS, LENGTHS, SECOND_MS, SOURCES, open_of, shift
from cadenza.models import KlineInterval

NOT_BEGUN: Final = -1
"""The open time of a candle before there was a trade."""

RESTART_MS: Final = 5_000
"""A recording whose time goes back by more has begun again; less is a trade that came late."""


class Bar(NamedTuple):
    """One candle: open time in milliseconds, prices in ticks, volume in lots."""

    at: int
    open: int
    high: int
    low: int
    close: int
    lots: int

    def rescaled(self, ticks: int, lots: int) -> Bar:
        """The same candle in finer steps."""
        return Bar(
            self.at,
            self.open * ticks,
            self.high * ticks,
            self.low * ticks,
            self.close * ticks,
            self.lots * lots,
        )


class CandleLevel:
    """One interval: what its source's closed candles have brought so far, and the closed ones."""

    __slots__ = ("at", "bar", "closed", "end", "interval", "source", "targets")

    def __init__(self, interval: KlineInterval, source: CandleLevel | None, history: int) -> None:
        self.interval = interval
        self.source = source
        self.targets: list[CandleLevel] = []
        self.closed: deque[Bar] = deque(maxlen=history)
        self.bar: Bar | None = None
        self.at = self.end = NOT_BEGUN
        if source is not None:
            source.targets.append(self)

    def begin(self, time_ms: int) -> None:
        """Open the candle of a time."""
        self.bar = None
        self.at = open_of(self.interval, time_ms)
        self.end = shift(self.interval, self.at, 1)

    def rescale(self, ticks: int, lots: int) -> None:
        """Count every candle in finer steps."""
        self.bar = self.bar and self.bar.rescaled(ticks, lots)
        finer = [bar.rescaled(ticks, lots) for bar in self.closed]
        self.closed.clear()
        self.closed.extend(finer)

    def close(self) -> None:
        """The candle is over: it goes into the history and into the longer ones."""
        bar = self.bar
        if bar is not None:
            self.closed.append(bar)
            for target in self.targets:
                target.bar = joined(target.at, target.bar, bar)


def joined(at: int, before: Bar | None, after: Bar) -> Bar:
    """Two successive parts of a candle as one."""
    if before is None:
        return after._replace(at=at)
    return Bar(
        at,
        before.open,
        max(before.high, after.high),
        min(before.low, after.low),
        after.close,
        before.lots + after.lots,
    )


class CandleSeries:
    """All candles of one instrument.

    Args:
        history: Candles that can be read, an interval, with the one that forms. As many closed
            ones are kept at most: about 300 bytes each, 5 MB an instrument when all 16 intervals
            are full (which takes 83 years; 0.9 MB after a day of trades in every second).
        is_recorded: The trades are a recording's, so that time may begin again.

    Attributes:
        end: When the second that forms is over; ``NOT_BEGUN`` before the first trade.
        close: The last price.
        last_lots: The last quantity.
        seen: The latest time heard of; 0: none.
        trades: Trades so far, over all restarts.
        late: Trades that came after their second was closed. They count in the second that
            formed when they came; a closed candle never changes.
    """

    __slots__ = (
        "_day",
        "_high",
        "_levels",
        "_low",
        "_open",
        "_price_known",
        "_second",
        "_start",
        "_traded",
        "_volume",
        "close",
        "end",
        "history",
        "is_recorded",
        "last_lots",
        "late",
        "restarts",
        "seen",
        "trades",
    )

    def __init__(self, history: int = 1000, *, is_recorded: bool = False) -> None:
        if history < 1:
            raise ValueError(f"at least one candle has to be kept, not {history}")
        self.history = history
        self.is_recorded = is_recorded
        self.trades = self.late = self.restarts = 0
        self.seen = 0
        self._forget()

    def _forget(self) -> None:
        self._levels: dict[KlineInterval, CandleLevel] = {}
        for interval in KlineInterval:
            source = self._levels.get(SOURCES.get(interval, interval))
            self._levels[interval] = CandleLevel(interval, source, self.history)
        self._second = self._levels[KlineInterval.SECOND_1]
        self._day = self._reference_level()
        self._price_known = (NOT_BEGUN, 0)
        self._open = self._high = self._low = self.close = self._volume = self.last_lots = 0
        self._traded = False
        self._start = self.end = NOT_BEGUN

    @property
    def has_begun(self) -> bool:
        """Whether there has been a trade."""
        return self.end != NOT_BEGUN

    # What moves it.

    def add(self, ticks: int, lots: int, time_ms: int) -> bool:
        """Count a trade; say whether that began another second."""
        is_new = not self._start <= time_ms < self.end
        if is_new:
            if not 0 <= time_ms < LATEST_MS:
                # No time at all, such as one in nanoseconds: the price is true all the same.
                return self.has_begun and self.add(ticks, lots, self.seen)
            is_new = self._enter(time_ms)
        if time_ms > self.seen:  # noqa: PLR1730 - half the price of max() on the way of every trade
            self.seen = time_ms
        if not self._traded:
            self._traded = True
            self._open = self._high = self._low = ticks
        elif ticks > self._high:
            self._high = ticks
        elif ticks < self._low:
            self._low = ticks
        self.close = ticks
        self._volume += lots
        self.last_lots = lots
        self.trades += 1
        return is_new

    def advance(self, time_ms: int) -> bool:
        """Close what is over by now, trades or not; say whether that began another second."""
        if self.end == NOT_BEGUN or time_ms < self.end:
            return False
        self._roll(time_ms)
        return True

    def rescale(self, ticks: int, lots: int) -> None:
        """Go over to finer steps: so many new ticks and lots make an old one."""
        for level in self._levels.values():
            level.rescale(ticks, lots)
        self._open, self._high, self._low = (
            self._open * ticks,
            self._high * ticks,
            self._low * ticks,
        )
        self.close *= ticks
        self._volume *= lots
        self.last_lots *= lots
        self._price_known = (NOT_BEGUN, 0)

    def _enter(self, time_ms: int) -> bool:
        """A trade outside of the second that forms: the first, a later one, or a late one."""
        if self.end == NOT_BEGUN:
            self._begin(time_ms)
        elif time_ms >= self.end:
            self._roll(time_ms)
        elif self.is_recorded and time_ms < self._start - RESTART_MS:
            self.restarts += 1
            self.seen = time_ms
            self._forget()
            self._begin(time_ms)
        else:
            self.late += 1
            return False
        return True

    def _begin(self, time_ms: int) -> None:
        for level in self._levels.values():
            level.begin(time_ms)
        self._start, self.end = self._second.at, self._second.end

    def _roll(self, time_ms: int) -> None:
        """Close the second, and every longer candle that is over, shorter ones first."""
        second, levels = self._second, self._levels
        second.bar = self._forming_second()
        second.close()
        self._traded = False
        self._volume = 0
        start = time_ms - time_ms % SECOND_MS
        # Every longer candle ends with a minute.
        if start >= levels[KlineInterval.MINUTE_1].end:
            for level in levels.values():
                if level is not second and start >= level.end:
                    level.close()
                    level.begin(start)
        second.bar = None
        second.at = self._start = start
        second.end = self.end = start + SECOND_MS

    # What can be read.

    def newest_open(self, interval: KlineInterval) -> int:
        """The open time of the candle that forms; ``NOT_BEGUN`` before the first trade."""
        return self._levels[interval].at

    def bars(
        self,
        interval: KlineInterval,
        *,
        first_ms: int | None = None,
        last_ms: int | None = None,
        limit: int,
    ) -> list[Bar]:
        """Candles by open time, ascending and without a hole; the last may be the forming one.

        Args:
            interval: The length of a candle.
            first_ms: The earliest open time; ``None``: the newest ``limit`` candles, otherwise
                the first ``limit`` from there on.
            last_ms: The latest open time.
            limit: At most so many; less than 1 gives none.
        """
        level = self._levels[interval]
        if not self.has_begun or limit < 1:
            return []
        oldest = level.closed[0].at if level.closed else level.at
        low = max(oldest, shift(interval, level.at, 1 - self.history))
        high = level.at
        if last_ms is not None and last_ms < high:
            if last_ms < low:
                return []
            high = open_of(interval, last_ms)
        if first_ms is None:
            low = max(low, shift(interval, high, 1 - limit))
        elif first_ms > low:
            if first_ms > high:
                return []
            aligned = open_of(interval, first_ms)
            low = aligned if aligned == first_ms else shift(interval, aligned, 1)
        if first_ms is not None:
            high = min(high, shift(interval, low, min(limit, self.history) - 1))
        return self._filled(level, low, high)

    def price_at(self, time_ms: int) -> int | None:
        """The open of the candle of that time; of the oldest one known if that is younger.

        The candles are the shortest whose history covers a day. ``None`` before the first trade.
        """
        if not self.has_begun:
            return None
        level = self._day
        key = max(open_of(level.interval, max(time_ms, 0)), 0)
        if self._price_known[0] != key:
            self._price_known = (key, self._price_of(level, key))
        return self._price_known[1]

    def _price_of(self, level: CandleLevel, open_ms: int) -> int:
        closed = level.closed
        index = bisect_right(closed, open_ms, key=lambda bar: bar.at)
        if index == 0:
            if closed:
                return closed[0].open
            forming = self._forming(level)
            return forming.open if forming else self.close
        bar = closed[index - 1]
        return bar.open if bar.at == open_ms else bar.close

    def _reference_level(self) -> CandleLevel:
        for interval, length in LENGTHS.items():
            if length * (self.history - 1) >= DAY_MS or length == DAY_MS:
                return self._levels[interval]
        raise AssertionError("a day is a day")

    def _forming_second(self) -> Bar | None:
        if not self._traded:
            return None
        return Bar(self._start, self._open, self._high, self._low, self.close, self._volume)

    def _forming(self, level: CandleLevel) -> Bar | None:
        """A candle as far as it is known; ``None`` while it has no trade."""
        if level.source is None:
            return self._forming_second()
        rest = self._forming(level.source)
        return joined(level.at, level.bar, rest) if rest else level.bar

    def _filled(self, level: CandleLevel, low: int, high: int) -> list[Bar]:
        found: dict[int, Bar] = {}
        carried = 0
        for bar in reversed(level.closed):
            if bar.at < low:
                carried = bar.close
                break
            if bar.at <= high:
                found[bar.at] = bar
        if high == level.at and (forming := self._forming(level)):
            found[high] = forming
        filled = []
        at = low
        while at <= high:
            bar_or_none = found.get(at)
            if bar_or_none is None:
                bar_or_none = Bar(at, carried, carried, carried, carried, 0)
            carried = bar_or_none.close
            filled.append(bar_or_none)
            at = shift(level.interval, at, 1)
        return filled
