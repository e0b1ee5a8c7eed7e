"""Answers about orders: what they are at the decision, shown when it is durable."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from cadenza.gateway.api.operation import Reply
from cadenza.gateway.api.views import view
from cadenza.gateway.trading.order_payloads import order_record
from cadenza.models import RpcTradeOrder, TradeOrder
from cadenza.trading.order_query import MOST_A_PAGE, ExecutionQuery
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.venue import PaperVenue

AT_A_TIME: Final = 50
"""Orders shown in one turn: a few milliseconds."""

OrderT = TypeVar("OrderT", RpcTradeOrder, TradeOrder)

Encoded = Callable[[OrderState], msgspec.Raw]
"""An order as RPC shows it, encoded, as it is at the moment of the call."""


class TradeAnswers:
    """Makes the answers of the calls that change orders.

    The record of an order goes on changing, so what is shown is taken when the call is decided. It
    is let out when everything decided so far is durable.

    Args:
        venue: Whose orders they are.
        encoded: Encodes orders for RPC.
    """

    def __init__(self, venue: PaperVenue, encoded: Encoded) -> None:
        self._venue = venue
        self._journal: Final = venue.journal
        self._encoded = encoded

    def one(self, order: OrderState) -> asyncio.Future[Reply]:
        """An order for RPC."""
        return self._journal.after_commit(Reply(self._encoded(order)))

    def many(self, orders: Sequence[OrderState]) -> asyncio.Future[Reply]:
        """Orders for RPC."""
        return self._journal.after_commit(Reply(tuple(map(self._encoded, orders))))

    async def rest(self, orders: Sequence[OrderState]) -> tuple[TradeOrder, ...]:
        """Orders for REST, with their executions; to be awaited at once."""
        copies = [copy.copy(order) for order in orders]
        before = self._venue.exchange.clearing.next_execution
        await self._journal.committed()
        return await self.shown(copies, TradeOrder, executions=True, before=before)

    async def shown(
        self,
        orders: Sequence[OrderState],
        kind: type[OrderT],
        *,
        executions: bool = False,
        before: int | None = None,
    ) -> tuple[OrderT, ...]:
        """Many orders as a surface has them; others have their turns in between.

        Args:
            orders: Copies, which nobody changes.
            kind: The surface's type.
            executions: Whether to show those that are durable.
            before: Number of the first execution that came after the copies were taken.
        """
        found: dict[str, list[Execution]] = {order.order_id: [] for order in orders}
        for execution in await self._executions(orders) if executions else ():
            if before is None or execution.number < before:
                found[execution.order_id].append(execution)
        scales = self._venue.scales
        records: list[OrderT] = []
        for count, order in enumerate(orders, 1):
            theirs = found[order.order_id] if executions else None
            records.append(view(order_record(order, scales, theirs), kind))
            if not count % AT_A_TIME:
                await asyncio.sleep(0)
        return tuple(records)

    async def _executions(self, orders: Iterable[OrderState]) -> list[Execution]:
        traded = [order for order in orders if order.executed]
        found: list[Execution] = []
        cursor = None
        while traded:
            query = ExecutionQuery(
                account_ids=tuple({order.account_id for order in traded}),
                order_ids=tuple(order.order_id for order in traded),
                cursor=cursor,
                limit=MOST_A_PAGE,
                ascending=True,
            )
            page = await self._venue.store.executions(query)
            found += page.executions
            cursor = page.next_cursor
            if cursor is None:
                break
            await asyncio.sleep(0)  # others have their turn between the pages of a long life
        return found

    async def closed(self, order: OrderState, seconds: float) -> None:
        """Return when an order has ended, or after so long; not before it is durable."""
        await self._journal.committed()
        if order.is_open:
            await asyncio.wait([self._venue.exchange.endings.of(order)], timeout=seconds)
