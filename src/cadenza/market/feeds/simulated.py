"""A market of its own: a few instruments with seeded makers and takers.

The same seed, clock and number of events give the same messages, byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from cadenza.market.clock import Clock
from cadenza.market.feed import FeedStatistics, MarketSink
from cadenza.market.feeds.simulation import (
    DEFAULT_INSTRUMENTS,
    SimulatedInstrument,
    Simulation,
)
from cadenza.models import Instrument

MIN_SLEEP_SECONDS = 0.001
"""Events closer together than a timer can tell come as one burst."""

MAX_BURST = 32
MAX_LAG_SECONDS = 1.0
"""After a longer standstill (a suspended machine) the lost events are not made up for."""


class SimulatedFeed:
    """A `Feed` out of chance.

    Args:
        sink: Where the market data goes.
        clock: Paces the events and dates them.
        seed: Starts the random source.
        rate: Events a second on average, all instruments together.
        instruments: What to simulate.
        events: End after so many; ``None`` goes on for ever.

    Raises:
        ValueError: If the rate is not positive or there is nothing to simulate.
    """

    def __init__(
        self,
        sink: MarketSink,
        clock: Clock,
        *,
        seed: int,
        rate: float = 50.0,
        instruments: Sequence[SimulatedInstrument] = DEFAULT_INSTRUMENTS,
        events: int | None = None,
    ) -> None:
        if not rate > 0 or not instruments:
            raise ValueError(f"nothing to simulate: rate {rate}, {len(instruments)} instruments")
        # Repeatable by design; nothing secret is drawn from it.
        self._rng = random.Random(seed)  # noqa: S311 - a market, not a key
        self._simulations = [Simulation(spec, self._rng) for spec in instruments]
        self.declares_late = False
        self._sink = sink
        self._clock = clock
        self._rate = rate
        self._events = events
        self._statistics = FeedStatistics()
        self._trade_ids = dict.fromkeys(range(len(instruments)), 0)

    def instruments(self) -> Sequence[Instrument]:
        """Every instrument simulated."""
        return [simulation.listing.instrument for simulation in self._simulations]

    def statistics(self) -> FeedStatistics:
        """The counters now."""
        return self._statistics

    async def run(self) -> None:
        """Open every book, then let events happen at the chosen rate."""
        for simulation in self._simulations:
            self._open(simulation)
        due = self._clock.monotonic()
        burst = 0
        while self._events is None or self._statistics.messages < self._events:
            due = max(due, self._clock.monotonic() - MAX_LAG_SECONDS)
            due += self._rng.expovariate(self._rate)
            delay = due - self._clock.monotonic()
            burst += 1
            if delay >= MIN_SLEEP_SECONDS or burst >= MAX_BURST:
                await self._clock.sleep(delay)
                burst = 0
            self._happen(self._rng.randrange(len(self._simulations)), max(0.0, -delay * 1000))
        self._statistics = self._statistics._replace(finished=True)

    def _open(self, simulation: Simulation) -> None:
        instrument = simulation.listing.instrument
        bids, asks = simulation.book()
        self._sink.instrument(instrument)
        self._sink.book_snapshot(instrument.instrument_id, bids, asks, self._clock.time_ms())
        self._statistics = self._statistics._replace(snapshots=self._statistics.snapshots + 1)

    def _happen(self, index: int, lag_ms: float) -> None:
        simulation = self._simulations[index]
        instrument_id = simulation.listing.instrument.instrument_id
        now = self._clock.time_ms()
        fills, bids, asks = simulation.step()
        for side, price, quantity in fills:
            self._trade_ids[index] += 1
            self._sink.trade(
                instrument_id,
                trade_id=str(self._trade_ids[index]),
                price=price,
                quantity=quantity,
                side=side,
                timestamp_ms=now,
            )
        self._sink.book_diff(instrument_id, bids, asks, now)
        before = self._statistics
        self._statistics = before._replace(
            messages=before.messages + 1,
            diffs=before.diffs + 1,
            trades=before.trades + len(fills),
            lag_ms=lag_ms,
        )
