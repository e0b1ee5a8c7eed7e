"""Whether the orders of a book had their turn: the best price first, then who came first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from support.gateway.crash.ledger import AccountLedger
from support.gateway.crash.orders import is_open

_RESTING = frozenset(("LIMIT", "LIMIT_MAKER"))


def check_turns(
    ledgers: Sequence[AccountLedger],
    before: Sequence[dict[str, dict[str, Any]]],
    taker_id: str,
    side: str,
) -> int:
    """Check which orders one market order has met, and in which order.

    Args:
        ledgers: Of all who had orders in the book.
        before: Their open orders before, in the same order.
        taker_id: The market order.
        side: Its side.

    Returns:
        How many orders were met.
    """
    taken = sorted(
        int(it["externalTradeId"])
        for ledger in ledgers
        for it in ledger.executions.values()
        if it["tradeOrderId"] == taker_id
    )
    makers = {
        int(it["externalTradeId"]): it["tradeOrderId"]
        for ledger in ledgers
        for it in ledger.executions.values()
        if it["tradeOrderId"] != taker_id
    }
    met = [makers[trade] for trade in taken]
    places = {
        order_id: (_distance(order, side), ledger.ranks[order_id])
        for ledger, open_orders in zip(ledgers, before, strict=True)
        for order_id, order in open_orders.items()
        if _rests(order, side) and ledger.ranks[order_id] is not None
    }
    went = [places[order_id] for order_id in met if order_id in places]
    assert went == sorted(went), f"not in their turn: {went}"
    still = [
        place
        for order_id, place in places.items()
        for ledger in ledgers
        if order_id in ledger.orders and is_open(ledger.orders[order_id]) and order_id not in met
    ]
    assert not (went and still) or went[-1] < min(still), f"passed over: {min(still)} by {went[-1]}"
    return len(went)


def _rests(order: dict[str, Any], side: str) -> bool:
    """Whether an order stands in the book where the taker looks, since it was accepted."""
    return order["orderType"] in _RESTING and order["orderSide"] != side


def _distance(order: dict[str, Any], side: str) -> Decimal:
    """What orders are sorted by, the best first."""
    price = Decimal(order["limitPrice"])
    return price if side == "BUY" else -price
