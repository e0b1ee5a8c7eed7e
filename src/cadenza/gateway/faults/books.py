"""Faults of order books: gaps, snapshots only, and a feed that has lost track.

A gap and snapshots only change what is published and leave the market alone: ``BookFilter`` stands
between the market and its subscribers. An unhealthy feed is a matter of the market's:
``FaultySink`` stands between it and what drives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from cadenza.gateway.faults.errors import FaultInjectedError, FaultRequestError, nearest, shortened
from cadenza.gateway.faults.specs import AnyFault, BookGap, BookSnapshots, FeedUnhealthy, Target
from cadenza.gateway.faults.table import ActiveFault, FaultTable
from cadenza.market.errors import BookFaultError, NoSnapshotError, UnknownInstrumentError
from cadenza.market.feed import Best, BookCheck, MarketSink
from cadenza.market.market import Market, MarketListener
from cadenza.market.order_book import OrderBook
from cadenza.models import Instrument, OrderSide, Row, UpdateType
from cadenza.models.channels import parse

KINDS: Final = (BookGap, BookSnapshots, FeedUnhealthy)


def instrument_of(target: Target) -> str:
    """The instrument that a target names, by itself or by a book's channel; empty: every one."""
    if target.instrument or not target.channel:
        return target.instrument
    channel = parse(target.channel)
    return channel.instrument_id if channel is not None and channel.is_book else ""


class _Stamp(msgspec.Struct):
    """The part of a book payload that dates it, Unix milliseconds."""

    timestamp: int = 0


_stamp: Final = msgspec.json.Decoder(_Stamp)


class ShadowBook:
    """Takes a feed's updates as the market would, and publishes none of them.

    Args:
        market: The copy begins as its book of the instrument.
        instrument_id: The instrument.
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


class BookFaults:
    """Carries out ``KINDS`` on a market.

    Args:
        table: The faults that are on.
        market: Its books are spoilt.

    Attributes:
        filters: Whether a fault that is on changes what is published.
    """

    def __init__(self, table: FaultTable, market: Market) -> None:
        self._table = table
        self._market = market
        self._shadows: dict[str, ShadowBook] = {}
        self.filters = False
        table.carries(self, KINDS)

    # What stands in the way of updates and payloads.

    def shadow(self, instrument_id: str) -> ShadowBook | None:
        """The book on the side while this one is held stale."""
        return self._shadows.get(instrument_id) if self._shadows else None

    def declared(self, instrument_id: str) -> None:
        """There is a new instrument, which a fault may be waiting for."""
        for fault in self._table.of(FeedUnhealthy):
            self._make_stale(fault, instrument_id)

    def is_swallowed(self, instrument_id: str) -> bool:
        """Whether the DIFF that is about to be published is left out."""
        return self._hits(BookGap, instrument_id)

    def instead(self, instrument_id: str) -> bytes | None:
        """A SNAPSHOT in place of the DIFF that is about to be published, if there is to be one."""
        if self._hits(BookSnapshots, instrument_id):
            return self._market.snapshot(instrument_id)
        return None

    def _hits(self, kind: type[BookGap | BookSnapshots], instrument_id: str) -> bool:
        return any(
            instrument_of(fault.spec.target) in {"", instrument_id} and fault.strikes()
            for fault in self._table.of(kind)
        )

    # What the table says: see ``Injector``.

    def check(self, spec: AnyFault) -> None:
        """Refuse a target that is no book of the market.

        Raises:
            FaultRequestError: There is no such instrument, or the channel is no book's.
        """
        target = spec.target
        field = "target.instrument" if target.instrument else "target.channel"
        named = instrument_of(target)
        if target.channel and not named:
            raise FaultRequestError(
                field,
                f"{shortened(target.channel)} is no order book's channel, "
                "such as market:orderBook:BINANCE:BTC/USDT",
            )
        if not named:
            return
        try:
            self._market.listing(named)
        except UnknownInstrumentError:
            known = [instrument.instrument_id for instrument in self._market.instruments()]
            raise FaultRequestError(
                field, f"there is no instrument {shortened(named)}{nearest(named, known)}"
            ) from None

    def act(self, fault: ActiveFault) -> None:
        """Make the books stale that are to be; the other kinds wait for publications."""
        if isinstance(fault.spec, FeedUnhealthy):
            for instrument in self._market.instruments():
                self._make_stale(fault, instrument.instrument_id)
        else:
            self.filters = True

    def ended(self, fault: ActiveFault) -> None:
        """Hand the books back that no other fault holds stale."""
        if isinstance(fault.spec, FeedUnhealthy):
            held = {instrument_of(other.spec.target) for other in self._table.of(FeedUnhealthy)}
            for instrument_id in list(self._shadows):
                if not held & {"", instrument_id}:
                    self._shadows.pop(instrument_id).hand_back(self._market)
        else:
            self.filters = bool(self._table.of(BookGap) or self._table.of(BookSnapshots))

    def _make_stale(self, fault: ActiveFault, instrument_id: str) -> None:
        if instrument_id in self._shadows:
            return
        if instrument_of(fault.spec.target) in {"", instrument_id} and fault.strikes():
            self._shadows[instrument_id] = ShadowBook(self._market, instrument_id)
            self._market.book_stale(FaultInjectedError(instrument_id, fault.id))


class BookFilter:
    """A listener that passes on what the faults let through; health and trades always.

    Args:
        inner: Hears the rest.
        faults: Say which payloads are left out or replaced.
    """

    def __init__(self, inner: MarketListener, faults: BookFaults) -> None:
        self._inner = inner
        self._faults = faults

    def on_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:
        """See ``MarketListener``."""
        if self._faults.filters and update_type is UpdateType.DIFF:
            if self._faults.is_swallowed(instrument_id):
                return
            snapshot = self._faults.instead(instrument_id)
            if snapshot is not None:
                payload, update_type = snapshot, UpdateType.SNAPSHOT
        self._inner.on_book(instrument_id, payload, update_type)

    def on_trade(self, instrument_id: str, payload: bytes) -> None:
        """See ``MarketListener``."""
        self._inner.on_trade(instrument_id, payload)

    def on_book_health(self, instrument_id: str, fault: BookFaultError | None) -> None:
        """See ``MarketListener``."""
        self._inner.on_book_health(instrument_id, fault)


class FaultySink:
    """A sink that hands a feed's updates to the market, or to the side while a fault lasts.

    Args:
        inner: The market.
        faults: Say which books are held stale.
    """

    def __init__(self, inner: MarketSink, faults: BookFaults) -> None:
        self._inner = inner
        self._faults = faults

    def instrument(
        self, instrument: Instrument, *, depth_limit: int = 0, is_guessed: bool = False
    ) -> None:
        """See ``MarketSink``."""
        self._inner.instrument(instrument, depth_limit=depth_limit, is_guessed=is_guessed)
        self._faults.declared(instrument.instrument_id)

    def book_snapshot(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
        *,
        is_proven: bool = False,
    ) -> None:
        """See ``MarketSink``."""
        shadow = self._faults.shadow(instrument_id)
        if shadow is None:
            self._inner.book_snapshot(
                instrument_id, bids, asks, timestamp_ms, check, is_proven=is_proven
            )
        else:
            shadow.snapshot(bids, asks, timestamp_ms, check)

    def book_diff(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
        *,
        is_proven: bool = False,
        best: Best | None = None,
    ) -> None:
        """See ``MarketSink``."""
        shadow = self._faults.shadow(instrument_id)
        if shadow is None:
            self._inner.book_diff(
                instrument_id, bids, asks, timestamp_ms, check, is_proven=is_proven, best=best
            )
        else:
            shadow.diff(bids, asks, timestamp_ms, check)

    def book_best(self, instrument_id: str, best: Best, timestamp_ms: int) -> None:
        """See ``MarketSink``; beside the market, only whole updates count."""
        if self._faults.shadow(instrument_id) is None:
            self._inner.book_best(instrument_id, best, timestamp_ms)

    def trade(
        self,
        instrument_id: str,
        *,
        trade_id: str,
        price: str,
        quantity: str,
        side: OrderSide,
        timestamp_ms: int,
    ) -> None:
        """See ``MarketSink``."""
        self._inner.trade(
            instrument_id,
            trade_id=trade_id,
            price=price,
            quantity=quantity,
            side=side,
            timestamp_ms=timestamp_ms,
        )

    def book_stale(self, fault: BookFaultError) -> None:
        """See ``MarketSink``."""
        shadow = self._faults.shadow(fault.instrument_id)
        if shadow is None:
            self._inner.book_stale(fault)
        else:
            shadow.stale(fault)
