"""One price of the book: a queue of orders, first come first served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cadenza.trading.order import Order


class PriceLevel:
    """The orders of one side at one price.

    The queue runs through the orders themselves, so that one can leave from the middle of a long
    queue at the cost of two assignments.

    Attributes:
        key: Its place in the ladder, the smaller the better.
        ticks: The price.
        lots: What is shown, of all orders.
        head: The order that is next; ``None``: the level is empty.
        tail: The order that came last.
        touched: It is noted already that the level changed.
    """

    __slots__ = ("_count", "head", "key", "lots", "tail", "ticks", "touched")

    def __init__(self, key: int, ticks: int) -> None:
        self.key = key
        self.ticks = ticks
        self.lots = 0
        self._count = 0
        self.head: Order | None = None
        self.tail: Order | None = None
        self.touched = False

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.behind

    def __len__(self) -> int:
        return self._count

    def __repr__(self) -> str:
        return f"PriceLevel({self.ticks}, {self.lots} lots, {len(self)} orders)"

    def append(self, order: Order) -> None:
        """Queue an order behind all others."""
        tail = self.tail
        if tail is None:
            self.head = order
        else:
            tail.behind = order
            order.before = tail
        self.tail = order
        order.level = self
        self.lots += order.shown
        self._count += 1

    def remove(self, order: Order) -> None:
        """Take an order out of the queue."""
        before, behind = order.before, order.behind
        if before is None:
            self.head = behind
        else:
            before.behind = behind
            order.before = None
        if behind is None:
            self.tail = before
        else:
            behind.before = before
            order.behind = None
        order.level = None
        self.lots -= order.shown
        self._count -= 1
