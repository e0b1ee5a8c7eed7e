"""Operations that look at orders and executions.

They read what is durable, after everything decided so far has become so: whoever got an
acknowledgement finds what it was about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET

from cadenza.gateway.api.fields import cursor_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.views import view
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.order_params import (
    GetOrder,
    ListExecutions,
    ListOrders,
    executions_of_rest,
    executions_of_rpc,
    get_by_id_of_rpc,
    get_of_rpc,
    list_of_rest,
    list_of_rpc,
)
from cadenza.gateway.operations.orders import AT_A_TIME, TradeAnswers
from cadenza.gateway.trading.order_payloads import execution_record, order_record
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
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.store.store import OrderPage, OrderQuery
from cadenza.trading.venue import PaperVenue

ExecutionT = TypeVar("ExecutionT", ExecutionRecord, RpcTradeExecution)


class TradeOrderQueries:
    """Answers about orders and executions.

    Args:
        venue: Where they are.
        accounts: Knows who owns which account.
    """

    def __init__(self, venue: PaperVenue, accounts: AccountsAccess) -> None:
        self._venue = venue
        self._accounts = accounts

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
        """Orders, a page at a time."""
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
        return Reply(page.orders, pagination)

    async def executions(self, caller: Caller, wanted: ListExecutions) -> Reply:
        """Executions, a page at a time."""
        account_ids = self._ids(caller, wanted.account_id)
        query = msgspec.structs.replace(wanted.query, account_ids=account_ids)
        await self._venue.journal.committed()
        page = await self._venue.store.executions(query)
        following = page.next_cursor
        pagination = Pagination(
            limit=query.limit,
            cursor=UNSET if following is None else cursor_of(following),
            has_next=following is not None,
        )
        return Reply(page.executions, pagination)

    async def shown(
        self, executions: Sequence[Execution], kind: type[ExecutionT]
    ) -> tuple[ExecutionT, ...]:
        """Executions as a surface has them; others have their turns in between."""
        orders: dict[str, OrderState | None] = {}
        records: list[ExecutionT] = []
        for count, execution in enumerate(executions, 1):
            order_id = execution.order_id
            if order_id not in orders:
                orders[order_id] = self._venue.store.order(order_id)
            order = orders[order_id]
            if order is not None:
                records.append(view(execution_record(execution, order, self._venue.scales), kind))
            if not count % AT_A_TIME:
                await asyncio.sleep(0)
        return tuple(records)

    async def _page(self, query: OrderQuery) -> OrderPage:
        await self._venue.journal.committed()
        return await self._venue.store.orders(query)

    def _ids(self, caller: Caller, account_id: str) -> tuple[str, ...]:
        if account_id:
            return (self._accounts.readable(caller, account_id).account_id,)
        return tuple(account.account_id for account in self._accounts.of_caller(caller))


def trade_order_queries(
    venue: PaperVenue, accounts: AccountsAccess, answers: TradeAnswers
) -> tuple[Operation, ...]:
    """Everything that looks at orders."""
    queries = TradeOrderQueries(venue, accounts)
    return (
        Operation(
            name="query.trade_order.get",
            doc="One order, named by its id or by the client's own.",
            run=queries.get,
            request=GetOrder,
            rpc=RpcForm(
                method="query.trade_order.get",
                params=RpcGetTradeOrderParams,
                read=get_of_rpc,
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
                read=get_by_id_of_rpc,
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
                read=list_of_rpc,
                show=lambda orders: answers.shown(orders, RpcTradeOrder),
                result=tuple[RpcTradeOrder, ...],
                paginated=True,
            ),
            rest=RestForm(
                http="GET",
                path="tradeOrder/list",
                params=ListTradeOrdersQuery,
                read=list_of_rest,
                show=lambda orders: answers.shown(orders, TradeOrder, executions=True),
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
            read=executions_of_rpc,
            show=lambda executions: queries.shown(executions, RpcTradeExecution),
            result=tuple[RpcTradeExecution, ...],
            paginated=True,
        ),
        rest=RestForm(
            http="GET",
            path="tradeOrder/execution/list",
            params=ListTradeExecutionsQuery,
            read=executions_of_rest,
            show=lambda executions: queries.shown(executions, ExecutionRecord),
            result=tuple[ExecutionRecord, ...],
            paginated=True,
        ),
    )
