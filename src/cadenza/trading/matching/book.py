"""The engine's book: two ladders of price levels, every order in its queue.

A ladder keys its levels by ticks, negated for bids, so that on both sides the smallest key is the
best price. The best level is kept at hand: most commands look at it, few change it.

The order of the levels is a plain list, best last: most levels come and go near its end. One that
comes far from it moves the rest, which takes a microsecond for some thousand levels.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple, NoReturn

from cadenza.trading.matching.order import BOOK, Order

MAX_GAPS: Final = 64
"""Gaps that a queue may have, beside one for each order, before it is rebuilt."""


class Depth(NamedTuple):
    """A price level as anybody may see it."""

    ticks: int
    lots: int
    orders: int


class PriceLevel:
    """The orders of one side at one price.

    The queue is a dict by rank: an order can leave from the middle of it at the cost of a look-up.
    Whatever leaves a dict leaves a gap, over which the way to the next head leads; so the dict is
    rebuilt when it is mostly gaps.

    Attributes:
        key: Its place in the ladder, the smaller the better.
        ticks: The price.
        lots: The lots that its orders show.
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


class BookSide:
    """One side of a book, best price first.

    Attributes:
        sign: 1 for asks, -1 for bids: ticks times sign is a level's key.
        levels: The levels by key, in no order; iterate over the side for that.
        best: The level of the best price.
    """

    __slots__ = ("_ladder", "_touched", "best", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: dict[int, PriceLevel] = {}
        self._ladder: list[int] = []  # the keys negated, so that the best is last
        self.best: PriceLevel | None = None
        self._touched: set[int] = set()

    def __iter__(self) -> Iterator[PriceLevel]:
        levels = self.levels
        return (levels[-negated] for negated in reversed(self._ladder))

    def __len__(self) -> int:
        return len(self.levels)

    def add(self, order: Order) -> None:
        """Queue an order at its limit price."""
        key = order.limit * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.make(key, order.limit)
        order.place = BOOK
        level.append(order)
        if not level.touched:
            self.touch(level)

    def put_back(self, order: Order) -> None:
        """Queue an order that keeps its rank, so that what was saved of it stays true.

        Of those of one price, the one that was saved with the lowest rank comes first.
        """
        key = order.limit * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.make(key, order.limit)
        level.rank = order.queued - 1
        self.add(order)

    def remove(self, order: Order) -> None:
        """Take an order out; the caller says where it goes."""
        level = self.levels.get(order.limit * self.sign)
        if level is None:
            _missing(order)
        if order is level.head:
            level.remove(order)
            if not level.queue:
                self._drop(level)
        else:
            # `PriceLevel.remove` written out for the usual case: every third command is a cancel.
            del level.queue[order.queued]
            level.lots -= order.shown
        if not level.touched:
            self.touch(level)

    def fill(self, maker: Order, lots: int) -> None:
        """Trade lots of an order, at most what it shows.

        An iceberg whose shown part is gone shows the next one at the end of the queue.
        """
        level = self.levels.get(maker.limit * self.sign)
        if level is None:
            _missing(maker)
        maker.leaves = leaves = maker.leaves - lots
        maker.executed += lots
        maker.shown = shown = maker.shown - lots
        level.lots -= lots
        if not level.touched:
            self.touch(level)
        if shown:
            return
        level.remove(maker)
        if leaves:
            maker.show()
            level.append(maker)
        elif level.head is None:
            self._drop(level)

    def reduce(self, order: Order, lots: int) -> None:
        """Take lots off an order that keeps its place; some must be left."""
        level = self.levels.get(order.limit * self.sign)
        if level is None:
            _missing(order)
        level.lots -= order.reduce(lots)
        if not level.touched:
            self.touch(level)

    def depth(self, limit: int = 0) -> list[Depth]:
        """The best levels as anybody may see them; 0 means all."""
        levels = islice(self, limit or None)
        return [Depth(level.ticks, level.lots, len(level)) for level in levels]

    def changes(self) -> list[Depth]:
        """The levels touched since the last call, best first, those that are gone with 0 lots."""
        touched, self._touched = self._touched, set()
        found = []
        for key in sorted(ticks * self.sign for ticks in touched):
            level = self.levels.get(key)
            if level is None:
                found.append(Depth(abs(key), 0, 0))
            else:
                level.touched = False
                found.append(Depth(level.ticks, level.lots, len(level)))
        return found

    def touch(self, level: PriceLevel) -> None:
        """Note a change for ``changes``; once for a level until they are told."""
        level.touched = True
        self._touched.add(level.ticks)

    def make(self, key: int, ticks: int) -> PriceLevel:
        """Make a level where there is none; the caller puts an order into it."""
        level = self.levels[key] = PriceLevel(key, ticks)
        insort(self._ladder, -key)
        best = self.best
        if best is None or key < best.key:
            self.best = level
        return level

    def _drop(self, level: PriceLevel) -> None:
        levels, ladder = self.levels, self._ladder
        del levels[level.key]
        if level is self.best:
            ladder.pop()
            self.best = levels[-ladder[-1]] if ladder else None
        else:
            del ladder[bisect_left(ladder, -level.key)]


def _missing(order: Order) -> NoReturn:
    raise RuntimeError(f"{order} is not in the book")


class MatchingBook:
    """The bids and asks of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(-1)
        self.asks = BookSide(1)

    def __repr__(self) -> str:
        return f"MatchingBook({self.bids.best} / {self.asks.best})"

    def side(self, order: Order) -> BookSide:
        """The side in which an order rests."""
        return self.bids if order.is_buy else self.asks

    def against(self, order: Order) -> BookSide:
        """The side that an order takes from."""
        return self.asks if order.is_buy else self.bids

    def is_crossed(self) -> bool:
        """Whether the best bid reaches the best ask; never between two commands."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid.ticks >= ask.ticks
