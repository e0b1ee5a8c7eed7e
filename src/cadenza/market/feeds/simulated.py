"""The simulated feed: a market of its own, with a few instruments, seeded makers and takers.

The same seed, clock and number of events give the same messages, byte for byte.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from cadenza.clock import Clock
from cadenza.market.feed import FeedStatistics, MarketSink
from cadenza.market.instrument import Listing
from cadenza.market.simulation.crowd import LEVELS, Crowd
from cadenza.market.simulation.intents import Intent, Take, Withdraw
from cadenza.market.simulation.ladder import Ladder
from cadenza.market.simulation.pacer import Pacer
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, SimulatedInstrument, stream
from cadenza.market.simulation.weather import Regime
from cadenza.models import Instrument, OrderSide, Row


class Fill(NamedTuple):
    """A taker met a displayed level."""

    side: OrderSide
    price: str
    quantity: str


class MarketEvent(NamedTuple):
    """The fills of one event, and the levels that it changed, as they are after it."""

    fills: list[Fill]
    bids: list[Row]
    asks: list[Row]


class Simulation:
    """The market of one instrument.

    Args:
        spec: The instrument to simulate.
        rng: The source of chance; the same state gives the same market.
        rate: Events a second in the long run.
        levels: Levels a side that the makers keep up.
        regime: The only regime; ``None`` lets them follow each other.

    Attributes:
        listing: The instrument and its scales.
        crowd: The participants.
    """

    def __init__(
        self,
        spec: SimulatedInstrument,
        rng: random.Random,
        *,
        rate: float = 20.0,
        levels: int = LEVELS,
        regime: Regime | None = None,
    ) -> None:
        self.listing = Listing(spec.instrument())
        self.crowd = Crowd(spec, rng, rate=rate, levels=levels, regime=regime)
        self.crowd.repair()
        self._fills: list[Fill] = []
        self._last_taken = 0
        # The levels that the present step changes, by key, with their lots.
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def book(self) -> tuple[list[Row], list[Row]]:
        """Every bid and every ask, best first."""
        return self._shown(self.crowd.bids), self._shown(self.crowd.asks)

    def step(self) -> MarketEvent:
        """Let one thing happen."""
        self._fills, self._bids, self._asks = [], {}, {}
        for intent in self.crowd.act():
            self._apply(intent)
        if self._fills:
            for intent in self.crowd.repair(self._last_taken):
                self._apply(intent)
        return MarketEvent(self._fills, self._rows(self._bids), self._rows(self._asks))

    def _apply(self, intent: Intent) -> None:
        if isinstance(intent, Take):
            self._take(intent)
            return
        quote = intent.quote
        changes = self._bids if quote.is_bid else self._asks
        changes[quote.key] = 0 if isinstance(intent, Withdraw) else quote.lots

    def _take(self, intent: Take) -> None:
        """A taker consumes what is displayed, best price first, down to its worst price."""
        if intent.is_buy:
            ladder, changes, bound = self.crowd.asks, self._asks, intent.worst
        else:
            ladder, changes, bound = self.crowd.bids, self._bids, -intent.worst
        side = OrderSide.BUY if intent.is_buy else OrderSide.SELL
        wanted = intent.lots
        while wanted and ladder.keys and ladder.keys[0] <= bound:
            quote = ladder.quotes[ladder.keys[0]]
            taken = min(wanted, quote.lots)
            price = self.listing.ticks.format(quote.key)
            self._fills.append(Fill(side, price, self.listing.lots.format(taken)))
            self.crowd.taken(quote, taken)
            changes[quote.key] = quote.lots
            wanted -= taken
            self._last_taken = quote.key

    def _shown(self, ladder: Ladder) -> list[Row]:
        return self._rows({quote.key: quote.lots for quote in ladder})

    def _rows(self, levels: dict[int, int]) -> list[Row]:
        ticks, lots = self.listing.ticks.format, self.listing.lots.format
        if len(levels) > 1:
            return [(ticks(key), lots(levels[key])) for key in sorted(levels)]
        return [(ticks(key), lots(units)) for key, units in levels.items()]


class SimulatedFeed:
    """A ``Feed`` whose market is made of random numbers.

    Args:
        sink: Takes the market data.
        clock: Paces the events and dates them.
        seed: Starts the random sources, one an instrument.
        rate: Events a second in the long run, all instruments together.
        instruments: The instruments to simulate.
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
