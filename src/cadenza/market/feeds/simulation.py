"""A market of one instrument made of chance: makers quote, takers take, the price wanders.

Everything is counted in ticks and lots. As in `order_book`, a level's key is its price in ticks,
negated for bids, so the smallest key of a side is its best, and two sides do not cross as long as
the sum of their best keys is positive.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from cadenza.market.feeds.catalogue import make_instrument
from cadenza.market.instrument import Listing
from cadenza.models import Instrument, OrderSide, Row, SecurityType, Venue

LEVELS = 50
"""Levels a side that the makers keep up."""

SPARE_LEVELS = 10
"""Levels beyond `LEVELS` that may pile up before the farthest are withdrawn."""

MAX_LEVELS_TAKEN = 3
"""Levels one taker may sweep."""

# The price is pulled back harder the farther it has strayed; at this fraction it always turns.
_TETHER = 0.05
_EVENTS = ("quote", "take", "drift")
_EVENT_WEIGHTS = (70, 20, 10)


class SimulatedInstrument(NamedTuple):
    """What to simulate.

    Attributes:
        venue: The venue it appears under.
        base: Base asset.
        quote: Quote asset.
        tick: Price step.
        lot: Quantity step.
        price: Price at the beginning and around which it wanders.
        quantity: Typical quantity of a level.
        gap: Typical distance of neighbouring levels in ticks.
        security_type: Of base and quote.
    """

    venue: Venue
    base: str
    quote: str
    tick: str
    lot: str
    price: str
    quantity: str
    gap: int
    security_type: SecurityType = SecurityType.CRYPTO

    def instrument(self) -> Instrument:
        """The payload, which says that this is not the venue's own market."""
        return make_instrument(
            venue=self.venue,
            base=self.base,
            quote=self.quote,
            tick=self.tick,
            lot=self.lot,
            external_symbol=f"{self.base}{self.quote}",
            description=f"Simulated: random prices, not the market of {self.venue}",
            base_security_type=self.security_type,
            quote_security_type=self.security_type,
        )


# The names under BINANCE are those that examples use; a sandbox answers to them.
DEFAULT_INSTRUMENTS = (
    SimulatedInstrument(
        Venue.BINANCE, "BTC", "USDT", "0.01", "0.00001", "61800.00", "0.25000", gap=60
    ),
    SimulatedInstrument(Venue.BINANCE, "ETH", "USDT", "0.01", "0.0001", "2680.00", "4.0000", gap=4),
    SimulatedInstrument(Venue.BINANCE, "SOL", "USDT", "0.01", "0.001", "152.00", "60.000", gap=1),
    SimulatedInstrument(Venue.MOCK, "BTC", "USDT", "0.1", "0.0001", "61800.0", "0.5000", gap=6),
    SimulatedInstrument(
        Venue.MOCK,
        "EUR",
        "USD",
        "0.00001",
        "1000",
        "1.09150",
        "1000000",
        gap=1,
        security_type=SecurityType.CURRENCY,
    ),
)


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


class _Side:
    """Levels by key, and what has changed since the last drain."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._changes: dict[int, int] = {}
        self.levels: dict[int, int] = {}

    def best(self) -> int:
        return min(self.levels)

    def worst(self) -> int:
        return max(self.levels)

    def set(self, key: int, lots: int) -> None:
        if lots:
            self.levels[key] = lots
        else:
            del self.levels[key]
        self._changes[key] = lots

    def drain(self) -> list[Row]:
        changes, self._changes = self._changes, {}
        return self._rows(changes)

    def rows(self) -> list[Row]:
        return self._rows(self.levels)

    def _rows(self, levels: dict[int, int]) -> list[Row]:
        ticks, lots = self._listing.ticks, self._listing.lots
        return [(ticks.format(key), lots.format(levels[key])) for key in sorted(levels)]


class Simulation:
    """The makers and takers of one instrument.

    Args:
        spec: What to simulate.
        rng: The source of chance; the same state gives the same market.
    """

    def __init__(self, spec: SimulatedInstrument, rng: random.Random) -> None:
        self.listing = Listing(spec.instrument())
        self._rng = rng
        self._gap = spec.gap
        self._home = self.listing.ticks[spec.price]
        self._typical_lots = self.listing.lots[spec.quantity]
        self._bids = _Side(self.listing)
        self._asks = _Side(self.listing)
        self._bids.set(1 - self._home, self._lots())
        self._asks.set(self._home + 1, self._lots())
        self._keep_depth()

    def book(self) -> tuple[list[Row], list[Row]]:
        """Every bid and every ask, best first; takes note that they have been shown."""
        self._bids.drain()
        self._asks.drain()
        return self._bids.rows(), self._asks.rows()

    def step(self) -> Step:
        """Let one thing happen."""
        fills: list[Fill] = []
        event = self._rng.choices(_EVENTS, _EVENT_WEIGHTS)[0]
        if event == "quote":
            self._quote()
        elif event == "take":
            fills = self._take()
        else:
            self._drift()
        self._keep_depth()
        return Step(fills, self._bids.drain(), self._asks.drain())

    def _quote(self) -> None:
        """A maker improves the touch, fills a hole near it, or changes or withdraws a level."""
        side, other = self._any_side()
        spread = side.best() + other.best()
        is_wide = spread > 2 * self._gap + 2
        if spread > 1 and (is_wide or self._rng.random() < 0.2):
            improvement = self._rng.randint(1, min(spread - 1, 2 * self._gap))
            side.set(side.best() - improvement, self._lots())
            return
        keys = sorted(side.levels)
        index = min(int(self._rng.expovariate(0.1)), len(keys) - 2)
        key, hole = keys[index], keys[index + 1] - keys[index]
        if hole > 2 * self._gap:
            side.set(key + self._rng.randint(1, hole - 1), self._lots())
        else:
            is_withdrawn = self._rng.random() < 0.3
            side.set(key, 0 if is_withdrawn else self._lots())

    def _take(self) -> list[Fill]:
        """A taker consumes what is displayed, best price first."""
        side, _ = self._any_side()
        aggressor = OrderSide.SELL if side is self._bids else OrderSide.BUY
        wanted = self._lots()
        fills = []
        for key in sorted(side.levels)[:MAX_LEVELS_TAKEN]:
            displayed = side.levels[key]
            taken = min(wanted, displayed)
            price = self.listing.ticks.format(key)
            fills.append(Fill(aggressor, price, self.listing.lots.format(taken)))
            side.set(key, displayed - taken)
            wanted -= taken
            if not wanted:
                break
        return fills

    def _drift(self) -> None:
        """One side withdraws from the touch and the other follows."""
        stray = (self._asks.best() - self._home) / (self._home * _TETHER)
        is_up = self._rng.random() > 0.5 + stray / 2
        ahead, behind = (self._asks, self._bids) if is_up else (self._bids, self._asks)
        reach = ahead.best() + self._rng.randint(1, 2 * self._gap)
        for key in sorted(ahead.levels)[:MAX_LEVELS_TAKEN]:
            if key < reach:
                ahead.set(key, 0)
        room = ahead.best() + behind.best() - 1
        if room > 0:
            behind.set(behind.best() - self._rng.randint(1, room), self._lots())

    def _keep_depth(self) -> None:
        for side in (self._bids, self._asks):
            while len(side.levels) < LEVELS:
                distance = 1 + int(self._rng.expovariate(1 / self._gap))
                side.set(side.worst() + distance, self._lots())
            while len(side.levels) > LEVELS + SPARE_LEVELS:
                side.set(side.worst(), 0)

    def _any_side(self) -> tuple[_Side, _Side]:
        if self._rng.random() < 0.5:
            return self._bids, self._asks
        return self._asks, self._bids

    def _lots(self) -> int:
        return 1 + int(self._typical_lots * self._rng.lognormvariate(0, 1))
