"""A level-2 order book: integer order, the venue's own strings as content.

A ladder keys its levels by price in ticks, negated for bids, so that on both sides the smallest
key is the best price. A level is kept as the row it came in; its lots are looked up when asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
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

    __slots__ = ("_keys", "_lots", "_order", "_rows")

    def __init__(self, keys: DecimalScale, lots: DecimalScale) -> None:
        self._keys = keys
        self._lots = lots
        self._rows: dict[int, Row] = {}
        self._order: SortedList[int] = SortedList()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> Mapping[int, Row]:
        """The levels by key, in no order; a live view, not to be changed."""
        return self._rows

    def apply(self, updates: Iterable[Row]) -> list[int]:
        """Set each named level to its absolute quantity; zero removes it.

        Returns:
            The keys named, whether or not they changed.

        Raises:
            DecimalError: If a price or quantity is malformed or off its step. The updates before
                it have been applied.
        """
        keys, lots, rows, order = self._keys, self._lots, self._rows, self._order
        touched = []
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

    def clear(self) -> None:
        """Remove every level."""
        self._rows.clear()
        self._order.clear()

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
        try:
            touched = Touched(self.bids.apply(bids), self.asks.apply(asks))
        except DecimalError as error:
            raise BadLevelError(str(self.listing.id), error) from error
        if self.depth_limit:
            touched.bids.extend(self.bids.truncate(self.depth_limit))
            touched.asks.extend(self.asks.truncate(self.depth_limit))
        self._check_not_crossed()
        return touched

    def replace(self, bids: Iterable[Row], asks: Iterable[Row]) -> None:
        """Forget every level and take these; raises as ``apply`` does."""
        self.bids.clear()
        self.asks.clear()
        self.apply(bids, asks)

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

    def _check_not_crossed(self) -> None:
        if not self.is_crossed():
            return
        bid, ask = self.best_bid(), self.best_ask()
        if bid and ask:
            raise CrossedBookError(str(self.listing.id), bid.price, ask.price)
