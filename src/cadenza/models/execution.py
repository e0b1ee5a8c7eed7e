"""Executions, and amounts of an asset such as fees."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import OrderSide, Venue
from cadenza.models.instants import Iso
from cadenza.models.scalars import Dec, Millis, Uuid


class RpcSecurityQuantity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount of an asset, as RPC has it."""

    asset: str | UnsetType = UNSET
    quantity: Dec | UnsetType = UNSET


class SecurityQuantity(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An amount of an asset at a venue; ``security`` is ``venue:asset``."""

    security: str
    asset: str
    venue: Venue
    quantity: Dec


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
