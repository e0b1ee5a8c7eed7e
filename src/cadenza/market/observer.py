"""Who looks at the market from inside: every update in whole numbers, before it is published."""

from __future__ import annotations

from typing import Protocol

from cadenza.market.errors import BookFaultError
from cadenza.market.instrument import Listing
from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import OrderSide


class MarketObserver(Protocol):
    """Hears what a feed does to the books, in the order in which it does it.

    - Calls are synchronous, in the middle of the feed's call and before its publication; pacing
      does not concern them. An observer must not wait, nor call the market as a feed would. An
      exception is the observer's bug and ends the feed that caused the call.
    - Books are the market's own: to be read, at any time, never to be changed. One object stays
      the book of its instrument for good.
    - An observer added late is first told of every instrument there is, and of every healthy book
      as if it had just been replaced.
    """

    def on_instrument(self, book: OrderBook) -> None:
        """An instrument was declared (``book.listing``); its book may be empty yet."""
        ...

    def on_book_changed(self, book: OrderBook, touched: Touched | None, timestamp_ms: int) -> None:
        """A book was updated and can be trusted.

        Args:
            book: As it is now.
            touched: The keys the update named, changed or not (those of bids are negated ticks);
                ``None`` when a snapshot has replaced every level, which also ends staleness.
            timestamp_ms: The venue's time of the update; 0 if the book is told late.
        """
        ...

    def on_trade_seen(
        self, listing: Listing, price: int, lots: int, side: OrderSide, timestamp_ms: int
    ) -> None:
        """A trade happened at the venue: ticks, lots (a feed may report 0), aggressor's side."""
        ...

    def on_stale(self, listing: Listing, fault: BookFaultError) -> None:
        """A book cannot be trusted any more, until it is replaced; told once."""
        ...
