"""An instrument as the exchange trades it: its numbers, its filters, its engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from cadenza.market.instrument import Listing
from cadenza.models import Venue
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits
from cadenza.trading.matching.commands import AnyCommand
from cadenza.trading.matching.events import AnyEvent
from cadenza.trading.matching.order import Order
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.orders.filters import InstrumentFilters


class Engine(Protocol):
    """Matches the orders of one instrument.

    - ``apply`` does a command and all that follows from it, and says what happened, in order. It
      never waits, and the same commands give the same events.
    - ``orders`` holds what is open, by order id. ``last`` is the price of the last trade in ticks.
    - ``moved`` names the trailing stops whose trigger followed the market since the last call.
    - ``restore`` takes open orders back into an engine that has done nothing yet, with their places
      in the queues.
    """

    orders: dict[str, Order]
    last: int

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Do a command."""

    def moved(self) -> list[Order]:
        """Name the orders that changed without an event."""

    def restore(self, saved: Iterable[SavedOrder], *, last: int = 0) -> None:
        """Take open orders back."""


class Tape(Protocol):
    """Publishes what a matched book does.

    - ``tell`` is given the events of every command, after they are cleared.
    - ``capture`` is called when a batch is complete, before it is written.
    """

    def tell(self, events: list[AnyEvent]) -> None:
        """Take the events of one command."""

    def capture(self) -> None:
        """Take the book as it is now: what follows belongs to the next batch."""


Listener = Callable[[list[AnyEvent]], None]
"""Takes the events of one command, after they are cleared."""

Touch = Callable[[bool], int]
"""The best price in ticks that a buyer (``True``) or a seller could take now; 0: there is none."""


class TradedInstrument:
    """One instrument, and all that the exchange needs to trade it.

    Args:
        listing: The instrument and its scales.
        scales: The scales of its assets.
        engine: Matches its orders.
        touch: The best price to take, see ``Touch``.
        tape: Publishes its book; ``None``: the market has the book from elsewhere.

    Attributes:
        listing: As given.
        instrument_id: Its id, for example ``PAPER:BTC/USDT``.
        units: Its steps in minor units of its assets.
        filters: Reads prices and quantities, and refuses what the instrument does not allow.
        engine: As given.
        touch: As given.
        tape: As given.
        listeners: Told the events of every command, after they are cleared.

    Raises:
        UnknownAssetError: An asset of the instrument has no scale.
        AmountTextError: A scale is too coarse for the steps of the instrument.
    """

    __slots__ = (
        "engine",
        "filters",
        "instrument_id",
        "listeners",
        "listing",
        "tape",
        "touch",
        "units",
    )

    def __init__(
        self,
        listing: Listing,
        scales: AssetScales,
        engine: Engine,
        touch: Touch,
        tape: Tape | None = None,
    ) -> None:
        self.listing = listing
        self.instrument_id = str(listing.id)
        self.units = InstrumentUnits(listing, scales)
        self.filters = InstrumentFilters(listing)
        self.engine = engine
        self.touch = touch
        self.tape: Final = tape
        self.listeners: tuple[Listener, ...] = () if tape is None else (tape.tell,)

    def __repr__(self) -> str:
        return f"TradedInstrument({self.instrument_id}, {len(self.engine.orders)} open orders)"

    @property
    def venue(self) -> Venue:
        """The venue that it is traded at."""
        return self.listing.id.venue

    def add_listener(self, listener: Listener) -> None:
        """Have somebody hear the events of every command, before those who hear them already."""
        self.listeners = (listener, *self.listeners)

    def mark(self) -> int:
        """Its price now in ticks: the last, else the best bid or ask; 0: there is none."""
        return self.engine.last or self.touch(False) or self.touch(True)
