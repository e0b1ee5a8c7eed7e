"""Orders that depend on each other: OCO, OTO and OTOCO."""

from __future__ import annotations

from cadenza.models import ContingencyType
from cadenza.trading.order import Order


class OrderList:
    """A list of orders while the engine has them.

    Attributes:
        list_id: As it was submitted.
        contingency: How its orders depend on each other.
        working: Of OTO and OTOCO, the order that goes first.
        others: The held orders; of an OCO, both.
    """

    __slots__ = ("contingency", "list_id", "others", "working")

    def __init__(
        self, list_id: str, contingency: ContingencyType, orders: tuple[Order, ...]
    ) -> None:
        self.list_id = list_id
        self.contingency = contingency
        is_oco = contingency is ContingencyType.OCO
        self.working = None if is_oco else orders[0]
        self.others = orders if is_oco else orders[1:]
        for order in orders:
            order.order_list = self

    def rivals(self, order: Order) -> tuple[Order, ...]:
        """The orders that end as soon as this one trades, triggers or ends."""
        if order is self.working or self.contingency is ContingencyType.OTO:
            return ()
        return tuple(other for other in self.others if other is not order)

    def dependants(self, order: Order) -> tuple[Order, ...]:
        """The orders that this one sets free when it is filled, and takes along when it ends."""
        return self.others if order is self.working else ()
