"""The matching engine of one instrument: commands in, events out, nothing else.

It knows no clock, no random source and no floating point: the same commands give the same events.
There is one writer, so nothing is locked; a command is done, with all it triggers, before the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from cadenza.models import ContingencyType, OrderType, TimeInForce
from cadenza.trading.amending import Amending
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
    CancelReason,
    Rejected,
    RejectReason,
    Released,
    Triggered,
)
from cadenza.trading.matching.order import BUY, GONE, HELD, MOVING, Order, make_order
from cadenza.trading.matching.rules import (
    MAX_UNITS,
    SHAPES,
    UNKNOWN,
    Shape,
    list_objection,
    objection,
)
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.order_list import OrderList
from cadenza.trading.restoring import RestoreError, check_uncrossed, restored

LIMIT: Final = OrderType.LIMIT
GTC: Final = TimeInForce.GTC
USUAL: Final = SHAPES[LIMIT, GTC]

DEFAULT_MAX_ORDERS: Final = 1_000_000


class MatchingEngine(Amending):
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
        """Have the orders of an earlier engine back, each in its place, in a fresh one.

        Nothing is matched and nothing is told; what fell due meanwhile ends with the first command.
        To anyone who asks for `BookSide.changes` the whole book is new.

        Args:
            saved: All open orders, in any order.
            last: Price of the last trade; 0: there was none.
            now: Where the clock stood, milliseconds UTC.

        Raises:
            RestoreError: If the orders cannot stand, or the engine has had orders already. The
                engine is as before.
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
        """Raise `RestoreError` if the orders cannot be in one book."""
        check_uncrossed(orders)

    def moved(self) -> list[Order]:
        """The trailing stops whose trigger moved since the last call; no event tells that."""
        return self.stops.moved()

    def _submit(self, terms: Submit) -> None:
        """Accept an order and match it.

        More than half of all commands are limit orders with a quantity and nothing else: for them
        `objection`, `_obstacle` and `make_order` are written out here.
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

    def _submit_list(self, command: SubmitList) -> None:
        reasons = self._list_objections(command)
        if reasons:
            for terms in command.orders:
                reason = reasons.get(terms.order_id, RejectReason.LIST_REJECTED)
                self._out.append(Rejected(self.now, terms.order_id, reason))
            return
        orders = tuple([self._accept(terms) for terms in command.orders])
        for order in orders:
            self._keep(order)  # from now on each can be ended by another
        OrderList(command.list_id, command.contingency, orders)
        at_once = orders if command.contingency is ContingencyType.OCO else orders[:1]
        for order in orders[len(at_once) :]:
            self._hold(order)
        for order in at_once:
            if order.place is not GONE:
                self._begin(order)

    def _accept(self, terms: Submit) -> Order:
        """The order of a command that there is no objection against."""
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


def _by_sequence(order: Order) -> int:
    return order.sequence
