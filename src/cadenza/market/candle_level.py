"""Candles of one interval: those that are closed, and what has gone into the one that forms."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from cadenza.market.intervals import open_of, shift
from cadenza.models import KlineInterval

NOT_BEGUN: Final = -1
"""The open time of a candle before there was a trade."""


class Bar(NamedTuple):
    """One candle: open time in milliseconds, prices in ticks, volume in lots."""

    at: int
    open: int
    high: int
    low: int
    close: int
    lots: int


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
