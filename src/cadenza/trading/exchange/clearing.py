"""Clearing: what the events of an engine mean for orders, money and positions.

An engine is told one command and answers with events; they are worked off one after another, each
into ledger entries, executions, positions and order records of the journal's open batch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cadenza.trading.accounts.position import PositionBook
from cadenza.trading.exchange.traded_instrument import Desk
from cadenza.trading.exchange_listener import ExchangeListener
from cadenza.trading.fills import Fills
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.matching.commands import Cancel
from cadenza.trading.matching.events import (
    Accepted,
    AnyEvent,
    Cancelled,
    Expired,
    Reduced,
    Refused,
    Rejected,
    Released,
    Replaced,
    Spent,
    Trade,
    Triggered,
)
from cadenza.trading.order_records import ACCEPT, REJECT
from cadenza.trading.order_status import CANCEL, EXPIRE, FILL_ALL, REPLACE, after
from cadenza.trading.store.journal import Journal


class Clearing(Fills):
    """Works off engine events; see `OrderRecords` for its arguments."""

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
        super().__init__(ledger, positions, journal, fees=fees, listener=listener, new_id=new_id)
        self._handlers: dict[type, Callable[[Desk, Any], None]] = {
            Accepted: self._accepted,
            Rejected: self._rejected,
            Refused: self._nothing,
            Trade: self._trade,
            Spent: self._spent,
            Cancelled: self._cancelled,
            Reduced: self._reduced,
            Expired: self._expired,
            Replaced: self._replaced,
            Released: self._moved,
            Triggered: self._moved,
        }

    def clear(self, desk: Desk, events: list[AnyEvent]) -> None:
        """Work off what an engine has said, in order."""
        handlers = self._handlers
        for event in events:
            handlers[type(event)](desk, event)

    # What the engine says.

    def _nothing(self, desk: Desk, event: AnyEvent) -> None:
        """Nothing changes that a record shows; whoever asked hears of a refusal."""

    def _moved(self, _: Desk, event: Released | Triggered) -> None:
        """The order goes from where it waited into the book, under the same status."""
        order = self.live.get(event.order_id)
        if order is not None:
            self._changed(order.state, event.at)

    def _accepted(self, _: Desk, event: Accepted) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.status = after(order.state.status, ACCEPT)
            self._changed(order.state, event.at)

    def _rejected(self, _: Desk, event: Rejected) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.reject_reason = event.reason
            self._ended(order, REJECT, event.at)

    def _cancelled(self, _: Desk, event: Cancelled) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.cancel_reason = event.reason
            self._ended(order, CANCEL, event.at)

    def _expired(self, _: Desk, event: Expired) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            self._ended(order, EXPIRE, event.at)

    def _spent(self, _: Desk, event: Spent) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            self._ended(order, FILL_ALL, event.at)

    def _reduced(self, _: Desk, event: Reduced) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.leaves = event.leaves
            if event.leaves:
                self._resize(order, event.at)
                self._changed(order.state, event.at)
                if order.earmarks:  # its exits would sell more than it can still buy
                    self.follow_ups.append(Cancel(now=event.at, order_id=event.order_id))

    def _replaced(self, _: Desk, event: Replaced) -> None:
        order = self.live.get(event.order_id)
        if order is None:
            return
        state = order.state
        state.lots, state.limit, state.stop = event.lots, event.limit, event.stop
        order.leaves = event.leaves
        if event.limit:
            order.bound = event.limit
        state.status = after(state.status, REPLACE)
        self._resize(order, event.at)
        self._changed(state, event.at)
