"""Open orders that no engine has: their instrument is not listed, or not as it was."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

from cadenza.trading.exchange.traded_instrument import Desk
from cadenza.trading.orders.state import OrderState

logger: Final = logging.getLogger("cadenza.trading")


class ParkedOrders:
    """What a store had open, until the instruments come; it can be cancelled meanwhile."""

    def __init__(self) -> None:
        self._orders: dict[str, dict[str, OrderState]] = {}

    def __iter__(self) -> Iterator[OrderState]:
        for orders in self._orders.values():
            yield from orders.values()

    def add(self, orders: Iterable[OrderState]) -> None:
        """Keep orders."""
        for order in orders:
            self._orders.setdefault(order.instrument_id, {})[order.order_id] = order

    def remove(self, order: OrderState) -> bool:
        """Let go of an order; whether it was here."""
        return self._orders.get(order.instrument_id, {}).pop(order.order_id, None) is not None

    def take(self, desk: Desk) -> list[OrderState]:
        """The orders for an instrument that is listed now, by number.

        Orders are in whole ticks and lots: those that came when the steps were others stay parked.
        """
        ticks, lots = desk.listing.ticks.step, desk.listing.lots.step
        mine = self._orders.pop(desk.instrument_id, {})
        fitting = [it for it in mine.values() if (it.tick, it.lot) == (ticks, lots)]
        others = [it for it in mine.values() if (it.tick, it.lot) != (ticks, lots)]
        if others:
            self.add(others)
            logger.warning(
                "%d open orders of %s came with other steps (%s, %s) and can only be cancelled",
                len(others),
                desk.instrument_id,
                others[0].tick,
                others[0].lot,
            )
        return fitting
