"""The ends of orders, for those who wait for them."""

from __future__ import annotations

import asyncio

from cadenza.trading.orders.state import OrderState


class Endings:
    """Futures of the ends of orders, one for all who wait for the same order."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def of(self, order: OrderState) -> asyncio.Future[None]:
        """Done when an open order ends: decided, not yet durable. It must not be cancelled."""
        future = self._waiting.get(order.order_id)
        if future is None:
            future = asyncio.get_running_loop().create_future()
            self._waiting[order.order_id] = future
        return future

    def ended(self, order: OrderState) -> None:
        """An order is over."""
        if self._waiting:
            future = self._waiting.pop(order.order_id, None)
            if future is not None:
                future.set_result(None)
