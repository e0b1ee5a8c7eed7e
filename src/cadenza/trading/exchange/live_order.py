"""An open order as the exchange follows it: its record, and the money that its rest needs."""

from __future__ import annotations

from cadenza.models import OrderSide
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.orders.state import OrderState


class LiveOrder:
    """One order between its acceptance and its end.

    The engine is ahead of it while the events of one command are worked off, so its rest is counted
    here, event by event.

    Attributes:
        state: The record.
        instrument: Its instrument.
        is_buy: Its side.
        bound: The worst price it can trade at, in ticks.
        leaves: Lots that are neither executed nor cancelled.
        budget: The rest of what it may spend, in units of one lot at one tick; 0: it has a
            quantity.
        earmarks: Key of the reservation that takes what this order buys, for the exits that will
            sell it; empty: what it buys is free.
        withheld: Lots of ``leaves`` that the engine was not told of.
    """

    __slots__ = (
        "bound",
        "budget",
        "earmarks",
        "instrument",
        "is_buy",
        "leaves",
        "state",
        "withheld",
    )

    def __init__(
        self,
        state: OrderState,
        instrument: TradedInstrument,
        *,
        bound: int,
        leaves: int,
        budget: int = 0,
    ) -> None:
        self.state = state
        self.instrument = instrument
        self.is_buy = state.side is OrderSide.BUY
        self.bound = bound
        self.leaves = leaves
        self.budget = budget
        self.earmarks = ""
        self.withheld = 0

    def __repr__(self) -> str:
        return f"LiveOrder({self.state.order_id}, {self.leaves} left)"

    @property
    def asset(self) -> str:
        """The asset that it needs: the quote asset of a buy, the base asset of a sell."""
        found = self.instrument.listing.id
        return found.quote if self.is_buy else found.base

    def need(self, fees: FeeSchedule, carry: int = 0) -> int:
        """The amount that its rest needs reserved, minor units of ``asset``.

        Args:
            fees: The rates of the venue.
            carry: Fees charged too much so far, see ``fees.charge``.
        """
        units = self.instrument.units
        if not self.is_buy:
            return units.quantity(self.leaves)
        cost = self.budget * units.tick_lot or units.cost(self.bound, self.leaves)
        return fees.hold(cost, carry) if cost else 0


def live_order(state: OrderState, instrument: TradedInstrument) -> LiveOrder:
    """An order of a store as the exchange follows it."""
    saved = state.saved
    if saved is None:
        return LiveOrder(state, instrument, bound=state.limit, leaves=state.lots - state.executed)
    return LiveOrder(
        state,
        instrument,
        bound=saved.limit or saved.terms.protection,
        leaves=saved.leaves if not saved.budget else 0,
        budget=saved.budget,
    )
