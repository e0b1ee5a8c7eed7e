"""The matching engine of one instrument: commands in, events out, nothing else.

It knows no clock, no random source and no floating point: the same commands give the same events.
There is one writer, so nothing is locked; a command is done, with all it triggers, before the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cadenza.models import ContingencyType
from cadenza.trading.commands import (
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
from cadenza.trading.crossing import Crossing
from cadenza.trading.events import (
    Accepted,
    AnyEvent,
    CancelReason,
    Refused,
    Rejected,
    RejectReason,
    Released,
    Replaced,
    Triggered,
)
from cadenza.trading.order import BOOK, BUY, GONE, HELD, MOVING, STOPS, Order, make_order
from cadenza.trading.order_list import OrderList
from cadenza.trading.rules import MAX_UNITS, SHAPES, Shape, list_objection, objection
from cadenza.trading.status import REPLACE, after

DEFAULT_MAX_ORDERS: Final = 1_000_000


class MatchingEngine(Crossing):
    """Price-time priority for one instrument.

    Args:
        self_trade: What happens when an order meets another of its owner and says nothing itself.
        first_trade_id: Id of the first trade; the next ones count up.
        max_orders: Open orders the engine takes.
    """

    def __init__(
        self,
        *,
        self_trade: SelfTrade = SelfTrade.CANCEL_NEWEST,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        super().__init__(self_trade=self_trade, first_trade_id=first_trade_id)
        self.max_orders = max_orders
        self._sequence = 0
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
        """Do what a command says, and what follows from it.

        Returns:
            What happened, in order. A command that cannot be done gives `Rejected` or `Refused`.
        """
        out: list[AnyEvent] = []
        self._out = out
        if command.now > self.now:
            self.now = command.now
            if self._expiries:
                self._expire_due()
        self._handlers[type(command)](command)
        while self._agenda:
            self._wake(self._agenda.popleft())
        return out

    def _submit(self, terms: Submit) -> None:
        shape = SHAPES.get((terms.type, terms.time_in_force))
        reason = objection(terms, shape)
        if shape is None or reason is not None:
            self._out.append(Rejected(self.now, terms.order_id, reason or RejectReason.BAD_TYPE))
            return
        orders = self.orders
        if terms.order_id in orders or shape.post_only or len(orders) >= self.max_orders:
            reason = self._obstacle(terms, shape)
            if reason is not None:
                self._out.append(Rejected(self.now, terms.order_id, reason))
                return
        self._sequence = sequence = self._sequence + 1
        self._out.append(Accepted(self.now, terms.order_id))
        order = make_order(terms, shape, sequence, self.now)
        (self._wait if shape.waits else self._enter)(order)

    def _objection(self, terms: Submit) -> RejectReason | None:
        """What speaks against a new order, for whatever reason."""
        shape = SHAPES.get((terms.type, terms.time_in_force))
        reason = objection(terms, shape)
        return self._obstacle(terms, shape) if shape is not None and reason is None else reason

    def _obstacle(self, terms: Submit, shape: Shape) -> RejectReason | None:
        """What among the present orders is in the way of a sound new one."""
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

    def _submit_list(self, command: SubmitList) -> None:
        reasons = self._list_objections(command)
        if reasons:
            for terms in command.orders:
                reason = reasons.get(terms.order_id, RejectReason.LIST_REJECTED)
                self._out.append(Rejected(self.now, terms.order_id, reason))
            return
        orders = tuple([self._accept(terms) for terms in command.orders])
        OrderList(command.list_id, command.contingency, orders)
        at_once = orders if command.contingency is ContingencyType.OCO else orders[:1]
        for order in orders[len(at_once) :]:
            self._hold(order)
        for order in at_once:
            if order.place is not GONE:
                self._begin(order)

    def _accept(self, terms: Submit) -> Order:
        """The order of a list that has no objection against it."""
        self._sequence += 1
        self._out.append(Accepted(self.now, terms.order_id))
        shape = SHAPES[terms.type, terms.time_in_force]
        return make_order(terms, shape, self._sequence, self.now)

    def _begin(self, order: Order) -> None:
        """An accepted order goes where it belongs."""
        if order.shape.waits:
            self._wait(order)
        else:
            self._enter(order)

    def _list_objections(self, command: SubmitList) -> dict[str, RejectReason]:
        """What speaks against a list, by order id; empty: nothing."""
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

    def _do_nothing(self, command: Expire) -> None:
        """Time has passed before the command was looked at."""

    def _mark(self, command: Mark) -> None:
        if 0 < command.price <= MAX_UNITS:
            self.last = command.price
            self._trigger(command.price)

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

    def _amend_objection(self, order: Order, command: Amend) -> RejectReason | None:
        """What speaks against new terms."""
        if not 0 <= command.lots <= MAX_UNITS:
            return RejectReason.BAD_QUANTITY
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
        order.status = after(order.status, REPLACE)
        self._out.append(
            Replaced(
                self.now, order.order_id, order.lots, order.leaves, order.limit, order.stop, kept
            )
        )

    def _refuse(self, order_id: str, reason: RejectReason) -> None:
        self._out.append(Refused(self.now, order_id, reason))


def _by_sequence(order: Order) -> int:
    return order.sequence
