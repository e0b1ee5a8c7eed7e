"""The tables of the SQLite store, their version, and how older ones become the newest.

What queries look for stands in columns; the whole record stands beside them as JSON (``body``),
which decodes after fields were added and which people can read. Orders and executions are keyed by
their rising number, so that new ones go to the end of their table; accounts are small numbers of
the store's own (``account_keys``), which keeps the indexes small.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from cadenza.trading.store.errors import StoreDamagedError, StoreVersionError

APPLICATION_ID: Final = 0x43414454
"""``CADT``: tells a store from any other database."""

_FIRST: Final = (
    """
    CREATE TABLE account_keys (
        account INTEGER PRIMARY KEY,
        account_id TEXT NOT NULL UNIQUE
    ) STRICT
    """,
    """
    CREATE TABLE orders (
        number INTEGER PRIMARY KEY,
        order_id TEXT NOT NULL UNIQUE,
        account INTEGER NOT NULL,
        instrument_id TEXT NOT NULL,
        side TEXT NOT NULL,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        is_open INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        client_order_id TEXT,
        idempotency_key TEXT,
        list_id TEXT,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX orders_of_account ON orders (account, number)",
    """
    CREATE INDEX orders_by_client_order_id ON orders (account, client_order_id)
    WHERE client_order_id IS NOT NULL
    """,
    # Only keys that differ from the client's own name: `SqliteStore.find_key` looks for both.
    """
    CREATE INDEX orders_by_key ON orders (account, idempotency_key)
    WHERE idempotency_key IS NOT NULL
    """,
    "CREATE INDEX orders_of_list ON orders (account, list_id) WHERE list_id IS NOT NULL",
    # By number, though it is asked by account: so an order goes to the end of it, as of the table.
    "CREATE INDEX orders_open ON orders (number, account) WHERE is_open = 1",
    """
    CREATE TABLE executions (
        number INTEGER PRIMARY KEY,
        order_id TEXT NOT NULL,
        account INTEGER NOT NULL,
        instrument_id TEXT NOT NULL,
        at INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX executions_of_order ON executions (order_id, number)",
    "CREATE INDEX executions_of_account ON executions (account, number)",
    "CREATE TABLE entries (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT",
    """
    CREATE TABLE entries_of_account (
        account INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        PRIMARY KEY (account, seq)
    ) STRICT, WITHOUT ROWID
    """,
    # A number that 64 bits cannot hold is written as text: only counter-accounts get there.
    """
    CREATE TABLE balances (
        account INTEGER NOT NULL,
        asset TEXT NOT NULL,
        free ANY NOT NULL,
        locked ANY NOT NULL,
        PRIMARY KEY (account, asset)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE reservations (
        key TEXT NOT NULL PRIMARY KEY,
        account INTEGER NOT NULL,
        asset TEXT NOT NULL,
        amount INTEGER NOT NULL,
        carry INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE positions (
        number INTEGER PRIMARY KEY,
        position_id TEXT NOT NULL UNIQUE,
        account INTEGER NOT NULL,
        instrument_id TEXT NOT NULL,
        is_open INTEGER NOT NULL,
        closed_at INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX positions_open ON positions (number) WHERE is_open = 1",
    """
    CREATE INDEX positions_closed ON positions (account, closed_at, number)
    WHERE is_open = 0
    """,
    """
    CREATE TABLE accounts (
        number INTEGER PRIMARY KEY,
        account_id TEXT NOT NULL UNIQUE,
        body BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE operations (
        number INTEGER PRIMARY KEY,
        operation_id TEXT NOT NULL UNIQUE,
        account INTEGER NOT NULL,
        body BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX operations_of_account ON operations (account, number)",
    """
    CREATE TABLE marks (instrument_id TEXT NOT NULL PRIMARY KEY, price INTEGER NOT NULL)
    STRICT, WITHOUT ROWID
    """,
    f"PRAGMA application_id = {APPLICATION_ID}",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST,)
"""At index n, the statements that make version n + 1 of version n; 0 is an empty file."""

VERSION: Final = len(MIGRATIONS)


def prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring older ones up to date; nothing is changed when that fails.

    Raises:
        StoreVersionError: A newer program wrote them.
        StoreDamagedError: It is no store.
        sqlite3.Error: As the database says.
    """
    found = _pragma(connection, "user_version")
    if _pragma(connection, "application_id") != APPLICATION_ID and (
        found or connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
    ):
        raise StoreDamagedError(path, "it is another program's database")
    if found > VERSION:
        raise StoreVersionError(path, found, VERSION)
    if found == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[found:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
