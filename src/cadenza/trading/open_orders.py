"""The orders an engine has: where each stands, how it ends, and what that does to its list."""

from __future__ import annotations

from collections import deque

from sortedcontainers import SortedDict

from cadenza.trading.matching.book import MatchingBook
from cadenza.trading.matching.events import AnyEvent, Cancelled, CancelReason, Expired
from cadenza.trading.matching.order import BOOK, GONE, HELD, MOVING, STOPS, Order
from cadenza.trading.matching.stops import StopBook
from cadenza.trading.order_status import AFTER_CANCEL, AFTER_EXPIRE


class OpenOrders:
    """Orders by id and by place, and the ways out.

    Attributes:
        book: What rests.
        stops: What waits for a price.
        orders: Everything open by order id.
        now: The engine's clock: the greatest time a command brought.
        last: Price of the last trade; 0: there was none.
    """

    def __init__(self) -> None:
        self.book = MatchingBook()
        self.stops = StopBook()
        self.orders: dict[str, Order] = {}
        self.now = 0
        self.last = 0
        self._expiries: SortedDict[tuple[int, int], Order] = SortedDict()
        # Orders set free by a trigger or a list, to be matched before the command is done.
        self._agenda: deque[Order] = deque()
        self._out: list[AnyEvent] = []

    def _keep(self, order: Order) -> None:
        """Remember an order that stays beyond its command."""
        self.orders[order.order_id] = order
        if order.expire_at:
            self._expiries[order.expire_at, order.sequence] = order

    def _rest(self, order: Order) -> None:
        """Put an order into the book.

        `BookSide.add` is written out: every other command ends here.
        """
        if order.shown != order.leaves or order.terms.visible:
            order.show()
        side = self.book.bids if order.is_buy else self.book.asks
        limit = order.limit
        key = limit * side.sign
        level = side.levels.get(key)
        if level is None:
            level = side.make(key, limit)
        level.rank = rank = level.rank + 1
        level.queue[rank] = order
        if level.head is None:
            level.head = order
        level.lots += order.shown
        if not level.touched:
            side.touch(level)
        order.queued = rank
        order.place = BOOK
        self.orders[order.order_id] = order
        if order.expire_at:
            self._expiries[order.expire_at, order.sequence] = order

    def _hold(self, order: Order) -> None:
        order.place = HELD
        self._keep(order)

    def _wait(self, order: Order) -> None:
        """Let an order wait for its price; one whose price is here already goes on the agenda."""
        last = self.last
        if last and order.stop and (last >= order.stop if order.rising else last <= order.stop):
            order.place = MOVING
            self._agenda.append(order)
        else:
            self.stops.add(order, last)
        self._keep(order)

    def _put_back(self, order: Order) -> None:
        """Let a saved order stand where its place says, without looking at anything else."""
        if order.place is BOOK:
            self.book.side(order).put_back(order)
        elif order.place is STOPS:
            self.stops.add(order, 0)
        self._keep(order)

    def _leave(self, order: Order) -> None:
        """Take an order from wherever it stands; it is gone."""
        if order.place is BOOK:
            (self.book.bids if order.is_buy else self.book.asks).remove(order)
        elif order.place is STOPS:
            self.stops.remove(order)
        self._forget(order)

    def _forget(self, order: Order) -> None:
        """Let go of an order that stands nowhere any more."""
        order.place = GONE
        self.orders.pop(order.order_id, None)
        if order.expire_at:
            self._expiries.pop((order.expire_at, order.sequence), None)

    def _write_off(self, order: Order) -> int:
        """Count what is left as cancelled; returns the lots."""
        lots = order.leaves
        if order.terms.budget:
            # Its lots were only what the budget would have bought at the last price looked at.
            lots = 0
            order.lots = order.executed + order.cancelled
        order.cancelled += lots
        order.leaves = order.shown = 0
        return lots

    def _cancel(self, order: Order, reason: CancelReason) -> None:
        """End an order.

        For one that rests, which is the end of every third command, `_leave` is written out, and
        its lots are told but not written off: nobody looks at it again.
        """
        order.status = AFTER_CANCEL[order.status]
        if order.place is BOOK:
            (self.book.bids if order.is_buy else self.book.asks).remove(order)
            self._forget(order)
            lots = order.leaves
        else:
            self._leave(order)
            lots = self._write_off(order)
        self._out.append(Cancelled(self.now, order.order_id, lots, reason, order.budget))
        if order.order_list is not None:
            self._end_list(order)

    def _expire_due(self) -> None:
        """End the orders whose time has come, the earliest first."""
        expiries = self._expiries
        while expiries and (first := expiries.peekitem(0))[0][0] <= self.now:
            order: Order = first[1]
            self._leave(order)
            order.status = AFTER_EXPIRE[order.status]
            lots = self._write_off(order)
            self._out.append(Expired(self.now, order.order_id, lots))
            if order.order_list is not None:
                self._end_list(order)

    def _end_list(self, order: Order) -> None:
        """An order of a list ended without being filled: its rivals and dependants end too."""
        if order.order_list is not None:
            order.order_list.leave(order)
            self._end_rivals(order)
            for other in order.order_list.dependants(order, self.orders):
                if other.place is not GONE:  # its rival may have taken it along already
                    self._cancel(other, CancelReason.ORDER_LIST)

    def _end_rivals(self, order: Order) -> None:
        if order.order_list is None:
            return
        for rival in order.order_list.rivals(order, self.orders):
            order.order_list.leave(rival)
            rival.order_list = None  # it ends alone: the one that ends it goes on
            self._cancel(rival, CancelReason.ORDER_LIST)

    def _advance_list(self, order: Order) -> None:
        """An order of a list traded: its rivals end, and if it is filled it frees the held ones."""
        if order.order_list is None:
            return
        if order.place is GONE:
            order.order_list.leave(order)
            self._agenda.extend(order.order_list.dependants(order, self.orders))
        self._end_rivals(order)
