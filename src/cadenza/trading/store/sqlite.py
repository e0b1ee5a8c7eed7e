"""The store in a folder: SQLite with a write-ahead log, written by one server.

The reasons why what was acknowledged is there after a restart:

* A batch is one transaction. SQLite appends its pages to the log (``trading.db-wal``), the last one
  marked as a commit, each with a checksum that goes on from the one before it; whoever opens the
  database takes what is whole up to the last commit mark, so never a part of a batch.
* ``kill -9``: when ``SqliteStore.commit`` returns, all pages have been handed to the operating
  system, which keeps them whatever happens to the process. This holds with both settings of
  ``sync``.
* Power loss: with ``sync="full"``, ``SqliteStore.commit`` returns after the log is on disk, see
  ``wal.py``. The header of a log that starts over is put on disk by SQLite itself before anything
  follows it, and a checkpoint puts the log on disk before the database. With ``sync="normal"`` the
  last batches before a power loss may be missing; what is there is whole batches, without gaps.
* ``SqliteStore.open`` puts on disk what it finds before it tells anybody: after a ``kill -9`` it
  may find a batch whose commit had not returned.

Everything but the waiting for the disk happens on the event loop's thread: 64 orders are written in
one to two milliseconds, while a thread would hand the interpreter's lock back and forth for
every row.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import LARGEST, Entry
from cadenza.trading.orders.state import Execution, OperationDone, OrderState
from cadenza.trading.store.check import check_entries, problems
from cadenza.trading.store.errors import (
    StoreClosedError,
    StoreDamagedError,
    StoreError,
    StoreWriteError,
    as_store_error,
)
from cadenza.trading.store.lock import FolderLock, make_private
from cadenza.trading.store.queries import Found, Search, execution_search, order_search, run_search
from cadenza.trading.store.rows import (
    AccountKeys,
    count_by_account,
    decode_entry,
    decode_execution,
    decode_operation,
    decode_order,
    decode_position,
    read_keys,
    read_saved,
    write_batch,
)
from cadenza.trading.store.schema import prepare
from cadenza.trading.store.store import (
    Batch,
    ExecutionPage,
    ExecutionQuery,
    OrderPage,
    OrderQuery,
    Saved,
    clamp,
)
from cadenza.trading.store.wal import PAGE, WriteAheadLog, flush_folder

FILE: Final = "trading.db"

WAL_PAGES: Final = 16_384
"""Default length of the log, in pages, at which it is copied into the database: 64 MiB. A thousand
commits a second, an order each, fill that in under two seconds, and a copy competes with them for
the disk; pages that were written several times are copied once."""

BUSY_SECONDS: Final = 0.25
"""Seconds that a commit waits for another program that writes; the event loop waits with it."""

CACHE_KIB: Final = 65_536

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


class SqliteStore:
    """A ``store.Store`` in a folder; see the module for what a commit survives.

    Args:
        path: A folder, made if there is none, or a file that ends in ``.db``.
        sync: What a commit survives: ``full`` a power loss, ``normal`` the end of the process.
        wal_pages: How long the log may become before it is copied into the database, in pages.

    Attributes:
        path: The database file.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        sync: Literal["full", "normal"] = "full",
        wal_pages: int = WAL_PAGES,
    ) -> None:
        path = Path(path)
        self.path = path if path.suffix == ".db" else path / FILE
        self._sync = sync == "full"
        self._wal_pages = wal_pages
        self._lock = FolderLock(self.path.with_suffix(".lock"))
        self._connection: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="cadenza-read")
        self._log: WriteAheadLog | None = None
        self._failure: StoreError | None = None
        self._keys = AccountKeys()
        self._orders_of: dict[str, int] = {}
        self._executions_of: dict[str, int] = {}
        self._seq = self._last_order = self._last_execution = 0

    async def open(self) -> Saved:
        """See ``store.Store.open``; all of it in the loop, as nothing else happens yet."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.take()
            make_private(self.path)
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, timeout=BUSY_SECONDS
            )
            self._set_up(self._connection)
            return self._read(self._connection)
        except Exception as error:
            await self.close()
            raise as_store_error(self.path, error) from error

    async def commit(self, batch: Batch) -> None:
        """See ``store.Store.commit``."""
        connection = self._ready()
        if self._failure is not None:
            raise self._failure
        self._write(connection, batch)
        self._count(batch)
        if self._log is not None:
            try:
                await self._log.committed(sync=self._sync)
            except OSError as error:
                # The system may forget what it could not write: to try again would tell nothing.
                self._failure = StoreWriteError(f"{self.path} cannot be put on disk: {error}")
                raise self._failure from error

    def find_key(self, account_id: str, key: str) -> OrderState | None:
        """See ``store.Store.find_key``."""
        if not key:
            return None
        rows = self._rows(_FIND_KEY, self._key(account_id), key)
        return decode_order(rows[0][0]) if rows else None

    def order(self, order_id: str) -> OrderState | None:
        """See ``store.Store.order``."""
        rows = self._rows(_ORDER, order_id)
        return decode_order(rows[0][0]) if rows else None

    async def orders(self, query: OrderQuery) -> OrderPage:
        """See ``store.Store.orders``."""
        search = order_search(query)
        found = await self._search(search, self._orders_of)
        bodies = self._bodies(search, found)
        total = found.total
        if search.is_plain:
            total = sum(self._orders_of.get(account_id, 0) for account_id in search.accounts)
        return OrderPage(
            orders=tuple(map(decode_order, bodies)),
            total=total,
            next_cursor=_next_cursor(search, found),
        )

    async def executions(self, query: ExecutionQuery) -> ExecutionPage:
        """See ``store.Store.executions``."""
        search = execution_search(query)
        found = await self._search(search, self._executions_of)
        bodies = self._bodies(search, found)
        return ExecutionPage(
            executions=tuple(map(decode_execution, bodies)),
            next_cursor=_next_cursor(search, found),
        )

    async def operations(
        self, account_id: str, *, limit: int = 50, offset: int = 0
    ) -> tuple[OperationDone, ...]:
        """See ``store.Store.operations``."""
        rows = self._rows(_OPERATIONS, self._key(account_id), clamp(limit), max(0, offset))
        return tuple(decode_operation(body) for (body,) in rows)

    async def positions(
        self, account_id: str, *, instrument_id: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Position, ...]:
        """See ``store.Store.positions``."""
        account = self._key(account_id)
        rows = self._rows(_POSITIONS, account, instrument_id, clamp(limit), max(0, offset))
        return tuple(decode_position(body) for (body,) in rows)

    async def entries(
        self, account_id: str, *, limit: int = 50, before_seq: int | None = None
    ) -> tuple[Entry, ...]:
        """See ``store.Store.entries``."""
        before = LARGEST if before_seq is None else before_seq
        rows = self._rows(_ENTRIES, self._key(account_id), before, clamp(limit))
        return tuple(decode_entry(body) for (body,) in rows)

    async def close(self) -> None:
        """See ``store.Store.close``; the log is copied into the database and cut to nothing."""
        self._reading.shutdown()
        log, self._log = self._log, None
        connection, self._connection = self._connection, None
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        if log is not None:
            await log.close()
        if connection is not None:
            connection.close()
        self._lock.release()

    # Opening.

    def _set_up(self, connection: sqlite3.Connection) -> None:
        prepare(connection, self.path)
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "wal_autocheckpoint = 0",
            f"journal_size_limit = {self._wal_pages * PAGE}",
            f"cache_size = -{CACHE_KIB}",
            "wal_checkpoint(TRUNCATE)",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchone()

    def _read(self, connection: sqlite3.Connection) -> Saved:
        saved = read_saved(connection)
        if found := problems(saved):
            raise StoreDamagedError(self.path, *found)
        self._keys = read_keys(connection)
        self._orders_of = count_by_account(connection, "orders")
        self._executions_of = count_by_account(connection, "executions")
        self._seq = saved.ledger_seq
        self._last_order = saved.next_order - 1
        self._last_execution = saved.next_execution - 1
        self._log = WriteAheadLog(self.path, self._wal_pages)
        flush_folder(self.path.parent)
        return saved

    # Writing.

    def _write(self, connection: sqlite3.Connection, batch: Batch) -> None:
        check_entries(self.path, self._seq, batch.entries)
        cursor = connection.cursor()
        try:
            cursor.execute("BEGIN IMMEDIATE")
            write_batch(cursor, batch, self._keys)
            cursor.execute("COMMIT")
        except BaseException as error:
            self._keys.settle(written=False)
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            if not isinstance(error, Exception):
                raise
            raise as_store_error(self.path, error) from error
        self._keys.settle(written=True)

    def _count(self, batch: Batch) -> None:
        if batch.entries:
            self._seq = batch.entries[-1].seq
        self._last_order = _count_new(batch.orders.values(), self._orders_of, self._last_order)
        self._last_execution = _count_new(
            batch.executions, self._executions_of, self._last_execution
        )

    # Reading.

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreClosedError
        return self._connection

    def _key(self, account_id: str) -> int:
        """The number of an account; 0, which none has, if it was never written."""
        return self._keys.get(account_id, 0)

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
                return run_search(connection, search, self._keys)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reading, self._search_beside, search)
        except (sqlite3.Error, OverflowError) as error:
            raise as_store_error(self.path, error) from error

    def _search_beside(self, search: Search) -> Found:
        if self._reader is None:
            self._reader = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._reader.execute("PRAGMA query_only = ON")
        return run_search(self._reader, search, self._keys)

    def _bodies(self, search: Search, found: Found) -> list[bytes]:
        numbers = found.numbers[: search.limit]
        bodies = dict(self._rows(_BODIES[search.table], str(numbers)))
        return [bodies[number] for number in numbers]


def _next_cursor(search: Search, found: Found) -> int | None:
    more = len(found.numbers) > search.limit
    return found.numbers[search.limit - 1] if more else None


def _count_new(records: Iterable[OrderState | Execution], counts: dict[str, int], last: int) -> int:
    """Count the records beyond the last number by account; returns the last number now."""
    newest = last
    for record in records:
        if record.number > last:
            newest = max(newest, record.number)
            counts[record.account_id] = counts.get(record.account_id, 0) + 1
    return newest
