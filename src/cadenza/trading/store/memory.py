"""The store of a sandbox without a data folder: the same answers, kept in memory and lost with it.

Everything since the start is kept, so its size grows with what is traded.
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import COUNTER_ACCOUNTS, Balance, Entry, Reservation
from cadenza.trading.order_status import TERMINAL
from cadenza.trading.orders.state import Execution, OperationDone, OrderState
from cadenza.trading.store.check import check_entries
from cadenza.trading.store.errors import StoreClosedError
from cadenza.trading.store.store import (
    Batch,
    ExecutionPage,
    ExecutionQuery,
    OrderPage,
    OrderQuery,
    Saved,
    clamp,
)

_Any = TypeVar("_Any")
_Numbered = TypeVar("_Numbered", OrderState, Execution)


class MemoryStore:
    """A ``store.Store`` in memory; opened again after ``close``, it has what was committed."""

    def __init__(self) -> None:
        self._is_open = False
        self._orders: dict[str, OrderState] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._orders_of: dict[str, dict[int, OrderState]] = {}
        self._open_of: dict[str, dict[int, OrderState]] = {}
        self._executions_of: dict[str, list[Execution]] = {}
        self._entries: list[Entry] = []
        self._entries_of: dict[str, list[Entry]] = {}
        self._balances: dict[tuple[str, str], Balance] = {}
        self._reservations: dict[str, Reservation] = {}
        self._positions: dict[str, Position] = {}
        self._accounts: dict[str, Account] = {}
        self._operations: dict[str, list[OperationDone]] = {}
        self._marks: dict[str, int] = {}
        self._last_order = self._last_execution = 0

    async def open(self) -> Saved:
        """See ``store.Store.open``."""
        self._is_open = True
        still_open = [order for orders in self._open_of.values() for order in orders.values()]
        return Saved(
            accounts=tuple(self._accounts.values()),
            balances=tuple(self._balances.values()),
            reservations=tuple(self._reservations.values()),
            ledger_seq=len(self._entries),
            open_orders=tuple(map(copy.copy, sorted(still_open, key=_number))),
            positions=tuple(it for it in self._positions.values() if it.is_open),
            marks=dict(self._marks),
            next_order=self._last_order + 1,
            next_execution=self._last_execution + 1,
        )

    async def commit(self, batch: Batch) -> None:
        """See ``store.Store.commit``."""
        self._ready()
        check_entries("the store in memory", len(self._entries), batch.entries)
        for order in sorted(batch.orders.values(), key=_number):
            self._put_order(copy.copy(order))
        for execution in batch.executions:
            self._executions_of.setdefault(execution.account_id, []).append(execution)
            self._last_execution = max(self._last_execution, execution.number)
        for entry in batch.entries:
            self._put_entry(entry)
        for operation in batch.operations:
            self._operations.setdefault(operation.account_id, []).append(operation)
        self._balances.update(batch.balances)
        self._positions.update(batch.positions)
        self._accounts.update(batch.accounts)
        self._marks.update(batch.marks)

    def find_key(self, account_id: str, key: str) -> OrderState | None:
        """See ``store.Store.find_key``."""
        self._ready()
        order_id = self._keys.get((account_id, key))
        return None if order_id is None else copy.copy(self._orders[order_id])

    def order(self, order_id: str) -> OrderState | None:
        """See ``store.Store.order``."""
        self._ready()
        order = self._orders.get(order_id)
        return None if order is None else copy.copy(order)

    async def orders(self, query: OrderQuery) -> OrderPage:
        """See ``store.Store.orders``."""
        self._ready()
        found = [
            order
            for account_id in dict.fromkeys(query.account_ids)
            for order in self._candidates(account_id, query)
            if _is_wanted(order, query)
        ]
        page, cursor = _page(found, query, max(0, query.offset))
        return OrderPage(orders=tuple(map(copy.copy, page)), total=len(found), next_cursor=cursor)

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """See ``store.Store.executions``."""
        self._ready()
        found = [
            execution
            for account_id in dict.fromkeys(query.account_ids)
            for execution in self._executions_of.get(account_id, ())
            if (not query.order_ids or execution.order_id in query.order_ids)
            and query.instrument_id in ("", execution.instrument_id)
            and _is_within(execution.at, query)
        ]
        page, cursor = _page(found, query, 0)
        return ExecutionPage(executions=tuple(page), next_cursor=cursor)

    async def operations(
        self, account_id: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[OperationDone, ...]:
        """See ``store.Store.operations``."""
        self._ready()
        return _newest(self._operations.get(account_id, ()), limit, offset)

    async def positions(
        self, account_id: str, *, instrument_id: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Position, ...]:
        """See ``store.Store.positions``."""
        self._ready()
        closed = [
            position
            for position in self._positions.values()
            if position.account_id == account_id
            and not position.is_open
            and instrument_id in ("", position.instrument_id)
        ]
        closed.sort(key=lambda position: position.closed_at)
        return _newest(closed, limit, offset)

    async def entries(
        self, account_id: str, *, limit: int = 50, before_seq: int | None = None
    ) -> tuple[Entry, ...]:
        """See ``store.Store.entries``."""
        self._ready()
        of_account = self._entries_of.get(account_id, [])
        end = len(of_account)
        if before_seq is not None:
            end = bisect_left(of_account, before_seq, key=lambda entry: entry.seq)
        return _newest(of_account[:end], limit, 0)

    async def close(self) -> None:
        """See ``store.Store.close``."""
        self._is_open = False

    def _ready(self) -> None:
        if not self._is_open:
            raise StoreClosedError

    def _candidates(self, account_id: str, query: OrderQuery) -> Iterable[OrderState]:
        """Orders of an account that may be among those wanted."""
        if query.order_id:
            order = self._orders.get(query.order_id)
            return () if order is None or order.account_id != account_id else (order,)
        if query.statuses and TERMINAL.isdisjoint(query.statuses):
            return self._open_of.get(account_id, {}).values()
        return self._orders_of.get(account_id, {}).values()

    def _put_order(self, order: OrderState) -> None:
        self._orders[order.order_id] = order
        self._orders_of.setdefault(order.account_id, {})[order.number] = order
        open_ones = self._open_of.setdefault(order.account_id, {})
        if order.is_open:
            open_ones[order.number] = order
        else:
            open_ones.pop(order.number, None)
        if order.number > self._last_order:
            self._last_order = order.number
            if order.idempotency_key:
                self._keys[order.account_id, order.idempotency_key] = order.order_id

    def _put_entry(self, entry: Entry) -> None:
        self._entries.append(entry)
        for account_id in {posting.account_id for posting in entry.postings} - COUNTER_ACCOUNTS:
            self._entries_of.setdefault(account_id, []).append(entry)
        for held in entry.reservations:
            if held.amount:
                self._reservations[held.order_id] = held
            else:
                self._reservations.pop(held.order_id, None)


def _number(order: OrderState) -> int:
    return order.number


def _is_wanted(order: OrderState, query: OrderQuery) -> bool:
    return (
        query.order_id in ("", order.order_id)
        and query.client_order_id in ("", order.client_order_id)
        and query.list_id in ("", order.list_id)
        and query.instrument_id in ("", order.instrument_id)
        and query.side in (None, order.side)
        and query.type in (None, order.type)
        and (not query.statuses or order.status in query.statuses)
        and _is_within(order.created_at, query)
    )


def _is_within(at: int, query: OrderQuery | ExecutionQuery) -> bool:
    return query.start_ms <= at and (query.end_ms is None or at <= query.end_ms)


def _page(
    found: Iterable[_Numbered], query: OrderQuery | ExecutionQuery, offset: int
) -> tuple[list[_Numbered], int | None]:
    """One page of what was found, and the cursor of the next."""
    ordered: Iterator[_Numbered] = iter(
        sorted(found, key=lambda it: it.number, reverse=not query.ascending)
    )
    if (cursor := query.cursor) is not None:
        ordered = (
            it for it in ordered if (it.number > cursor if query.ascending else it.number < cursor)
        )
    limit = clamp(query.limit)
    page = list(islice(ordered, offset, offset + limit + 1))
    more = len(page) > limit
    return page[:limit], page[limit - 1].number if more else None


def _newest(records: Sequence[_Any], limit: int, offset: int) -> tuple[_Any, ...]:
    return tuple(islice(reversed(records), max(0, offset), max(0, offset) + clamp(limit)))
