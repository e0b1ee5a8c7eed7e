"""The behaviour of simulated participants: makers quote around a fair price, takers take.

It is written once. What it decides are intents; one executor applies them to a displayed book of
its own (`cadenza.market.feeds.simulation`), the other makes orders of them on a matching engine
(`cadenza.trading.participants`). Both tell it what was taken and what is gone.
"""

from __future__ import annotations

import random
from typing import Final

from cadenza.market.simulation.arrivals import Arrivals
from cadenza.market.simulation.fair import FRACTION
from cadenza.market.simulation.intents import Intent, Resize, Take
from cadenza.market.simulation.ladder import Ladder, Quote, Sight
from cadenza.market.simulation.makers import SWEPT, Makers
from cadenza.market.simulation.spec import SimulatedInstrument
from cadenza.market.simulation.weather import Regime, Weather

LEVELS: Final = 50
"""Levels a side that the makers keep up."""

TAKERS: Final = 3

_MAX_WITHDRAWN: Final = 3
"""Quotes that one event may withdraw because the price has moved."""

_SWEEP: Final = 8
"""What takers take at once, in typical quantities, of a price far from any fair one."""


class Crowd(Makers):
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
        super().__init__(spec, rng, Weather(rng, regime), sight, levels=levels, mark=mark)
        self._arrivals = Arrivals(rng, rate, self.weather)
        self._us = round(1e6 / rate)

    def wait(self) -> int:
        """Draw the time to the next event, in microseconds; `act` is that event."""
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

    def _resize(self, quote: Quote, lots: int) -> None:
        quote.lots = lots + 1 if lots == quote.lots else lots
        self._out.append(Resize(quote))

    def _take(self, is_buy: bool, lots: int, worst: int) -> None:
        self._next_ref = ref = self._next_ref + 1
        self._out.append(Take(ref, 1 + ref % TAKERS, is_buy, lots, worst))
