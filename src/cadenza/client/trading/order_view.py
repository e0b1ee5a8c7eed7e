"""What an order says of itself, with numbers as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from msgspec import UNSET

from cadenza.client.fields import ZERO, decimal_of, optional_decimal, text_of
from cadenza.client.raw import millis, opened
from cadenza.client.trading.execution import Execution, fees_of
from cadenza.client.trading.order_text import describe
from cadenza.models import (
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityType,
    RpcTradeOrder,
    TimeInForce,
)

FINAL: Final = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.REVOKED,
    }
)
"""Statuses that nothing follows."""


class OrderView:
    """The facts of an order."""

    def __init__(self, data: RpcTradeOrder, raw: Any) -> None:
        self.order_id: Final = text_of(data.trade_order_id)
        self._data = data
        self._raw = raw
        self._status = status_of(data)
        self._is_gone = False
        self._executions: dict[str, Execution] = {}

    @property
    def status(self) -> OrderStatus:
        """Where it is in its life."""
        return self._status

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self._status not in FINAL and not self._is_gone

    @property
    def client_order_id(self) -> str:
        """Its owner's name for it; empty where it has none."""
        return text_of(self._data.client_order_id)

    @property
    def instrument(self) -> str:
        """``VENUE:BASE/QUOTE``."""
        return text_of(self._data.instrument_id)

    @property
    def side(self) -> OrderSide:
        """BUY or SELL."""
        side = self._data.order_side
        return OrderSide.UNKNOWN if side is UNSET else side

    @property
    def type(self) -> OrderType:
        """How it is priced."""
        kind = self._data.order_type
        return OrderType.UNKNOWN if kind is UNSET or kind is None else kind

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it stays good."""
        found = self._data.time_in_force
        return TimeInForce.UNKNOWN if found is UNSET or found is None else found

    @property
    def price(self) -> Decimal | None:
        """Its limit; ``None`` where it has none."""
        return optional_decimal(self._data.limit_price)

    @property
    def stop_price(self) -> Decimal | None:
        """Its trigger; ``None`` where it has none."""
        return optional_decimal(self._data.stop_price)

    @property
    def quantity(self) -> Decimal:
        """All of it, with what is filled; in the base asset unless ``quantity_type`` is QUOTE."""
        return decimal_of(self._data.quantity)

    @property
    def quantity_type(self) -> QuantityType:
        """What ``quantity`` counts."""
        kind = self._data.quantity_type
        return QuantityType.BASE if kind is UNSET else kind

    @property
    def filled_quantity(self) -> Decimal:
        """What is executed, in the base asset."""
        return decimal_of(self._data.executed_quantity)

    @property
    def remaining(self) -> Decimal:
        """What is not, in what ``quantity`` counts; an order that has ended keeps it."""
        is_quote = self.quantity_type is QuantityType.QUOTE
        return max(self.quantity - (self.cost if is_quote else self.filled_quantity), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Of what is filled; ``None`` while nothing is."""
        return decimal_of(self._data.executed_price) if self.filled_quantity else None

    @property
    def cost(self) -> Decimal:
        """What was filled, in the quote asset, fees not included."""
        return decimal_of(self._data.executed_cost)

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """Of all fills, by asset."""
        return fees_of(self._data.fees)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """The fills that are known, oldest first; see ``has_all_executions``."""
        by_time = sorted(self._executions.values(), key=lambda it: (it.at, it.execution_id))
        return tuple(by_time)

    @property
    def has_all_executions(self) -> bool:
        """Whether ``executions`` come to ``filled_quantity``.

        They do not where an order was partly filled before the account was followed:
        ``Account.load_executions`` asks for the rest.
        """
        known = sum((one.quantity for one in self._executions.values()), ZERO)
        return known == self.filled_quantity

    @property
    def order_list_id(self) -> str:
        """Of the orders that came with it (OCO, OTO, OTOCO); empty where there are none."""
        return text_of(self._data.order_list_id)

    @property
    def reject_reason(self) -> str:
        """Why it was rejected; empty if it was not."""
        return text_of(self._data.reject_reason)

    @property
    def cancel_reason(self) -> str:
        """Why it ended early; empty if it did not."""
        return "UNKNOWN_ORDER" if self._is_gone else text_of(self._data.cancel_reason)

    @property
    def created_at(self) -> int:
        """Milliseconds since the epoch, UTC."""
        return millis(self._data.created_at)

    @property
    def updated_at(self) -> int:
        """The same, of the last change."""
        return millis(self._data.updated_at)

    @property
    def expire_at(self) -> int | None:
        """When it ends by itself, milliseconds since the epoch, UTC; ``None``: never."""
        return millis(self._data.expire_at) or None

    @property
    def data(self) -> RpcTradeOrder:
        """Everything that the venue says of it."""
        return self._data

    @property
    def raw(self) -> Any:
        """The venue's last words on it, decoded from JSON."""
        return opened(self._raw)

    def __repr__(self) -> str:
        return describe(self)


def status_of(data: RpcTradeOrder) -> OrderStatus:
    """The status of the wire."""
    status = data.status
    return OrderStatus.UNKNOWN if status is UNSET or status is None else status
