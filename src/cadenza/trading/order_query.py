"""Questions to the store, and the pages it answers with."""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.models import OrderSide, OrderStatus, OrderType
from cadenza.trading.orders.state import Execution, OrderState

MOST_A_PAGE: Final = 1000
"""The largest ``limit``; a larger one is cut down to it."""


class OrderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, and which of them first. Conditions that are not given let everything pass.

    Attributes:
        account_ids: The accounts the caller may see; orders of others are never found.
        order_id: This one.
        client_order_id: With this client's name; there may be several.
        list_id: Of this order list.
        instrument_id: Of this instrument.
        side: BUY or SELL.
        type: This type.
        statuses: In one of these.
        start_ms: Created at or after, milliseconds UTC.
        end_ms: Created at or before; ``None``: no end.
        cursor: Continue after the order with this number; ``None``: from the beginning.
        offset: How many to skip.
        limit: How many at most, 1 to `MOST_A_PAGE`.
        ascending: Oldest first; else newest first.
    """

    account_ids: tuple[str, ...]
    order_id: str = ""
    client_order_id: str = ""
    list_id: str = ""
    instrument_id: str = ""
    side: OrderSide | None = None
    type: OrderType | None = None
    statuses: tuple[OrderStatus, ...] = ()
    start_ms: int = 0
    end_ms: int | None = None
    cursor: int | None = None
    offset: int = 0
    limit: int = 50
    ascending: bool = False


class OrderPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a query found.

    Attributes:
        orders: In the order asked for; the caller's own copies.
        total: How many there are without cursor, offset and limit.
        next_cursor: The ``cursor`` of the next page; ``None``: there is no more.
    """

    orders: tuple[OrderState, ...]
    total: int
    next_cursor: int | None = None


class ExecutionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions, and which of them first; see `OrderQuery`.

    Attributes:
        account_ids: The accounts the caller may see.
        order_ids: Of these orders; none: of all.
        instrument_id: Of this instrument.
        start_ms: Executed at or after, milliseconds UTC.
        end_ms: Executed at or before; ``None``: no end.
        cursor: Continue after the execution with this number.
        limit: How many at most, 1 to `MOST_A_PAGE`.
        ascending: Oldest first; else newest first.
    """

    account_ids: tuple[str, ...]
    order_ids: tuple[str, ...] = ()
    instrument_id: str = ""
    start_ms: int = 0
    end_ms: int | None = None
    cursor: int | None = None
    limit: int = 50
    ascending: bool = False


class ExecutionPage(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what a query found.

    Attributes:
        executions: In the order asked for.
        next_cursor: The ``cursor`` of the next page; ``None``: there is no more.
    """

    executions: tuple[Execution, ...]
    next_cursor: int | None = None


def clamp(limit: int) -> int:
    """A limit within its bounds."""
    return max(1, min(limit, MOST_A_PAGE))
