"""The engine's book: two ladders of price levels, every order in its queue.

A ladder keys its levels by ticks, negated for bids, so that on both sides the smallest key is the
best price. The best level is kept at hand: most commands look at it, few change it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple, NoReturn

from sortedcontainers import SortedDict

from cadenza.trading.order import BOOK, Order
from cadenza.trading.price_level import PriceLevel


class Depth(NamedTuple):
    """What a price level shows."""

    ticks: int
    lots: int
    orders: int


class BookSide:
    """One side of a book, best price first.

    Attributes:
        sign: 1 for asks, -1 for bids: ticks times sign is a level's key.
        levels: The levels by key, in order.
        best: The level of the best price.
    """

    __slots__ = ("_touched", "best", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.levels: SortedDict[int, PriceLevel] = SortedDict()
        self.best: PriceLevel | None = None
        self._touched: set[int] = set()

    def __iter__(self) -> Iterator[PriceLevel]:
        levels: Iterator[PriceLevel] = iter(self.levels.values())
        return levels

    def __len__(self) -> int:
        return len(self.levels)

    def add(self, order: Order) -> None:
        """Queue an order at its limit price."""
        ticks = order.limit
        key = ticks * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = PriceLevel(key, ticks)
            best = self.best
            if best is None or key < best.key:
                self.best = level
        level.append(order)
        order.place = BOOK
        if not level.touched:
            self._touch(level)

    def remove(self, order: Order) -> None:
        """Take an order out; the caller says where it goes."""
        level = order.level
        if level is None:
            _missing(order)
        level.remove(order)
        if not level.touched:
            self._touch(level)
        if level.head is None:
            self._drop(level)

    def fill(self, maker: Order, lots: int) -> None:
        """Trade lots of the order at the head of the best level.

        An iceberg whose shown part is gone shows the next one at the end of the queue.
        """
        level = maker.level
        if level is None:
            _missing(maker)
        maker.leaves -= lots
        maker.executed += lots
        maker.shown -= lots
        level.lots -= lots
        if not level.touched:
            self._touch(level)
        if maker.shown:
            return
        level.remove(maker)
        if maker.leaves:
            maker.show()
            level.append(maker)
        elif level.head is None:
            self._drop(level)

    def reduce(self, order: Order, lots: int) -> None:
        """Take lots off an order that keeps its place; some must be left."""
        level = order.level
        if level is None:
            _missing(order)
        level.lots -= order.reduce(lots)
        if not level.touched:
            self._touch(level)

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

    def _touch(self, level: PriceLevel) -> None:
        """Note a change for `changes`; once for a level until they are told."""
        level.touched = True
        self._touched.add(level.ticks)

    def _drop(self, level: PriceLevel) -> None:
        levels = self.levels
        del levels[level.key]
        if level is self.best:
            self.best = levels.peekitem(0)[1] if levels else None


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
        """Where an order rests."""
        return self.bids if order.is_buy else self.asks

    def against(self, order: Order) -> BookSide:
        """What an order takes from."""
        return self.asks if order.is_buy else self.bids

    def is_crossed(self) -> bool:
        """Whether the best bid reaches the best ask; never between two commands."""
        bid, ask = self.bids.best, self.asks.best
        return bid is not None and ask is not None and bid.ticks >= ask.ticks
