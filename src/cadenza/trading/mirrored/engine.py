"""Orders on a mirrored venue: one instrument whose book and trades come from outside.

The commands and events are those of `MatchingEngine`; beside commands it hears the venue, by
`displayed`, `traded` and `lost`. The model is conservative: no order fares better than the recorded
market allowed. What it cannot know stands in the documentation of the trading room.
"""

from __future__ import annotations

from collections.abc import Iterable

from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import ContingencyType, OrderSide
from cadenza.trading.matching.commands import Amend, Submit, SubmitList
from cadenza.trading.matching.engine import DEFAULT_MAX_ORDERS
from cadenza.trading.matching.events import AnyEvent, Rejected, RejectReason
from cadenza.trading.matching.order import BOOK, MOVING, STOPS, Order
from cadenza.trading.matching.rules import Shape
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.mirrored.offers import MirroredBook
from cadenza.trading.mirrored_resting import MirroredResting


class MirroredEngine(MirroredResting):
    """Users' orders on one instrument of a venue that is only watched.

    While the book is stale, orders that would take are refused, those that rest keep their places
    and still trade, and what is triggered waits for the next snapshot.

    Args:
        book: The market's own book of the instrument; only read.
        first_trade_id: Id of the first trade; the next ones count up.
        max_orders: Open orders the engine takes.
    """

    def __init__(
        self,
        book: OrderBook,
        *,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        mirror = MirroredBook(book)
        super().__init__(mirror, first_trade_id=first_trade_id, max_orders=max_orders)
        # Triggered while the book was stale: back among the stops, by sequence.
        self._latched: dict[int, Order] = {}

    # What the venue says.

    def displayed(self, touched: Touched | None, *, now: int, at: int) -> list[AnyEvent]:
        """The venue's book has changed, and has its new content already.

        Args:
            touched: The keys that may have changed; ``None``: the book was replaced, and is fresh.
            now: The time here, milliseconds UTC, as commands have it.
            at: The venue's time of the update; only ever compared with other times of the venue.
        """
        out: list[AnyEvent] = []
        if self.mirror.on_update(touched, at):
            for place in self._queue.values():
                place.restart(at)
        if not self.orders:
            self.now = max(now, self.now)
            return out
        self._begin_turn(out, now)
        book, mirror = self.book, self.mirror
        if book.bids.best is not None:
            self._measure(book.bids, mirror.bids, touched and touched.bids)
            self._meet_all(book.bids, mirror.asks)
        if book.asks.best is not None:
            self._measure(book.asks, mirror.asks, touched and touched.asks)
            self._meet_all(book.asks, mirror.bids)
        if self._latched and not mirror.is_stale:
            self._unlatch()
        self._end_turn()
        return out

    def traded(
        self, price: int, lots: int, aggressor: OrderSide, *, now: int, at: int
    ) -> list[AnyEvent]:
        """The venue's own participants traded.

        Args:
            price: Ticks.
            lots: How much.
            aggressor: Side of the taker; if it is unknown, nobody's order is filled by the trade.
            now: As in `displayed`.
            at: As in `displayed`.
        """
        out: list[AnyEvent] = []
        if price <= 0:
            return out
        if aggressor is not OrderSide.BUY:
            self.mirror.on_trade(-price, lots, at, hits_bids=True)
        if aggressor is not OrderSide.SELL:
            self.mirror.on_trade(price, lots, at, hits_bids=False)
        self.last = price
        if not self.orders:
            self.now = max(now, self.now)
            return out
        self._begin_turn(out, now)
        if aggressor is OrderSide.SELL:
            self._hit(self.book.bids, -price, lots, at)
        elif aggressor is OrderSide.BUY:
            self._hit(self.book.asks, price, lots, at)
        if self.stops:
            self._trigger(price)
        self._end_turn()
        return out

    def lost(self) -> None:
        """The book is unknown until `displayed` replaces it."""
        self.mirror.is_stale = True

    def restore(self, saved: Iterable[SavedOrder], *, last: int = 0, now: int = 0) -> None:
        """As `MatchingEngine.restore`; ahead of an order is at most what it was when saved."""
        super().restore(saved, last=last, now=now)
        if not self.mirror.is_stale:
            self._measure(self.book.bids, self.mirror.bids, None)
            self._measure(self.book.asks, self.mirror.asks, None)

    def _check_restored(self, orders: list[Order]) -> None:
        """Users' orders never meet, so they may well cross each other."""

    def _begin_turn(self, out: list[AnyEvent], now: int) -> None:
        self._out = out
        if now > self.now:
            self.now = now
            if self._expiries:
                self._expire_due()

    def _end_turn(self) -> None:
        while self._agenda:
            self._wake(self._agenda.popleft())

    # What a stale book changes.

    def _submit(self, terms: Submit) -> None:
        reason = self._objection(terms) if self.mirror.is_stale else None
        if reason is None:
            super()._submit(terms)
        else:
            self._out.append(Rejected(self.now, terms.order_id, reason))

    def _obstacle(self, terms: Submit, shape: Shape) -> RejectReason | None:
        reason = super()._obstacle(terms, shape)
        if reason is None and self.mirror.is_stale and not shape.waits:
            is_buy = terms.side is OrderSide.BUY
            if not shape.rests or self._reaches(is_buy, terms.limit):
                return RejectReason.BOOK_STALE
        return reason

    def _list_objections(self, command: SubmitList) -> dict[str, RejectReason]:
        """As in the engine; by the time a held order is released, the book may be fresh."""
        found = super()._list_objections(command)
        if found and command.contingency is not ContingencyType.OCO:
            for terms in command.orders[1:]:
                if found.get(terms.order_id) is RejectReason.BOOK_STALE:
                    del found[terms.order_id]
        return found

    def _amend_objection(self, order: Order, command: Amend) -> RejectReason | None:
        reason = super()._amend_objection(order, command)
        if reason is None and self.mirror.is_stale and order.place is BOOK:
            limit = command.limit or order.limit
            if limit != order.limit and self._reaches(order.is_buy, limit):
                return RejectReason.BOOK_STALE
        return reason

    def _change(self, order: Order, lots: int, limit: int, stop: int, *, kept: bool) -> None:
        self._latched.pop(order.sequence, None)
        super()._change(order, lots, limit, stop, kept=kept)

    def _trigger(self, first: int) -> None:
        if not self.mirror.is_stale:
            super()._trigger(first)
            return
        for order in self.stops.reached((first,)):
            self._latch(order)

    def _wake(self, order: Order) -> None:
        if self.mirror.is_stale and order.place is MOVING:
            self._latch(order)
        else:
            super()._wake(order)

    def _latch(self, order: Order) -> None:
        """Let a triggered order go on waiting, for the book."""
        self.stops.add(order, 0)
        self._latched[order.sequence] = order

    def _unlatch(self) -> None:
        """The book is fresh: what was triggered meanwhile is matched, in order of acceptance."""
        latched, self._latched = self._latched, {}
        for sequence in sorted(latched):
            order = latched[sequence]
            if order.place is STOPS:
                self.stops.remove(order)
                order.place = MOVING
                self._agenda.append(order)
