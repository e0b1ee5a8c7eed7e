"""How an order that rests on a mirrored venue is filled.

In two ways. The venue's trades at its price eat those in front of it and then fill it, and trades
beyond its price fill it at once; a lot traded fills one user's lot at most, the best price first,
then the earliest order. And an update that displays the other side at its price or beyond fills it
at its own price, up to the lots displayed. The two do not count a lot twice: a trade tells of lots
an aggressor has spent, the display of lots that are still to be had.

An iceberg order queues with the part it shows; each next part queues anew behind all displayed.
"""

from __future__ import annotations

from itertools import takewhile

from cadenza.models import OrderSide
from cadenza.trading.matching.book import BookSide
from cadenza.trading.matching.engine import DEFAULT_MAX_ORDERS
from cadenza.trading.matching.events import Trade
from cadenza.trading.matching.order import BOOK, Order
from cadenza.trading.mirrored.offers import MirroredBook, Offers
from cadenza.trading.mirrored.queue import UNMEASURED, QueuePlace
from cadenza.trading.mirrored_taking import MARKET, MirroredTaking
from cadenza.trading.price_level import PriceLevel


class MirroredResting(MirroredTaking):
    """The resting half of `MirroredEngine`."""

    def __init__(
        self,
        mirror: MirroredBook,
        *,
        first_trade_id: int = 1,
        max_orders: int = DEFAULT_MAX_ORDERS,
    ) -> None:
        super().__init__(mirror, first_trade_id=first_trade_id, max_orders=max_orders)
        self._queue: dict[str, QueuePlace] = {}

    def _rest(self, order: Order) -> None:
        super()._rest(order)
        self._queue_up(order)

    def _queue_up(self, order: Order) -> None:
        """Note what an order has in front of it."""
        mirror = self.mirror
        ahead = None
        if not mirror.is_stale:
            ahead = mirror.side(is_buy=order.is_buy).displayed(_key(order))
        order.ahead = UNMEASURED if ahead is None else ahead
        self._queue[order.order_id] = QueuePlace(mirror.at)

    def _place(self, order: Order) -> QueuePlace:
        """Its place in the queue; one that was restored begins with its saved ``ahead``."""
        return self._queue.setdefault(order.order_id, QueuePlace())

    def _forget(self, order: Order) -> None:
        super()._forget(order)
        self._queue.pop(order.order_id, None)

    def _measure(self, side: BookSide, offers: Offers, touched: list[int] | None) -> None:
        """See whether fewer lots are ahead of resting orders; ``None``: look everywhere."""
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
        """How many lots of a trade at an order's price are left when they come to it."""
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


def _key(order: Order) -> int:
    return -order.limit if order.is_buy else order.limit
