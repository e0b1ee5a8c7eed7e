"""The parameters of operations on orders: requests of the exchange, made of those of clients."""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.fields import (
    Text,
    invalid,
    missing,
    moment,
    number_of,
    short_name,
    text_of,
)
from cadenza.gateway.operations.instruments import check_id
from cadenza.models import (
    ListTradeExecutionsQuery,
    ListTradeOrdersQuery,
    OrderType,
    QuantityRounding,
    QuantityType,
    RpcGetTradeOrderByIdParams,
    RpcGetTradeOrderParams,
    RpcListTradeExecutionsParams,
    RpcListTradeOrdersParams,
    RpcSubmitTradeOrderParams,
    RpcTradeOrder,
    SubmitTradeOrderRequest,
    TimeInForce,
)
from cadenza.trading.orders.request import Exit, OrderRef, OrderRequest
from cadenza.trading.store.store import ExecutionQuery, OrderQuery

LAST_MOMENT: Final = 253_402_300_799_999
"""The end of the year 9999, milliseconds UTC."""

_NEEDED: Final = {
    "instrument_id": "instrumentId",
    "order_side": "orderSide",
    "order_type": "orderType",
    "quantity": "quantity",
}


class SubmitOrder(msgspec.Struct, frozen=True, gc=False):
    """An order to take, whichever surface it came over.

    Attributes:
        account_id: The account it is for.
        order: The order, as the exchange takes it.
        await_closed: Answer when it has ended, or after a while.
        position_id: The open position it is about; empty: none is named.
    """

    account_id: str
    order: OrderRequest
    await_closed: bool = False
    position_id: str = ""


class GetOrder(msgspec.Struct, frozen=True):
    """One order of the account named, or else of any that the caller may look at."""

    ref: OrderRef
    account_id: str = ""


class ListOrders(msgspec.Struct, frozen=True):
    """A query of the account named, or else of all that the caller may look at."""

    query: OrderQuery
    account_id: str = ""


class ListExecutions(msgspec.Struct, frozen=True):
    """A query of the account named, or else of all that the caller may look at."""

    query: ExecutionQuery
    account_id: str = ""


def submit_of_rpc(params: RpcSubmitTradeOrderParams) -> SubmitOrder:
    """The parameters of ``command.trade_order.submit``.

    Raises:
        OperationError: A field is missing, or cannot be what it is.
    """
    given = params.trade_order
    named = given.trading_account_id
    if named is not UNSET and named.lower() != params.trading_account_id.lower():
        raise invalid("tradeOrder.tradingAccountId", named, "not the tradingAccountId of the call")
    key = params.idempotency_key
    if key is UNSET:
        key = given.idempotency_key
    expire_at = 0
    if given.expire_at is not UNSET:
        expire_at = moment(given.expire_at, "tradeOrder.expireAt")
    if given.position_percentage is not UNSET:
        raise invalid("tradeOrder.positionPercentage", given.position_percentage, "not served here")
    if given.quantity is UNSET and given.quote_currency_quantity is not UNSET:
        given = msgspec.structs.replace(
            given, quantity=given.quote_currency_quantity, quantity_type=QuantityType.QUOTE
        )
    order = _order(given, key, expire_at, "tradeOrder.")
    return SubmitOrder(params.trading_account_id, order, params.await_closed)


def submit_of_rest(given: SubmitTradeOrderRequest) -> SubmitOrder:
    """The body of ``POST tradeOrder/submit``.

    Raises:
        OperationError: A field is missing, or cannot be what it is.
    """
    expire_at = 0 if given.expire_at is UNSET else given.expire_at
    if given.expire_at is not UNSET and not 0 < expire_at <= LAST_MOMENT:
        bound = LAST_MOMENT if expire_at > 0 else 1
        raise invalid("expireAt", expire_at, f"not within 1 and {LAST_MOMENT}", nearest=bound)
    if given.leverage is not UNSET and given.leverage != 1:
        problem = "not 1: accounts here are not leveraged"
        raise invalid("leverage", given.leverage, problem, nearest=1)
    order = _order(given, given.idempotency_key, expire_at, "")
    position = "" if given.position_id is UNSET else given.position_id
    return SubmitOrder(given.trading_account_id, order, given.await_closed, position)


def _order(
    given: RpcTradeOrder | SubmitTradeOrderRequest, key: Text, expire_at: int, at: str
) -> OrderRequest:
    """The fields that both surfaces have under one name.

    Args:
        given: What the client sent.
        key: The idempotency key, wherever it stood.
        expire_at: Milliseconds UTC; 0: none.
        at: Where in the request the fields stand.
    """
    kind, side, quote_id = given.order_type, given.order_side, given.quote_id
    if kind is None and quote_id is not UNSET:
        kind = OrderType.QUOTED
    name = given.client_order_id
    quantity, instrument_id = given.quantity, given.instrument_id
    if instrument_id is UNSET and quote_id is not UNSET:
        instrument_id = ""  # the quote knows
    if (
        instrument_id is UNSET
        or side is UNSET
        or kind is UNSET
        or kind is None
        or quantity is UNSET
    ):
        raise _missing(given, at)
    check_id(instrument_id, f"{at}instrumentId")
    quantity_type, rounding = given.quantity_type, given.quantity_rounding
    time_in_force, contingency = given.time_in_force, given.contingency_type
    return OrderRequest(
        instrument_id=instrument_id,
        side=side,
        type=kind,
        quantity=quantity,
        quantity_type=QuantityType.BASE if quantity_type is UNSET else quantity_type,
        rounding=QuantityRounding.NONE if rounding is UNSET else rounding,
        time_in_force=None if time_in_force is UNSET else time_in_force,
        limit_price="" if given.limit_price is UNSET else given.limit_price,
        stop_price="" if given.stop_price is UNSET else given.stop_price,
        trailing_distance="" if given.trailing_distance is UNSET else given.trailing_distance,
        visible_quantity="" if given.visible_quantity is UNSET else given.visible_quantity,
        expire_at=expire_at,
        client_order_id="" if name is UNSET else short_name(name, f"{at}clientOrderId"),
        idempotency_key="" if key is UNSET else short_name(key, "idempotencyKey"),
        quote_id="" if quote_id is UNSET else quote_id.lower(),
        contingency=None if contingency is UNSET else contingency,
        take_profit=_exit(
            given.take_profit_price,
            given.take_profit_limit_price,
            given.take_profit_time_in_force,
            f"{at}takeProfitPrice",
        ),
        stop_loss=_exit(
            given.stop_loss_price,
            given.stop_loss_limit_price,
            given.stop_loss_time_in_force,
            f"{at}stopLossPrice",
        ),
    )


def _exit(price: Text, limit: Text, time: TimeInForce | UnsetType, field: str) -> Exit | None:
    if price is UNSET:
        if limit is UNSET and time is UNSET:
            return None
        raise missing(field)
    return Exit(
        trigger=price,
        limit="" if limit is UNSET else limit,
        time_in_force=None if time is UNSET else time,
    )


def _missing(given: RpcTradeOrder | SubmitTradeOrderRequest, at: str) -> OperationError:
    names = (name for name in _NEEDED if getattr(given, name) in {UNSET, None})
    return missing(at + _NEEDED[next(names)])


def reference(trade_order_id: Text, client_order_id: Text, external_order_id: Text) -> OrderRef:
    """Which order: by its id, under either name, or else by the client's.

    Raises:
        OperationError: None of the three is given.
    """
    order_id = external_order_id if trade_order_id is UNSET else trade_order_id
    if order_id is not UNSET and order_id:
        return OrderRef(order_id=order_id.lower())
    if client_order_id is UNSET or not client_order_id:
        names = ("tradeOrderId", "clientOrderId", "externalOrderId")
        message = f"{names[0]} is missing; {names[1]} or {names[2]} do as well"
        raise OperationError(errors.MISSING_FIELD, message, field=names[0], required=names)
    return OrderRef(client_order_id=client_order_id)


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
    return ListOrders(query, text_of(params.trading_account_id))


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
    return ListExecutions(query, text_of(params.trading_account_id))


def _ids_of(order_id: str | UnsetType) -> tuple[str, ...]:
    return () if order_id is UNSET else (order_id.lower(),)
