"""The instruments that can be simulated, their steps, and the shapes of their markets."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

from cadenza.market.instrument import decimals, least_notional, make_instrument, shifted
from cadenza.models import Instrument, SecurityType, Venue

LARGEST_ORDER: Final = 10_000
"""The largest order, in typical quantities of a level."""

SMALLEST_TIP: Final = 100
"""An iceberg shows at least a typical quantity divided by this."""


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
        volatility: How far the fair price wanders in one second of a normal market, in parts per
            million (one standard deviation).
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
    volatility: int = 30

    @property
    def instrument_id(self) -> str:
        """``VENUE:BASE/QUOTE``."""
        return f"{self.venue}:{self.base}/{self.quote}"

    def instrument(self) -> Instrument:
        """The payload, which says that this is not the venue's own market."""
        is_paper = self.venue is Venue.PAPER
        unit, places = 10 ** decimals(self.lot), decimals(self.lot)
        whole, _, fraction = self.quantity.partition(".")
        typical = int(whole) * unit + int(fraction.ljust(places, "0")[:places] or 0)
        step = int(self.lot.replace(".", ""))
        tip = max(1, typical // SMALLEST_TIP // step) * step
        return make_instrument(
            venue=self.venue,
            base=self.base,
            quote=self.quote,
            tick=self.tick,
            lot=self.lot,
            external_symbol=f"{self.base}{self.quote}",
            description=self._description(),
            base_security_type=self.security_type,
            quote_security_type=self.security_type,
            min_notional=least_notional(self.quote),
            max_quantity=shifted(typical * LARGEST_ORDER, places),
            is_iceberg_allowed=is_paper,
            iceberg_min_quantity=shifted(tip, places) if is_paper else None,
        )

    def _description(self) -> str:
        if self.venue is Venue.PAPER:
            return "Simulated participants and API users trade here in one book"
        return f"Simulated: random prices, not the market of {self.venue}"


def stream(seed: int, instrument_id: str) -> random.Random:
    """The random source of one instrument.

    Each has its own out of the one seed, so that what happens to one, and which others there are,
    does not change another's market.
    """
    # Repeatable by design; nothing secret is drawn from it.
    return random.Random(f"{seed}/{instrument_id}")  # noqa: S311 - a market, not a key


def choose(known: Sequence[SimulatedInstrument], names: Sequence[str]) -> list[SimulatedInstrument]:
    """The instruments with these identifiers in the order of the names; without names, all.

    Raises:
        ValueError: Naming the identifier that is not simulated, and those that are.
    """
    by_name = {spec.instrument_id: spec for spec in known}
    for name in names:
        if name not in by_name:
            raise ValueError(f"{name} is not simulated; there are {', '.join(by_name)}")
    return [by_name[name] for name in names or by_name]


_CURRENCY: Final = SecurityType.CURRENCY

# The names under BINANCE are those that examples use; a sandbox answers to them.
DEFAULT_INSTRUMENTS: Final = (
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
        security_type=_CURRENCY,
        volatility=5,
    ),
)
"""What the simulated feed shows: books that only its own participants change."""

PAPER_INSTRUMENTS: Final = (
    SimulatedInstrument(
        Venue.PAPER, "BTC", "USDT", "0.01", "0.00001", "61800.00", "0.25000", gap=60
    ),
    SimulatedInstrument(Venue.PAPER, "ETH", "USDT", "0.01", "0.0001", "2680.00", "4.0000", gap=4),
    SimulatedInstrument(Venue.PAPER, "SOL", "USDT", "0.01", "0.001", "152.00", "60.000", gap=1),
    SimulatedInstrument(
        Venue.PAPER,
        "EUR",
        "USD",
        "0.00001",
        "1",
        "1.09150",
        "20000",
        gap=1,
        security_type=_CURRENCY,
        volatility=5,
    ),
)
"""What is traded on the paper venue, together with API users."""
