"""What a client sends about orders beyond submitting and cancelling: amendments and lists."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import OrderSide, OrderStatus, OrderType
from cadenza.models.instants import Iso
from cadenza.models.market_request import Moment, Offset, PageSize
from cadenza.models.order import RpcTradeOrder
from cadenza.models.scalars import Dec, Uuid


class PageRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The ``pagination`` of an RPC query.

    A ``cursor`` is what the page before answered. ``total`` and ``hasNext``, which answers have,
    are ignored.
    """

    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET


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
