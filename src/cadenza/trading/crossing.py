"""How orders meet: taking from the other side, self-trade prevention, all-or-nothing, budgets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from cadenza.trading.matching.commands import SelfTrade
from cadenza.trading.matching.events import CancelReason, Reduced, Spent, Trade
from cadenza.trading.matching.order import GONE, MOVING, Order
from cadenza.trading.open_orders import OpenOrders
from cadenza.trading.order_status import AFTER_FILL_ALL, AFTER_FILL_PART
from cadenza.trading.price_level import PriceLevel

ANY_PRICE: Final = sys.maxsize
"""A bound beyond every key."""


class Crossing(OpenOrders):
    """Price-time priority.

    Args:
        self_trade: What happens when an order meets another of its owner and says nothing itself.
        first_trade_id: Id of the first trade; the next ones count up.
    """

    def __init__(self, *, self_trade: SelfTrade, first_trade_id: int) -> None:
        super().__init__()
        self.self_trade = self_trade
        self.next_trade_id = first_trade_id

    def _enter(self, order: Order) -> None:
        """Match an order; what is left rests, or ends if it may not."""
        if not order.shape.limit:
            self._enter_at_market(order)
            return
        limit = order.limit
        if order.is_buy:
            best, bound = self.book.asks.best, limit
        else:
            best, bound = self.book.bids.best, -limit
        if best is not None and best.key <= bound:
            if order.shape.post_only:
                self._cancel(order, CancelReason.WOULD_TAKE)
                return
            if not order.shape.whole or self._fits(order, bound):
                self._took(order, self._take(order, bound))
                if order.place is GONE:
                    return
        if order.shape.rests:
            self._rest(order)
        else:
            self._cancel(order, CancelReason.NOT_FILLED_AT_ONCE)

    def _enter_at_market(self, order: Order) -> None:
        """Match an order without a limit, within its protection price; it never rests."""
        worst = order.terms.protection
        bound = (worst if order.is_buy else -worst) if worst else ANY_PRICE
        if order.shape.whole and not self._fits(order, bound):
            self._cancel(order, CancelReason.NOT_FILLED_AT_ONCE)
            return
        if order.budget:
            self._spend(order, bound)
            return
        self._took(order, self._take(order, bound))
        if order.place is not GONE:
            self._cancel(order, CancelReason.NO_LIQUIDITY)

    def _take(self, taker: Order, bound: int) -> int:
        """Trade with the best orders of the other side until the order or the bound is reached.

        Returns:
            The price of the first trade; 0 if there was none. The last one's is `last`.
        """
        side = self.book.against(taker)
        emit, owner, aggressor = self._out.append, taker.owner, taker.terms.side
        first = 0
        while taker.leaves:
            level = side.best
            if level is None or level.key > bound:
                break
            maker = level.head
            if maker is None or (maker.owner == owner and self._prevents(taker, maker)):
                continue
            price, shown, left = level.ticks, maker.shown, taker.leaves
            if shown > left:
                # `BookSide.fill` written out for a maker that stays.
                lots = left
                maker.leaves -= lots
                maker.executed += lots
                maker.shown = shown - lots
                level.lots -= lots
                if not level.touched:
                    side.touch(level)
            else:
                lots = shown
                side.fill(maker, lots)
            taker.leaves = left = left - lots
            taker.executed += lots
            if taker.budget:
                taker.budget -= lots * price
            self.last = price
            if not first:
                first = price
            trade_id = self.next_trade_id
            self.next_trade_id = trade_id + 1
            emit(
                Trade(
                    self.now,
                    trade_id,
                    price,
                    lots,
                    aggressor,
                    maker.order_id,
                    taker.order_id,
                    maker.owner,
                    owner,
                    maker.leaves,
                    left,
                )
            )
            self._filled(maker)
        return first

    def _filled(self, order: Order) -> None:
        """Note that an order traded, in part or to its end."""
        if order.leaves:
            order.status = AFTER_FILL_PART[order.status]
        else:
            order.status = AFTER_FILL_ALL[order.status]
            self._forget(order)
        if order.order_list is not None:
            self._advance_list(order)

    def _took(self, taker: Order, first: int) -> None:
        """After a sweep: note the taker's part and put what the prices trigger on the agenda."""
        if not first:
            return
        if taker.place is not GONE:
            self._filled(taker)
        if self.stops:
            self._trigger(first)

    def _trigger(self, first: int) -> None:
        """Put on the agenda what trades from this price to the last one trigger.

        Prices between the two need no look: a sweep goes one way only.
        """
        prices = (first,) if first == self.last else (first, self.last)
        for order in self.stops.reached(prices):
            order.place = MOVING
            self._agenda.append(order)

    def _spend(self, taker: Order, bound: int) -> None:
        """Take level by level what the budget buys there."""
        side = self.book.against(taker)
        first = 0
        reason = CancelReason.NO_LIQUIDITY
        while (level := side.best) is not None and level.key <= bound:
            taker.leaves = taker.budget // level.ticks
            if not taker.leaves:
                reason = CancelReason.BUDGET_TOO_SMALL
                break
            traded = self._take(taker, level.key)
            first = first or traded
            if taker.place is GONE:
                break
        if taker.place is not GONE:
            self._finish_spending(taker, reason)
        if first and self.stops:
            self._trigger(first)

    def _finish_spending(self, taker: Order, reason: CancelReason) -> None:
        """A budget that buys nothing more is spent; one that finds nobody is cancelled."""
        is_small = reason is CancelReason.BUDGET_TOO_SMALL or taker.budget < self.last
        if not taker.executed or not is_small:
            self._cancel(taker, reason)
            return
        self._write_off(taker)
        self._out.append(Spent(self.now, taker.order_id, taker.executed, taker.budget))
        self._filled(taker)

    def _prevents(self, taker: Order, maker: Order) -> bool:
        """Keep an owner from trading with itself; whether there was something to keep it from."""
        mode = self._mode(taker)
        if mode is SelfTrade.ALLOW:
            return False
        if mode is SelfTrade.DECREMENT:
            self._decrement(taker, maker)
            return True
        if mode is not SelfTrade.CANCEL_NEWEST:
            self._cancel(maker, CancelReason.SELF_TRADE)
        if mode is not SelfTrade.CANCEL_OLDEST:
            self._cancel(taker, CancelReason.SELF_TRADE)
        return True

    def _mode(self, taker: Order) -> SelfTrade:
        return taker.terms.self_trade or self.self_trade

    def _decrement(self, taker: Order, maker: Order) -> None:
        """Take from both what the smaller one has left."""
        lots = min(taker.leaves, maker.leaves)
        taker.budget -= min(taker.budget, lots * maker.limit)
        taker.leaves -= lots
        self.book.side(maker).reduce(maker, lots)
        for order in (maker, taker):
            order.cancelled += lots
            self._out.append(Reduced(self.now, order.order_id, lots, order.leaves))
        for order in (maker, taker):
            if not order.leaves:
                self._cancel(order, CancelReason.SELF_TRADE)

    def _fits(self, taker: Order, bound: int) -> bool:
        """Whether an order could be filled completely, without changing anything."""
        lots, budget = taker.leaves, taker.budget
        for ticks, available in self._available(taker, bound):
            wanted = budget // ticks if taker.budget else lots
            if available >= wanted:
                return True
            lots -= available
            budget -= available * ticks
        return False

    def _available(self, taker: Order, bound: int) -> Iterator[tuple[int, int]]:
        """The lots an order could get at each price, hidden ones too, up to where it must stop."""
        mode = self._mode(taker)
        for level in self.book.against(taker):
            if level.key > bound:
                return
            lots, goes_on = self._available_at(level, taker.owner, mode)
            yield level.ticks, lots
            if not goes_on:
                return

    @staticmethod
    def _available_at(level: PriceLevel, owner: str, mode: SelfTrade) -> tuple[int, bool]:
        """The lots a level offers an owner, and whether there is a way past it.

        An iceberg's hidden lots queue behind everybody, so also behind the order that stops us.
        """
        if mode is SelfTrade.ALLOW:
            return sum(maker.leaves for maker in level), True
        shown = total = 0
        for maker in level:
            if maker.owner != owner:
                shown += maker.shown
                total += maker.leaves
            elif mode is not SelfTrade.CANCEL_OLDEST:
                return shown, False
        return total, True
