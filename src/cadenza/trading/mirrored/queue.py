"""The place of an order in the queue of a mirrored venue, which does not know of it.

An order that starts to rest has all lots in front of it that its price displays then (``ahead``).
Trades at the price eat them; and when less is displayed than was ahead, some in front have left.

A trade and the update it causes are two messages about the same lots, and they come in either
order. If the trade comes first, it eats, and the update lowers nothing further. If the update comes
first, what it takes away may be that trade, so it is noted as ``owed``: a trade that is not later
than the update (by the venue's clock) pays what is owed before it eats.
"""

from __future__ import annotations

from typing import Final

from cadenza.trading.matching.order import Order
from cadenza.trading.matching.rules import MAX_UNITS

UNMEASURED: Final = MAX_UNITS
"""Lots ahead of an order whose price was out of sight; no trade at the price gets past them."""


class QueuePlace:
    """The place of one resting order, beside its ``ahead``.

    Attributes:
        since: The venue's time of the book in which the order was measured first: a trade that is
            not later is in that book already.
        owed: Lots that updates have taken from ``ahead`` and no trade has explained.
        owed_at: The venue's time of the last of these updates.
    """

    __slots__ = ("owed", "owed_at", "since")

    def __init__(self, since: int = 0) -> None:
        self.since = since
        self.owed = 0
        self.owed_at = 0

    def __repr__(self) -> str:
        return f"QueuePlace(since {self.since}, owed {self.owed} at {self.owed_at})"

    def measure(self, order: Order, displayed: int, at: int) -> None:
        """Note the lots that the order's price displays; they never move the order back."""
        ahead = order.ahead
        if displayed >= ahead:
            return
        order.ahead = displayed
        if ahead == UNMEASURED:
            self.since = at
        else:
            self.owed += ahead - displayed
            self.owed_at = at

    def restart(self, at: int) -> None:
        """Note that the venue's time has restarted, so that earlier times mean nothing."""
        self.since = at
        self.owed = self.owed_at = 0

    def reached_by(self, order: Order, lots: int, at: int) -> int:
        """The lots of a trade at the order's price that get past those in front of it.

        Args:
            order: The order that has this place; its ``ahead`` is lowered.
            lots: Lots of the trade, less what users' orders in front of this one took of it.
            at: The venue's time of the trade.
        """
        if at <= self.since or order.ahead == UNMEASURED:
            return 0
        if at <= self.owed_at:
            paid = min(self.owed, lots)
            self.owed -= paid
            lots -= paid
        else:
            self.owed = 0
        eaten = min(lots, order.ahead)
        order.ahead -= eaten
        return lots - eaten

    def passed_by(self, order: Order, at: int) -> bool:
        """Note a trade beyond the order's price: nobody is in front any more.

        Returns:
            Whether the order was there by then.
        """
        if at <= self.since:
            return False
        order.ahead = self.owed = 0
        return True
