"""One price of the book: a queue of orders, first come first served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cadenza.trading.matching.order import Order

MAX_GAPS: Final = 64
"""A queue may have so many gaps, and one for each order, before it is written anew."""


class PriceLevel:
    """The orders of one side at one price.

    The queue is a dict by rank: one can leave from the middle of it at the cost of a look-up. What
    leaves a dict leaves a gap, over which the way to the next head leads; so it is written anew
    when it is mostly gaps.

    Attributes:
        key: Its place in the ladder, the smaller the better.
        ticks: The price.
        lots: What is shown, of all orders.
        head: The order that is next; ``None``: the level is empty.
        queue: Its orders by rank, which rises from head to tail.
        rank: The last rank given.
        touched: It is noted already that the level changed.
    """

    __slots__ = ("_packed", "head", "key", "lots", "queue", "rank", "ticks", "touched")

    def __init__(self, key: int, ticks: int) -> None:
        self.key = key
        self.ticks = ticks
        self.lots = 0
        self.head: Order | None = None
        self.queue: dict[int, Order] = {}
        self.rank = 0
        self.touched = False
        self._packed = 0  # the rank before the first one when the queue had no gaps

    def __iter__(self) -> Iterator[Order]:
        return iter(self.queue.values())

    def __len__(self) -> int:
        return len(self.queue)

    def __repr__(self) -> str:
        return f"PriceLevel({self.ticks}, {self.lots} lots, {len(self)} orders)"

    def append(self, order: Order) -> None:
        """Queue an order behind all others."""
        self.rank = rank = self.rank + 1
        order.queued = rank
        self.queue[rank] = order
        if self.head is None:
            self.head = order
        self.lots += order.shown

    def remove(self, order: Order) -> None:
        """Take an order out of the queue."""
        queue = self.queue
        del queue[order.queued]
        self.lots -= order.shown
        if order is self.head:
            if self.rank - self._packed > 2 * len(queue) + MAX_GAPS:
                self.queue = queue = dict(queue)
                self._packed = self.rank - len(queue)
            self.head = next(iter(queue.values()), None)
