"""The delivery of decoded messages to the sink: each book's chain unbroken, everything counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from typing import Final

from cadenza.market.errors import BookFaultError, MarketError, SequenceGapError
from cadenza.market.feed import FeedStatistics, MarketSink
from cadenza.market.feeds.continuity import ChainState, ChainTracker, SequenceRule
from cadenza.market.feeds.messages import (
    BookDiff,
    BookSnapshot,
    Declaration,
    Message,
    TradePrint,
)

logger: Final = logging.getLogger("cadenza.market")

LOGGED_SKIPS: Final = 20
"""Skipped messages logged one by one; a damaged file would fill the log otherwise."""


class Delivery:
    """Delivers to one sink; the sequence rule comes with every message's market.

    Args:
        sink: Takes the market data.
    """

    def __init__(self, sink: MarketSink) -> None:
        self._sink = sink
        self._chains: dict[str, ChainTracker] = {}
        self._stale: set[str] = set()
        self._counts: Counter[str] = Counter()

    def restart(self) -> None:
        """Begin again: every book waits for a snapshot, and keeps what it last published."""
        self._counts["outdated"] += sum(chain.outdated for chain in self._chains.values())
        self._chains.clear()

    def deliver(self, message: Message, rule: SequenceRule) -> None:
        """Take one message of a market with this rule."""
        match message:
            case Declaration():
                self._sink.instrument(message.instrument, depth_limit=message.depth_limit)
            case TradePrint():
                self._deliver_trade(message)
            case BookSnapshot():
                chain = self._chain(message.instrument_id, rule)
                self._deliver_book(chain, chain.on_snapshot(message))
            case BookDiff():
                chain = self._chain(message.instrument_id, rule)
                self._deliver_book(chain, chain.on_diff(message))

    def skip(self, reason: str) -> None:
        """Count and log a message that cannot be used."""
        self._counts["skipped"] += 1
        if self._counts["skipped"] <= LOGGED_SKIPS:
            logger.warning("message skipped: %s", reason)

    def waiting(self) -> list[str]:
        """Instruments whose book has updates but no valid snapshot."""
        return [
            instrument_id
            for instrument_id, chain in self._chains.items()
            if chain.state is ChainState.WAITING
        ]

    def statistics(self) -> FeedStatistics:
        """The counters that delivery keeps; a feed adds its own."""
        counts = self._counts
        return FeedStatistics(
            snapshots=counts["snapshots"],
            diffs=counts["diffs"],
            outdated=counts["outdated"] + sum(chain.outdated for chain in self._chains.values()),
            trades=counts["trades"],
            skipped=counts["skipped"],
            gaps=counts["gaps"],
            faults=counts["faults"],
            resyncs=counts["resyncs"],
            checks=counts["checks"],
            stale=tuple(sorted(self._stale)),
        )

    def _chain(self, instrument_id: str, rule: SequenceRule) -> ChainTracker:
        chain = self._chains.get(instrument_id)
        if chain is None:
            chain = self._chains[instrument_id] = ChainTracker(instrument_id, rule)
        return chain

    def _deliver_trade(self, trade: TradePrint) -> None:
        try:
            self._sink.trade(
                trade.instrument_id,
                trade_id=trade.trade_id,
                price=trade.price,
                quantity=trade.quantity,
                side=trade.side,
                timestamp_ms=trade.timestamp_ms,
            )
        except MarketError as error:
            self.skip(f"trade {trade.trade_id} of {trade.instrument_id}: {error}")
        else:
            self._counts["trades"] += 1

    def _deliver_book(
        self, chain: ChainTracker, items: Iterable[BookSnapshot | BookDiff | SequenceGapError]
    ) -> None:
        for item in items:
            try:
                if isinstance(item, SequenceGapError):
                    self._sink.book_stale(item)
                    raise item
                self._deliver_update(item)
            except BookFaultError as fault:
                self._counts["gaps" if isinstance(fault, SequenceGapError) else "faults"] += 1
                self._stale.add(fault.instrument_id)
                if not isinstance(fault, SequenceGapError):
                    chain.lose()
                    return

    def _deliver_update(self, item: BookSnapshot | BookDiff) -> None:
        instrument_id, bids, asks, timestamp_ms, check = (
            item.instrument_id,
            item.bids,
            item.asks,
            item.timestamp_ms,
            item.check,
        )
        if isinstance(item, BookSnapshot):
            self._sink.book_snapshot(instrument_id, bids, asks, timestamp_ms, check)
            self._counts["snapshots"] += 1
            if instrument_id in self._stale:
                self._stale.discard(instrument_id)
                self._counts["resyncs"] += 1
        else:
            self._sink.book_diff(instrument_id, bids, asks, timestamp_ms, check)
            self._counts["diffs"] += 1
        if check:
            self._counts["checks"] += 1
