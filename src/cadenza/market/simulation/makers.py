"""The makers of a simulated market: their ladders, where those belong, and how they are kept up.

Prices are keys as in `order_book`: ticks, negated for bids, so that the smaller one is the better
one on both sides, and two sides do not cross as long as the sum of their best keys is positive.
"""

from __future__ import annotations

import random
import sys
from typing import Final

from cadenza.market.instrument import Listing
from cadenza.market.simulation.fair import FRACTION, FairPrice
from cadenza.market.simulation.intents import Intent, Place, Withdraw
from cadenza.market.simulation.ladder import Ladder, Quote, Sight
from cadenza.market.simulation.spec import SimulatedInstrument
from cadenza.market.simulation.weather import Weather

SPARE_LEVELS: Final = 10
"""Levels beyond those kept up that may pile up before the farthest are withdrawn."""

MAKERS: Final = 3

SWEPT: Final = 5
"""Gaps without quotes where the best ones belong that call for new ones there, and now."""

_MAX_SKEW: Final = 6
"""Gaps by which the makers move away from the side they have too much of, at most."""


class Makers:
    """Everybody who quotes in one simulated market.

    Args:
        spec: The instrument.
        rng: The source of chance.
        weather: The market's regimes.
        sight: The book they see; ``None``: there are only their own quotes.
        levels: Levels a side that they keep up.
        mark: Ticks at which the price begins; 0: at the instrument's own.

    Raises:
        ValueError: If the number of levels is not positive.

    Attributes:
        bids: Their bids.
        asks: Their asks.
        weather: The market's regimes.
        fair: The price that only the participants know.
        inventory: Lots they have bought more than sold, and not yet got rid of elsewhere.
    """

    def __init__(
        self,
        spec: SimulatedInstrument,
        rng: random.Random,
        weather: Weather,
        sight: Sight | None,
        *,
        levels: int,
        mark: int,
    ) -> None:
        if levels < 1:
            raise ValueError(f"makers cannot keep up {levels} levels")
        listing = Listing(spec.instrument())
        home = listing.ticks[spec.price]
        self._rng = rng
        self._random = rng.random
        self._sight = sight or self
        self._gap = spec.gap
        self._typical = listing.lots[spec.quantity]
        self._levels = levels
        self._next_ref = 0
        self._out: list[Intent] = []
        self.bids = Ladder(is_bid=True)
        self.asks = Ladder(is_bid=False)
        self.inventory = 0
        self.weather = weather
        self.fair = FairPrice(rng, home, spec.volatility, mark or home)
        self._centre = self._bid_target = self._ask_target = 0

    def best_bid(self) -> int | None:
        """The makers' highest bid."""
        keys = self.bids.keys
        return -keys[0] if keys else None

    def best_ask(self) -> int | None:
        """The makers' lowest ask."""
        keys = self.asks.keys
        return keys[0] if keys else None

    def lots_at_best(self, is_bid: bool) -> int:
        """What the makers' best quote of a side has left."""
        ladder = self.bids if is_bid else self.asks
        return ladder.quotes[ladder.keys[0]].lots if ladder.keys else 0

    def taken(self, quote: Quote, lots: int) -> None:
        """Somebody took lots of a quote."""
        quote.lots -= lots
        quote.filled += lots
        self.inventory += lots if quote.is_bid else -lots
        if quote.lots <= 0:
            self.gone(quote)

    def gone(self, quote: Quote) -> None:
        """A quote was refused, or ended; it may have been told before."""
        if quote.is_alive:
            (self.bids if quote.is_bid else self.asks).remove(quote)

    def _look(self) -> None:
        """Agree on a price: the fair one, moved against what the makers have too much of.

        The keys where the best quotes belong follow from it, rounded outwards.
        """
        gap, spread = self._gap * FRACTION, self.weather.mood.spread
        skew = self.inventory * gap // (4 * self._typical)
        limit = _MAX_SKEW * gap
        self._centre = centre = self.fair.value - min(max(skew, -limit), limit)
        half = gap * spread // 200
        self._bid_target = -((centre - half) // FRACTION)
        self._ask_target = -(-(centre + half) // FRACTION)

    def _target(self, ladder: Ladder) -> int:
        """The key where the best quote of a side belongs."""
        return self._bid_target if ladder.is_bid else self._ask_target

    def _lag(self, ladder: Ladder) -> int:
        """How far the best quote of a side is behind where it belongs."""
        return ladder.keys[0] - self._target(ladder) if ladder.keys else 0

    def _first_key(self, is_bid: bool) -> int:
        """The best key of a side that does not meet the other one, as it is and as it will be."""
        if is_bid:
            own, seen = self.best_ask(), self._sight.best_ask()
            if own is None or (seen is not None and seen < own):
                own = seen
            return -sys.maxsize if own is None else 1 - own
        own, seen = self.best_bid(), self._sight.best_bid()
        return 1 + max(own or 0, seen or 0)

    def _place(self, ladder: Ladder, key: int) -> Quote | None:
        """Quote at this key or, where that is taken or would trade, at the next one outwards."""
        key = ladder.free(max(key, self._first_key(ladder.is_bid)))
        if ladder.is_bid and key >= 0:
            return None  # there is no price below one tick
        self._next_ref = ref = self._next_ref + 1
        depth = min(len(ladder.keys), 50)
        quote = Quote(ref, 1 + ref % MAKERS, ladder.is_bid, key, self._lots(100 + depth))
        ladder.add(quote)
        self._out.append(Place(quote))
        return quote

    def _withdraw(self, ladder: Ladder, quote: Quote) -> None:
        ladder.remove(quote)
        self._out.append(Withdraw(quote))

    def _keep_depth(self, beyond: int | None = None) -> None:
        for ladder in (self.bids, self.asks):
            if len(ladder.keys) < self._levels:
                self._fill_up(ladder, beyond)

    def _fill_up(self, ladder: Ladder, beyond: int | None) -> None:
        """Quote outwards from the farthest quote, or where the best ones belong and are missing."""
        draw, mean, keys = self._rng.expovariate, 1 / self._gap, ladder.keys
        is_near = beyond is None and self._lag(ladder) > SWEPT * self._gap
        is_inner = is_near or not keys
        key = self._target(ladder) if is_inner else keys[-1] + 1 + int(draw(mean))
        if beyond is not None:
            key = max(key, beyond + 1)
        while len(keys) < self._levels:
            placed = self._place(ladder, key)
            if not placed:
                return
            key = placed.key + 1 + int(draw(mean))

    def _trim(self, ladder: Ladder) -> None:
        while len(ladder.keys) > self._levels + SPARE_LEVELS:
            self._withdraw(ladder, ladder.quotes[ladder.keys[-1]])

    def _lots(self, percent: int) -> int:
        typical = self._typical * percent * self.weather.mood.size // 10_000
        return 1 + int(typical * self._rng.lognormvariate(0, 0.9))
