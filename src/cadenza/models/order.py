"""Orders, their executions and amounts of assets, in REST and RPC shapes."""

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
    Venue,
)
from cadenza.models.scalars import Dec, Iso, Millis, Uuid


class SecurityQuantity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount of an asset at a venue; ``security`` is ``venue:asset``."""

    security: str
    asset: str
    venue: Venue
    quantity: Dec


class RpcSecurityQuantity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount of an asset, as RPC has it."""

    asset: str | UnsetType = UNSET
    quantity: Dec | UnsetType = UNSET


class TradeExecution(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """One fill of one order; ``executed_cost`` is in the quote asset, fees not included."""

    execution_id: Uuid
    venue: Venue
    instrument_id: str
    executed_quantity: Dec
    executed_price: Dec
    executed_cost: Dec
    executed_at: Millis
    external_trade_id: str | UnsetType = UNSET
    order_side: OrderSide | UnsetType = UNSET
    fees: tuple[SecurityQuantity, ...] | UnsetType = UNSET
    executed_at_date_time: Iso | UnsetType = UNSET


class ExecutionRecord(TradeExecution, frozen=True, kw_only=True, rename="camel"):
    """An execution with the order and account it belongs to: the source of both surfaces."""

    trading_account_id: Uuid | UnsetType = UNSET
    trade_order_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    is_maker: bool | UnsetType = UNSET


class RpcTradeExecution(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An execution in the style of RPC.

    The API has no such model: this one is an extension, `TradeExecution` with RFC 3339 times and
    the ids that place it, and it travels as the data of execution events.
    """

    execution_id: Uuid | UnsetType = UNSET
    external_trade_id: str | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    trade_order_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    order_side: OrderSide | UnsetType = UNSET
    executed_quantity: Dec | UnsetType = UNSET
    executed_price: Dec | UnsetType = UNSET
    executed_cost: Dec | UnsetType = UNSET
    fees: tuple[RpcSecurityQuantity, ...] | UnsetType = UNSET
    is_maker: bool | UnsetType = UNSET
    executed_at: Iso | UnsetType = UNSET


class TradeOrder(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An order as REST shows it: milliseconds, with RFC 3339 twins.

    ``executed_price`` is the average price and ``executed_cost`` the total in the quote asset, fees
    not included. ``client_order_id``, ``trailing_distance`` (how far a trailing stop follows the
    market) and ``visible_quantity`` (the part an iceberg shows) are Cadenza's additions. Fields
    without a default are always on the wire, a ``None`` among them as ``null``; the optional ones
    are left out while unset.
    """

    trade_order_id: Uuid
    trading_account_id: Uuid
    venue: Venue
    instrument_id: str
    base_asset: str
    quote_asset: str
    order_side: OrderSide
    order_type: OrderType | None
    time_in_force: TimeInForce | None
    status: OrderStatus | None
    quantity: Dec
    order_quantity_type: QuantityType
    executed_price: Dec
    executed_quantity: Dec
    executed_cost: Dec
    fees: tuple[SecurityQuantity, ...]
    created_at: Millis
    updated_at: Millis
    order_list_id: Uuid | UnsetType = UNSET
    external_order_list_id: str | UnsetType = UNSET
    contingency_type: ContingencyType | UnsetType = UNSET
    position_id: Uuid | UnsetType = UNSET
    quote_id: Uuid | UnsetType = UNSET
    reject_reason: str | UnsetType = UNSET
    cancel_reason: str | UnsetType = UNSET
    limit_price: Dec | UnsetType = UNSET
    stop_price: Dec | UnsetType = UNSET
    take_profit_price: Dec | UnsetType = UNSET
    take_profit_limit_price: Dec | UnsetType = UNSET
    stop_loss_price: Dec | UnsetType = UNSET
    stop_loss_limit_price: Dec | UnsetType = UNSET
    take_profit_time_in_force: TimeInForce | UnsetType = UNSET
    stop_loss_time_in_force: TimeInForce | UnsetType = UNSET
    quantity_rounding: QuantityRounding | UnsetType = UNSET
    executions: tuple[TradeExecution, ...] | UnsetType = UNSET
    created_at_date_time: Iso | UnsetType = UNSET
    updated_at_date_time: Iso | UnsetType = UNSET
    expire_at: Millis | UnsetType = UNSET
    expire_at_date_time: Iso | UnsetType = UNSET
    canceled_at: Millis | UnsetType = UNSET
    canceled_at_date_time: Iso | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    trailing_distance: Dec | UnsetType = UNSET
    visible_quantity: Dec | UnsetType = UNSET


class OrderRecord(TradeOrder, frozen=True, kw_only=True, rename="camel"):
    """An order with what only RPC shows: the source of both surfaces."""

    original_client_order_id: str | UnsetType = UNSET
    external_order_id: str | UnsetType = UNSET
    idempotency_key: str | UnsetType = UNSET
    external_trading_account_id: str | UnsetType = UNSET
    external_symbol: str | UnsetType = UNSET
    quote_currency_quantity: Dec | UnsetType = UNSET
    position_percentage: Dec | UnsetType = UNSET
    executed_percentage: Dec | UnsetType = UNSET
    last_execution_at: Millis | UnsetType = UNSET


class RpcTradeOrder(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """An order as RPC and the account channel show it: RFC 3339 times, every field optional.

    As input of ``command.trade_order.submit`` most fields are left out; as output at least those
    that REST requires are filled. The fields after ``last_execution_at`` are Cadenza's additions,
    with REST's names: what REST can ask for, RPC can too.
    """

    trade_order_id: Uuid | UnsetType = UNSET
    client_order_id: str | UnsetType = UNSET
    original_client_order_id: str | UnsetType = UNSET
    external_order_id: str | UnsetType = UNSET
    idempotency_key: str | UnsetType = UNSET
    trading_account_id: Uuid | UnsetType = UNSET
    external_trading_account_id: str | UnsetType = UNSET
    venue: str | UnsetType = UNSET
    instrument_id: str | UnsetType = UNSET
    external_symbol: str | UnsetType = UNSET
    base_asset: str | UnsetType = UNSET
    quote_asset: str | UnsetType = UNSET
    order_side: OrderSide | UnsetType = UNSET
    order_type: OrderType | UnsetType | None = UNSET
    time_in_force: TimeInForce | UnsetType | None = UNSET
    status: OrderStatus | UnsetType | None = UNSET
    reject_reason: str | UnsetType = UNSET
    cancel_reason: str | UnsetType = UNSET
    limit_price: Dec | UnsetType = UNSET
    stop_price: Dec | UnsetType = UNSET
    quantity: Dec | UnsetType = UNSET
    quantity_type: QuantityType | UnsetType = UNSET
    quantity_rounding: QuantityRounding | UnsetType = UNSET
    quote_currency_quantity: Dec | UnsetType = UNSET
    position_percentage: Dec | UnsetType = UNSET
    executed_price: Dec | UnsetType = UNSET
    executed_quantity: Dec | UnsetType = UNSET
    executed_cost: Dec | UnsetType = UNSET
    executed_percentage: Dec | UnsetType = UNSET
    fees: tuple[RpcSecurityQuantity, ...] | UnsetType = UNSET
    created_at: Iso | UnsetType = UNSET
    updated_at: Iso | UnsetType = UNSET
    expire_at: Iso | UnsetType = UNSET
    canceled_at: Iso | UnsetType = UNSET
    last_execution_at: Iso | UnsetType = UNSET
    trailing_distance: Dec | UnsetType = UNSET
    visible_quantity: Dec | UnsetType = UNSET
    take_profit_price: Dec | UnsetType = UNSET
    take_profit_limit_price: Dec | UnsetType = UNSET
    stop_loss_price: Dec | UnsetType = UNSET
    stop_loss_limit_price: Dec | UnsetType = UNSET
    take_profit_time_in_force: TimeInForce | UnsetType = UNSET
    stop_loss_time_in_force: TimeInForce | UnsetType = UNSET
    order_list_id: Uuid | UnsetType = UNSET
    contingency_type: ContingencyType | UnsetType = UNSET
    quote_id: Uuid | UnsetType = UNSET
