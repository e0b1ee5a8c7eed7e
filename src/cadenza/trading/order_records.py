"""Open orders with their reservations: who holds what, and how an order ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cadenza.trading.accounts.position import PositionBook
from cadenza.trading.exchange.live_order import LiveOrder
from cadenza.trading.exchange_listener import ExchangeListener
from cadenza.trading.ledger.entry import Entry
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.matching.commands import Cancel
from cadenza.trading.matching.events import CancelReason
from cadenza.trading.order_status import CANCEL, OrderEvent, after
from cadenza.trading.orders.state import OrderState
from cadenza.trading.store.journal import Journal

ACCEPT: Final = OrderEvent.ACCEPT
REJECT: Final = OrderEvent.REJECT


class OrderRecords:
    """What the exchange knows of open orders, and how their records change.

    Args:
        ledger: The money.
        positions: The positions.
        journal: Where it is written down.
        fees: Of the venue.
        listener: Who is told.
        new_id: Makes ids of executions.

    Attributes:
        live: Open orders by id.
        next_execution: Number of the next execution.
        touched: Assets whose balances changed since the last commit, by account.
        follow_ups: Commands that the engine is to be told as soon as its events are cleared.
        holders: Ids of the open orders behind each reservation.
        on_end: Told of every order that has ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        positions: PositionBook,
        journal: Journal,
        *,
        fees: FeeSchedule,
        listener: ExchangeListener,
        new_id: Callable[[], str],
    ) -> None:
        self.ledger = ledger
        self.positions = positions
        self.journal = journal
        self.fees = fees
        self.listener = listener
        self.live: dict[str, LiveOrder] = {}
        self.next_execution = 1
        self.touched: dict[str, set[str]] = {}
        self.follow_ups: list[Cancel] = []
        self.holders: dict[str, set[str]] = {}
        self.on_end: Callable[[OrderState], None] = lambda _: None
        self._new_id = new_id

    def follow(self, order: LiveOrder) -> None:
        """Look after an order from now on, and after its reservation."""
        state = order.state
        self.live[state.order_id] = order
        if state.hold:
            self.holders.setdefault(state.hold, set()).add(state.order_id)

    def posted(self, entry: Entry) -> None:
        """Write a ledger entry down."""
        self.journal.batch.entries.append(entry)
        for posting in entry.postings:
            self.touched.setdefault(posting.account_id, set()).add(posting.asset)

    def _resize(self, order: LiveOrder, at: int) -> None:
        """Reserve what the rest needs now; of several orders on one reservation, the largest."""
        key = order.state.hold
        held = self.ledger.reservation(key)
        if held is None:
            return
        sharing = (self.live[holder] for holder in self.holders.get(key, ()))
        need = max((other.need(self.fees, held.carry) for other in sharing), default=held.amount)
        if need != held.amount:
            self.posted(self.ledger.resize(key, need, at=at))

    def _ended(self, order: LiveOrder, event: OrderEvent, at: int) -> None:
        """An order is over; what nobody needs any more becomes free."""
        state = order.state
        state.status = after(state.status, event)
        del self.live[state.order_id]
        holders = self.holders.get(state.hold)
        if holders is not None:
            holders.discard(state.order_id)
            if not holders:
                del self.holders[state.hold]
                self._release(state.hold, at)
        self._over(state, at)

    def reject(self, order: LiveOrder, reason: str, at: int) -> None:
        """End an order that no engine has been told of."""
        order.state.reject_reason = reason
        self._ended(order, REJECT, at)

    def cancel(self, order: LiveOrder, reason: str, at: int) -> None:
        """End an order that its engine has let go of already, or never had."""
        order.state.cancel_reason = reason
        self._ended(order, CANCEL, at)

    def end_parked(self, state: OrderState, at: int) -> None:
        """Cancel an order that no engine has, as its instrument is not listed."""
        state.cancel_reason = CancelReason.BY_OWNER
        state.status = after(state.status, CANCEL)
        self._release(state.hold, at)
        self._over(state, at)

    def _release(self, hold: str, at: int) -> None:
        if self.ledger.reservation(hold) is not None:
            self.posted(self.ledger.release(hold, at=at))

    def _over(self, state: OrderState, at: int) -> None:
        state.ended_at = at
        self._changed(state, at)
        self.on_end(state)

    def _changed(self, state: OrderState, at: int) -> None:
        state.updated_at = at
        self.journal.batch.orders[state.order_id] = state
        self.listener.on_order(state)
