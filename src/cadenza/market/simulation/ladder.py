"""One side of the makers' quotes: at most one a price, the best first."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Final, Protocol


class Quote:
    """What a maker offers, or has offered.

    Attributes:
        ref: Unique in its market; counts up.
        maker: The number of the maker, from 1.
        is_bid: Its side.
        key: Price in ticks, negated for bids: the smaller, the better.
        lots: Lots that are left of it.
        filled: Lots that were taken of it.
        is_alive: Whether it stands.
    """

    __slots__ = ("filled", "is_alive", "is_bid", "key", "lots", "maker", "ref")

    def __init__(self, ref: int, maker: int, is_bid: bool, key: int, lots: int) -> None:
        self.ref = ref
        self.maker = maker
        self.is_bid = is_bid
        self.key = key
        self.lots = lots
        self.filled = 0
        self.is_alive = True

    def __repr__(self) -> str:
        side = "bid" if self.is_bid else "ask"
        return f"Quote({self.ref}, {side} {self.lots} at {abs(self.key)})"

    @property
    def ticks(self) -> int:
        """The price."""
        return abs(self.key)


class Sight(Protocol):
    """What participants see of the book they trade in, their own quotes included.

    A side without anything has no best price: ``None``. Looking changes nothing.
    """

    def best_bid(self) -> int | None:
        """The highest price bid, in ticks."""

    def best_ask(self) -> int | None:
        """The lowest price asked, in ticks."""

    def lots_at_best(self, is_bid: bool) -> int:
        """The lots shown at that price."""


class Ladder:
    """The standing quotes of one side.

    Attributes:
        is_bid: Whether the side is that of the bids.
        keys: Their keys, best first.
        quotes: The quotes by key.
    """

    __slots__ = ("is_bid", "keys", "quotes")

    def __init__(self, is_bid: bool) -> None:
        self.is_bid: Final = is_bid
        self.keys: list[int] = []
        self.quotes: dict[int, Quote] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[Quote]:
        """The quotes, best first."""
        quotes = self.quotes
        return (quotes[key] for key in self.keys)

    def add(self, quote: Quote) -> None:
        """Take a quote in whose price is free."""
        self.quotes[quote.key] = quote
        insort(self.keys, quote.key)

    def remove(self, quote: Quote) -> None:
        """Let a standing quote go."""
        quote.is_alive = False
        del self.quotes[quote.key]
        keys = self.keys
        del keys[bisect_left(keys, quote.key)]

    def free(self, key: int) -> int:
        """The best key from this one outwards that has no quote."""
        quotes = self.quotes
        while key in quotes:
            key += 1
        return key
