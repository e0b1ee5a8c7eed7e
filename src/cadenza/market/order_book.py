"""A level-2 order book: integer order, the venue's own strings as content.

A ladder keys its levels by price in ticks, negated for bids, so that on both sides the smallest
key is the best price. A level is kept as the row it came in; its lots are looked up when asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import islice
from typing import Final, NamedTuple

from sortedcontainers import SortedList

from cadenza.market.errors import BadLevelError, CrossedBookError, DecimalError
from cadenza.market.instrument import Listing
from cadenza.market.scale import DecimalScale
from cadenza.models import Row

NO_BOUND: Final = sys.maxsize
"""The bound of a ladder that has fewer levels than asked for: beyond every key."""


class Level(NamedTuple):
    """One price level: integers to reckon with, the venue's strings to show."""

    ticks: int
    lots: int
    price: str
    quantity: str


class Ladder:
    """One side of a book, best price first.

    Args:
        keys: Price strings to keys; negated for bids.
        lots: Quantity strings to lots.
    """

    __slots__ = ("_before", "_keys", "_lots", "_order", "_rows")

    def __init__(self, keys: DecimalScale, lots: DecimalScale) -> None:
        self._keys = keys
        self._lots = lots
        self._rows: dict[int, Row] = {}
        self._order: SortedList[int] = SortedList()
        # What the updates said of the levels that ``show_best`` has changed since.
        self._before: dict[int, Row | None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> Mapping[int, Row]:
        """The levels by key, in no order; a live view, not to be changed."""
        return self._rows

    def apply(self, updates: Iterable[Row]) -> list[int]:
        """Set each named level to its absolute quantity; zero removes it.

        Returns:
            The keys named, whether or not they changed, and those that ``show_best`` had changed.

        Raises:
            DecimalError: If a price or quantity is malformed or off its step. The updates before
                it have been applied.
        """
        keys, lots, rows, order = self._keys, self._lots, self._rows, self._order
        touched = self.undo_best() if self._before else []
        for row in updates:
            price, quantity = row
            key = keys[price]
            if lots[quantity]:
                if key not in rows:
                    order.add(key)
                rows[key] = row
            elif key in rows:
                del rows[key]
                order.remove(key)
            touched.append(key)
        return touched

    def show_best(self, row: Row) -> list[int]:
        """Make this level the best one, until the next ``apply`` undoes it.

        Better levels are gone; what is behind it is as the last update left it.

        Returns:
            The keys that changed; none if the quantity is 0, which says nothing.

        Raises:
            DecimalError: If the price or quantity is malformed or off its step.
        """
        key, lots = self._keys[row[0]], self._lots[row[1]]
        if not lots:
            return []
        better: list[int] = []
        if self._rows and self._order[0] < key:
            better.extend(self._order.irange(None, key, inclusive=(True, False)))
            for gone in better:
                self._put(gone, None)
        present = self._rows.get(key)
        if present is None or self._lots[present[1]] != lots:
            # One price keeps its spelling.
            self._put(key, row if present is None else (present[0], row[1]))
            better.append(key)
        return better

    def undo_best(self) -> list[int]:
        """Take back what ``show_best`` has shown since the last update; returns the keys."""
        before, self._before = self._before, {}
        for key, row in before.items():
            self._set(key, row)
        return list(before)

    def _put(self, key: int, row: Row | None) -> None:
        self._before.setdefault(key, self._rows.get(key))
        self._set(key, row)

    def _set(self, key: int, row: Row | None) -> None:
        if row is None:
            if self._rows.pop(key, None) is not None:
                self._order.remove(key)
            return
        if key not in self._rows:
            self._order.add(key)
        self._rows[key] = row

    def rescale(self, keys: DecimalScale, lots: DecimalScale, factor: int) -> None:
        """Go over to finer steps: ``factor`` new ticks make one old tick. Rows stay as they are."""
        self._keys, self._lots = keys, lots
        levels = [(key * factor, row) for key, row in self._rows.items()]
        self._before = {key * factor: row for key, row in self._before.items()}
        self._rows.clear()
        self._rows.update(levels)
        self._order.clear()
        self._order.update(self._rows)

    def clear(self) -> None:
        """Remove every level."""
        self._rows.clear()
        self._order.clear()
        self._before.clear()

    def truncate(self, depth: int) -> list[int]:
        """Drop the levels beyond the best ``depth`` and return their keys."""
        beyond = list(islice(self._order, depth, None))
        if beyond:
            del self._order[depth:]
            for key in beyond:
                del self._rows[key]
        return beyond

    def best_key(self) -> int | None:
        """The key of the best level."""
        return self._order[0] if self._rows else None

    def bound(self, depth: int) -> int:
        """The key of the level at ``depth`` (1 is the best); ``NO_BOUND`` if there is none."""
        return self._order[depth - 1] if 0 < depth <= len(self._rows) else NO_BOUND

    def between(self, after: int, last: int) -> Iterator[int]:
        """The keys beyond ``after`` up to and including ``last``, best first."""
        keys: Iterator[int] = self._order.irange(after, last, inclusive=(False, True))
        return keys

    def top(self, depth: int = 0) -> Iterator[tuple[int, Row]]:
        """The best ``depth`` levels as (key, row), best first; 0 means every level."""
        rows = self._rows
        return ((key, rows[key]) for key in islice(self._order, depth or None))

    def levels(self, depth: int = 0) -> Iterator[Level]:
        """The best ``depth`` levels, best first; 0 means every level."""
        lots = self._lots
        return (
            Level(abs(key), lots[quantity], price, quantity)
            for key, (price, quantity) in self.top(depth)
        )


class Touched(NamedTuple):
    """The keys an update named, a list for each side."""

    bids: list[int]
    asks: list[int]


class OrderBook:
    """The bids and asks of one instrument.

    Args:
        listing: The instrument and its scales.
        depth_limit: Levels a side the venue keeps up to date; deeper ones are dropped after every
            update. 0 keeps all.
    """

    __slots__ = ("asks", "bids", "depth_limit", "listing")

    def __init__(self, listing: Listing, *, depth_limit: int = 0) -> None:
        self.listing = listing
        self.depth_limit = depth_limit
        self.bids = Ladder(listing.ticks.negated(), listing.lots)
        self.asks = Ladder(listing.ticks, listing.lots)

    def __repr__(self) -> str:
        bid, ask = self.best_bid(), self.best_ask()
        touch = f"{bid.price if bid else '-'} / {ask.price if ask else '-'}"
        return f"OrderBook({self.listing.id}, {touch}, {len(self.bids)}+{len(self.asks)} levels)"

    def apply(self, bids: Iterable[Row], asks: Iterable[Row]) -> Touched:
        """Set the named levels to absolute quantities; zero removes one.

        Raises:
            BadLevelError: If a level is malformed or off the instrument's steps; the book is then
                partly updated and needs a snapshot.
            CrossedBookError: If the result is crossed.
        """
        touched = self.change(bids, asks)
        crossing = self.crossing()
        if crossing is not None:
            raise crossing
        return touched

    def change(self, bids: Iterable[Row], asks: Iterable[Row]) -> Touched:
        """As ``apply``, whether or not the result is crossed."""
        try:
            touched = Touched(self.bids.apply(bids), self.asks.apply(asks))
        except DecimalError as error:
            raise BadLevelError(str(self.listing.id), error) from error
        if self.depth_limit:
            touched.bids.extend(self.bids.truncate(self.depth_limit))
            touched.asks.extend(self.asks.truncate(self.depth_limit))
        return touched

    def replace(self, bids: Iterable[Row], asks: Iterable[Row]) -> None:
        """Forget every level and take these; raises as ``apply`` does."""
        self.clear()
        self.apply(bids, asks)

    def clear(self) -> None:
        """Forget every level."""
        self.bids.clear()
        self.asks.clear()

    def show_best(self, bid: Row | None, ask: Row | None) -> Touched:
        """Make these the best levels until the next ``apply``; ``None``: a side is not known.

        What would cross the book says nothing.

        Raises:
            BadLevelError: If a level is malformed or off the instrument's steps; nothing changes.
        """
        try:
            for row in (bid, ask):
                _ = row and (self.listing.ticks[row[0]], self.listing.lots[row[1]])
        except DecimalError as error:
            raise BadLevelError(str(self.listing.id), error) from error
        touched = Touched(
            self.bids.show_best(bid) if bid is not None else [],
            self.asks.show_best(ask) if ask is not None else [],
        )
        if self.is_crossed():
            touched.bids.extend(self.bids.undo_best())
            touched.asks.extend(self.asks.undo_best())
        return touched

    def refine(self, listing: Listing) -> int:
        """Go over to finer steps, of which the present ones are multiples; every level stays.

        Returns:
            How many new ticks make one old tick.
        """
        factor = int(Fraction(self.listing.ticks.step) / Fraction(listing.ticks.step))
        self.listing = listing
        self.bids.rescale(listing.ticks.negated(), listing.lots, factor)
        self.asks.rescale(listing.ticks, listing.lots, factor)
        return factor

    def best_bid(self) -> Level | None:
        """The highest bid."""
        return next(self.bids.levels(1), None)

    def best_ask(self) -> Level | None:
        """The lowest ask."""
        return next(self.asks.levels(1), None)

    def is_crossed(self) -> bool:
        """Whether the best bid reaches the best ask."""
        bid, ask = self.bids.best_key(), self.asks.best_key()
        return bid is not None and ask is not None and -bid >= ask

    def crossing(self) -> CrossedBookError | None:
        """What is wrong with a crossed book; ``None`` if it is not crossed."""
        if not self.is_crossed():
            return None
        bid, ask = self.best_bid(), self.best_ask()
        if bid is None or ask is None:
            return None
        return CrossedBookError(str(self.listing.id), bid.price, ask.price)
