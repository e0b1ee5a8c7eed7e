"""The matching engine of one instrument: commands in, events out, nothing else.

It knows no clock, no random source and no floating point: the same commands give the same events.
There is one writer, so nothing is locked; a command is done, with all it triggers, before the next.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from sortedcontainers import SortedDict

from cadenza.models import ContingencyType, OrderType, TimeInForce
from cadenza.trading.matching.book import MatchingBook, PriceLevel
from cadenza.trading.matching.commands import (
    Amend,
    AnyCommand,
    Cancel,
    CancelAll,
    Expire,
    Mark,
    SelfTrade,
    Submit,
    SubmitList,
)
from cadenza.trading.matching.events import (
    Accepted,
    AnyEvent,
    Cancelled,
    CancelReason,
    Expired,
    Reduced,
    Refused,
    Rejected,
    RejectReason,
    Released,
    Replaced,
    Spent,
    Trade,
    Triggered,
)
from cadenza.trading.matching.order import (
    BOOK,
    BUY,
    GONE,
    HELD,
    MOVING,
    STOPS,
    Order,
    OrderList,
    make_order,
)
from cadenza.trading.matching.rules import (
    MAX_UNITS,
    SHAPES,
    UNKNOWN,
    Shape,
    list_objection,
    objection,
)
from cadenza.trading.matching.saved_order import RestoreError, SavedOrder, check_uncrossed, restored
from cadenza.trading.matching.stops import StopBook
from cadenza.trading.order_status import (
    AFTER_CANCEL,
    AFTER_EXPIRE,
    AFTER_FILL_ALL,
    AFTER_FILL_PART,
    AFTER_REPLACE,
)

LIMIT: Final = OrderType.LIMIT
GTC: Final = TimeInForce.GTC
USUAL: Final = SHAPES[LIMIT, GTC]

DEFAULT_MAX_ORDERS: Final = 1_000_000

ANY_PRICE: Final = sys.maxsize
"""A bound beyond every key."""


class MatchingEngine:
    """Price-time priority for one instrument.

    Args:
        self_trade: What happens when an order meets another of its owner, unless its own terms
            say something else.
        first_trade_id: Id of the first trade; the ids after it count up.
        max_orders: How many orders may be open; further ones are rejected.

    Attributes:
        book: The orders that rest.
        stops: The orders that wait for their trigger price.
        orders: Every open order, by order id.
        now: The engine's clock in milliseconds UTC: the greatest time that a command brought.
        last: Price of the last trade in ticks; 0: there was none.
        self_trade: As given.
        next_trade_id: Id of the next trade.
        max_orders: As given.
    """

    def __init__(
        self,
        *,
        self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        self.book = MatchingBook()
        self.stops = StopBook()
        self.orders: dict[str, Order] = {}
        self.now = 0
        self.last = 0
        self.self_trade = self_trade
        self.next_trade_id = first_trade_id
        self.max_orders = max_orders
        self._sequence = 0
        self._expiries: SortedDict[tuple[int, int], Order] = SortedDict()
        # Orders set free by a trigger or a list, to be matched before the command is done.
        self._agenda: deque[Order] = deque()
        self._out: list[AnyEvent] = []
        self._handlers: dict[type, Callable[[Any], None]] = {
            Submit: self._submit,
            SubmitList: self._submit_list,
            Cancel: self._cancel_one,
            Amend: self._amend,
            CancelAll: self._cancel_all,
            Expire: self._do_nothing,
            Mark: self._mark,
        }

    def apply(self, command: AnyCommand) -> list[AnyEvent]:
        """Do a command, and all that follows from it.

        Returns:
            The events in order. A command that cannot be done gives ``Rejected`` or ``Refused``.
        """
        out: list[AnyEvent] = []
        self._out = out
        now = command.now
        if now > self.now:
            self.now = now
            if self._expiries:
                self._expire_due()
        self._handlers[type(command)](command)
        while self._agenda:
            self._wake(self._agenda.popleft())
        return out

    def restore(self, saved: Iterable[SavedOrder], *, last: int = 0, now: int = 0) -> None:
        """Put the orders of an earlier engine into this fresh one, each in its place.

        Nothing is matched and there are no events; orders that fell due meanwhile end with the
        first command. ``BookSide.changes`` tells the whole book as new.

        Args:
            saved: All open orders, in any order.
            last: Price of the last trade in ticks; 0: there was none.
            now: The time of the earlier engine's clock, milliseconds UTC.

        Raises:
            RestoreError: The orders cannot stand, or the engine has had orders already. It is as
                before.
        """
        if self._sequence:
            raise RestoreError("the engine is in use")
        orders = restored(saved)
        self._check_restored(orders)
        for order in orders:
            self._put_back(order)
            self._sequence = max(self._sequence, order.sequence)
        self.last, self.now = last, now

    def _check_restored(self, orders: list[Order]) -> None:
        """Raise ``RestoreError`` if the orders cannot stand in one book."""
        check_uncrossed(orders)

    def moved(self) -> list[Order]:
        """The trailing stops whose trigger moved since the last call; no event tells it."""
        return self.stops.moved()

    # Commands: one method for each.

    def _submit(self, terms: Submit) -> None:
        """Accept an order and match it.

        More than half of all commands are limit orders with a quantity and nothing else: for them
        ``objection``, ``_obstacle`` and ``make_order`` are written out here.
        """
        if terms.type is LIMIT and terms.time_in_force is GTC:
            shape: Shape | None = USUAL
        else:
            shape = SHAPES.get((terms.type, terms.time_in_force))
        order_id, lots, limit, side = terms.order_id, terms.lots, terms.limit, terms.side
        orders = self.orders
        if (
            shape is not None
            and shape.plain
            and 0 < lots <= MAX_UNITS
            and 0 < limit <= MAX_UNITS
            and side is not UNKNOWN
            and not (terms.visible or terms.stop or terms.trail or terms.budget)
            and not (terms.protection or terms.expire_at)
            and order_id not in orders
            and len(orders) < self.max_orders
        ):
            self._sequence = sequence = self._sequence + 1
            self._out.append(Accepted(self.now, order_id))
            self._enter(
                Order(
                    terms,
                    order_id,
                    terms.owner,
                    side is BUY,
                    limit,
                    lots,
                    lots,
                    lots,
                    shape,
                    sequence,
                )
            )
            return
        reason = objection(terms, shape)
        if shape is None or reason is not None:
            self._out.append(Rejected(self.now, order_id, reason or RejectReason.BAD_TYPE))
            return
        if order_id in orders or shape.post_only or len(orders) >= self.max_orders:
            reason = self._obstacle(terms, shape)
            if reason is not None:
                self._out.append(Rejected(self.now, order_id, reason))
                return
        self._sequence = sequence = self._sequence + 1
        self._out.append(Accepted(self.now, order_id))
        self._begin(make_order(terms, shape, sequence, self.now))

    def _submit_list(self, command: SubmitList) -> None:
        reasons = self._list_objections(command)
        if reasons:
            for terms in command.orders:
                reason = reasons.get(terms.order_id, RejectReason.LIST_REJECTED)
                self._out.append(Rejected(self.now, terms.order_id, reason))
            return
        orders = tuple([self._accept(terms) for terms in command.orders])
        for order in orders:
            self._keep(order)  # from here on each can be ended by another
        OrderList(command.list_id, command.contingency, orders)
        at_once = orders if command.contingency is ContingencyType.OCO else orders[:1]
        for order in orders[len(at_once) :]:
            self._hold(order)
        for order in at_once:
            if order.place is not GONE:
                self._begin(order)

    def _cancel_one(self, command: Cancel) -> None:
        order = self.orders.get(command.order_id)
        if order is None:
            self._refuse(command.order_id, RejectReason.UNKNOWN_ORDER)
        else:
            self._cancel(order, CancelReason.BY_OWNER)

    def _cancel_all(self, command: CancelAll) -> None:
        is_buy = None if command.side is None else command.side is BUY
        mine = [
            order
            for order in self.orders.values()
            if order.owner == command.owner and is_buy in (None, order.is_buy)
        ]
        mine.sort(key=_by_sequence)
        for order in mine:
            if order.place is not GONE:
                self._cancel(order, CancelReason.CANCEL_ALL)

    def _amend(self, command: Amend) -> None:
        order = self.orders.get(command.order_id)
        if order is None:
            self._refuse(command.order_id, RejectReason.UNKNOWN_ORDER)
            return
        reason = self._amend_objection(order, command)
        if reason is not None:
            self._refuse(command.order_id, reason)
            return
        lots, limit = command.lots or order.lots, command.limit or order.limit
        keeps = order.place is not BOOK or (lots <= order.lots and limit == order.limit)
        if order.place is BOOK and keeps:
            if lots < order.lots:
                self.book.side(order).reduce(order, order.lots - lots)
            order.lots = lots
            self._replaced(order, kept=True)
            return
        self._change(order, lots, limit, command.stop or order.stop, kept=keeps)

    def _mark(self, command: Mark) -> None:
        if 0 < command.price <= MAX_UNITS:
            self.last = command.price
            self._trigger(command.price)

    def _do_nothing(self, command: Expire) -> None:
        """Time has passed before the command was looked at."""

    # Reasons to refuse.

    def _objection(self, terms: Submit) -> RejectReason | None:
        """The reason to reject a new order; ``None``: it can be taken."""
        shape = SHAPES.get((terms.type, terms.time_in_force))
        reason = objection(terms, shape)
        return self._obstacle(terms, shape) if shape is not None and reason is None else reason

    def _obstacle(self, terms: Submit, shape: Shape) -> RejectReason | None:
        """The reason among the open orders to reject a sound new one; ``None``: there is none."""
        if terms.order_id in self.orders:
            return RejectReason.DUPLICATE_ORDER_ID
        if len(self.orders) >= self.max_orders:
            return RejectReason.TOO_MANY_ORDERS
        is_maker = shape.post_only and not shape.waits
        if is_maker and self._reaches(terms.side is BUY, terms.limit):
            return RejectReason.WOULD_TAKE
        return None

    def _reaches(self, is_buy: bool, limit: int) -> bool:
        """Whether an order at this price would trade."""
        best = (self.book.asks if is_buy else self.book.bids).best
        return best is not None and best.key <= (limit if is_buy else -limit)

    def _list_objections(self, command: SubmitList) -> dict[str, RejectReason]:
        """The reasons to reject a list, by order id; empty: it can be taken."""
        whole = list_objection(command)
        if whole is None and len(self.orders) + len(command.orders) > self.max_orders:
            whole = RejectReason.TOO_MANY_ORDERS
        if whole is not None:
            return {terms.order_id: whole for terms in command.orders}
        found = {}
        for number, terms in enumerate(command.orders):
            reason = self._objection(terms)
            is_held = number > 0 and command.contingency is not ContingencyType.OCO
            if reason is RejectReason.WOULD_TAKE and is_held:
                continue  # by the time it is released the book is another
            if reason is not None:
                found[terms.order_id] = reason
        return found

    def _amend_objection(self, order: Order, command: Amend) -> RejectReason | None:
        """The reason to refuse new terms; ``None``: they can be had."""
        if not 0 <= command.lots <= MAX_UNITS:
            return RejectReason.BAD_QUANTITY
        if command.lots and order.terms.budget:
            return RejectReason.BAD_QUANTITY  # it has none: it is as large as its budget allows
        if 0 < command.lots <= order.executed + order.cancelled:
            return RejectReason.BELOW_EXECUTED
        if not 0 <= command.limit <= (MAX_UNITS if order.shape.limit else 0):
            return RejectReason.BAD_LIMIT
        is_waiting = order.place is not BOOK
        if not 0 <= command.stop <= (MAX_UNITS if order.shape.stop and is_waiting else 0):
            return RejectReason.BAD_STOP
        moves = command.limit and command.limit != order.limit
        if order.shape.post_only and moves and order.place is BOOK:
            return RejectReason.WOULD_TAKE if self._reaches(order.is_buy, command.limit) else None
        return None

    def _refuse(self, order_id: str, reason: RejectReason) -> None:
        self._out.append(Refused(self.now, order_id, reason))

    # The way in: from acceptance to the book.

    def _accept(self, terms: Submit) -> Order:
        """Accept an order that there is no objection to."""
        self._sequence += 1
        self._out.append(Accepted(self.now, terms.order_id))
        shape = SHAPES[terms.type, terms.time_in_force]
        return make_order(terms, shape, self._sequence, self.now)

    def _begin(self, order: Order) -> None:
        """Let an accepted order wait for its price, or match it."""
        if order.shape.waits:
            self._wait(order)
        else:
            self._enter(order)

    def _wake(self, order: Order) -> None:
        """Match an order that a trigger or its list has set free."""
        if order.place is GONE:
            return
        if order.place is HELD:
            order.place = MOVING
            self._out.append(Released(self.now, order.order_id))
            self._begin(order)
            return
        self._out.append(Triggered(self.now, order.order_id, self.last))
        self._end_rivals(order)
        self._enter(order)

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
            The price of the first trade; 0 if there was none. The last one's is ``last``.
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
        """Spend a budget level by level."""
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

    # Whether an order could be filled completely.

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

    # Owners that would trade with themselves.

    def _prevents(self, taker: Order, maker: Order) -> bool:
        """Keep an owner from trading with itself; whether the two orders may not trade."""
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
        """Reduce both orders by the lots that the smaller one has left."""
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

    # New terms.

    def _change(self, order: Order, lots: int, limit: int, stop: int, *, kept: bool) -> None:
        """Take an order out, give it its new terms, and let it go in again."""
        place = order.place
        if place is BOOK:
            self.book.side(order).remove(order)
        elif place is STOPS:
            self.stops.remove(order)
        order.leaves += lots - order.lots
        order.lots, order.limit, order.stop = lots, limit, stop
        order.show()
        self._replaced(order, kept=kept)
        if place is HELD:
            return
        order.place = MOVING
        if place is BOOK:
            self._enter(order)
        else:
            self._wait(order)

    def _replaced(self, order: Order, *, kept: bool) -> None:
        order.status = AFTER_REPLACE[order.status]
        self._out.append(
            Replaced(
                self.now, order.order_id, order.lots, order.leaves, order.limit, order.stop, kept
            )
        )

    # Places: where an order stands, and how it leaves.

    def _rest(self, order: Order) -> None:
        """Put an order into the book.

        ``BookSide.add`` is written out here: every other command ends with it.
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

    def _wait(self, order: Order) -> None:
        """Let an order wait for its price; one whose price is here already goes on the agenda."""
        last = self.last
        if last and order.stop and (last >= order.stop if order.rising else last <= order.stop):
            order.place = MOVING
            self._agenda.append(order)
        else:
            self.stops.add(order, last)
        self._keep(order)

    def _hold(self, order: Order) -> None:
        order.place = HELD
        self._keep(order)

    def _put_back(self, order: Order) -> None:
        """Let a saved order stand where its place says, without looking at anything else."""
        if order.place is BOOK:
            self.book.side(order).put_back(order)
        elif order.place is STOPS:
            self.stops.add(order, 0)
        self._keep(order)

    def _keep(self, order: Order) -> None:
        """Remember an order that outlives its command."""
        self.orders[order.order_id] = order
        if order.expire_at:
            self._expiries[order.expire_at, order.sequence] = order

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

    # Ends.

    def _cancel(self, order: Order, reason: CancelReason) -> None:
        """End an order.

        For one that rests, the end of every third command, ``_leave`` is written out, and its lots
        are told but not written off: nobody looks at it again.
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

    # Order lists.

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


def _by_sequence(order: Order) -> int:
    return order.sequence
