"""New terms for an order that is open."""

from __future__ import annotations

from cadenza.trading.crossing import Crossing
from cadenza.trading.matching.commands import Amend
from cadenza.trading.matching.events import Refused, RejectReason, Replaced
from cadenza.trading.matching.order import BOOK, HELD, MOVING, STOPS, Order
from cadenza.trading.matching.rules import MAX_UNITS
from cadenza.trading.order_status import AFTER_REPLACE


class Amending(Crossing):
    """What happens to an order that is amended, wherever it stands."""

    def _reaches(self, is_buy: bool, limit: int) -> bool:
        """Whether an order at this price would trade."""
        best = (self.book.asks if is_buy else self.book.bids).best
        return best is not None and best.key <= (limit if is_buy else -limit)

    def _amend(self, command: Amend) -> None:
        order = self.orders.get(command.order_id)
        if order is None:
            self._refuse(command.order_id, RejectReason.UNKNOWN_ORDER)
            return
        reason = self._amend_objection(order, command)
        if reason is not None:
            self._refuse(command.order_id, reason)
            return
        lots, limit = command.lots or order.lots, command.limit or order.limit
        keeps = order.place is not BOOK or (lots <= order.lots and limit == order.limit)
        if order.place is BOOK and keeps:
            if lots < order.lots:
                self.book.side(order).reduce(order, order.lots - lots)
            order.lots = lots
            self._replaced(order, kept=True)
            return
        self._change(order, lots, limit, command.stop or order.stop, kept=keeps)

    def _amend_objection(self, order: Order, command: Amend) -> RejectReason | None:
        """What speaks against new terms."""
        if not 0 <= command.lots <= MAX_UNITS:
            return RejectReason.BAD_QUANTITY
        if command.lots and order.terms.budget:
            return RejectReason.BAD_QUANTITY  # it has none: it is as large as its budget allows
        if 0 < command.lots <= order.executed + order.cancelled:
            return RejectReason.BELOW_EXECUTED
        if not 0 <= command.limit <= (MAX_UNITS if order.shape.limit else 0):
            return RejectReason.BAD_LIMIT
        is_waiting = order.place is not BOOK
        if not 0 <= command.stop <= (MAX_UNITS if order.shape.stop and is_waiting else 0):
            return RejectReason.BAD_STOP
        moves = command.limit and command.limit != order.limit
        if order.shape.post_only and moves and order.place is BOOK:
            return RejectReason.WOULD_TAKE if self._reaches(order.is_buy, command.limit) else None
        return None

    def _change(self, order: Order, lots: int, limit: int, stop: int, *, kept: bool) -> None:
        """Take an order out, give it its new terms, and let it go in again."""
        place = order.place
        if place is BOOK:
            self.book.side(order).remove(order)
        elif place is STOPS:
            self.stops.remove(order)
        order.leaves += lots - order.lots
        order.lots, order.limit, order.stop = lots, limit, stop
        order.show()
        self._replaced(order, kept=kept)
        if place is HELD:
            return
        order.place = MOVING
        if place is BOOK:
            self._enter(order)
        else:
            self._wait(order)

    def _replaced(self, order: Order, *, kept: bool) -> None:
        order.status = AFTER_REPLACE[order.status]
        self._out.append(
            Replaced(
                self.now, order.order_id, order.lots, order.leaves, order.limit, order.stop, kept
            )
        )

    def _refuse(self, order_id: str, reason: RejectReason) -> None:
        self._out.append(Refused(self.now, order_id, reason))
