"""What the SQLite store is asked after it was opened.

Answers come from indexes, on the event loop's thread, in well under a millisecond. What has to look
through a big account runs in a thread with a connection of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import LARGEST, Entry
from cadenza.trading.order_query import (
    ExecutionPage,
    ExecutionQuery,
    OrderPage,
    OrderQuery,
    clamp,
)
from cadenza.trading.orders.state import OperationDone, OrderState
from cadenza.trading.store import queries as store_queries
from cadenza.trading.store import rows as store_rows
from cadenza.trading.store.errors import StoreClosedError
from cadenza.trading.store.queries import Found, Search
from cadenza.trading.store.rows import AccountKeys
from cadenza.trading.store_faults import as_store_error

_FIND_KEY: Final = """
    SELECT body FROM (
        SELECT number, body FROM orders WHERE account = ?1 AND idempotency_key = ?2
        UNION ALL
        SELECT number, body FROM orders
        WHERE account = ?1 AND client_order_id = ?2 AND idempotency_key IS NULL
    )
    ORDER BY number DESC LIMIT 1
"""
_ORDER: Final = "SELECT body FROM orders WHERE order_id = ?"
_OPERATIONS: Final = """
    SELECT body FROM operations WHERE account = ? ORDER BY number DESC LIMIT ? OFFSET ?
"""
_POSITIONS: Final = """
    SELECT body FROM positions
    WHERE account = ?1 AND is_open = 0 AND (?2 = '' OR instrument_id = ?2)
    ORDER BY closed_at DESC, number DESC LIMIT ?3 OFFSET ?4
"""
_ENTRIES: Final = """
    SELECT body FROM entries_of_account JOIN entries USING (seq)
    WHERE account = ? AND seq < ? ORDER BY seq DESC LIMIT ?
"""
_BODIES: Final = {
    # The numbers come as one JSON text, so that there is one statement for any count of them.
    "orders": "SELECT number, body FROM orders WHERE number IN (SELECT value FROM json_each(?))",
    "executions": """
        SELECT number, body FROM executions WHERE number IN (SELECT value FROM json_each(?))
    """,
}


class SqliteReads:
    """The reading half of `store_sqlite.SqliteStore`.

    Args:
        path: The database.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="cadenza-read")
        self._keys = AccountKeys()
        self._orders_of: dict[str, int] = {}
        self._executions_of: dict[str, int] = {}

    def find_key(self, account_id: str, key: str) -> OrderState | None:
        """See `store.Store.find_key`."""
        if not key:
            return None
        rows = self._rows(_FIND_KEY, self._key(account_id), key)
        return store_rows.decode_order(rows[0][0]) if rows else None

    def order(self, order_id: str) -> OrderState | None:
        """See `store.Store.order`."""
        rows = self._rows(_ORDER, order_id)
        return store_rows.decode_order(rows[0][0]) if rows else None

    async def orders(self, query: OrderQuery) -> OrderPage:
        """See `store.Store.orders`."""
        search = store_queries.order_search(query)
        found = await self._search(search, self._orders_of)
        bodies = self._bodies(search, found)
        total = found.total
        if search.is_plain:
            total = sum(self._orders_of.get(account_id, 0) for account_id in search.accounts)
        return OrderPage(
            orders=tuple(map(store_rows.decode_order, bodies)),
            total=total,
            next_cursor=_next_cursor(search, found),
        )

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """See `store.Store.executions`."""
        search = store_queries.execution_search(query)
        found = await self._search(search, self._executions_of)
        bodies = self._bodies(search, found)
        return ExecutionPage(
            executions=tuple(map(store_rows.decode_execution, bodies)),
            next_cursor=_next_cursor(search, found),
        )

    async def operations(
        self, account_id: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[OperationDone, ...]:
        """See `store.Store.operations`."""
        rows = self._rows(_OPERATIONS, self._key(account_id), clamp(limit), max(0, offset))
        return tuple(store_rows.decode_operation(body) for (body,) in rows)

    async def positions(
        self, account_id: str, *, instrument_id: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Position, ...]:
        """See `store.Store.positions`."""
        account = self._key(account_id)
        rows = self._rows(_POSITIONS, account, instrument_id, clamp(limit), max(0, offset))
        return tuple(store_rows.decode_position(body) for (body,) in rows)

    async def entries(
        self, account_id: str, *, limit: int = 50, before_seq: int | None = None
    ) -> tuple[Entry, ...]:
        """See `store.Store.entries`."""
        before = LARGEST if before_seq is None else before_seq
        rows = self._rows(_ENTRIES, self._key(account_id), before, clamp(limit))
        return tuple(store_rows.decode_entry(body) for (body,) in rows)

    def _key(self, account_id: str) -> int:
        """The number of an account; 0, which none has, if it was never written."""
        return self._keys.get(account_id, 0)

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreClosedError
        return self._connection

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        connection = self._ready()
        try:
            return connection.execute(statement, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise as_store_error(self.path, error) from error

    async def _search(self, search: Search, sizes: Mapping[str, int]) -> Found:
        connection = self._ready()
        try:
            if not search.is_long(sizes):
                return store_queries.run(connection, search, self._keys)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reading, self._search_beside, search)
        except (sqlite3.Error, OverflowError) as error:
            raise as_store_error(self.path, error) from error

    def _search_beside(self, search: Search) -> Found:
        if self._reader is None:
            self._reader = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._reader.execute("PRAGMA query_only = ON")
        return store_queries.run(self._reader, search, self._keys)

    def _bodies(self, search: Search, found: Found) -> list[bytes]:
        numbers = found.numbers[: search.limit]
        bodies = dict(self._rows(_BODIES[search.table], str(numbers)))
        return [bodies[number] for number in numbers]


def _next_cursor(search: Search, found: Found) -> int | None:
    more = len(found.numbers) > search.limit
    return found.numbers[search.limit - 1] if more else None
