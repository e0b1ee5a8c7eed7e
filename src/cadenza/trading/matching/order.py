"""An order inside the matching engine: its terms, its rest, its place and its list."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from cadenza.models import ContingencyType, OrderSide, OrderStatus
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.rules import Shape

BUY: Final = OrderSide.BUY

DAY_MS: Final = 86_400_000
"""A trading day is a day of UTC."""


class Place(Enum):
    """The places where an order can stand.

    The hot paths compare with the constants below: to read a member off its class costs as much as
    three comparisons.
    """

    MOVING = "moving"
    """Just accepted, or triggered and about to be matched."""
    BOOK = "book"
    STOPS = "stops"
    """Waits for its trigger price."""
    HELD = "held"
    """Waits for the first order of its list."""
    GONE = "gone"


MOVING: Final = Place.MOVING
BOOK: Final = Place.BOOK
STOPS: Final = Place.STOPS
HELD: Final = Place.HELD
GONE: Final = Place.GONE


class Order(msgspec.Struct, eq=False, gc=False):
    """One order; only the engine changes it.

    There may be a hundred thousand of them, so the garbage collector does not look at them. It
    need not: an order leads to nothing that leads back to it, and has to stay so.

    ``leaves + executed + cancelled == lots`` at all times, except of an order with a budget, whose
    ``lots`` follow from the prices it gets.

    Attributes:
        terms: The command it came with.
        order_id: From the terms, as the next four are; here because it is read at every trade.
        owner: Trading account.
        is_buy: Its side.
        limit: Limit price in ticks; 0: none.
        lots: Quantity.
        leaves: Lots that are neither executed nor cancelled.
        shown: The part of ``leaves`` the book shows.
        shape: The demands of its type and time in force.
        sequence: Number of its acceptance.
        status: Its status in the API's words.
        stop: Trigger price in ticks; of a trailing stop, where it stands now.
        executed: Lots traded.
        cancelled: Lots cancelled.
        budget: The rest of what it may spend.
        expire_at: The time of its end, milliseconds UTC; 0: it has none.
        place: The place where it stands.
        order_list: The list it belongs to; ``None``: none.
        queued: Its rank in the queue of its price level, drawn at every new turn.
        ahead: On a mirrored venue, the lots still in front of it.
    """

    terms: Submit
    order_id: str
    owner: str
    is_buy: bool
    limit: int
    lots: int
    leaves: int
    shown: int
    shape: Shape
    sequence: int
    status: OrderStatus = OrderStatus.ACCEPTED
    stop: int = 0
    executed: int = 0
    cancelled: int = 0
    budget: int = 0
    expire_at: int = 0
    place: Place = MOVING
    order_list: OrderList | None = None
    queued: int = 0
    ahead: int = 0

    def __repr__(self) -> str:
        side = "BUY" if self.is_buy else "SELL"
        price = f" at {self.limit}" if self.limit else ""
        return (
            f"Order({self.order_id}, {side} {self.leaves}/{self.lots}{price}, {self.place.value})"
        )

    @property
    def rising(self) -> bool:
        """Whether its trigger is reached from below."""
        return self.is_buy is not self.shape.profit

    def show(self) -> None:
        """Show as much of what is left as the terms allow."""
        visible = self.terms.visible
        self.shown = self.leaves if not visible or visible > self.leaves else visible

    def reduce(self, lots: int) -> int:
        """Take lots off what is left, hidden ones first; returns how many were shown."""
        self.leaves -= lots
        shown = max(0, self.shown - self.leaves)
        self.shown -= shown
        return shown


def make_order(terms: Submit, shape: Shape, sequence: int, now: int) -> Order:
    """The order of an accepted command."""
    lots = terms.lots
    order = Order(
        terms,
        terms.order_id,
        terms.owner,
        terms.side is BUY,
        terms.limit,
        lots,
        lots,
        lots,
        shape,
        sequence,
    )
    if not shape.plain:
        order.stop = terms.stop
        order.budget = terms.budget
        order.expire_at = terms.expire_at
    if shape.today:
        order.expire_at = (now // DAY_MS + 1) * DAY_MS
    return order


class OrderList:
    """A list of orders while the engine has them.

    It knows them by their ids, as an order must not lead back to itself (see ``Order``).

    Attributes:
        list_id: As it was submitted.
        contingency: The kind of dependence between its orders.
        first: Sequence of its first order. An engine accepts the orders of a list one after the
            other, so this tells its lists apart whatever they are called, and tells an order's
            place in its list even when others of it are gone.
    """

    __slots__ = ("_open", "contingency", "first", "list_id")

    def __init__(
        self,
        list_id: str,
        contingency: ContingencyType,
        orders: tuple[Order, ...],
        *,
        first: int = 0,
    ) -> None:
        self.list_id = list_id
        self.contingency = contingency
        self.first = first or orders[0].sequence
        self._open = {order.sequence: order.order_id for order in orders}
        for order in orders:
            order.order_list = self

    def leg(self, order: Order) -> int:
        """The number of an order in the list, counted from 0."""
        return order.sequence - self.first

    def leave(self, order: Order) -> None:
        """Note that an order is gone."""
        self._open.pop(order.sequence, None)

    def binds(self, order: Order) -> bool:
        """Whether another open order may end or free this one, or be ended or freed by it."""
        if self.contingency is not ContingencyType.OTO or order.sequence == self.first:
            return len(self._open) > 1
        return self.first in self._open

    def rivals(self, order: Order, orders: Mapping[str, Order]) -> list[Order]:
        """The open orders that end as soon as this one trades, triggers or ends."""
        if self.contingency is ContingencyType.OTO or self._is_working(order):
            return []
        return [other for other in self._others(orders) if other is not order]

    def dependants(self, order: Order, orders: Mapping[str, Order]) -> list[Order]:
        """The open orders that this one sets free when filled, and takes along otherwise."""
        return self._others(orders) if self._is_working(order) else []

    def _is_working(self, order: Order) -> bool:
        """Whether it is the order that goes first, and sets the others free."""
        return order.sequence == self.first and self.contingency is not ContingencyType.OCO

    def _others(self, orders: Mapping[str, Order]) -> list[Order]:
        """The open orders but the working one; of an OCO, which has none, all."""
        is_oco = self.contingency is ContingencyType.OCO
        return [
            orders[order_id]
            for sequence, order_id in self._open.items()
            if is_oco or sequence != self.first
        ]
