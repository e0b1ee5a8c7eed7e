"""The feed of mirrored engines: an observer of the market that tells them what it hears."""

from __future__ import annotations

from collections.abc import Callable

from cadenza.market.errors import BookFaultError
from cadenza.market.instrument import Listing
from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import OrderSide
from cadenza.trading.matching.events import AnyEvent
from cadenza.trading.mirrored.engine import MirroredEngine

Opener = Callable[[OrderBook], MirroredEngine | None]
"""Makes the engine of an instrument; ``None`` for one that is not traded here."""

Outlet = Callable[[str, MirroredEngine, list[AnyEvent]], None]
"""Takes the events of users' orders of an instrument; at least one."""


class MirrorFeed:
    """A ``MarketObserver`` that drives one engine for each instrument.

    Args:
        opener: Called once for every instrument, when it is declared.
        outlet: Takes the events; called before the market publishes what caused them.
        now: The time here, milliseconds UTC.

    Attributes:
        engines: The engines by instrument id.
    """

    def __init__(self, opener: Opener, outlet: Outlet, now: Callable[[], int]) -> None:
        self._opener = opener
        self._outlet = outlet
        self._now = now
        self._by_listing: dict[Listing, MirroredEngine] = {}
        self.engines: dict[str, MirroredEngine] = {}

    def on_instrument(self, book: OrderBook) -> None:
        """An instrument was declared, or anew with finer steps: that takes another engine."""
        instrument_id = book.listing.instrument.instrument_id
        former = self.engines.pop(instrument_id, None)
        if former is not None:
            # It counts in the former steps: it must not look at the book any more.
            former.lost()
            self._by_listing = {
                listing: engine
                for listing, engine in self._by_listing.items()
                if engine is not former
            }
        engine = self._opener(book)
        if engine is not None:
            self._by_listing[book.listing] = engine
            self.engines[instrument_id] = engine

    def on_book_changed(self, book: OrderBook, touched: Touched | None, timestamp_ms: int) -> None:
        """A book was updated."""
        engine = self._by_listing.get(book.listing)
        if engine is not None:
            events = engine.displayed(touched, now=self._now(), at=timestamp_ms)
            if events:
                self._outlet(book.listing.instrument.instrument_id, engine, events)

    def on_trade_seen(
        self, listing: Listing, price: int, lots: int, side: OrderSide, timestamp_ms: int
    ) -> None:
        """A trade happened at the venue."""
        engine = self._by_listing.get(listing)
        if engine is not None:
            events = engine.traded(price, lots, side, now=self._now(), at=timestamp_ms)
            if events:
                self._outlet(listing.instrument.instrument_id, engine, events)

    def on_stale(self, listing: Listing, fault: BookFaultError) -> None:  # noqa: ARG002 - the protocol's
        """A book is unknown for now, whatever the fault."""
        engine = self._by_listing.get(listing)
        if engine is not None:
            engine.lost()
