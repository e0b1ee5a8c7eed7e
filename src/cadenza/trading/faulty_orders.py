"""Orders with a fault: rejected, or filled in part, on purpose and by ordinary means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from cadenza.models import TimeInForce
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.orders.faults import OrderFault

if TYPE_CHECKING:
    from cadenza.trading.exchange.exchange import Exchange
    from cadenza.trading.exchange.placement import Placed
    from cadenza.trading.exchange.traded_instrument import Desk

FAULT: Final = "FAULT_INJECTED"
"""Cancel reason of what a partial fill on purpose leaves."""


def tell_faulty(exchange: Exchange, desk: Desk, placed: Placed, fault: OrderFault) -> None:
    """Bring orders to their engine as far as a fault lets them.

    A partial fill is for single orders with a quantity that can trade at once: what the fault
    withholds the engine never hears of, and what is left in the end is cancelled.
    """
    clearing, now = exchange.clearing, exchange.now()
    if fault.reject:
        for order in placed.orders:
            clearing.reject(order, fault.reject, now)
        clearing.journal.touch()
        return
    order, command = placed.orders[0], placed.command
    if fault.fill_permille is None or not isinstance(command, Submit) or not _takes(command):
        exchange.tell(desk, command)
        return
    some = fault.lots(order.leaves)
    order.withheld = order.leaves - some
    if some:
        at_once = msgspec.structs.replace(
            command, lots=some, visible=0, expire_at=0, time_in_force=TimeInForce.IOC
        )
        exchange.tell(desk, at_once)
    if order.state.order_id in clearing.live:
        clearing.cancel(order, FAULT, now)
        clearing.journal.touch()


def _takes(command: Submit) -> bool:
    """Whether an order has a quantity and may trade as soon as it comes."""
    shape = SHAPES[command.type, command.time_in_force]
    return bool(command.lots) and not (shape.waits or shape.post_only)
