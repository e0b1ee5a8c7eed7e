"""The published state of a book: what every subscriber's copy holds at this moment.

A view stands between a book and its subscribers. It remembers what was last published, down to the
chosen depth, and turns the book's changes since then into one DIFF. Because the SNAPSHOT for a new
subscriber is taken from the published state and not from the book, the next DIFF fits it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from cadenza.market.order_book import NO_BOUND, Ladder, OrderBook, Touched
from cadenza.models import OrderBook as BookPayload
from cadenza.models import Row, UpdateType

REMOVED: Final = "0"

_encode: Final = msgspec.json.Encoder().encode


class _SideView:
    """The published levels of one side, at most ``depth`` of them (0: all)."""

    __slots__ = ("_bound", "_depth", "_ladder", "_published", "_touched")

    def __init__(self, ladder: Ladder, depth: int) -> None:
        self._ladder = ladder
        self._depth = depth
        self._published: dict[int, Row] = {}
        self._touched: set[int] = set()
        self._bound = NO_BOUND

    def touch(self, keys: Iterable[int]) -> None:
        self._touched.update(keys)

    def rows(self) -> list[Row]:
        """The published rows, best first."""
        published = self._published
        return [published[key] for key in sorted(published)]

    def rescale(self, factor: int) -> None:
        """The ladder counts in finer ticks now; what is published stays."""
        self._published = {key * factor: row for key, row in self._published.items()}
        self._touched = {key * factor for key in self._touched}
        if self._bound != NO_BOUND:
            self._bound *= factor

    def replace(self) -> None:
        """Publish the ladder as it stands."""
        self._published = dict(self._ladder.top(self._depth))
        self._bound = self._ladder.bound(self._depth)
        self._touched.clear()

    def collect(self) -> list[Row]:
        """Publish the changes: the rows that take a subscriber's side to the present one."""
        bound = self._ladder.bound(self._depth)
        if bound != self._bound:
            self._touched.update(self._across_the_edge(bound))
            self._bound = bound
        present, published = self._ladder.rows, self._published
        changes: list[Row] = []
        for key in sorted(self._touched):
            old = published.get(key)
            new = present.get(key) if key <= bound else None
            if new is None:
                if old is not None:
                    del published[key]
                    changes.append((old[0], REMOVED))
            elif new != old:
                if old is not None and old[0] != new[0]:
                    # One price keeps one spelling: subscribers may key their levels by it.
                    new = (old[0], new[1])
                published[key] = new
                changes.append(new)
        self._touched.clear()
        return changes

    def _across_the_edge(self, bound: int) -> Iterable[int]:
        """The untouched levels that enter or leave the window when its edge moves."""
        if bound > self._bound:
            return self._ladder.between(self._bound, bound)
        return [key for key in self._published if key > bound]


class BookView:
    """Publishes a book as SNAPSHOT and DIFF payloads, numbered without a hole.

    Args:
        book: The book to publish.
        depth: Levels published a side; 0 publishes all.

    Attributes:
        sequence: Number of the last publication; 0 while nothing has been published.
    """

    __slots__ = (
        "_asks",
        "_bids",
        "_book",
        "_instrument",
        "_published_ms",
        "_snapshot",
        "_touched_ms",
        "sequence",
    )

    def __init__(self, book: OrderBook, *, depth: int = 0) -> None:
        self._book = book
        self._instrument = book.listing.instrument
        self._bids = _SideView(book.bids, depth)
        self._asks = _SideView(book.asks, depth)
        self._snapshot: bytes | None = None
        self._touched_ms = 0
        self._published_ms = 0
        self.sequence = 0

    @property
    def time_ms(self) -> int:
        """The venue's time of the last change."""
        return max(self._touched_ms, self._published_ms)

    def touch(self, touched: Touched, timestamp_ms: int) -> None:
        """Note that the book has changed; publishes nothing."""
        self._bids.touch(touched.bids)
        self._asks.touch(touched.asks)
        self._touched_ms = timestamp_ms

    def rescale(self, factor: int) -> None:
        """The book has finer steps now: ``factor`` new ticks make an old one. Publishes nothing."""
        self._instrument = self._book.listing.instrument
        self._bids.rescale(factor)
        self._asks.rescale(factor)

    def publish_diff(self) -> bytes | None:
        """Publish the changes noted since the last publication.

        Returns:
            The DIFF payload, or ``None`` if nothing visible has changed.
        """
        bids, asks = self._bids.collect(), self._asks.collect()
        if not bids and not asks:
            return None
        self._advance(self._touched_ms)
        return self._payload(UpdateType.DIFF, bids, asks)

    def publish_snapshot(self, timestamp_ms: int) -> bytes:
        """Publish the book as it stands, whatever was published before."""
        self._bids.replace()
        self._asks.replace()
        self._advance(timestamp_ms)
        return self._published_snapshot()

    def snapshot(self) -> bytes | None:
        """The last published state as a SNAPSHOT; ``None`` before the first publication."""
        return self._published_snapshot() if self.sequence else None

    def _advance(self, timestamp_ms: int) -> None:
        self.sequence += 1
        self._published_ms = timestamp_ms
        self._snapshot = None

    def _published_snapshot(self) -> bytes:
        if self._snapshot is None:
            self._snapshot = self._payload(
                UpdateType.SNAPSHOT, self._bids.rows(), self._asks.rows()
            )
        return self._snapshot

    def _payload(self, update_type: UpdateType, bids: list[Row], asks: list[Row]) -> bytes:
        return _encode(
            BookPayload(
                update_type=update_type,
                instrument_id=self._instrument.instrument_id,
                venue=self._instrument.venue,
                symbol=self._instrument.symbol,
                bids=bids,
                asks=asks,
                timestamp=self._published_ms,
                sequence=self.sequence,
                prev_sequence=self.sequence - 1,
            )
        )
