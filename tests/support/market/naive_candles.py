"""Candles the slow way: from the list of all trades, by the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cadenza.models import KlineInterval

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def naive_open(interval: KlineInterval, time_ms: int) -> int:
    """The open time, by what the calendar says."""
    moment = EPOCH + timedelta(milliseconds=time_ms)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "1M":
        found = midnight.replace(day=1)
    elif interval == "1w":
        found = midnight - timedelta(days=midnight.weekday())
    elif interval in {"1d", "3d"}:
        found = midnight - timedelta(days=(midnight - EPOCH).days % int(interval[0]))
    else:
        length = timedelta(**{UNITS[interval[-1]]: int(interval[:-1])})
        found = midnight + (moment - midnight) // length * length
    return (found - EPOCH) // timedelta(milliseconds=1)


class NaiveCandles:
    """Keeps every trade with the time at which it counts."""

    def __init__(self):
        self.trades = []
        self.now = 0

    def add(self, ticks, lots, time_ms):
        """A late trade counts from the beginning of the second that forms."""
        self.trades.append((max(time_ms, self.now // 1000 * 1000), ticks, lots))
        self.advance(time_ms)

    def advance(self, time_ms):
        if self.trades:
            self.now = max(self.now, time_ms)

    def bars(self, interval, history):
        """The newest ``history`` candles, ascending, without a hole."""
        if not self.trades:
            return []
        by_open = {}
        for time_ms, ticks, lots in self.trades:
            by_open.setdefault(naive_open(interval, time_ms), []).append((ticks, lots))
        oldest, at = min(by_open), naive_open(interval, self.now)
        opens = []
        while at >= oldest and len(opens) < history:
            opens.append(at)
            at = naive_open(interval, at - 1)
        return [self._bar(by_open, at) for at in reversed(opens)]

    @staticmethod
    def _bar(by_open, at):
        trades = by_open.get(at)
        if not trades:
            close = by_open[max(found for found in by_open if found < at)][-1][0]
            return (at, close, close, close, close, 0)
        prices = [ticks for ticks, _ in trades]
        volume = sum(lots for _, lots in trades)
        return (at, prices[0], max(prices), min(prices), prices[-1], volume)
