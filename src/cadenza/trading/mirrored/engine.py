"""The engine of a mirrored venue: one instrument whose book and trades come from outside.

Commands and events are those of ``MatchingEngine``; beside commands it hears the venue, through
``displayed``, ``traded`` and ``lost``. The model is conservative: no order fares better than the
recorded market allowed. The documentation of the trading room says what it cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import ContingencyType, OrderSide
from cadenza.trading.matching.book import BookSide, PriceLevel
from cadenza.trading.matching.commands import Amend, Submit, SubmitList
from cadenza.trading.matching.engine import ANY_PRICE, DEFAULT_MAX_ORDERS, MatchingEngine
from cadenza.trading.matching.events import (
    AnyEvent,
    CancelReason,
    Rejected,
    RejectReason,
    Spent,
    Trade,
)
from cadenza.trading.matching.order import BOOK, GONE, MOVING, STOPS, Order
from cadenza.trading.matching.rules import Shape
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.mirrored.offers import MirroredBook, Offers
from cadenza.trading.mirrored.queue import UNMEASURED, QueuePlace

MARKET: Final = "@market"
"""Owner of the other side of every trade here; its order ids are empty."""


class MirroredEngine(MatchingEngine):
    """Users' orders on one instrument of a venue that is only watched.

    While the book is stale, orders that would take are refused, those that rest keep their places
    and still trade, and triggered ones wait for the next snapshot.

    Args:
        book: The market's own book of the instrument; only read.
        first_trade_id: Id of the first trade; the ids after it count up.
        max_orders: How many orders may be open; further ones are rejected.

    Attributes:
        mirror: The venue's book, less what users' orders have taken from it.
    """

    def __init__(
        self,
        book: OrderBook,
        *,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        super().__init__(first_trade_id=first_trade_id, max_orders=max_orders)
        self.mirror = MirroredBook(book)
        self._queue: dict[str, QueuePlace] = {}
        # Triggered while the book was stale: back among the stops, by sequence.
        self._latched: dict[int, Order] = {}

    # News of the venue.

    def displayed(self, touched: Touched | None, *, now: int, at: int) -> list[AnyEvent]:
        """Hear that the venue's book has changed; it has its new content already.

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
        """Hear of a trade between the venue's own participants.

        Args:
            price: Price in ticks; one that is not positive is passed over.
            lots: Quantity in lots.
            aggressor: Side of the taker; if it is unknown, nobody's order is filled by the trade.
            now: The time here, milliseconds UTC, as commands have it.
            at: The venue's time of the trade; only ever compared with other times of the venue.
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
        """Hear that the book is unknown, until ``displayed`` replaces it."""
        self.mirror.on_loss()

    def restore(self, saved: Iterable[SavedOrder], *, last: int = 0, now: int = 0) -> None:
        """As ``MatchingEngine.restore``; ahead of an order is at most what it was when saved."""
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

    # Orders that take from the venue's book.

    def _reaches(self, is_buy: bool, limit: int) -> bool:
        """Whether the venue displays the other side at this price, or did so last."""
        best = self.mirror.against(is_buy=is_buy).best_key()
        return best is not None and best <= (limit if is_buy else -limit)

    def _enter(self, order: Order) -> None:
        """Take what there is; what is left rests, or ends if it may not."""
        shape, limit = order.shape, order.limit or order.terms.protection
        bound = (limit if order.is_buy else -limit) if limit else ANY_PRICE
        if shape.post_only and self._reaches(order.is_buy, order.limit):
            self._cancel(order, CancelReason.WOULD_TAKE)
            return
        if not self.mirror.is_stale and (not shape.whole or self._fits(order, bound)):
            if order.budget:
                self._spend(order, bound)
                return
            self._took(order, self._take(order, bound))
            if order.place is GONE:
                return
        if shape.rests:
            self._rest(order)
        elif shape.limit or shape.whole:
            self._cancel(order, CancelReason.NOT_FILLED_AT_ONCE)
        else:
            self._cancel(order, CancelReason.NO_LIQUIDITY)

    def _take(self, taker: Order, bound: int) -> int:
        """Take from level after level; the price of the first, 0: there was none."""
        first = 0
        for key, lots in self.mirror.against(is_buy=taker.is_buy).within(bound):
            if not taker.leaves:
                break
            first = first or abs(key)
            self._take_from(taker, key, min(lots, taker.leaves))
        return first

    def _take_from(self, taker: Order, key: int, lots: int) -> None:
        """Take lots of one level."""
        price = abs(key)
        self.mirror.against(is_buy=taker.is_buy).take(key, lots)
        taker.leaves -= lots
        taker.executed += lots
        if taker.budget:
            taker.budget -= lots * price
        trade_id, self.next_trade_id = self.next_trade_id, self.next_trade_id + 1
        self._out.append(
            Trade(
                at=self.now,
                trade_id=trade_id,
                price=price,
                lots=lots,
                aggressor=taker.terms.side,
                maker_id="",
                taker_id=taker.order_id,
                maker_owner=MARKET,
                taker_owner=taker.owner,
                maker_leaves=0,
                taker_leaves=taker.leaves,
            )
        )

    def _took(self, taker: Order, first: int) -> None:
        """After a sweep: it triggers nothing, as triggers go by the venue's own trades."""
        if first:
            self._filled(taker)

    def _fits(self, taker: Order, bound: int) -> bool:
        """Whether an order could be filled completely now."""
        lots, budget = taker.leaves, taker.budget
        for key, available in self.mirror.against(is_buy=taker.is_buy).within(bound):
            price = abs(key)
            if available >= (budget // price if taker.budget else lots):
                return True
            lots -= available
            budget -= available * price
        return False

    def _spend(self, taker: Order, bound: int) -> None:
        """Spend a budget level by level."""
        price, is_spent = 0, False
        for key, available in self.mirror.against(is_buy=taker.is_buy).within(bound):
            price = abs(key)
            taker.leaves = taker.budget // price
            is_spent = not taker.leaves
            if is_spent:
                break
            self._take_from(taker, key, min(available, taker.leaves))
        is_spent = is_spent or taker.budget < price
        if taker.executed and is_spent:
            self._write_off(taker)
            self._out.append(Spent(self.now, taker.order_id, taker.executed, taker.budget))
            self._filled(taker)
            return
        reason = CancelReason.BUDGET_TOO_SMALL if is_spent else CancelReason.NO_LIQUIDITY
        self._cancel(taker, reason)

    # Orders that rest, and their queues.

    def _rest(self, order: Order) -> None:
        super()._rest(order)
        self._queue_up(order)

    def _queue_up(self, order: Order) -> None:
        """Note the lots in front of an order."""
        mirror = self.mirror
        ahead = None
        if not mirror.is_stale:
            ahead = mirror.side(is_buy=order.is_buy).displayed(_key(order))
        order.ahead = UNMEASURED if ahead is None else ahead
        self._queue[order.order_id] = QueuePlace(mirror.at)

    def _place(self, order: Order) -> QueuePlace:
        """The place of an order in the queue; a restored one begins with its saved ``ahead``."""
        return self._queue.setdefault(order.order_id, QueuePlace())

    def _forget(self, order: Order) -> None:
        super()._forget(order)
        self._queue.pop(order.order_id, None)

    def _measure(self, side: BookSide, offers: Offers, touched: list[int] | None) -> None:
        """Move resting orders forward where fewer lots are displayed; ``None``: look everywhere."""
        levels, at = side.levels, self.mirror.at
        is_everywhere = touched is None or len(touched) > len(levels)
        for key in list(levels) if is_everywhere else touched or ():
            level: PriceLevel | None = levels.get(key)
            if level is None:
                continue
            displayed = offers.displayed(key)
            if displayed is None:
                continue
            for order in level:
                if displayed < order.ahead:
                    self._place(order).measure(order, displayed, at)

    def _meet_all(self, side: BookSide, offers: Offers) -> None:
        """Fill what rests at or beyond the best price the other side displays."""
        best = offers.best_key()
        if best is None:
            return
        for level in list(takewhile(lambda level: best <= -level.key, side)):
            for order in list(level):
                self._meet(order, offers, -level.key)

    def _meet(self, order: Order, offers: Offers, bound: int) -> None:
        """Fill one order, at its own price, from what is displayed there or beyond."""
        for key, lots in offers.within(bound):
            if order.place is not BOOK:
                break
            offers.take(key, self._fill(order, lots))

    def _hit(self, side: BookSide, key: int, lots: int, at: int) -> None:
        """Share the lots of a trade among the orders it reaches: best price first, then oldest."""
        for level in list(takewhile(lambda level: level.key <= key, side)):
            for order in list(level):
                if order.place is not BOOK:
                    continue
                if level.key < key:
                    room = lots if self._place(order).passed_by(order, at) else 0
                else:
                    room = min(order.shown, self._past_the_queue(order, lots, at))
                if room:
                    lots -= self._fill(order, room)
                if not lots:
                    return

    def _past_the_queue(self, order: Order, lots: int, at: int) -> int:
        """The lots of a trade at an order's price that are left when the trade comes to it."""
        place, mirror = self._place(order), self.mirror
        if order.ahead == UNMEASURED and not mirror.is_stale:
            displayed = mirror.side(is_buy=order.is_buy).displayed(_key(order))
            if displayed is not None:
                place.measure(order, displayed, mirror.at)
        return place.reached_by(order, lots, at)

    def _fill(self, order: Order, lots: int) -> int:
        """Fill a resting order as far as lots go; returns how far they went."""
        rest = lots
        while rest and order.place is BOOK:
            part = min(rest, order.shown)
            rest -= part
            self._execute(order, part)
            self._tell(order, part)
            self._filled(order)
        return lots - rest

    def _execute(self, order: Order, lots: int) -> None:
        """Take lots off what an order shows; it may stand anywhere in the book."""
        side = self.book.side(order)
        is_all_shown = lots == order.shown
        if is_all_shown:
            side.remove(order)
        else:
            side.levels[_key(order)].lots -= lots
        order.leaves -= lots
        order.executed += lots
        order.shown -= lots
        if is_all_shown and order.leaves:
            order.show()
            side.add(order)
            self._queue_up(order)

    def _tell(self, maker: Order, lots: int) -> None:
        trade_id, self.next_trade_id = self.next_trade_id, self.next_trade_id + 1
        self._out.append(
            Trade(
                at=self.now,
                trade_id=trade_id,
                price=maker.limit,
                lots=lots,
                aggressor=OrderSide.SELL if maker.is_buy else OrderSide.BUY,
                maker_id=maker.order_id,
                taker_id="",
                maker_owner=maker.owner,
                taker_owner=MARKET,
                maker_leaves=maker.leaves,
                taker_leaves=0,
            )
        )

    # Differences that a stale book makes.

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
        """As in the engine, but for held orders: the book may be fresh when they are released."""
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
        """Have the orders that were triggered meanwhile matched, in the order of acceptance."""
        latched, self._latched = self._latched, {}
        for sequence in sorted(latched):
            order = latched[sequence]
            if order.place is STOPS:
                self.stops.remove(order)
                order.place = MOVING
                self._agenda.append(order)


def _key(order: Order) -> int:
    return -order.limit if order.is_buy else order.limit
