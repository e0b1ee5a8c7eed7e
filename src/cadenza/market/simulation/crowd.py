"""The behaviour of simulated participants: makers quote around a fair price, takers take.

It is written once. What it decides are intents; one executor applies them to a displayed book of
its own (``cadenza.market.feeds.simulated``), the other makes orders of them on a matching engine
(``cadenza.trading.participants``). Both tell it what was taken and what is gone.
"""

from __future__ import annotations

import random
import sys
from typing import Final

from cadenza.market.instrument import Listing
from cadenza.market.simulation.arrivals import Arrivals
from cadenza.market.simulation.fair import FRACTION, FairPrice
from cadenza.market.simulation.intents import Intent, Place, Resize, Take, Withdraw
from cadenza.market.simulation.ladder import Ladder, Quote, Sight
from cadenza.market.simulation.spec import SimulatedInstrument
from cadenza.market.simulation.weather import Regime, Weather

LEVELS: Final = 50
"""Levels a side that the makers keep up."""

SPARE_LEVELS: Final = 10
"""Levels beyond those kept up that may pile up before the farthest are withdrawn."""

MAKERS: Final = 3
TAKERS: Final = 3

SWEPT: Final = 5
"""Gaps without quotes where the best ones belong that call for new ones there, and now."""

_MAX_SKEW: Final = 6
"""Gaps by which the makers move away from the side they have too much of, at most."""

_MAX_WITHDRAWN: Final = 3
"""Quotes that one event may withdraw because the price has moved."""

_SWEEP: Final = 8
"""Typical quantities that takers take at once of a price far from any fair one."""


class Crowd:
    """Everybody who trades in one simulated market.

    Args:
        spec: The instrument.
        rng: The source of chance; the same state gives the same market.
        sight: The book they see; ``None``: there are only their own quotes.
        rate: Events a second in the long run.
        levels: Levels a side that the makers keep up.
        regime: The only regime; ``None`` lets them follow each other.
        mark: Ticks at which the price begins; 0: at the instrument's own.

    Raises:
        ValueError: If the rate or the number of levels is not positive.

    Attributes:
        bids: The makers' bids.
        asks: The makers' asks.
        weather: The market's regimes.
        fair: The price that only the participants know.
        inventory: Lots the makers have bought more than sold, and not yet got rid of elsewhere.
    """

    def __init__(
        self,
        spec: SimulatedInstrument,
        rng: random.Random,
        sight: Sight | None = None,
        *,
        rate: float = 20.0,
        levels: int = LEVELS,
        regime: Regime | None = None,
        mark: int = 0,
    ) -> None:
        if levels < 1:
            raise ValueError(f"makers cannot keep up {levels} levels")
        self.weather: Final = Weather(rng, regime)
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
        self.bids: Final = Ladder(is_bid=True)
        self.asks: Final = Ladder(is_bid=False)
        self.inventory = 0
        self.fair: Final = FairPrice(rng, home, spec.volatility, mark or home)
        self._centre = self._bid_target = self._ask_target = 0
        self._arrivals = Arrivals(rng, rate, self.weather)
        self._us = round(1e6 / rate)

    def wait(self) -> int:
        """Draw the time to the next event, in microseconds; ``act`` is that event."""
        self._us = self._arrivals.next()
        return self._us

    def act(self) -> list[Intent]:
        """One event: what somebody wants, after what the makers must do to keep their depth."""
        out: list[Intent] = []
        self._out = out
        self.fair.advance(self._us, self.weather.mood.volatility)
        self.inventory -= self.inventory // 64
        self._look()
        self._keep_depth()
        self._react()
        return out

    def repair(self, beyond: int | None = None) -> list[Intent]:
        """What the makers must do to keep their depth; at the beginning, to open.

        Args:
            beyond: Quote only at worse keys than this one, whose quote has just been taken; so that
                a displayed book shows what was taken before it shows what came after.
        """
        out: list[Intent] = []
        self._out = out
        self._look()
        self._keep_depth(beyond)
        return out

    # What the executor tells.

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

    # The sight of a crowd that sees only its own quotes: see ``Sight``.

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

    # Where quotes belong.

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

    # What the price calls for.

    def _react(self) -> None:
        """Set right what is wrong by the price agreed on; if nothing is, somebody makes noise."""
        sight, centre = self._sight, self._centre
        bid, ask = sight.best_bid(), sight.best_ask()
        if ask is not None and ask * FRACTION < centre:
            self._correct(self.asks, ask)
        elif bid is not None and bid * FRACTION > centre:
            self._correct(self.bids, bid)
        elif not self._follow() and not self._take_at_random(bid, ask):
            self._requote(self.bids if self._random() < 0.5 else self.asks)

    def _correct(self, ladder: Ladder, best: int) -> None:
        """A price on the wrong side is withdrawn, or taken by somebody who knows better."""
        keys, centre = ladder.keys, self._centre
        is_own = bool(keys) and abs(keys[0]) == best
        if is_own and self._random() < 0.5:
            self._withdraw_stale(ladder)
            return
        lots = self._lots(100)
        if abs(best * FRACTION - centre) > self.fair.reach:
            lots = max(lots * _SWEEP, self._sight.lots_at_best(ladder.is_bid))
        # Rounded towards the best price, which is the only one sure to be worth it.
        worst = -(-centre // FRACTION) if ladder.is_bid else centre // FRACTION
        self._take(not ladder.is_bid, lots, worst)

    def _withdraw_stale(self, ladder: Ladder) -> None:
        """The makers of one side step back, one of the other side steps forward."""
        target = self._target(ladder)
        for key in ladder.keys[:_MAX_WITHDRAWN]:
            if key >= target:
                break
            self._withdraw(ladder, ladder.quotes[key])
        self._keep_depth()
        other = self.asks if ladder.is_bid else self.bids
        if self._lag(other) > self._gap:
            self._improve(other)

    def _follow(self) -> bool:
        """If the makers' best quote of a side is far from where it belongs, one may improve it."""
        bid_lag, ask_lag = self._lag(self.bids), self._lag(self.asks)
        ladder, lag = (self.bids, bid_lag) if bid_lag > ask_lag else (self.asks, ask_lag)
        if lag <= self._gap or (lag <= SWEPT * self._gap and self._random() > 0.7):
            return False
        self._improve(ladder)
        return True

    def _improve(self, ladder: Ladder) -> None:
        self._place(ladder, self._target(ladder) + int(self._random() * self._gap))
        self._trim(ladder)

    # Noise.

    def _take_at_random(self, bid: int | None, ask: int | None) -> bool:
        """A taker with reasons of its own; takes down to a few gaps beyond the best price."""
        draw = self._random() * 200
        if draw >= 2 * self.weather.mood.takes:
            return False
        is_buy = draw < self.weather.mood.takes
        best = ask if is_buy else bid
        if best is None:
            return False
        slip = 1 + self._gap * self.weather.mood.spread // 50
        self._take(is_buy, self._lots(100), max(1, best + slip if is_buy else best - slip))
        return True

    def _requote(self, ladder: Ladder) -> None:
        """A maker fills a hole near the best price, or changes or withdraws a quote."""
        keys = ladder.keys
        if not keys:
            return
        last = max(0, len(keys) - 2)
        index = min(int(self._rng.expovariate(0.12)), last)
        key = keys[index]
        hole = keys[min(index + 1, len(keys) - 1)] - key
        quote = ladder.quotes[key]
        if hole > 2 * self._gap:
            self._place(ladder, key + 1 + int(self._random() * (hole - 1)))
            self._trim(ladder)
        elif self._random() < (0.7 if key < self._target(ladder) else 0.25):
            self._withdraw(ladder, quote)
            self._keep_depth()
        else:
            self._resize(quote, self._lots(100 + 2 * index))

    # Intents.

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

    def _trim(self, ladder: Ladder) -> None:
        while len(ladder.keys) > self._levels + SPARE_LEVELS:
            self._withdraw(ladder, ladder.quotes[ladder.keys[-1]])

    def _resize(self, quote: Quote, lots: int) -> None:
        quote.lots = lots + 1 if lots == quote.lots else lots
        self._out.append(Resize(quote))

    def _take(self, is_buy: bool, lots: int, worst: int) -> None:
        self._next_ref = ref = self._next_ref + 1
        self._out.append(Take(ref, 1 + ref % TAKERS, is_buy, lots, worst))

    def _lots(self, percent: int) -> int:
        typical = self._typical * percent * self.weather.mood.size // 10_000
        return 1 + int(typical * self._rng.lognormvariate(0, 0.9))
