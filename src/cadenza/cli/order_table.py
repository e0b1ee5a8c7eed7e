"""Orders as commands print them: a table, JSON, or a line for each change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import cadenza
from cadenza.cli.output import emit, emit_table, json_line, plain, safe

_COLUMNS: Final = (
    "order",
    "instrument",
    "side",
    "type",
    "price",
    "quantity",
    "filled",
    "average",
    "status",
)


def emit_orders(orders: Iterable[cadenza.Order], *, as_json: bool) -> None:
    """Print orders as a table, or as JSON, one a line."""
    rows = [_fields(order) for order in orders]
    if not as_json:
        emit_table(_COLUMNS, rows)
        return
    for row in rows:
        emit(json_line(row))


def emit_change(order: cadenza.Order, *, as_json: bool) -> None:
    """Print what an order is now in one line."""
    fields = _fields(order)
    words = (str(fields[name]) for name in _COLUMNS if fields[name] is not None)
    emit(json_line(fields) if as_json else safe(" ".join(words)))


def _fields(order: cadenza.Order) -> dict[str, Any]:
    """An order as JSON has it; the table shows some of it."""
    fields: dict[str, Any] = {
        "order": order.order_id,
        "client_order_id": order.client_order_id,
        "instrument": order.instrument,
        "side": order.side.value,
        "type": order.type.value,
        "price": order.price,
        "stop_price": order.stop_price,
        "quantity": order.quantity,
        "quantity_type": order.quantity_type.value,
        "filled": order.filled_quantity,
        "average": order.average_price,
        "time_in_force": order.time_in_force.value,
        "status": order.status.value,
        "updated_at": order.updated_at,
    }
    reason = order.cancel_reason or order.reject_reason
    shown: dict[str, Any] = plain({**fields, "reason": reason} if reason else fields)
    return shown
