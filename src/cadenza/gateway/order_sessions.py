"""Cancel on disconnect: the orders of a connection, for as long as it lives."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

from cadenza.trading.errors import TradingError
from cadenza.trading.orders.request import OrderRef
from cadenza.trading.orders.state import OrderState
from cadenza.trading.venue import PaperVenue

logger: Final = logging.getLogger("cadenza.gateway")


class OrderSessions:
    """Remembers which connection sent which orders, and cancels what is open when it ends.

    Orders over REST belong to no connection. Nor does anything after a restart of the gateway: all
    connections have ended then, but nobody has decided that they would not come back.

    Args:
        venue: Where orders are cancelled.
        is_on: Whether to do all this.
    """

    def __init__(self, venue: PaperVenue, *, is_on: bool) -> None:
        self._venue = venue
        self._is_on = is_on
        self._orders: dict[str, dict[str, OrderState]] = {}

    def submitted(self, client: str, orders: Iterable[OrderState]) -> None:
        """A connection has sent orders; ``client`` is its id, empty over REST."""
        if not self._is_on or not client:
            return
        mine = self._orders.setdefault(client, {})
        for order in [order for order in mine.values() if not order.is_open]:
            del mine[order.order_id]
        mine.update((order.order_id, order) for order in orders if order.is_open)

    def ended(self, client: str) -> None:
        """A connection is over: cancel what it left open."""
        for order in self._orders.pop(client, {}).values():
            account = self._venue.registry.any(order.account_id)
            if account is None or not order.is_open:
                continue
            try:
                self._venue.exchange.cancel(account, OrderRef(order_id=order.order_id))
            except TradingError as error:
                logger.warning("cancel on disconnect of %s: %s", order.order_id, error)
