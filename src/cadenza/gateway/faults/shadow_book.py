"""A book kept on the side while the market's own is held stale by a fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from cadenza.market.errors import BookFaultError, NoSnapshotError
from cadenza.market.feed import BookCheck, MarketSink
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook
from cadenza.models import Row


class _Stamp(msgspec.Struct):
    """The part of a book payload that says of when it is."""

    timestamp: int = 0


_stamp: Final = msgspec.json.Decoder(_Stamp)


class ShadowBook:
    """Takes a feed's updates as the market would, and publishes none of them.

    Args:
        market: Whose book of the instrument it begins as.
        instrument_id: Which.
    """

    def __init__(self, market: Market, instrument_id: str) -> None:
        original = market.book(instrument_id)
        self._book = OrderBook(original.listing, depth_limit=original.depth_limit)
        self._id = instrument_id
        self._fault = market.fault(instrument_id)
        published = market.snapshot(instrument_id)
        self._has_book = published is not None and self._fault is None
        self._timestamp_ms = 0 if published is None else _stamp.decode(published).timestamp
        if self._has_book:
            self._book.replace(*_rows(original))

    def snapshot(
        self, bids: Iterable[Row], asks: Iterable[Row], timestamp_ms: int, check: BookCheck | None
    ) -> None:
        """See ``MarketSink.book_snapshot``."""
        self._try(lambda: self._book.replace(bids, asks), check)
        self._fault, self._has_book, self._timestamp_ms = None, True, timestamp_ms

    def diff(
        self, bids: Iterable[Row], asks: Iterable[Row], timestamp_ms: int, check: BookCheck | None
    ) -> None:
        """See ``MarketSink.book_diff``."""
        if self._fault is not None or not self._has_book:
            raise NoSnapshotError(self._id)
        self._try(lambda: self._book.apply(bids, asks), check)
        self._timestamp_ms = timestamp_ms

    def stale(self, fault: BookFaultError) -> None:
        """See ``MarketSink.book_stale``."""
        self._fault = fault

    def hand_back(self, sink: MarketSink) -> None:
        """The injected fault is over: give the sink the book, or what is wrong with it."""
        if self._has_book and self._fault is None:
            sink.book_snapshot(self._id, *_rows(self._book), self._timestamp_ms)
        else:
            sink.book_stale(self._fault or NoSnapshotError(self._id))

    def _try(self, change: Callable[[], object], check: BookCheck | None) -> None:
        try:
            change()
            if check is not None:
                check(self._book)
        except BookFaultError as fault:
            self._fault = fault
            raise


def _rows(book: OrderBook) -> tuple[list[Row], list[Row]]:
    """All levels, best first."""
    return [row for _, row in book.bids.top()], [row for _, row in book.asks.top()]
