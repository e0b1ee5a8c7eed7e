"""Orders as RPC shows them, encoded: the hot half of every order event and acknowledgement.

What does not change while an order lives is encoded once; the rest is appended. The result is the
JSON of ``view(order_record(order), RpcTradeOrder)``, with the fields in another order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec
from msgspec import UNSET

from cadenza.gateway.trading.order_payloads import Scales, average_price, scales_of
from cadenza.models import QuantityType, RpcTradeOrder, iso_of
from cadenza.trading.ledger.units import AssetScales
from cadenza.trading.orders.state import Execution, OrderState

_encode: Final = msgspec.json.Encoder().encode

KEPT: Final = 50_000
"""Orders whose first half is kept; more are encoded whole when they change."""

_Key = tuple[int, int, int]


class OrderJson:
    """Encodes orders.

    Args:
        assets: Scales of all assets.
    """

    def __init__(self, assets: AssetScales) -> None:
        self._assets = assets
        self._fixed: dict[str, tuple[_Key, bytes]] = {}

    def encode(self, order: OrderState) -> bytes:
        """The order as it is now."""
        key = (order.lots, order.limit, order.stop)
        kept = self._fixed.get(order.order_id)
        scales = scales_of(order.instrument_id, order.tick, order.lot)
        if kept is not None and kept[0] == key:
            fixed = kept[1]
        else:
            fixed = _fixed(order, scales, self._assets)
            if order.is_open and len(self._fixed) < KEPT:
                self._fixed[order.order_id] = (key, fixed)
        if not order.is_open:
            self._fixed.pop(order.order_id, None)
        return fixed + self._changing(order, scales)

    def _changing(self, order: OrderState, scales: Scales) -> bytes:
        quote = scales.id.quote
        text = f',"status":"{order.status.value}","updatedAt":"{iso_of(order.updated_at)}"'
        if order.executed:
            text += (
                f',"executedPrice":"{average_price(order, scales, self._assets)}"'
                f',"executedQuantity":"{scales.lots.format(order.executed)}"'
                f',"executedCost":"{self._assets.format(quote, order.cost)}"'
                f',"lastExecutionAt":"{iso_of(order.last_execution_at)}"'
            )
        else:
            text += _none_executed(scales.lots.format(0))
        if order.fees:
            amount = self._assets.format(quote, order.fees)
            text += f',"fees":[{{"asset":"{quote}","quantity":"{amount}"}}]'
        else:
            text += ',"fees":[]'
        if order.reject_reason:
            text += f',"rejectReason":{_text(order.reject_reason)}'
        if order.cancel_reason:
            text += f',"cancelReason":{_text(order.cancel_reason)}'
            if order.ended_at:
                text += f',"canceledAt":"{iso_of(order.ended_at)}"'
        return text.encode() + b"}"


def execution_json(execution: Execution, order: OrderState, assets: AssetScales) -> bytes:
    """An execution as RPC shows it: the JSON of its view as `RpcTradeExecution`."""
    scales = scales_of(order.instrument_id, order.tick, order.lot)
    quote = scales.id.quote
    fees = "[]"
    if execution.fee:
        fees = f'[{{"asset":"{quote}","quantity":"{assets.format(quote, execution.fee)}"}}]'
    name = ""
    if order.client_order_id:
        name = f'"clientOrderId":{_encode(order.client_order_id).decode()},'
    return (
        f'{{"executionId":"{execution.execution_id}","externalTradeId":"{execution.trade_id}",'
        f'"tradingAccountId":"{execution.account_id}","tradeOrderId":"{execution.order_id}",{name}'
        f'"venue":"{scales.id.venue.value}","instrumentId":"{execution.instrument_id}",'
        f'"orderSide":"{execution.side.value}",'
        f'"executedQuantity":"{scales.lots.format(execution.lots)}",'
        f'"executedPrice":"{scales.ticks.format(execution.price)}",'
        f'"executedCost":"{assets.format(quote, execution.cost)}","fees":{fees},'
        f'"isMaker":{"true" if execution.is_maker else "false"},'
        f'"executedAt":"{iso_of(execution.at)}"}}'
    ).encode()


def _fixed(order: OrderState, scales: Scales, assets: AssetScales) -> bytes:
    """Everything that an amendment alone can change, without the closing brace."""
    found, ticks, lots = scales.id, scales.ticks, scales.lots
    is_quote = order.quantity_type is QuantityType.QUOTE and order.budget
    quantity = assets.format(found.quote, order.budget) if is_quote else lots.format(order.lots)
    return _encode(
        RpcTradeOrder(
            trade_order_id=order.order_id,
            external_order_id=order.order_id,
            client_order_id=order.client_order_id or UNSET,
            idempotency_key=order.idempotency_key or UNSET,
            trading_account_id=order.account_id,
            venue=found.venue,
            instrument_id=order.instrument_id,
            base_asset=found.base,
            quote_asset=found.quote,
            order_side=order.side,
            order_type=order.type,
            time_in_force=order.time_in_force,
            limit_price=ticks.format(order.limit) if order.limit else UNSET,
            stop_price=ticks.format(order.stop) if order.stop else UNSET,
            quantity=quantity,
            quantity_type=QuantityType.QUOTE if is_quote else QuantityType.BASE,
            quantity_rounding=order.rounding,
            created_at=iso_of(order.created_at),
            expire_at=iso_of(order.expire_at) if order.expire_at else UNSET,
            trailing_distance=ticks.format(order.trail) if order.trail else UNSET,
            visible_quantity=lots.format(order.visible) if order.visible else UNSET,
            order_list_id=order.list_id or UNSET,
            contingency_type=order.contingency or UNSET,
            quote_id=order.quote_id or UNSET,
        )
    )[:-1]


@lru_cache(maxsize=64)
def _none_executed(zero: str) -> str:
    return f',"executedPrice":"0","executedQuantity":"{zero}","executedCost":"0"'


@lru_cache(maxsize=256)
def _text(reason: str) -> str:
    """A reason as a JSON string; most are names of an enumeration."""
    return _encode(str(reason)).decode()
