"""Searches of the SQLite store: the numbers of rows, found without reading their records.

A question goes through the index of each account, newest or oldest first, and what it finds is
merged by number; only then are the records of one page read. What an index cannot answer is looked
for row by row, which a big account makes long: ``is_long`` tells, and such a search may run beside
the event loop, as one statement that gives one row.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from cadenza.models import OrderStatus
from cadenza.trading.order_status import TERMINAL
from cadenza.trading.store.store import ExecutionQuery, OrderQuery, clamp

LONG: Final = 2000
"""The most rows that are looked through in the event loop; more of them are, beside it."""

_OPEN: Final = frozenset(OrderStatus) - TERMINAL
_numbers: Final = msgspec.json.Decoder(list[int]).decode


class Search(NamedTuple):
    """Numbers of one kind of record, of some accounts.

    Attributes:
        table: ``orders`` or ``executions``.
        accounts: Each searched by itself.
        condition: A condition in SQL, without account and cursor; empty: every row.
        values: The values of its question marks.
        indexed: Whether an index finds the rows without looking through the account.
        source: The table in SQL, with the index to take where SQLite needs to be told.
        cursor: Only numbers beyond this one; ``None``: all.
        ascending: Whether the smallest number comes first; else the largest.
        skip: How many numbers to leave out at the beginning.
        limit: How many numbers to find at most.
        counted: Whether to count all that fit as well.
    """

    table: str
    accounts: tuple[str, ...]
    condition: str
    values: tuple[Any, ...]
    indexed: bool
    source: str
    cursor: int | None
    ascending: bool
    skip: int
    limit: int
    counted: bool

    @property
    def is_plain(self) -> bool:
        """Whether it wants everything in the accounts."""
        return not self.condition

    def is_long(self, sizes: Mapping[str, int]) -> bool:
        """Whether it may look at more rows than the event loop has time for.

        Args:
            sizes: The number of rows by account.
        """
        looked_through = 0 if self.indexed else sum(sizes.get(it, 0) for it in self.accounts)
        return self.skip > LONG or looked_through > LONG


class Found(NamedTuple):
    """The result of a search.

    Attributes:
        numbers: The numbers in order; one more than the limit if there are more.
        total: How many fit in all, if the search counts them.
    """

    numbers: list[int]
    total: int


def order_search(query: OrderQuery) -> Search:
    """The search that answers a query for orders."""
    terms: list[tuple[str, tuple[Any, ...]]] = []
    if query.order_id:
        terms.append(("order_id = ?", (query.order_id,)))
    if query.client_order_id:
        terms.append(("client_order_id = ?", (query.client_order_id,)))
    if query.list_id:
        terms.append(("list_id = ?", (query.list_id,)))
    indexed, source = bool(terms), "orders"
    if query.statuses:
        if TERMINAL.isdisjoint(query.statuses):
            terms.append(("is_open = 1", ()))
            if not indexed:
                indexed, source = True, "orders INDEXED BY orders_open"
        if _OPEN.symmetric_difference(query.statuses):
            terms.append((_among("status", query.statuses), query.statuses))
    for column, value in (
        ("instrument_id", query.instrument_id),
        ("side", query.side),
        ("type", query.type),
    ):
        if value:
            terms.append((f"{column} = ?", (value,)))
    terms += _within("created_at", query.start_ms, query.end_ms)
    return _search(source, query, terms, indexed, skip=max(0, query.offset), counted=True)


def execution_search(query: ExecutionQuery) -> Search:
    """The search that answers a query for executions."""
    terms: list[tuple[str, tuple[Any, ...]]] = []
    source = "executions"
    if query.order_ids:
        terms.append((_among("order_id", query.order_ids), query.order_ids))
        source = "executions INDEXED BY executions_of_order"
    if query.instrument_id:
        terms.append(("instrument_id = ?", (query.instrument_id,)))
    terms += _within("at", query.start_ms, query.end_ms)
    return _search(source, query, terms, bool(query.order_ids), skip=0, counted=False)


def run_search(connection: sqlite3.Connection, search: Search, keys: Mapping[str, int]) -> Found:
    """Run a search: one statement that gives one row for each account.

    Args:
        connection: The database.
        search: The search.
        keys: The store's own numbers of accounts.

    Raises:
        sqlite3.Error: As the database says.
    """
    wanted = search.skip + search.limit + 1
    statement = _statement(search)
    beyond = () if search.cursor is None else (search.cursor,)
    parts, total = [], 0
    for account_id in search.accounts:
        if account_id not in keys:
            continue
        values = (keys[account_id], *search.values)
        text = connection.execute(statement, (*values, *beyond, wanted)).fetchone()[0]
        parts.append(sorted(_numbers(text), reverse=not search.ascending))
        if search.counted and not search.is_plain:
            counting = f"SELECT count(*) FROM {search.source} WHERE {_where(search)}"  # noqa: S608 - our own words, values are bound
            total += connection.execute(counting, values).fetchone()[0]
    merged: Iterable[int] = heapq.merge(*parts, reverse=not search.ascending)
    return Found(list(merged)[search.skip : wanted], total)


def _search(
    source: str,
    query: OrderQuery | ExecutionQuery,
    terms: list[tuple[str, tuple[Any, ...]]],
    indexed: bool,
    *,
    skip: int,
    counted: bool,
) -> Search:
    return Search(
        table=source.partition(" ")[0],
        accounts=tuple(dict.fromkeys(query.account_ids)),
        condition=" AND ".join(condition for condition, _ in terms),
        values=tuple(value for _, values in terms for value in values),
        indexed=indexed or not terms,
        source=source,
        cursor=query.cursor,
        ascending=query.ascending,
        skip=skip,
        limit=clamp(query.limit),
        counted=counted,
    )


def _where(search: Search) -> str:
    return f"account = ? AND {search.condition}" if search.condition else "account = ?"


def _statement(search: Search) -> str:
    where = _where(search)
    if search.cursor is not None:
        where += " AND number > ?" if search.ascending else " AND number < ?"
    order = "ASC" if search.ascending else "DESC"
    return (
        "SELECT json_group_array(number) FROM (SELECT number"  # noqa: S608 - our own words, values are bound
        f" FROM {search.source} WHERE {where} ORDER BY number {order} LIMIT ?)"
    )


def _within(column: str, start: int, end: int | None) -> list[tuple[str, tuple[Any, ...]]]:
    terms: list[tuple[str, tuple[Any, ...]]] = []
    if start > 0:
        terms.append((f"{column} >= ?", (start,)))
    if end is not None:
        terms.append((f"{column} <= ?", (end,)))
    return terms


def _among(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join('?' * len(values))})"
