"""The tables of the SQLite store, their version, and how older ones become the newest.

What queries look for stands in columns; the whole record stands beside them as JSON (``body``),
which decodes after fields were added and which people can read. Orders and executions are keyed by
their rising number, so that new ones go to the end of their table; accounts are small numbers of
the store's own (``account_keys``), which keeps the indexes small.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

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

FINER: Final = 10**10
"""The minor units of version 2 in one of version 1, which had ten decimals less."""

_WIDER: Final = (
    "CREATE TABLE former_reservations AS SELECT * FROM reservations",
    "DROP TABLE reservations",
    # Amounts have no bound: what 64 bits cannot hold is text, as in the balances.
    """
    CREATE TABLE reservations (
        key TEXT NOT NULL PRIMARY KEY,
        account INTEGER NOT NULL,
        asset TEXT NOT NULL,
        amount ANY NOT NULL,
        carry ANY NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    INSERT INTO reservations
    SELECT key, account, asset, finer(amount), finer(carry) FROM former_reservations
    """,
    "DROP TABLE former_reservations",
    "UPDATE balances SET free = finer(free), locked = finer(locked)",
    "UPDATE orders SET body = finer_order(body)",
    "UPDATE executions SET body = finer_execution(body)",
    "UPDATE positions SET body = finer_position(body)",
    "UPDATE entries SET body = finer_entry(body)",
)
"""Ten more decimals for every amount of money."""

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _WIDER)
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
    for name, function in _FINER.items():
        connection.create_function(name, 1, function, deterministic=True)
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


def _finer(amount: int | str) -> int | str:
    """An amount in the minor units of version 2, as the store writes it."""
    return stored(int(amount) * FINER)


def _finer_fields(*names: str) -> Callable[[bytes], bytes]:
    """Rewrites the amounts of a record; whatever else it has stays as it is."""

    def rewrite(body: bytes) -> bytes:
        record = msgspec.json.decode(body)
        for name in names:
            if name in record:
                record[name] *= FINER
        return msgspec.json.encode(record)

    return rewrite


def _finer_entry(body: bytes) -> bytes:
    entry = msgspec.json.decode(body)
    entry["postings"] = [[*posting[:3], posting[3] * FINER] for posting in entry["postings"]]
    entry["reservations"] = [
        [*held[:3], *(amount * FINER for amount in held[3:])] for held in entry["reservations"]
    ]
    return msgspec.json.encode(entry)


_FINER: Final[dict[str, Callable[[Any], Any]]] = {
    "finer": _finer,
    "finer_order": _finer_fields("budget", "cost", "fees"),
    "finer_execution": _finer_fields("cost", "fee"),
    "finer_position": _finer_fields("entry_cost", "entered_cost", "exited_cost", "fees"),
    "finer_entry": _finer_entry,
}
"""What the second migration calls."""


def stored(amount: int) -> int | str:
    """An amount as a column holds it: as text, if 64 bits are too few."""
    return amount if -(2**63) <= amount < 2**63 else str(amount)


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
