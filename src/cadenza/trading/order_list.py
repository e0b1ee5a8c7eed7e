"""Orders that depend on each other: OCO, OTO and OTOCO."""

from __future__ import annotations

from collections.abc import Mapping

from cadenza.models import ContingencyType
from cadenza.trading.matching.order import Order


class OrderList:
    """A list of orders while the engine has them.

    It knows them by their ids, as an order must not lead back to itself (see `Order`).

    Attributes:
        list_id: As it was submitted.
        contingency: How its orders depend on each other.
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
        """Which order of the list it is, counted from 0."""
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
        """Which of the open orders end as soon as this one trades, triggers or ends."""
        if self.contingency is ContingencyType.OTO or self._is_working(order):
            return []
        return [other for other in self._others(orders) if other is not order]

    def dependants(self, order: Order, orders: Mapping[str, Order]) -> list[Order]:
        """Which of the open orders this one sets free when filled, and takes along otherwise."""
        return self._others(orders) if self._is_working(order) else []

    def _is_working(self, order: Order) -> bool:
        """Whether it is the order that goes first, and sets the others free."""
        return order.sequence == self.first and self.contingency is not ContingencyType.OCO

    def _others(self, orders: Mapping[str, Order]) -> list[Order]:
        """The open ones but the working one; of an OCO, which has none, all."""
        is_oco = self.contingency is ContingencyType.OCO
        return [
            orders[order_id]
            for sequence, order_id in self._open.items()
            if is_oco or sequence != self.first
        ]
