"""The market: instruments, their books as published, and their recent trades.

Feeds call it as their sink, observers see every update, listeners hear what it publishes, everybody
else may look. Observers and listeners are called in the middle of the feed's call and must not
wait.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from cadenza.clock import Clock
from cadenza.market.book_view import BookView
from cadenza.market.errors import (
    BookFaultError,
    InstrumentConflictError,
    NoSnapshotError,
    UnknownInstrumentError,
)
from cadenza.market.feed import BookCheck
from cadenza.market.instrument import Listing
from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import Instrument, OrderSide, Row, Trade, UpdateType

logger: Final = logging.getLogger("cadenza.market")
_encode: Final = msgspec.json.Encoder().encode


class MarketListener(Protocol):
    """Hears what the market publishes.

    Calls come in the order of publication and synchronously; an exception is the listener's bug
    and ends the feed that caused the call.
    """

    def on_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:
        """A book payload in JSON; its ``sequence`` follows the one before without a hole."""

    def on_trade(self, instrument_id: str, payload: bytes) -> None:
        """A trade payload in JSON."""

    def on_book_health(self, instrument_id: str, fault: BookFaultError | None) -> None:
        """A book has become stale because of ``fault``, or healthy again (``None``)."""


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

    def on_book_changed(self, book: OrderBook, touched: Touched | None, timestamp_ms: int) -> None:
        """A book was updated and can be trusted.

        Args:
            book: As it is now.
            touched: The keys the update named, changed or not (those of bids are negated ticks);
                ``None`` when a snapshot has replaced every level, which also ends staleness.
            timestamp_ms: The venue's time of the update; 0 if the book is told late.
        """

    def on_trade_seen(
        self, listing: Listing, price: int, lots: int, side: OrderSide, timestamp_ms: int
    ) -> None:
        """A trade happened at the venue: ticks, lots (a feed may report 0), aggressor's side."""

    def on_stale(self, listing: Listing, fault: BookFaultError) -> None:
        """A book cannot be trusted any more, until it is replaced; told once."""


class _InstrumentState:
    """All the market knows about one instrument."""

    __slots__ = ("book", "fault", "has_book", "is_pending", "trades", "view")

    def __init__(self, listing: Listing, depth_limit: int, depth: int, recent_trades: int) -> None:
        self.book = OrderBook(listing, depth_limit=depth_limit)
        self.view = BookView(self.book, depth=depth)
        self.trades: deque[Trade] = deque(maxlen=recent_trades)
        self.fault: BookFaultError | None = None
        self.has_book = False
        self.is_pending = False


class Market:
    """A ``MarketSink`` that publishes.

    Args:
        depth: Levels published a side; 0 publishes all.
        is_paced: Whether changes wait for ``publish_pending`` (see ``publish_every``) instead of
            being published with every update. Snapshots and trades never wait.
        recent_trades: Trades remembered an instrument.
    """

    def __init__(self, *, depth: int = 0, is_paced: bool = False, recent_trades: int = 100) -> None:
        self._depth = depth
        self._is_paced = is_paced
        self._recent_trades = recent_trades
        self._states: dict[str, _InstrumentState] = {}
        self._pending: list[str] = []
        self._listeners: list[MarketListener] = []
        self._observers: list[MarketObserver] = []

    def add_listener(self, listener: MarketListener) -> None:
        """Let a listener hear every publication from now on."""
        self._listeners.append(listener)

    def add_observer(self, observer: MarketObserver) -> None:
        """Let an observer see every update from now on, and first what there is."""
        self._observers.append(observer)
        for state in self._states.values():
            observer.on_instrument(state.book)
            if state.fault:
                observer.on_stale(state.book.listing, state.fault)
            elif state.has_book:
                observer.on_book_changed(state.book, None, 0)

    # What anybody may ask.

    def instruments(self) -> Sequence[Instrument]:
        """Every instrument declared, in the order of declaration."""
        return [state.book.listing.instrument for state in self._states.values()]

    def listing(self, instrument_id: str) -> Listing:
        """The instrument with its scales; raises ``UnknownInstrumentError``."""
        return self._state(instrument_id).book.listing

    def book(self, instrument_id: str) -> OrderBook:
        """The book as the feed last left it, published or not; not to be changed."""
        return self._state(instrument_id).book

    def snapshot(self, instrument_id: str) -> bytes | None:
        """The last published state of a book as a SNAPSHOT payload.

        It has the ``sequence`` of the last ``on_book`` payload, so the next DIFF applies to it.
        ``None`` while the book has never been published.
        """
        return self._state(instrument_id).view.snapshot()

    def recent_trades(self, instrument_id: str) -> Sequence[Trade]:
        """The latest trades, oldest first."""
        return tuple(self._state(instrument_id).trades)

    def fault(self, instrument_id: str) -> BookFaultError | None:
        """Why the book is stale; ``None`` if it is not."""
        return self._state(instrument_id).fault

    # What a feed says: see ``MarketSink``.

    def instrument(self, instrument: Instrument, *, depth_limit: int = 0) -> None:
        """Declare an instrument."""
        state = self._states.get(instrument.instrument_id)
        if state is None:
            listing = Listing(instrument)
            state = _InstrumentState(listing, depth_limit, self._depth, self._recent_trades)
            self._states[instrument.instrument_id] = state
            for observer in self._observers:
                observer.on_instrument(state.book)
        elif state.book.listing.instrument != instrument or state.book.depth_limit != depth_limit:
            raise InstrumentConflictError(instrument.instrument_id)

    def book_snapshot(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
    ) -> None:
        """Replace a book and publish it as a SNAPSHOT."""
        state = self._state(instrument_id)
        try:
            state.book.replace(bids, asks)
            if check:
                check(state.book)
        except BookFaultError as fault:
            self.book_stale(fault)
            raise
        state.has_book = True
        self._set_health(instrument_id, state, None)
        for observer in self._observers:
            observer.on_book_changed(state.book, None, timestamp_ms)
        payload = state.view.publish_snapshot(timestamp_ms)
        self._tell_book(instrument_id, payload, UpdateType.SNAPSHOT)

    def book_diff(
        self,
        instrument_id: str,
        bids: Iterable[Row],
        asks: Iterable[Row],
        timestamp_ms: int,
        check: BookCheck | None = None,
    ) -> None:
        """Change a book and publish the change, or leave it for ``publish_pending``."""
        state = self._state(instrument_id)
        if state.fault or not state.has_book:
            raise NoSnapshotError(instrument_id)
        try:
            touched = state.book.apply(bids, asks)
            if check:
                check(state.book)
        except BookFaultError as fault:
            self.book_stale(fault)
            raise
        state.view.touch(touched, timestamp_ms)
        for observer in self._observers:
            observer.on_book_changed(state.book, touched, timestamp_ms)
        if not self._is_paced:
            self._publish_diff(instrument_id, state)
        elif not state.is_pending:
            state.is_pending = True
            self._pending.append(instrument_id)

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
        state = self._state(instrument_id)
        listing = state.book.listing
        # Looked up first to refuse what is no price or quantity of this instrument.
        ticks, lots = listing.ticks[price], listing.lots[quantity]
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
        state.trades.append(trade)
        payload = _encode(trade)
        for listener in self._listeners:
            listener.on_trade(instrument_id, payload)

    def book_stale(self, fault: BookFaultError) -> None:
        """Stop publishing a book until its next snapshot."""
        self._set_health(fault.instrument_id, self._state(fault.instrument_id), fault)

    # Publication.

    def publish_pending(self) -> None:
        """Publish, one DIFF a book, what has changed since the last call."""
        pending, self._pending = self._pending, []
        for instrument_id in pending:
            state = self._states[instrument_id]
            state.is_pending = False
            if not state.fault:
                self._publish_diff(instrument_id, state)

    async def publish_every(self, clock: Clock, interval_ms: int) -> None:
        """Call ``publish_pending`` every ``interval_ms`` milliseconds until cancelled.

        The beat is kept to the clock and not to the end of the work before. Beats that were missed
        because the loop was busy are left out, as the next publication holds all changes anyway.
        """
        interval = interval_ms / 1000
        due = clock.monotonic() + interval
        while True:
            await clock.sleep(due - clock.monotonic())
            self.publish_pending()
            now = clock.monotonic()
            due += interval * max(1, 1 + int((now - due) / interval))

    def _publish_diff(self, instrument_id: str, state: _InstrumentState) -> None:
        payload = state.view.publish_diff()
        if payload is not None:
            self._tell_book(instrument_id, payload, UpdateType.DIFF)

    def _tell_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:
        for listener in self._listeners:
            listener.on_book(instrument_id, payload, update_type)

    def _set_health(
        self, instrument_id: str, state: _InstrumentState, fault: BookFaultError | None
    ) -> None:
        was_stale, state.fault = state.fault is not None, fault
        if was_stale == (fault is not None):
            return
        if fault:
            logger.warning("book stale: %s", fault)
            for observer in self._observers:
                observer.on_stale(state.book.listing, fault)
        else:
            logger.info("book healthy again: %s", instrument_id)
        for listener in self._listeners:
            listener.on_book_health(instrument_id, fault)

    def _state(self, instrument_id: str) -> _InstrumentState:
        try:
            return self._states[instrument_id]
        except KeyError:
            raise UnknownInstrumentError(instrument_id, self._states) from None
