"""Clearing: the events of engines turned into changes of orders, money and positions.

An engine is told one command and answers with events; they are worked off one after another, each
into ledger entries, executions, positions and order records of the journal's open batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, Protocol

from cadenza.models import OrderSide
from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import PositionBook, PositionFill
from cadenza.trading.exchange.live_order import LiveOrder
from cadenza.trading.exchange.traded_instrument import TradedInstrument
from cadenza.trading.ledger.entry import Entry
from cadenza.trading.ledger.fees import FeeSchedule, charge
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.matching.commands import Cancel
from cadenza.trading.matching.events import (
    Accepted,
    AnyEvent,
    Cancelled,
    CancelReason,
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
from cadenza.trading.order_status import (
    CANCEL,
    EXPIRE,
    FILL_ALL,
    FILL_PART,
    REPLACE,
    OrderEvent,
    after,
)
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.store.journal import Journal

ACCEPT: Final = OrderEvent.ACCEPT
REJECT: Final = OrderEvent.REJECT

_BUY: Final = OrderSide.BUY


class ExchangeListener(Protocol):
    """Hears every change, in order, when it is decided and not yet durable.

    What is heard may be shown to the outside only through ``Journal.then``. Calls are synchronous
    and must not wait; the records go on changing afterwards, so what is needed is read at once.
    """

    def on_order(self, order: OrderState) -> None:
        """An order is new or has changed."""

    def on_execution(self, execution: Execution, order: OrderState) -> None:
        """An order traded; its record has the trade in it, and ``on_order`` follows."""

    def on_balances(self, account_id: str, assets: Collection[str]) -> None:
        """Balances, and with fills positions, changed; once for all decisions of a commit."""

    def on_account(self, account: Account) -> None:
        """An account is new or has changed."""


class Clearing:
    """Works off engine events, and keeps the records of open orders.

    Args:
        ledger: The money of all accounts.
        positions: The open positions of all accounts.
        journal: Takes every change into its open batch.
        fees: The rates of the venue.
        listener: Hears every change.
        new_id: Makes ids of executions.
        on_end: Each is called, in this order, with every order that has ended.

    Attributes:
        ledger: As given.
        positions: As given.
        journal: As given.
        fees: As given.
        listener: As given.
        live: Open orders by id.
        next_execution: Number of the next execution.
        touched: Assets whose balances changed since the last commit, by account.
        follow_ups: Commands that the engine is to be told as soon as its events are cleared.
        holders: Ids of the open orders behind each reservation, by its key.
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
        on_end: tuple[Callable[[OrderState], None], ...] = (),
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
        self._new_id = new_id
        self._on_end = on_end
        self._handlers: dict[type, Callable[[TradedInstrument, Any], None]] = {
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

    def resume(self, next_execution: int) -> None:
        """Number executions from here on, after those that a store has."""
        self.next_execution = next_execution

    def follow(self, order: LiveOrder) -> None:
        """Look after an order, and after its reservation."""
        state = order.state
        self.live[state.order_id] = order
        if state.hold:
            self.holders.setdefault(state.hold, set()).add(state.order_id)

    def posted(self, entry: Entry) -> None:
        """Write a ledger entry down."""
        self.journal.batch.entries.append(entry)
        for posting in entry.postings:
            self.touched.setdefault(posting.account_id, set()).add(posting.asset)

    def clear(self, instrument: TradedInstrument, events: list[AnyEvent]) -> None:
        """Work off the events of an engine, in order."""
        handlers = self._handlers
        for event in events:
            handlers[type(event)](instrument, event)

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

    # Events of an engine.

    def _accepted(self, _: TradedInstrument, event: Accepted) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.status = after(order.state.status, ACCEPT)
            self._changed(order.state, event.at)

    def _rejected(self, _: TradedInstrument, event: Rejected) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.reject_reason = event.reason
            self._ended(order, REJECT, event.at)

    def _cancelled(self, _: TradedInstrument, event: Cancelled) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.state.cancel_reason = event.reason
            self._ended(order, CANCEL, event.at)

    def _expired(self, _: TradedInstrument, event: Expired) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            self._ended(order, EXPIRE, event.at)

    def _spent(self, _: TradedInstrument, event: Spent) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            self._ended(order, FILL_ALL, event.at)

    def _reduced(self, _: TradedInstrument, event: Reduced) -> None:
        order = self.live.get(event.order_id)
        if order is not None:
            order.leaves = event.leaves
            if event.leaves:
                self._resize(order, event.at)
                self._changed(order.state, event.at)
                if order.earmarks:  # its exits would sell more than it can still buy
                    self.follow_ups.append(Cancel(now=event.at, order_id=event.order_id))

    def _replaced(self, _: TradedInstrument, event: Replaced) -> None:
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

    def _moved(self, _: TradedInstrument, event: Released | Triggered) -> None:
        """Note that an order goes from where it waited into the book, under the same status."""
        order = self.live.get(event.order_id)
        if order is not None:
            self._changed(order.state, event.at)

    def _nothing(self, instrument: TradedInstrument, event: AnyEvent) -> None:
        """Leave the records as they are; whoever asked hears of a refusal."""

    # Trades.

    def _trade(self, instrument: TradedInstrument, event: Trade) -> None:
        maker, taker = self.live.get(event.maker_id), self.live.get(event.taker_id)
        if maker is None and taker is None:
            return
        units = instrument.units
        cost = units.cost(event.price, event.lots)
        if taker is not None and taker.budget:
            taker.budget -= event.price * event.lots
        elif taker is not None:
            taker.leaves = event.taker_leaves + taker.withheld
        if maker is not None:
            maker.leaves = event.maker_leaves
        makers = self._leg(maker, cost, is_maker=True)
        takers = self._leg(taker, cost, is_maker=False)
        buyer, seller = (takers, makers) if event.aggressor is _BUY else (makers, takers)
        entry, settled = self.ledger.settle(
            Fill(
                trade_id=str(event.trade_id),
                at=event.at,
                base_asset=instrument.listing.id.base,
                quote_asset=instrument.listing.id.quote,
                quantity=units.quantity(event.lots),
                cost=cost,
                buyer=buyer,
                seller=seller,
            )
        )
        self.posted(entry)
        for order, is_maker in ((maker, True), (taker, False)):
            if order is not None:
                fee = settled.buyer_fee if order.is_buy else settled.seller_fee
                self._filled(order, event, cost, fee, is_maker=is_maker)

    def _leg(self, order: LiveOrder | None, cost: int, *, is_maker: bool) -> Leg:
        """One side of a fill, with the amount that it must keep reserved for its rest."""
        if order is None:
            return OUTSIDE
        state, rate = order.state, self.fees.rate(is_maker=is_maker)
        carry = 0
        if order.is_buy:
            held = self.ledger.reservation(state.hold)
            carry = charge(rate, cost, held.carry if held else 0).carry
        keep = order.need(self.fees, carry)
        return Leg(account_id=state.account_id, order_id=state.hold, rate_ppm=rate, keep=keep)

    def _filled(
        self, order: LiveOrder, event: Trade, cost: int, fee: int, *, is_maker: bool
    ) -> None:
        state, at = order.state, event.at
        state.executed += event.lots
        state.cost += cost
        state.fees += fee
        state.last_execution_at = at
        if state.budget:
            state.lots = state.executed
        is_done = not order.leaves and not state.budget
        execution = Execution(
            execution_id=self._new_id(),
            number=self.next_execution,
            order_id=state.order_id,
            account_id=state.account_id,
            instrument_id=state.instrument_id,
            trade_id=str(event.trade_id),
            side=state.side,
            price=event.price,
            lots=event.lots,
            cost=cost,
            fee=fee,
            is_maker=is_maker,
            at=at,
        )
        self.next_execution += 1
        batch = self.journal.batch
        batch.executions.append(execution)
        for position in self.positions.fill(
            PositionFill(
                account_id=state.account_id,
                instrument_id=state.instrument_id,
                lot=state.lot,
                side=state.side,
                lots=event.lots,
                cost=cost,
                fee=fee,
                at=at,
            )
        ):
            batch.positions[position.position_id] = position
        batch.marks[state.instrument_id] = event.price
        if order.earmarks:
            self._earmark(order, event)
        self.listener.on_execution(execution, state)
        if is_done:
            self._ended(order, FILL_ALL, at)
        else:
            state.status = after(state.status, FILL_PART)
            self._changed(state, at)

    def _earmark(self, order: LiveOrder, event: Trade) -> None:
        """Reserve the bought quantity for the exits that will sell it, if they are still open."""
        if order.earmarks not in self.holders:
            return
        key, amount = order.earmarks, order.instrument.units.quantity(event.lots)
        held = self.ledger.reservation(key)
        if held is None:
            account_id, base = order.state.account_id, order.instrument.listing.id.base
            self.posted(self.ledger.reserve(key, account_id, base, amount, at=event.at))
        else:
            self.posted(self.ledger.resize(key, held.amount + amount, at=event.at))

    # Records and reservations.

    def _resize(self, order: LiveOrder, at: int) -> None:
        """Reserve what the rest needs now; orders that share a reservation, the largest need."""
        key = order.state.hold
        held = self.ledger.reservation(key)
        if held is None:
            return
        sharing = (self.live[holder] for holder in self.holders.get(key, ()))
        need = max((other.need(self.fees, held.carry) for other in sharing), default=held.amount)
        if need != held.amount:
            self.posted(self.ledger.resize(key, need, at=at))

    def _ended(self, order: LiveOrder, event: OrderEvent, at: int) -> None:
        """End an order; what nobody needs any more becomes free."""
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

    def _release(self, hold: str, at: int) -> None:
        if self.ledger.reservation(hold) is not None:
            self.posted(self.ledger.release(hold, at=at))

    def _over(self, state: OrderState, at: int) -> None:
        state.ended_at = at
        self._changed(state, at)
        for on_end in self._on_end:
            on_end(state)

    def _changed(self, state: OrderState, at: int) -> None:
        state.updated_at = at
        self.journal.batch.orders[state.order_id] = state
        self.listener.on_order(state)
