"""The offers of a mirrored venue: its displayed book, less what users' orders have taken of it.

Nothing is copied: the market's own book is read when an order wants to know. Two things must be
remembered beside it.

- ``taken``: lots users' orders have taken from a level. After every update it is at most what the
  level displays, so a level that grows offers the growth, one that shrinks offers less, and one
  that went away and comes back is new: the lots taken at a price never exceed the lots displayed
  there plus all increases.
- The worst price the venue's own aggressors have reached since the last update that can hold their
  trades. Levels better than that are gone already, and the level itself has lost the lots traded:
  the trade and the update it causes are two messages about the same lots, and nobody may take them
  in between.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from cadenza.market.order_book import Ladder, OrderBook, Touched
from cadenza.market.scale import DecimalScale

LATEST_MS: Final = 10_000
"""A snapshot older than the book by more than this was not late: the feed has restarted."""

_NOWHERE: Final = -sys.maxsize
"""A key better than every price: no aggressor has been here."""


class Offers:
    """One side of the book as users' orders may take from it.

    A key is a price in ticks, negated for bids: the smaller, the better.

    Args:
        ladder: The displayed side; only read.
        lots: Quantity strings to lots.

    Attributes:
        taken: Lots taken from displayed levels, by key.
    """

    __slots__ = ("_hit_at", "_hit_key", "_hit_lots", "_ladder", "_lots", "taken")

    def __init__(self, ladder: Ladder, lots: DecimalScale) -> None:
        self._ladder = ladder
        self._lots = lots
        self.taken: dict[int, int] = {}
        self._hit_key = _NOWHERE
        self._hit_lots = 0
        self._hit_at = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The offers now as (key, lots), best first; they may be taken on the way."""
        lots, taken, hit_key = self._lots, self.taken, self._hit_key
        for key, (_, quantity) in self._ladder.top():
            if key >= hit_key:
                left = lots[quantity] - taken.get(key, 0)
                if key == hit_key:
                    left -= self._hit_lots
                if left > 0:
                    yield key, left

    def within(self, bound: int) -> Iterator[tuple[int, int]]:
        """The offers up to and including a key, best first."""
        for offer in self:
            if offer[0] > bound:
                return
            yield offer

    def best_key(self) -> int | None:
        """The best displayed level, whether or not anything is left of it."""
        return self._ladder.best_key()

    def displayed(self, key: int) -> int | None:
        """The lots a level displays; ``None`` for one beyond the worst level displayed.

        Many venues display only the best part of their books, so out there nothing is known.
        """
        row = self._ladder.rows.get(key)
        if row is not None:
            return self._lots[row[1]]
        depth = len(self._ladder)
        return 0 if depth and key < self._ladder.bound(depth) else None

    def take(self, key: int, lots: int) -> None:
        """Note that users' orders took some of a level."""
        self.taken[key] = self.taken.get(key, 0) + lots

    def on_trade(self, key: int, lots: int, at: int) -> None:
        """Note that the venue's own aggressor reached a level, before an update shows it."""
        if key > self._hit_key:
            self._hit_key, self._hit_lots = key, lots
        elif key == self._hit_key:
            self._hit_lots += lots
        self._hit_at = max(at, self._hit_at)

    def on_update(self, touched: Sequence[int] | None, at: int) -> None:
        """Note that levels have changed; ``None``: all of them."""
        if at >= self._hit_at:
            self.restart()
        taken = self.taken
        if taken:
            is_everywhere = touched is None or len(touched) > len(taken)
            self._lower_taken(list(taken) if is_everywhere else touched or ())

    def restart(self) -> None:
        """Note that every trade so far is in the book."""
        self._hit_key, self._hit_lots, self._hit_at = _NOWHERE, 0, 0

    def _lower_taken(self, keys: Iterable[int]) -> None:
        """Count of the lots taken from levels at most those that are still displayed."""
        rows, lots, taken = self._ladder.rows, self._lots, self.taken
        for key in keys:
            if key in taken:
                row = rows.get(key)
                if row is None:
                    del taken[key]
                else:
                    taken[key] = min(taken[key], lots[row[1]])


class MirroredBook:
    """Both sides of a mirrored book.

    Args:
        book: The market's own; only read.

    Attributes:
        bids: The side that sellers may take from.
        asks: The side that buyers may take from.
        at: The venue's time of the last update, milliseconds UTC.
        is_stale: Whether the book is unknown: before its first snapshot, and after a gap.
    """

    __slots__ = ("asks", "at", "bids", "is_stale")

    def __init__(self, book: OrderBook) -> None:
        lots = book.listing.lots
        self.bids = Offers(book.bids, lots)
        self.asks = Offers(book.asks, lots)
        self.at = 0
        self.is_stale = True

    def side(self, *, is_buy: bool) -> Offers:
        """The side in which an order of this side would rest."""
        return self.bids if is_buy else self.asks

    def against(self, *, is_buy: bool) -> Offers:
        """The side that an order of this side takes from."""
        return self.asks if is_buy else self.bids

    def on_trade(self, key: int, lots: int, at: int, *, hits_bids: bool) -> None:
        """Note a trade at the venue, unless it is not later than the book, and so in it already."""
        if at > self.at and not self.is_stale:
            (self.bids if hits_bids else self.asks).on_trade(key, lots, at)

    def on_loss(self) -> None:
        """Note that the book is unknown until it is replaced."""
        self.is_stale = True

    def on_update(self, touched: Touched | None, at: int) -> bool:
        """Note that the book has changed; ``None``: it was replaced, and is known again.

        Returns:
            Whether the venue's time has restarted, as in a recording that is repeated.
        """
        has_restarted = touched is None and at < self.at - LATEST_MS
        self.at = at
        if has_restarted:
            self.bids.restart()
            self.asks.restart()
        if touched is None:
            self.is_stale = False
            self.bids.on_update(None, at)
            self.asks.on_update(None, at)
        else:
            self.bids.on_update(touched.bids, at)
            self.asks.on_update(touched.asks, at)
        return has_restarted
