"""The market: instruments, their books as published, and their recent trades.

Feeds call it as their sink, observers see every update, listeners hear what it publishes, everybody
else may look. Nothing here waits; observers and listeners are called in the middle of the feed's
call and must not wait either.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from cadenza.market.book_view import BookView
from cadenza.market.clock import Clock
from cadenza.market.errors import (
    BadLevelError,
    BookFaultError,
    InstrumentConflictError,
    NoSnapshotError,
    OffStepError,
    UnknownInstrumentError,
)
from cadenza.market.feed import Best, BookCheck
from cadenza.market.instrument import Listing, common_step, decimals, finest_step, with_steps
from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import Instrument, OrderSide, Row, Trade, UpdateType

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode

FINEST_DECIMALS = 18
"""A number with more decimals does not make the steps finer: it is a damaged one."""


class MarketListener(Protocol):
    """Who hears what the market publishes.

    Calls come in the order of publication and synchronously; an exception is the listener's bug
    and ends the feed that caused the call.
    """

    def on_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:
        """A book payload in JSON; its ``sequence`` follows the one before without a hole."""
        ...

    def on_trade(self, instrument_id: str, payload: bytes) -> None:
        """A trade payload in JSON."""
        ...

    def on_book_health(self, instrument_id: str, fault: BookFaultError | None) -> None:
        """A book has become stale because of ``fault``, or healthy again (``None``)."""
        ...


class _Desk:
    """All the market knows about one instrument."""

    __slots__ = (
        "book",
        "fault",
        "has_book",
        "is_guessed",
        "is_held",
        "is_pending",
        "owes_snapshot",
        "trades",
        "view",
    )

    def __init__(self, listing: Listing, depth_limit: int, depth: int, recent_trades: int) -> None:
        self.book = OrderBook(listing, depth_limit=depth_limit)
        self.view = BookView(self.book, depth=depth)
        self.trades: deque[Trade] = deque(maxlen=recent_trades)
        self.fault: BookFaultError | None = None
        self.has_book = False
        self.is_pending = False
        # Its steps are only guessed: finer ones replace them.
        self.is_guessed = False
        # Crossed, and proven to be so: see `CrossedBookError`.
        self.is_held = False
        self.owes_snapshot = True


class Market:
    """A `MarketSink` that publishes.

    Args:
        depth: Levels published a side; 0 publishes all.
        is_paced: Whether changes wait for `publish_pending` (see `publisher.publish_every`) instead
            of being published with every update. Snapshots and trades never wait.
        recent_trades: Trades remembered an instrument.
    """

    def __init__(self, *, depth: int = 0, is_paced: bool = False, recent_trades: int = 100) -> None:
        self._depth = depth
        self._is_paced = is_paced
        self._recent_trades = recent_trades
        self._desks: dict[str, _Desk] = {}
        self._pending: list[str] = []
        self._listeners: list[MarketListener] = []
        self._observers: list[MarketObserver] = []

    def add_listener(self, listener: MarketListener) -> None:
        """Let a listener hear every publication from now on."""
        self._listeners.append(listener)

    def add_observer(self, observer: MarketObserver) -> None:
        """Let an observer see every update from now on, and first what there is."""
        self._observers.append(observer)
        for desk in self._desks.values():
            observer.on_instrument(desk.book)
            if desk.fault:
                observer.on_stale(desk.book.listing, desk.fault)
            elif desk.has_book:
                observer.on_book_changed(desk.book, None, 0)

    # What anybody may ask.

    def instruments(self) -> Sequence[Instrument]:
        """Every instrument declared, in the order of declaration."""
        return [desk.book.listing.instrument for desk in self._desks.values()]

    def listing(self, instrument_id: str) -> Listing:
        """The instrument with its scales; raises `UnknownInstrumentError`."""
        return self._desk(instrument_id).book.listing

    def book(self, instrument_id: str) -> OrderBook:
        """The book as the feed last left it, published or not; not to be changed."""
        return self._desk(instrument_id).book

    def snapshot(self, instrument_id: str) -> bytes | None:
        """The last published state of a book as a SNAPSHOT payload.

        It has the ``sequence`` of the last ``on_book`` payload, so the next DIFF applies to it.
        ``None`` while the book has never been published.
        """
        return self._desk(instrument_id).view.snapshot()

    def recent_trades(self, instrument_id: str) -> Sequence[Trade]:
        """The latest trades, oldest first."""
        return tuple(self._desk(instrument_id).trades)

    def fault(self, instrument_id: str) -> BookFaultError | None:
        """Why the book is stale; ``None`` if it is not."""
        return self._desk(instrument_id).fault

    # What a feed says: see `MarketSink`.

    def instrument(
        self, instrument: Instrument, *, depth_limit: int = 0, is_guessed: bool = False
    ) -> None:
        """Declare an instrument."""
        desk = self._desks.get(instrument.instrument_id)
        if desk is None:
            listing = Listing(instrument)
            desk = _Desk(listing, depth_limit, self._depth, self._recent_trades)
            desk.is_guessed = is_guessed
            self._desks[instrument.instrument_id] = desk
            for observer in self._observers:
                observer.on_instrument(desk.book)
            return
        book = desk.book
        if book.listing.instrument == instrument and book.depth_limit == depth_limit:
            desk.is_guessed = desk.is_guessed and is_guessed
            return
        if not (desk.is_guessed or is_guessed):
            raise InstrumentConflictError(instrument.instrument_id)
        book.depth_limit = depth_limit
        if desk.is_guessed:
            desk.is_guessed = is_guessed
            tick = common_step(book.listing.ticks.step, instrument.pip_size)
            lot = common_step(book.listing.lots.step, instrument.lot_size)
            self._refine(desk, tick, lot)
            self._tell_observers_again(desk)

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
        """Replace a book and publish it as a SNAPSHOT."""
        desk = self._desk(instrument_id)
        desk.book.clear()
        self._change(desk, bids, asks, check)
        desk.has_book = desk.owes_snapshot = True
        self._hold_if_crossed(desk, is_proven=is_proven or check is not None)
        self._becomes_healthy(desk, timestamp_ms)

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
        """Change a book and publish the change, or leave it for `publish_pending`."""
        desk = self._desk(instrument_id)
        if not desk.has_book or (desk.fault and not desk.is_held):
            raise NoSnapshotError(instrument_id)
        listing = desk.book.listing
        touched = self._change(desk, bids, asks, check)
        if best is not None:
            with contextlib.suppress(BadLevelError):
                more = self._show_best(desk, best)
                touched.bids.extend(more.bids)
                touched.asks.extend(more.asks)
        desk.view.touch(touched, timestamp_ms)
        self._hold_if_crossed(desk, is_proven=is_proven or check is not None)
        if desk.is_held:
            self._becomes_healthy(desk, timestamp_ms)
            return
        is_refined = desk.book.listing is not listing
        self._changed(desk, None if is_refined else touched, timestamp_ms)

    def book_best(self, instrument_id: str, best: Best, timestamp_ms: int) -> None:
        """Show the best levels until the next update; published as what `book_diff` changes."""
        desk = self._desk(instrument_id)
        if not desk.has_book or desk.fault:
            raise NoSnapshotError(instrument_id)
        listing = desk.book.listing
        touched = self._show_best(desk, best)
        if not (touched.bids or touched.asks):
            return
        desk.view.touch(touched, timestamp_ms)
        is_refined = desk.book.listing is not listing
        self._changed(desk, None if is_refined else touched, timestamp_ms)

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
        """Publish a trade."""
        desk = self._desk(instrument_id)
        listing = desk.book.listing
        # Looked up first to refuse what is no price or quantity of this instrument.
        try:
            ticks, lots = listing.ticks[price], listing.lots[quantity]
        except OffStepError:
            if not self._is_refined_for(desk, [(price, quantity)]):
                raise
            listing = desk.book.listing
            ticks, lots = listing.ticks[price], listing.lots[quantity]
            self._tell_observers_again(desk)
        for observer in self._observers:
            observer.on_trade_seen(listing, ticks, lots, side, timestamp_ms)
        trade = Trade(
            instrument_id=instrument_id,
            venue=listing.instrument.venue,
            symbol=listing.instrument.symbol,
            trade_id=trade_id,
            price=price,
            quantity=quantity,
            side=side,
            timestamp=timestamp_ms,
        )
        desk.trades.append(trade)
        payload = _encode(trade)
        for listener in self._listeners:
            listener.on_trade(instrument_id, payload)

    def book_stale(self, fault: BookFaultError) -> None:
        """Stop publishing a book until its next snapshot."""
        desk = self._desk(fault.instrument_id)
        desk.is_held = False
        self._set_health(fault.instrument_id, desk, fault)

    # What a call of a feed does to a book.

    def _change(
        self,
        desk: _Desk,
        bids: Iterable[Row],
        asks: Iterable[Row],
        check: BookCheck | None,
    ) -> Touched:
        """Apply an update and check it, in finer steps if it shows that those were a poor guess."""
        bids, asks = _again(bids), _again(asks)
        try:
            try:
                touched = desk.book.change(bids, asks)
            except BadLevelError as error:
                is_off = isinstance(error.reason, OffStepError)
                if not (is_off and self._is_refined_for(desk, [*bids, *asks])):
                    raise
                # Quantities are absolute: what was applied already is applied again.
                touched = desk.book.change(bids, asks)
            if check:
                check(desk.book)
        except BookFaultError as fault:
            self.book_stale(fault)
            raise
        return touched

    def _show_best(self, desk: _Desk, best: Best) -> Touched:
        try:
            return desk.book.show_best(*best)
        except BadLevelError as error:
            rows = [row for row in best if row is not None]
            if not (isinstance(error.reason, OffStepError) and self._is_refined_for(desk, rows)):
                raise
            return desk.book.show_best(*best)

    def _hold_if_crossed(self, desk: _Desk, *, is_proven: bool) -> None:
        """Raise if a book is crossed; one that is proven to be so goes on to be updated."""
        crossing = desk.book.crossing()
        if crossing is None:
            return
        if is_proven:
            crossing.is_held = True
            if not desk.is_held:
                self.book_stale(crossing)
            desk.is_held = True
        else:
            self.book_stale(crossing)
        raise crossing

    def _becomes_healthy(self, desk: _Desk, timestamp_ms: int) -> None:
        """A book has been replaced, or is uncrossed again."""
        instrument_id = desk.book.listing.instrument.instrument_id
        desk.is_held = False
        self._set_health(instrument_id, desk, None)
        if not desk.owes_snapshot:
            self._changed(desk, None, timestamp_ms)
            return
        desk.owes_snapshot = False
        for observer in self._observers:
            observer.on_book_changed(desk.book, None, timestamp_ms)
        payload = desk.view.publish_snapshot(timestamp_ms)
        self._tell_book(instrument_id, payload, UpdateType.SNAPSHOT)

    def _changed(self, desk: _Desk, touched: Touched | None, timestamp_ms: int) -> None:
        """Tell observers of a change, and publish it or note that it is to be published."""
        instrument_id = desk.book.listing.instrument.instrument_id
        for observer in self._observers:
            observer.on_book_changed(desk.book, touched, timestamp_ms)
        if not self._is_paced:
            self._publish_diff(instrument_id, desk)
        elif not desk.is_pending:
            desk.is_pending = True
            self._pending.append(instrument_id)

    # Steps that were guessed.

    def _is_refined_for(self, desk: _Desk, rows: Sequence[Row]) -> bool:
        """Whether steps that were only guessed could give way to ones that these rows fit."""
        if not desk.is_guessed:
            return False
        listing = desk.book.listing
        tick = common_step(listing.ticks.step, finest_step(price for price, _ in rows))
        lot = common_step(listing.lots.step, finest_step(quantity for _, quantity in rows))
        if max(decimals(tick), decimals(lot)) > FINEST_DECIMALS:
            return False
        self._refine(desk, tick, lot)
        return True

    def _refine(self, desk: _Desk, tick: str, lot: str) -> None:
        """Go over to finer steps: observers are told of the instrument anew."""
        before = desk.book.listing
        if (before.ticks.step, before.lots.step) == (tick, lot):
            return
        listing = Listing(with_steps(before.instrument, tick, lot))
        desk.view.rescale(desk.book.refine(listing))
        _log.info(
            "%s has finer steps than it seemed: %s and %s (price, quantity), not %s and %s",
            listing.id,
            tick,
            lot,
            before.ticks.step,
            before.lots.step,
        )
        for observer in self._observers:
            observer.on_instrument(desk.book)

    def _tell_observers_again(self, desk: _Desk) -> None:
        """Those that began anew with an instrument take its book as it is."""
        if desk.has_book and not desk.fault:
            for observer in self._observers:
                observer.on_book_changed(desk.book, None, desk.view.time_ms)

    # Publication.

    def publish_pending(self) -> None:
        """Publish, one DIFF a book, what has changed since the last call."""
        pending, self._pending = self._pending, []
        for instrument_id in pending:
            desk = self._desks[instrument_id]
            desk.is_pending = False
            if not desk.fault:
                self._publish_diff(instrument_id, desk)

    def _publish_diff(self, instrument_id: str, desk: _Desk) -> None:
        payload = desk.view.publish_diff()
        if payload is not None:
            self._tell_book(instrument_id, payload, UpdateType.DIFF)

    def _tell_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:
        for listener in self._listeners:
            listener.on_book(instrument_id, payload, update_type)

    def _set_health(self, instrument_id: str, desk: _Desk, fault: BookFaultError | None) -> None:
        was_stale, desk.fault = desk.fault is not None, fault
        if was_stale == (fault is not None):
            return
        if fault:
            _log.warning("book stale: %s", fault)
            for observer in self._observers:
                observer.on_stale(desk.book.listing, fault)
        else:
            _log.info("book healthy again: %s", instrument_id)
        for listener in self._listeners:
            listener.on_book_health(instrument_id, fault)

    def _desk(self, instrument_id: str) -> _Desk:
        try:
            return self._desks[instrument_id]
        except KeyError:
            raise UnknownInstrumentError(instrument_id, self._desks) from None


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
        """An instrument was declared (``book.listing``); its book may be empty yet.

        It is declared anew, with the same book, when steps that were guessed give way to finer
        ones: the listing is another one then, and its ticks and lots are smaller. The next call
        about the book is `on_book_changed` without ``touched``, unless the book is stale.
        """
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


def _again(rows: Iterable[Row]) -> Sequence[Row]:
    """Rows that can be read twice."""
    return rows if isinstance(rows, list | tuple) else list(rows)


async def publish_every(market: Market, clock: Clock, interval_ms: int) -> None:
    """Call `Market.publish_pending` every ``interval_ms`` until cancelled.

    The beat is kept to the clock and not to the end of the work before; beats that were missed
    because the loop was busy are left out, as the next publication holds all changes anyway.
    """
    interval = interval_ms / 1000
    due = clock.monotonic() + interval
    while True:
        await clock.sleep(due - clock.monotonic())
        market.publish_pending()
        now = clock.monotonic()
        due += interval * max(1, 1 + int((now - due) / interval))
