"""The delivery of decoded messages to the sink: each book's chain unbroken, everything counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cadenza.market.errors import (
    BookFaultError,
    CrossedBookError,
    MarketError,
    NoSnapshotError,
    SequenceGapError,
)
from cadenza.market.feed import Best, FeedStatistics, MarketSink
from cadenza.market.feeds.continuity import ChainState, ChainTracker
from cadenza.market.venues.messages import (
    BestPrices,
    BookDiff,
    BookSnapshot,
    ConnectionGap,
    Declaration,
    Message,
    NotUnderstood,
    TradePrint,
    Unreadable,
)
from cadenza.market.venues.sequence import SequenceRule
from cadenza.models import Row

logger: Final = logging.getLogger("cadenza.market")

LOGGED_SKIPS: Final = 20
"""Skipped messages logged one by one; a damaged file would fill the log otherwise."""

LONGEST_REASON: Final = 500
"""Characters of a reason in the log; it may quote the message."""

MOST_NAMES: Final = 200
"""Names of messages that are not understood, at most; garbage may have any number of them."""

OTHERS: Final = "others"
"""The name of what is not understood beyond that."""


class Delivery:
    """Delivers to one sink; the sequence rule comes with every message's market.

    Args:
        sink: Takes the market data.

    Attributes:
        shift_ms: Added to every time, for a recording that is played again.
        suffix: Added to every trade's id, for the same.
    """

    def __init__(self, sink: MarketSink) -> None:
        self._sink = sink
        self._chains: dict[str, ChainTracker] = {}
        self._books: dict[str, _BookState] = {}
        self._owners: dict[str, str] = {}
        self._stale: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self.shift_ms = 0
        self.suffix = ""

    def restart(self) -> None:
        """Begin again: every book waits for a snapshot, and keeps what it last published."""
        self._counts["outdated"] += sum(chain.outdated for chain in self._chains.values())
        self._chains.clear()
        self._books.clear()

    def deliver(self, message: Message, rule: SequenceRule, market: str = "") -> None:
        """Take one message of a market with this rule; raises nothing that a message can cause."""
        try:
            self._deliver(message, rule, market)
        except MarketError as error:
            self.skip(str(error))

    def _deliver(self, message: Message, rule: SequenceRule, market: str) -> None:
        match message:
            case BookDiff() if self._is_owned(message.instrument_id, market):
                chain = self._chain(message.instrument_id, rule)
                self._deliver_book(chain, chain.on_diff(message))
            case BestPrices() if self._is_owned(message.instrument_id, market):
                self._deliver_best(message)
            case TradePrint() if self._is_owned(message.instrument_id, market):
                self._deliver_trade(message)
            case BookSnapshot() if self._is_owned(message.instrument_id, market):
                chain = self._chain(message.instrument_id, rule)
                self._deliver_book(chain, chain.on_snapshot(message))
            case Declaration():
                self._declare(message, market)
            case ConnectionGap():
                self._lose_all(message)
            case NotUnderstood(name):
                is_listed = name in self._unknown or len(self._unknown) < MOST_NAMES
                self._unknown[name[:80] if is_listed else OTHERS] += 1
            case Unreadable(reason):
                self.skip(f"{market}: {reason}" if market else reason)

    def _declare(self, message: Declaration, market: str) -> None:
        instrument_id = message.instrument.instrument_id
        owner = self._owners.setdefault(instrument_id, market)
        if owner != market:
            raise MarketError(f"{instrument_id} of {market} is left out: {owner} has that name too")
        self._sink.instrument(
            message.instrument, depth_limit=message.depth_limit, is_guessed=message.is_guessed
        )

    def _is_owned(self, instrument_id: str, market: str) -> bool:
        """Whether an instrument is this market's; another may have one of the same name."""
        if self._owners.get(instrument_id, market) == market:
            return True
        name = f"{instrument_id} of {market} (the name is taken)"
        self._unknown[name] += 1
        return False

    def skip(self, reason: str) -> None:
        """Count and log a message that cannot be used."""
        self._counts["skipped"] += 1
        if self._counts["skipped"] <= LOGGED_SKIPS:
            logger.warning("message skipped: %s", reason[:LONGEST_REASON])

    def waiting(self) -> list[str]:
        """Instruments whose book has updates but no valid snapshot."""
        return [
            instrument_id
            for instrument_id, chain in self._chains.items()
            if chain.state is ChainState.WAITING
        ]

    @property
    def has_delivered(self) -> bool:
        """Whether anything of a market has been delivered."""
        return bool(self._counts["snapshots"] or self._counts["diffs"] or self._counts["trades"])

    @property
    def unknown(self) -> Counter[str]:
        """Messages that are not understood, by name."""
        return self._unknown

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
            unchecked=counts["unchecked"],
            crossed=counts["crossed"],
            bests=counts["bests"],
            stale=tuple(sorted(self._stale)),
            unknown=dict(self._unknown),
        )

    def _chain(self, instrument_id: str, rule: SequenceRule) -> ChainTracker:
        chain = self._chains.get(instrument_id)
        if chain is None:
            chain = self._chains[instrument_id] = ChainTracker(instrument_id, rule)
            self._books[instrument_id] = _BookState()
        return chain

    def _deliver_trade(self, trade: TradePrint) -> None:
        try:
            self._sink.trade(
                trade.instrument_id,
                trade_id=trade.trade_id + self.suffix,
                price=trade.price,
                quantity=trade.quantity,
                side=trade.side,
                timestamp_ms=trade.timestamp_ms + self.shift_ms,
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
                if self._takes(fault, chain):
                    return

    def _takes(self, fault: BookFaultError, chain: ChainTracker) -> bool:
        """Count a fault; whether the chain is broken by it and what follows is of no use."""
        self._stale.add(fault.instrument_id)
        if isinstance(fault, CrossedBookError) and fault.is_held:
            self._counts["crossed"] += 1
            return False
        is_gap = isinstance(fault, SequenceGapError)
        self._counts["gaps" if is_gap else "faults"] += 1
        self._books[fault.instrument_id].forget()
        if is_gap:
            return False
        chain.lose()
        return True

    def _deliver_update(self, item: BookSnapshot | BookDiff) -> None:
        state = self._books[item.instrument_id]
        changes: tuple[Sequence[Row], Sequence[Row]] | None
        best = state.later_best(item.position or item.last_id)
        if isinstance(item, BookSnapshot):
            changes = state.changes_to(item) if item.is_image else None
            if changes is None:
                self._deliver_snapshot(item, best)
                return
            is_proven = False
        else:
            changes = item.bids, item.asks
            is_proven = item.is_numbered
            if not is_proven and item.check is None:
                self._counts["unchecked"] += 1
        self._sink.book_diff(
            item.instrument_id,
            *changes,
            item.timestamp_ms + self.shift_ms,
            item.check,
            is_proven=is_proven,
            best=best,
        )
        self._counts["diffs"] += 1
        self._is_well(item)

    def _deliver_snapshot(self, item: BookSnapshot, best: Best | None) -> None:
        timestamp_ms = item.timestamp_ms + self.shift_ms
        self._sink.book_snapshot(
            item.instrument_id,
            item.bids,
            item.asks,
            timestamp_ms,
            item.check,
            is_proven=item.last_id > 0 and not item.is_image,
        )
        self._counts["snapshots"] += 1
        self._is_well(item)
        if best is not None:
            self._sink.book_best(item.instrument_id, best, timestamp_ms)
            self._counts["bests"] += 1

    def _is_well(self, item: BookSnapshot | BookDiff) -> None:
        if item.instrument_id in self._stale:
            self._stale.discard(item.instrument_id)
            self._counts["resyncs"] += 1
        if item.check:
            self._counts["checks"] += 1

    def _deliver_best(self, message: BestPrices) -> None:
        instrument_id = message.instrument_id
        chain, state = self._chains.get(instrument_id), self._books.get(instrument_id)
        if chain is None or state is None or not state.is_news(message):
            return
        if chain.state is ChainState.WAITING or instrument_id in self._stale:
            return
        best = (message.bid, message.ask)
        try:
            self._sink.book_best(instrument_id, best, message.timestamp_ms + self.shift_ms)
        except NoSnapshotError:
            return  # somebody else has declared the book stale
        self._counts["bests"] += 1

    def _lose_all(self, gap: ConnectionGap) -> None:
        """Any book of a connection may have missed something."""
        for instrument_id in gap.instrument_ids:
            chain = self._chains.get(instrument_id)
            if chain is None or chain.state is ChainState.WAITING:
                continue
            fault = SequenceGapError(instrument_id, gap.last, gap.first)
            self._sink.book_stale(fault)
            self._takes(fault, chain)
            chain.lose()


class _BookState:
    """What was last said of one book."""

    __slots__ = ("_best", "_image", "_position")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """The book is lost: what was said of it means nothing any more."""
        self._image: tuple[dict[str, str], dict[str, str]] | None = None
        self._position = 0
        self._best: BestPrices | None = None

    def is_news(self, best: BestPrices) -> bool:
        """Whether best prices are later than the book and than those before; they are kept then."""
        newest = self._position if self._best is None else self._best.position
        if not best.position or best.position <= newest:
            return False
        self._best = best
        return True

    def later_best(self, position: int) -> Best | None:
        """The best prices told before an update although they are later than it."""
        self._position = position
        best = self._best
        if best is not None and position and best.position > position:
            return (best.bid, best.ask)
        self._best = None
        return None

    def changes_to(self, image: BookSnapshot) -> tuple[list[Row], list[Row]] | None:
        """The changes since the image before; ``None`` for the first one."""
        before = self._image
        self._image = dict(image.bids), dict(image.asks)
        if before is None:
            return None
        return _changes(before[0], self._image[0]), _changes(before[1], self._image[1])


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[Row]:
    gone: list[Row] = [(price, "0") for price in before if price not in after]
    return gone + [row for row in after.items() if before.get(row[0]) != row[1]]
