"""Requests about orders: to submit, change, cancel and find them, over RPC and REST."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import (
    ContingencyType,
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityRounding,
    QuantityType,
    TimeInForce,
)
from cadenza.models.envelope import PageRequest
from cadenza.models.order import RpcTradeOrder
from cadenza.models.scalars import Dec, Iso, Millis, Moment, Offset, PageSize, Uuid


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


class RpcSubmitTradeOrderParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The parameters of ``command.trade_order.submit``."""

    trade_order: RpcTradeOrder
    trading_account_id: Uuid
    idempotency_key: str | UnsetType = UNSET
    await_closed: bool = False


class RpcSaveTradeOrderParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An order that exists, with new terms: its ``tradeOrderId`` must be there."""

    trade_order: RpcTradeOrder


class AmendTradeOrderRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Which order to change, by one of its three ids, and its new terms; an extension.

    What is not given stays. ``quantity`` is the whole new one, with what is executed already.
    """

    trading_account_id: Uuid
    trade_order_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    external_order_id: str | UnsetType = UNSET
    quantity: Dec | UnsetType = UNSET
    limit_price: Dec | UnsetType = UNSET
    stop_price: Dec | UnsetType = UNSET


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


class CancelAllTradeOrdersRequest(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Whose open orders to cancel, of one instrument or side if one is named; an extension."""

    trading_account_id: Uuid
    instrument_id: str | UnsetType = UNSET
    order_side: OrderSide | UnsetType = UNSET


class RpcGetTradeOrderParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """One order by one of its three ids; without an account, of any the caller may look at."""

    trade_order_id: Uuid | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    external_order_id: str | UnsetType = UNSET


class RpcGetTradeOrderByIdParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One order by its id."""

    trade_order_id: Uuid


class RpcListTradeOrdersParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Orders that fit every filter; the times are of creation, both inclusive.

    ``client_order_id``, ``order_list_id`` and ``ascending`` are Cadenza's additions.
    """

    trade_order_id: Uuid | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    order_list_id: str | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    side: OrderSide | UnsetType = UNSET
    order_type: OrderType | UnsetType = UNSET
    status: OrderStatus | UnsetType = UNSET
    start_time: Iso | UnsetType = UNSET
    end_time: Iso | UnsetType = UNSET
    pagination: PageRequest = PageRequest()
    ascending: bool = False


class ListTradeOrdersQuery(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The query of ``GET tradeOrder/list``.

    ``client_order_id``, ``order_side`` and ``order_type`` are Cadenza's additions.
    """

    trade_order_id: Uuid | UnsetType = UNSET
    order_list_id: str | UnsetType = UNSET
    external_order_list_id: str | UnsetType = UNSET
    order_status: OrderStatus | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    order_side: OrderSide | UnsetType = UNSET
    order_type: OrderType | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    end_time: Moment | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET
    ascending: bool = False


class RpcListTradeExecutionsParams(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """Executions that fit every filter; an extension. Its pages go by cursor only."""

    trading_account_id: Uuid | UnsetType = UNSET
    trade_order_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    start_time: Iso | UnsetType = UNSET
    end_time: Iso | UnsetType = UNSET
    pagination: PageRequest = PageRequest()
    ascending: bool = False


class ListTradeExecutionsQuery(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The query of ``GET tradeOrder/execution/list``; an extension. Its pages go by cursor."""

    trading_account_id: Uuid | UnsetType = UNSET
    trade_order_id: Uuid | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    start_time: Moment | UnsetType = UNSET
    end_time: Moment | UnsetType = UNSET
    limit: PageSize = 50
    cursor: str | UnsetType = UNSET
    ascending: bool = False
