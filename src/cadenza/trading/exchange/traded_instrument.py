"""What the exchange has for each instrument: its numbers, its filters, its engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from cadenza.market.instrument import Listing
from cadenza.models import Venue
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits
from cadenza.trading.matching.commands import AnyCommand
from cadenza.trading.matching.events import AnyEvent
from cadenza.trading.matching.order import Order
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.orders.filters import InstrumentFilters


class Engine(Protocol):
    """What matches the orders of one instrument.

    - `apply` does a command and all that follows from it, and says what happened, in order. It
      never waits, and the same commands give the same events.
    - ``orders`` holds what is open, by order id. ``last`` is the price of the last trade in ticks.
    - `moved` names the trailing stops whose trigger followed the market since the last call.
    - `restore` takes open orders back into an engine that has done nothing yet, with their places
      in the queues.
    """

    orders: dict[str, Order]
    last: int

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Do a command."""
        ...

    def moved(self) -> list[Order]:
        """Orders that changed without an event."""
        ...

    def restore(self, saved: Iterable[SavedOrder], *, last: int = 0) -> None:
        """Take open orders back."""
        ...


Touch = Callable[[bool], int]
"""The best price in ticks that a buyer (``True``) or a seller could take now; 0: there is none."""


class Desk:
    """One instrument.

    Attributes:
        listing: The instrument and its scales.
        units: Its steps in minor units of its assets.
        filters: What it allows.
        engine: Matches its orders.
        touch: The best price to take, see `Touch`.
        hears: Who is told the events of every command, after they are cleared.
        capture: Called when a batch is complete, before it is written; ``None``: nobody cares.
    """

    __slots__ = (
        "capture",
        "engine",
        "filters",
        "hears",
        "instrument_id",
        "listing",
        "touch",
        "units",
    )

    def __init__(
        self,
        listing: Listing,
        scales: AssetScales,
        engine: Engine,
        touch: Touch,
        hears: tuple[Callable[[list[AnyEvent]], None], ...] = (),
    ) -> None:
        self.listing = listing
        self.instrument_id = str(listing.id)
        self.units = InstrumentUnits(listing, scales)
        self.filters = InstrumentFilters(listing)
        self.engine = engine
        self.touch = touch
        self.hears = hears
        self.capture: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"Desk({self.instrument_id}, {len(self.engine.orders)} open orders)"

    def mark(self) -> int:
        """Its price now in ticks: the last, else the best bid or ask; 0: there is none."""
        return self.engine.last or self.touch(False) or self.touch(True)

    @property
    def venue(self) -> Venue:
        """Where the instrument is traded."""
        return self.listing.id.venue
