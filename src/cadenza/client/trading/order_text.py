"""An order in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.models import QuantityType

if TYPE_CHECKING:
    from cadenza.client.trading.order_view import OrderView


def describe(order: OrderView) -> str:
    """What a trader wants to see of it in a notebook."""
    asset = ""
    if order.quantity_type is QuantityType.QUOTE:
        asset = f" {order.instrument.rpartition('/')[2]} of"
    price = "" if order.price is None else f" at {order.price}"
    stop = "" if order.stop_price is None else f" stop {order.stop_price}"
    filled = ""
    if order.filled_quantity:
        filled = f", {order.filled_quantity} filled at {order.average_price}"
    why = order.cancel_reason or order.reject_reason
    ended = f" ({why})" if why else ""
    return (
        f"<Order {order.status.value}{ended}: {order.side.value} {order.quantity}{asset}"
        f" {order.instrument} {order.type.value}{price}{stop}{filled}; {order.order_id}>"
    )
