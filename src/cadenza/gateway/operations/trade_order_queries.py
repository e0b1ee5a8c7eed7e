"""Operations that look at orders and executions.

They read what is durable, and first everything decided so far becomes so: whoever got an
acknowledgement finds what it was about.
"""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.operations.accounts_access import AccountsAccess
from cadenza.gateway.operations.caller import Caller
from cadenza.gateway.operations.operation import Operation, Reply, RestForm, RpcForm
from cadenza.gateway.operations.trade_answers import TradeAnswers
from cadenza.gateway.operations.trade_reading import (
    cursor_of,
    moment,
    number_of,
    reference,
    text_of,
)
from cadenza.models import (
    ExecutionRecord,
    ListTradeExecutionsQuery,
    ListTradeOrdersQuery,
    Pagination,
    RpcGetTradeOrderByIdParams,
    RpcGetTradeOrderParams,
    RpcListTradeExecutionsParams,
    RpcListTradeOrdersParams,
    RpcTradeExecution,
    RpcTradeOrder,
    TradeOrder,
)
from cadenza.trading.errors import OrderNotFoundError
from cadenza.trading.order_query import ExecutionQuery, OrderPage, OrderQuery
from cadenza.trading.order_request import OrderRef
from cadenza.trading.order_views import execution_record, order_record
from cadenza.trading.paper_venue import PaperVenue


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


class TradeOrderQueries:
    """Answers about orders.

    Args:
        venue: Whose orders they are.
        accounts: Whose accounts are whose.
        answers: Finds executions.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess, answers: TradeAnswers) -> None:
        self._venue = venue
        self._accounts = accounts
        self._answers = answers

    async def get(self, caller: Caller, wanted: GetOrder) -> Reply:
        """One order; of several with one client order id the newest."""
        query = OrderQuery(
            account_ids=self._ids(caller, wanted.account_id),
            order_id=wanted.ref.order_id,
            client_order_id=wanted.ref.client_order_id,
            limit=1,
        )
        page = await self._page(query)
        if not page.orders:
            raise OrderNotFoundError(str(wanted.ref))
        return Reply(order_record(page.orders[0], self._venue.scales))

    async def list(self, caller: Caller, wanted: ListOrders) -> Reply:
        """Orders, a page at a time; over REST with their executions."""
        account_ids = self._ids(caller, wanted.account_id)
        query = msgspec.structs.replace(wanted.query, account_ids=account_ids)
        page = await self._page(query)
        following = page.next_cursor
        pagination = Pagination(
            offset=query.offset,
            limit=query.limit,
            total=page.total,
            cursor=UNSET if following is None else cursor_of(following),
            has_next=following is not None,
        )
        if wanted.is_rest:
            return Reply(await self._answers.with_executions(page.orders), pagination)
        scales = self._venue.scales
        return Reply(tuple(order_record(order, scales) for order in page.orders), pagination)

    async def executions(self, caller: Caller, wanted: ListExecutions) -> Reply:
        """Executions, a page at a time."""
        account_ids = self._ids(caller, wanted.account_id)
        query = msgspec.structs.replace(wanted.query, account_ids=account_ids)
        store = self._venue.store
        await self._venue.journal.committed()
        page = await store.executions(query)
        names = dict.fromkeys(execution.order_id for execution in page.executions)
        orders = {name: order for name in names if (order := store.order(name)) is not None}
        records = tuple(
            execution_record(execution, orders[execution.order_id], self._venue.scales)
            for execution in page.executions
            if execution.order_id in orders
        )
        following = page.next_cursor
        pagination = Pagination(
            limit=query.limit,
            cursor=UNSET if following is None else cursor_of(following),
            has_next=following is not None,
        )
        return Reply(records, pagination)

    async def _page(self, query: OrderQuery) -> OrderPage:
        await self._venue.journal.committed()
        return await self._venue.store.orders(query)

    def _ids(self, caller: Caller, account_id: str) -> tuple[str, ...]:
        if account_id:
            return (self._accounts.readable(caller, account_id).account_id,)
        return tuple(account.account_id for account in self._accounts.of_caller(caller))


def _get(params: RpcGetTradeOrderParams) -> GetOrder:
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return GetOrder(ref, text_of(params.trading_account_id))


def _get_by_id(params: RpcGetTradeOrderByIdParams) -> GetOrder:
    return GetOrder(OrderRef(order_id=params.trade_order_id.lower()))


def _list_of_rpc(params: RpcListTradeOrdersParams) -> ListOrders:
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


def _list_of_rest(params: ListTradeOrdersQuery) -> ListOrders:
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


def _executions_of_rpc(params: RpcListTradeExecutionsParams) -> ListExecutions:
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


def _executions_of_rest(params: ListTradeExecutionsQuery) -> ListExecutions:
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


def trade_order_queries(
    venue: PaperVenue, accounts: AccountsAccess, answers: TradeAnswers
) -> tuple[Operation, ...]:
    """Everything that looks at orders."""
    queries = TradeOrderQueries(venue, accounts, answers)
    return (
        Operation(
            name="query.trade_order.get",
            doc="One order, named by its id or by the client's own.",
            run=queries.get,
            request=GetOrder,
            rpc=RpcForm(
                method="query.trade_order.get",
                params=RpcGetTradeOrderParams,
                read=_get,
                result=RpcTradeOrder,
            ),
        ),
        Operation(
            name="query.trade_order.get_by_id",
            doc="One order by its id.",
            run=queries.get,
            request=GetOrder,
            rpc=RpcForm(
                method="query.trade_order.get_by_id",
                params=RpcGetTradeOrderByIdParams,
                read=_get_by_id,
                result=RpcTradeOrder,
            ),
        ),
        Operation(
            name="query.trade_order.list",
            doc="Orders, the newest first unless asked otherwise; over REST with executions.",
            run=queries.list,
            request=ListOrders,
            rpc=RpcForm(
                method="query.trade_order.list",
                params=RpcListTradeOrdersParams,
                read=_list_of_rpc,
                result=tuple[RpcTradeOrder, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="tradeOrder/list",
                params=ListTradeOrdersQuery,
                read=_list_of_rest,
                result=tuple[TradeOrder, ...],
                paginated=True,
            ),
        ),
        _execution_operation(queries),
    )


def _execution_operation(queries: TradeOrderQueries) -> Operation:
    return Operation(
        name="query.trade_execution.list",
        doc="Executions of orders, the newest first unless asked otherwise.",
        run=queries.executions,
        request=ListExecutions,
        extension=True,
        rpc=RpcForm(
            method="query.trade_execution.list",
            params=RpcListTradeExecutionsParams,
            read=_executions_of_rpc,
            result=tuple[RpcTradeExecution, ...],
            paginated=True,
        ),
        rest=RestForm(
            http="GET",
            path="tradeOrder/execution/list",
            params=ListTradeExecutionsQuery,
            read=_executions_of_rest,
            result=tuple[ExecutionRecord, ...],
            paginated=True,
        ),
    )
