"""A market of its own: a few instruments with seeded makers and takers.

The same seed, clock and number of events give the same messages, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence

from cadenza.market.clock import Clock
from cadenza.market.feed import FeedStatistics, MarketSink
from cadenza.market.feeds.simulation import Simulation
from cadenza.market.simulation.crowd import LEVELS
from cadenza.market.simulation.pacer import Pacer
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, SimulatedInstrument, stream
from cadenza.market.simulation.weather import Regime
from cadenza.models import Instrument


class SimulatedFeed:
    """A `Feed` out of chance.

    Args:
        sink: Where the market data goes.
        clock: Paces the events and dates them.
        seed: Starts the random sources, one an instrument.
        rate: Events a second in the long run, all instruments together.
        instruments: What to simulate.
        events: End after so many; ``None`` goes on for ever.
        levels: Levels a side that the makers keep up.
        regime: The only regime; ``None`` lets them follow each other.

    Raises:
        ValueError: If the rate or the number of levels is not positive or there is nothing to
            simulate.
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
        levels: int = LEVELS,
        regime: Regime | None = None,
    ) -> None:
        if not rate > 0 or not instruments:
            raise ValueError(f"nothing to simulate: rate {rate}, {len(instruments)} instruments")
        each = rate / len(instruments)
        self.simulations = [
            Simulation(
                spec, stream(seed, spec.instrument_id), rate=each, levels=levels, regime=regime
            )
            for spec in instruments
        ]
        self.declares_late = False
        self._sink = sink
        self._clock = clock
        self._events = events
        self._snapshots = self._messages = self._trades = 0
        self._lag_ms = 0.0
        self._is_finished = False
        self._trade_ids = [0] * len(instruments)

    def instruments(self) -> Sequence[Instrument]:
        """Every instrument simulated."""
        return [simulation.listing.instrument for simulation in self.simulations]

    def statistics(self) -> FeedStatistics:
        """The counters now."""
        return FeedStatistics(
            messages=self._messages,
            snapshots=self._snapshots,
            diffs=self._messages,
            trades=self._trades,
            lag_ms=self._lag_ms,
            finished=self._is_finished,
        )

    async def run(self) -> None:
        """Open every book, then let events happen at the chosen rate."""
        for simulation in self.simulations:
            self._open(simulation)
        pacer = Pacer(self._clock, [simulation.crowd.wait for simulation in self.simulations])
        while self._events is None or self._messages < self._events:
            index = await pacer.next()
            self._lag_ms = pacer.lag_ms
            self._happen(index)
        self._is_finished = True

    def _open(self, simulation: Simulation) -> None:
        instrument = simulation.listing.instrument
        bids, asks = simulation.book()
        self._sink.instrument(instrument)
        self._sink.book_snapshot(instrument.instrument_id, bids, asks, self._clock.time_ms())
        self._snapshots += 1

    def _happen(self, index: int) -> None:
        simulation = self.simulations[index]
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
        self._messages += 1
        self._trades += len(fills)
