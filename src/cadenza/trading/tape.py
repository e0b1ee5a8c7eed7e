"""The tape of a matched book: its trades and price levels on their way to the market.

The market shows what is durable: a trade with a user's order in it is seen when it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cadenza.market.feed import MarketSink
from cadenza.market.instrument import Listing
from cadenza.models import Row
from cadenza.trading.matching.book import BookSide
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import AnyEvent, Trade
from cadenza.trading.store.journal import Journal


class PaperTape:
    """Publishes the book of one matching engine.

    Args:
        listing: The instrument.
        engine: Its engine.
        sink: The market.
        journal: Says when a trade or a change may be seen.
        now: Milliseconds UTC.
    """

    def __init__(
        self,
        listing: Listing,
        engine: MatchingEngine,
        sink: MarketSink,
        journal: Journal,
        now: Callable[[], int],
    ) -> None:
        self._listing = listing
        self._instrument_id = str(listing.id)
        self._engine = engine
        self._sink = sink
        self._journal = journal
        self._now = now
        self._is_due = False

    def open(self) -> None:
        """Declare the instrument, and publish the book as it is."""
        book = self._engine.book
        book.bids.changes()
        book.asks.changes()
        self._sink.instrument(self._listing.instrument)
        self._sink.book_snapshot(
            self._instrument_id, self._rows(book.bids), self._rows(book.asks), self._now()
        )

    def tell(self, events: list[AnyEvent]) -> None:
        """Publish the events of a command, once they are durable."""
        for event in events:
            if isinstance(event, Trade):
                self._journal.then(partial(self._trade, event))
        if self._journal.batch:
            self._is_due = True  # `capture` comes when the batch is complete
        else:
            self._show_changes()

    def capture(self) -> None:
        """Have the changes so far published behind the complete batch, and no later ones."""
        if self._is_due:
            self._is_due = False
            self._show_changes()

    def _show_changes(self) -> None:
        """Have every level that has changed so far published when that is durable."""
        bids, asks = self._changes(self._engine.book.bids), self._changes(self._engine.book.asks)
        if bids or asks:
            self._journal.then(partial(self._show, bids, asks))

    def _show(self, bids: list[Row], asks: list[Row]) -> None:
        self._sink.book_diff(self._instrument_id, bids, asks, self._now())

    def _trade(self, event: Trade) -> None:
        self._sink.trade(
            self._instrument_id,
            trade_id=str(event.trade_id),
            price=self._listing.ticks.format(event.price),
            quantity=self._listing.lots.format(event.lots),
            side=event.aggressor,
            timestamp_ms=event.at,
        )

    def _changes(self, side: BookSide) -> list[Row]:
        ticks, lots = self._listing.ticks, self._listing.lots
        return [(ticks.format(level.ticks), lots.format(level.lots)) for level in side.changes()]

    def _rows(self, side: BookSide) -> list[Row]:
        ticks, lots = self._listing.ticks, self._listing.lots
        return [(ticks.format(level.ticks), lots.format(level.lots)) for level in side.depth()]
