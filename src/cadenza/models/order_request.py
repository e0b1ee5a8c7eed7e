"""What a client sends to submit or cancel an order, over REST and over RPC."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import (
    ContingencyType,
    OrderSide,
    OrderType,
    QuantityRounding,
    QuantityType,
    TimeInForce,
)
from cadenza.models.order import RpcTradeOrder
from cadenza.models.scalars import Dec, Millis, Uuid


class SubmitTradeOrderRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The body of ``POST tradeOrder/submit``.

    ``order_type`` must be there but may be null. ``client_order_id`` serves as idempotency key
    where none is given. ``await_closed`` waits up to one second for the order to end.
    ``trailing_distance`` and ``visible_quantity`` are Cadenza's additions, as no field of the API
    carries the distance of a trailing stop or the shown part of an iceberg.
    """

    trading_account_id: Uuid
    order_side: OrderSide
    order_type: OrderType | None
    quantity: Dec
    instrument_id: str | UnsetType = UNSET
    idempotency_key: str | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    contingency_type: ContingencyType | UnsetType = UNSET
    limit_price: Dec | UnsetType = UNSET
    stop_price: Dec | UnsetType = UNSET
    quantity_type: QuantityType | UnsetType = UNSET
    quantity_rounding: QuantityRounding = QuantityRounding.NONE
    position_id: Uuid | UnsetType = UNSET
    time_in_force: TimeInForce | UnsetType = UNSET
    expire_at: Millis | UnsetType = UNSET
    quote_id: Uuid | UnsetType = UNSET
    leverage: int | UnsetType = UNSET
    await_closed: bool = False
    take_profit_price: Dec | UnsetType = UNSET
    take_profit_limit_price: Dec | UnsetType = UNSET
    stop_loss_price: Dec | UnsetType = UNSET
    stop_loss_limit_price: Dec | UnsetType = UNSET
    take_profit_time_in_force: TimeInForce | UnsetType = UNSET
    stop_loss_time_in_force: TimeInForce | UnsetType = UNSET
    trailing_distance: Dec | UnsetType = UNSET
    visible_quantity: Dec | UnsetType = UNSET


class CancelTradeOrderRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Which order to cancel, over REST and RPC alike: one of the three order ids must be given.

    REST documents ``trade_order_id`` alone; the other two are RPC's, accepted on both.
    """

    trading_account_id: Uuid
    trade_order_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    external_order_id: str | UnsetType = UNSET


class RpcSubmitTradeOrderParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The parameters of ``command.trade_order.submit``."""

    trade_order: RpcTradeOrder
    trading_account_id: Uuid
    idempotency_key: str | UnsetType = UNSET
    await_closed: bool = False
