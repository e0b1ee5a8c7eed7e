"""From what clients ask about orders and executions to queries of the store."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.operations.order_params import moment, number_of, reference, text_of
from cadenza.models import (
    ListTradeExecutionsQuery,
    ListTradeOrdersQuery,
    RpcGetTradeOrderByIdParams,
    RpcGetTradeOrderParams,
    RpcListTradeExecutionsParams,
    RpcListTradeOrdersParams,
)
from cadenza.trading.order_query import ExecutionQuery, OrderQuery
from cadenza.trading.orders.request import OrderRef


class GetOrder(msgspec.Struct, frozen=True):
    """One order; without an account, of any that the caller may look at."""

    ref: OrderRef
    account_id: str = ""


class ListOrders(msgspec.Struct, frozen=True):
    """A query whose accounts are still to be found."""

    query: OrderQuery
    account_id: str = ""
    is_rest: bool = False


class ListExecutions(msgspec.Struct, frozen=True):
    """A query whose accounts are still to be found."""

    query: ExecutionQuery
    account_id: str = ""
    is_rest: bool = False


def get_of_rpc(params: RpcGetTradeOrderParams) -> GetOrder:
    """The parameters of ``query.trade_order.get``."""
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return GetOrder(ref, text_of(params.trading_account_id))


def get_by_id_of_rpc(params: RpcGetTradeOrderByIdParams) -> GetOrder:
    """The parameters of ``query.trade_order.get_by_id``."""
    return GetOrder(OrderRef(order_id=params.trade_order_id.lower()))


def list_of_rpc(params: RpcListTradeOrdersParams) -> ListOrders:
    """The parameters of ``query.trade_order.list``."""
    pages = params.pagination
    start, end = params.start_time, params.end_time
    query = OrderQuery(
        account_ids=(),
        order_id=text_of(params.trade_order_id).lower(),
        client_order_id=text_of(params.client_order_id),
        list_id=text_of(params.order_list_id).lower(),
        instrument_id=text_of(params.instrument_id),
        side=None if params.side is UNSET else params.side,
        type=None if params.order_type is UNSET else params.order_type,
        statuses=() if params.status is UNSET else (params.status,),
        start_ms=0 if start is UNSET else moment(start, "startTime"),
        end_ms=None if end is UNSET else moment(end, "endTime"),
        cursor=None if pages.cursor is UNSET else number_of(pages.cursor, "pagination.cursor"),
        offset=pages.offset,
        limit=pages.limit,
        ascending=params.ascending,
    )
    return ListOrders(query, text_of(params.trading_account_id))


def list_of_rest(params: ListTradeOrdersQuery) -> ListOrders:
    """The query of ``GET tradeOrder/list``."""
    listed = params.external_order_list_id  # lists have no other id outside
    if params.order_list_id is not UNSET:
        listed = params.order_list_id
    query = OrderQuery(
        account_ids=(),
        order_id=text_of(params.trade_order_id).lower(),
        client_order_id=text_of(params.client_order_id),
        list_id=text_of(listed).lower(),
        instrument_id=text_of(params.instrument_id),
        side=None if params.order_side is UNSET else params.order_side,
        type=None if params.order_type is UNSET else params.order_type,
        statuses=() if params.order_status is UNSET else (params.order_status,),
        start_ms=0 if params.start_time is UNSET else params.start_time,
        end_ms=None if params.end_time is UNSET else params.end_time,
        cursor=None if params.cursor is UNSET else number_of(params.cursor),
        offset=params.offset,
        limit=params.limit,
        ascending=params.ascending,
    )
    return ListOrders(query, text_of(params.trading_account_id), is_rest=True)


def executions_of_rpc(params: RpcListTradeExecutionsParams) -> ListExecutions:
    """The parameters of ``query.trade_execution.list``."""
    pages = params.pagination
    start, end = params.start_time, params.end_time
    query = ExecutionQuery(
        account_ids=(),
        order_ids=_ids_of(params.trade_order_id),
        instrument_id=text_of(params.instrument_id),
        start_ms=0 if start is UNSET else moment(start, "startTime"),
        end_ms=None if end is UNSET else moment(end, "endTime"),
        cursor=None if pages.cursor is UNSET else number_of(pages.cursor, "pagination.cursor"),
        limit=pages.limit,
        ascending=params.ascending,
    )
    return ListExecutions(query, text_of(params.trading_account_id))


def executions_of_rest(params: ListTradeExecutionsQuery) -> ListExecutions:
    """The query of ``GET tradeOrder/execution/list``."""
    query = ExecutionQuery(
        account_ids=(),
        order_ids=_ids_of(params.trade_order_id),
        instrument_id=text_of(params.instrument_id),
        start_ms=0 if params.start_time is UNSET else params.start_time,
        end_ms=None if params.end_time is UNSET else params.end_time,
        cursor=None if params.cursor is UNSET else number_of(params.cursor),
        limit=params.limit,
        ascending=params.ascending,
    )
    return ListExecutions(query, text_of(params.trading_account_id), is_rest=True)


def _ids_of(order_id: str | UnsetType) -> tuple[str, ...]:
    return () if order_id is UNSET else (order_id.lower(),)
