"""A displayed book that only simulated participants change: their intents, applied and told.

The makers' quotes are the book, one a price; who takes, meets them best price first.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from cadenza.market.instrument import Listing
from cadenza.market.simulation.crowd import LEVELS, Crowd
from cadenza.market.simulation.intents import Intent, Take, Withdraw
from cadenza.market.simulation.ladder import Ladder
from cadenza.market.simulation.makers import SPARE_LEVELS
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, SimulatedInstrument
from cadenza.market.simulation.weather import Regime
from cadenza.models import OrderSide, Row

__all__ = [
    "DEFAULT_INSTRUMENTS",
    "LEVELS",
    "SPARE_LEVELS",
    "Fill",
    "SimulatedInstrument",
    "Simulation",
    "Step",
]


class Fill(NamedTuple):
    """A taker met a displayed level."""

    side: OrderSide
    price: str
    quantity: str


class Step(NamedTuple):
    """One event: the fills, and the levels as they are after them."""

    fills: list[Fill]
    bids: list[Row]
    asks: list[Row]


class Simulation:
    """The market of one instrument.

    Args:
        spec: What to simulate.
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

    def step(self) -> Step:
        """Let one thing happen."""
        self._fills, self._bids, self._asks = [], {}, {}
        for intent in self.crowd.act():
            self._apply(intent)
        if self._fills:
            for intent in self.crowd.repair(self._last_taken):
                self._apply(intent)
        return Step(self._fills, self._rows(self._bids), self._rows(self._asks))

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
