"""The market: instruments, their books as published, and their recent trades.

Feeds call it as their sink, observers see every update, listeners hear what it publishes, everybody
else may look. Observers and listeners are called in the middle of the feed's call and must not
wait.
"""

from __future__ import annotations

import contextlib
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec

from cadenza.clock import Clock
from cadenza.market.book_view import BookView
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
from cadenza.models import Instrument, InstrumentStatus, OrderSide, Row, Trade, UpdateType

logger: Final = logging.getLogger("cadenza.market")
_encode: Final = msgspec.json.Encoder().encode

FINEST_DECIMALS: Final = 18
"""A number with more decimals does not make the steps finer: it is a damaged one."""


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
        """An instrument was declared (``book.listing``); its book may be empty yet.

        It is declared anew, with the same book, when steps that were guessed give way to finer
        ones: the listing is another one then, and its ticks and lots are smaller. The next call
        about the book is ``on_book_changed`` without ``touched``, unless the book is stale.
        """

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
        # Crossed, and proven to be so: see ``CrossedBookError``.
        self.is_held = False
        self.owes_snapshot = True


class Market:
    """A ``MarketSink`` that publishes.

    Args:
        depth: Levels published a side; 0 publishes all.
        is_paced: Whether changes wait for ``publish_pending`` (see ``publish_every``) instead
            of being published with every update. Snapshots and trades never wait.
        recent_trades: Trades remembered an instrument.

    Attributes:
        untradable: Ids of instruments that can be looked at and not be traded.
    """

    def __init__(self, *, depth: int = 0, is_paced: bool = False, recent_trades: int = 100) -> None:
        self._depth = depth
        self._is_paced = is_paced
        self._recent_trades = recent_trades
        self._states: dict[str, _InstrumentState] = {}
        self._pending: list[str] = []
        self.untradable: set[str] = set()
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
        """Every instrument declared, in the order of declaration.

        Those that nobody can trade are INACTIVE, and take no type of order.
        """
        declared = (state.book.listing.instrument for state in self._states.values())
        return [
            msgspec.structs.replace(one, status=InstrumentStatus.INACTIVE, order_types=())
            if one.instrument_id in self.untradable
            else one
            for one in declared
        ]

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

    def instrument(
        self, instrument: Instrument, *, depth_limit: int = 0, is_guessed: bool = False
    ) -> None:
        """Declare an instrument."""
        state = self._states.get(instrument.instrument_id)
        if state is None:
            listing = Listing(instrument)
            state = _InstrumentState(listing, depth_limit, self._depth, self._recent_trades)
            state.is_guessed = is_guessed
            self._states[instrument.instrument_id] = state
            for observer in self._observers:
                observer.on_instrument(state.book)
            return
        book = state.book
        if book.listing.instrument == instrument and book.depth_limit == depth_limit:
            state.is_guessed = state.is_guessed and is_guessed
            return
        if not (state.is_guessed or is_guessed):
            raise InstrumentConflictError(instrument.instrument_id)
        book.depth_limit = depth_limit
        if state.is_guessed:
            state.is_guessed = is_guessed
            tick = common_step(book.listing.ticks.step, instrument.pip_size)
            lot = common_step(book.listing.lots.step, instrument.lot_size)
            self._refine(state, tick, lot)
            self._tell_observers_again(state)

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
        state = self._state(instrument_id)
        state.book.clear()
        self._change(state, bids, asks, check)
        state.has_book = state.owes_snapshot = True
        self._hold_if_crossed(state, is_proven=is_proven or check is not None)
        self._becomes_healthy(state, timestamp_ms)

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
        """Change a book and publish the change, or leave it for ``publish_pending``."""
        state = self._state(instrument_id)
        if not state.has_book or (state.fault and not state.is_held):
            raise NoSnapshotError(instrument_id)
        listing = state.book.listing
        touched = self._change(state, bids, asks, check)
        if best is not None:
            with contextlib.suppress(BadLevelError):
                more = self._show_best(state, best)
                touched.bids.extend(more.bids)
                touched.asks.extend(more.asks)
        state.view.touch(touched, timestamp_ms)
        self._hold_if_crossed(state, is_proven=is_proven or check is not None)
        if state.is_held:
            self._becomes_healthy(state, timestamp_ms)
            return
        is_refined = state.book.listing is not listing
        self._changed(state, None if is_refined else touched, timestamp_ms)

    def book_best(self, instrument_id: str, best: Best, timestamp_ms: int) -> None:
        """Show the best levels until the next update; published as what ``book_diff`` changes."""
        state = self._state(instrument_id)
        if not state.has_book or state.fault:
            raise NoSnapshotError(instrument_id)
        listing = state.book.listing
        touched = self._show_best(state, best)
        if not (touched.bids or touched.asks):
            return
        state.view.touch(touched, timestamp_ms)
        is_refined = state.book.listing is not listing
        self._changed(state, None if is_refined else touched, timestamp_ms)

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
        try:
            ticks, lots = listing.ticks[price], listing.lots[quantity]
        except OffStepError:
            if not self._is_refined_for(state, [(price, quantity)]):
                raise
            listing = state.book.listing
            ticks, lots = listing.ticks[price], listing.lots[quantity]
            self._tell_observers_again(state)
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
        state = self._state(fault.instrument_id)
        state.is_held = False
        self._set_health(fault.instrument_id, state, fault)

    # What a call of a feed does to a book.

    def _change(
        self,
        state: _InstrumentState,
        bids: Iterable[Row],
        asks: Iterable[Row],
        check: BookCheck | None,
    ) -> Touched:
        """Apply an update and check it, in finer steps if it shows that those were a poor guess."""
        bids, asks = _again(bids), _again(asks)
        try:
            try:
                touched = state.book.change(bids, asks)
            except BadLevelError as error:
                is_off = isinstance(error.reason, OffStepError)
                if not (is_off and self._is_refined_for(state, [*bids, *asks])):
                    raise
                # Quantities are absolute: what was applied already is applied again.
                touched = state.book.change(bids, asks)
            if check:
                check(state.book)
        except BookFaultError as fault:
            self.book_stale(fault)
            raise
        return touched

    def _show_best(self, state: _InstrumentState, best: Best) -> Touched:
        try:
            return state.book.show_best(*best)
        except BadLevelError as error:
            rows = [row for row in best if row is not None]
            if not (isinstance(error.reason, OffStepError) and self._is_refined_for(state, rows)):
                raise
            return state.book.show_best(*best)

    def _hold_if_crossed(self, state: _InstrumentState, *, is_proven: bool) -> None:
        """Raise if a book is crossed; one that is proven to be so goes on to be updated."""
        crossing = state.book.crossing()
        if crossing is None:
            return
        if is_proven:
            crossing.is_held = True
            if not state.is_held:
                self.book_stale(crossing)
            state.is_held = True
        else:
            self.book_stale(crossing)
        raise crossing

    def _becomes_healthy(self, state: _InstrumentState, timestamp_ms: int) -> None:
        """A book has been replaced, or is uncrossed again."""
        instrument_id = state.book.listing.instrument.instrument_id
        state.is_held = False
        self._set_health(instrument_id, state, None)
        if not state.owes_snapshot:
            self._changed(state, None, timestamp_ms)
            return
        state.owes_snapshot = False
        for observer in self._observers:
            observer.on_book_changed(state.book, None, timestamp_ms)
        payload = state.view.publish_snapshot(timestamp_ms)
        self._tell_book(instrument_id, payload, UpdateType.SNAPSHOT)

    def _changed(self, state: _InstrumentState, touched: Touched | None, timestamp_ms: int) -> None:
        """Tell observers of a change, and publish it or note that it is to be published."""
        instrument_id = state.book.listing.instrument.instrument_id
        for observer in self._observers:
            observer.on_book_changed(state.book, touched, timestamp_ms)
        if not self._is_paced:
            self._publish_diff(instrument_id, state)
        elif not state.is_pending:
            state.is_pending = True
            self._pending.append(instrument_id)

    # Steps that were guessed.

    def _is_refined_for(self, state: _InstrumentState, rows: Sequence[Row]) -> bool:
        """Whether steps that were only guessed could give way to ones that these rows fit."""
        if not state.is_guessed:
            return False
        listing = state.book.listing
        tick = common_step(listing.ticks.step, finest_step(price for price, _ in rows))
        lot = common_step(listing.lots.step, finest_step(quantity for _, quantity in rows))
        if max(decimals(tick), decimals(lot)) > FINEST_DECIMALS:
            return False
        self._refine(state, tick, lot)
        return True

    def _refine(self, state: _InstrumentState, tick: str, lot: str) -> None:
        """Go over to finer steps: observers are told of the instrument anew."""
        before = state.book.listing
        if (before.ticks.step, before.lots.step) == (tick, lot):
            return
        listing = Listing(with_steps(before.instrument, tick, lot))
        state.view.rescale(state.book.refine(listing))
        logger.info(
            "%s has finer steps than it seemed: %s and %s (price, quantity), not %s and %s",
            listing.id,
            tick,
            lot,
            before.ticks.step,
            before.lots.step,
        )
        for observer in self._observers:
            observer.on_instrument(state.book)

    def _tell_observers_again(self, state: _InstrumentState) -> None:
        """Those that began anew with an instrument take its book as it is."""
        if state.has_book and not state.fault:
            for observer in self._observers:
                observer.on_book_changed(state.book, None, state.view.time_ms)

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


def _again(rows: Iterable[Row]) -> Sequence[Row]:
    """Rows that can be read twice."""
    return rows if isinstance(rows, list | tuple) else list(rows)
