"""Fills: a trade of an engine as money, goods, executions and positions."""

from __future__ import annotations

from typing import Final

from cadenza.models import OrderSide
from cadenza.trading.accounts.position import PositionFill
from cadenza.trading.exchange.live_order import LiveOrder
from cadenza.trading.exchange.traded_instrument import Desk
from cadenza.trading.ledger.fees import charge
from cadenza.trading.ledger.fill import OUTSIDE, Fill, Leg
from cadenza.trading.matching.events import Trade
from cadenza.trading.order_records import OrderRecords
from cadenza.trading.order_status import FILL_ALL, FILL_PART, after
from cadenza.trading.orders.state import Execution

_BUY: Final = OrderSide.BUY


class Fills(OrderRecords):
    """Settles trades; see `OrderRecords` for its arguments."""

    def _trade(self, desk: Desk, event: Trade) -> None:
        maker, taker = self.live.get(event.maker_id), self.live.get(event.taker_id)
        if maker is None and taker is None:
            return
        units = desk.units
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
                base_asset=desk.listing.id.base,
                quote_asset=desk.listing.id.quote,
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
        """One side of a fill, and what it must keep reserved for its rest."""
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
        """What was bought is reserved for the exits that will sell it, if they are still open."""
        if order.earmarks not in self.holders:
            return
        key, amount = order.earmarks, order.desk.units.quantity(event.lots)
        held = self.ledger.reservation(key)
        if held is None:
            account_id, base = order.state.account_id, order.desk.listing.id.base
            self.posted(self.ledger.reserve(key, account_id, base, amount, at=event.at))
        else:
            self.posted(self.ledger.resize(key, held.amount + amount, at=event.at))
