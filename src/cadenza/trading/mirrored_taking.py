"""How an order takes from a mirrored venue: what is displayed, at the displayed prices.

Users' orders never meet each other here, so there is no self-trade to prevent: each takes from the
venue's book, and rests as if it stood in the venue's queue.
"""

from __future__ import annotations

from typing import Final

from cadenza.trading.crossing import ANY_PRICE
from cadenza.trading.matching.engine import DEFAULT_MAX_ORDERS, MatchingEngine
from cadenza.trading.matching.events import CancelReason, Spent, Trade
from cadenza.trading.matching.order import GONE, Order
from cadenza.trading.mirrored.offers import MirroredBook

MARKET: Final = "@market"
"""Owner of the other side of every trade here; its order ids are empty."""


class MirroredTaking(MatchingEngine):
    """The taking half of `MirroredEngine`; what rests is the other's.

    Attributes:
        mirror: What the venue offers.
    """

    def __init__(
        self,
        mirror: MirroredBook,
        *,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        super().__init__(first_trade_id=first_trade_id, max_orders=max_orders)
        self.mirror = mirror

    def _reaches(self, is_buy: bool, limit: int) -> bool:
        """Whether the venue displays the other side at this price, or did so last."""
        best = self.mirror.against(is_buy=is_buy).best_key()
        return best is not None and best <= (limit if is_buy else -limit)

    def _enter(self, order: Order) -> None:
        """Take what there is; what is left rests, or ends if it may not."""
        shape, limit = order.shape, order.limit or order.terms.protection
        bound = (limit if order.is_buy else -limit) if limit else ANY_PRICE
        if shape.post_only and self._reaches(order.is_buy, order.limit):
            self._cancel(order, CancelReason.WOULD_TAKE)
            return
        if not self.mirror.is_stale and (not shape.whole or self._fits(order, bound)):
            if order.budget:
                self._spend(order, bound)
                return
            self._took(order, self._take(order, bound))
            if order.place is GONE:
                return
        if shape.rests:
            self._rest(order)
        elif shape.limit or shape.whole:
            self._cancel(order, CancelReason.NOT_FILLED_AT_ONCE)
        else:
            self._cancel(order, CancelReason.NO_LIQUIDITY)

    def _take(self, taker: Order, bound: int) -> int:
        """Take from level after level; the price of the first, 0: there was none."""
        first = 0
        for key, lots in self.mirror.against(is_buy=taker.is_buy).within(bound):
            if not taker.leaves:
                break
            first = first or abs(key)
            self._take_from(taker, key, min(lots, taker.leaves))
        return first

    def _take_from(self, taker: Order, key: int, lots: int) -> None:
        """Take lots of one level."""
        price = abs(key)
        self.mirror.against(is_buy=taker.is_buy).take(key, lots)
        taker.leaves -= lots
        taker.executed += lots
        if taker.budget:
            taker.budget -= lots * price
        trade_id, self.next_trade_id = self.next_trade_id, self.next_trade_id + 1
        self._out.append(
            Trade(
                at=self.now,
                trade_id=trade_id,
                price=price,
                lots=lots,
                aggressor=taker.terms.side,
                maker_id="",
                taker_id=taker.order_id,
                maker_owner=MARKET,
                taker_owner=taker.owner,
                maker_leaves=0,
                taker_leaves=taker.leaves,
            )
        )

    def _took(self, taker: Order, first: int) -> None:
        """After a sweep: it triggers nothing, as triggers go by the venue's own trades."""
        if first:
            self._filled(taker)

    def _fits(self, taker: Order, bound: int) -> bool:
        """Whether an order could be filled completely now."""
        lots, budget = taker.leaves, taker.budget
        for key, available in self.mirror.against(is_buy=taker.is_buy).within(bound):
            price = abs(key)
            if available >= (budget // price if taker.budget else lots):
                return True
            lots -= available
            budget -= available * price
        return False

    def _spend(self, taker: Order, bound: int) -> None:
        """Take level by level what the budget buys there."""
        price, is_spent = 0, False
        for key, available in self.mirror.against(is_buy=taker.is_buy).within(bound):
            price = abs(key)
            taker.leaves = taker.budget // price
            is_spent = not taker.leaves
            if is_spent:
                break
            self._take_from(taker, key, min(available, taker.leaves))
        is_spent = is_spent or taker.budget < price
        if taker.executed and is_spent:
            self._write_off(taker)
            self._out.append(Spent(self.now, taker.order_id, taker.executed, taker.budget))
            self._filled(taker)
            return
        reason = CancelReason.BUDGET_TOO_SMALL if is_spent else CancelReason.NO_LIQUIDITY
        self._cancel(taker, reason)
