"""One fill of one order, with numbers as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from msgspec import UNSET, UnsetType

from cadenza.client.fields import decimal_of, text_of
from cadenza.client.raw import millis
from cadenza.models import OrderSide, RpcSecurityQuantity, RpcTradeExecution


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill.

    Attributes:
        execution_id: Unique.
        order_id: Whose.
        client_order_id: The owner's name of that order; may be empty.
        instrument: ``VENUE:BASE/QUOTE``.
        side: Of the order.
        quantity: In the base asset.
        price: In the quote asset.
        cost: Price times quantity, fees not included.
        fees: By asset; negative is a rebate.
        is_maker: Whether the order was resting.
        at: Milliseconds since the epoch, UTC.
        raw: As the venue sent it.
    """

    execution_id: str
    order_id: str
    client_order_id: str
    instrument: str
    side: OrderSide
    quantity: Decimal
    price: Decimal
    cost: Decimal
    fees: Mapping[str, Decimal]
    is_maker: bool
    at: int
    raw: Any = field(repr=False, compare=False)

    def __repr__(self) -> str:
        role = "maker" if self.is_maker else "taker"
        return (
            f"<Execution {self.side.value} {self.quantity} {self.instrument} at {self.price},"
            f" {role}>"
        )


def execution_of(data: RpcTradeExecution, raw: Any) -> Execution:
    """An execution of the wire."""
    return Execution(
        execution_id=text_of(data.execution_id),
        order_id=text_of(data.trade_order_id),
        client_order_id=text_of(data.client_order_id),
        instrument=text_of(data.instrument_id),
        side=OrderSide.UNKNOWN if data.order_side is UNSET else data.order_side,
        quantity=decimal_of(data.executed_quantity),
        price=decimal_of(data.executed_price),
        cost=decimal_of(data.executed_cost),
        fees=fees_of(data.fees),
        is_maker=data.is_maker is True,
        at=millis(data.executed_at),
        raw=raw,
    )


def fees_of(fees: Iterable[RpcSecurityQuantity] | UnsetType) -> dict[str, Decimal]:
    """Fees of the wire, by asset."""
    if fees is UNSET:
        return {}
    return {text_of(fee.asset): decimal_of(fee.quantity) for fee in fees}
