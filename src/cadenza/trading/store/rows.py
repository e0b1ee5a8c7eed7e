"""Batches as rows of the SQLite store, and rows as records again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from cadenza.trading.accounts.account import Account
from cadenza.trading.accounts.position import Position
from cadenza.trading.ledger.entry import COUNTER_ACCOUNTS, Balance, Entry, Reservation
from cadenza.trading.orders.state import Execution, OperationDone, OrderState
from cadenza.trading.store.store import Batch, Saved

_encode: Final = msgspec.json.Encoder().encode
decode_order: Final = msgspec.json.Decoder(OrderState).decode
decode_execution: Final = msgspec.json.Decoder(Execution).decode
decode_entry: Final = msgspec.json.Decoder(Entry).decode
decode_position: Final = msgspec.json.Decoder(Position).decode
decode_account: Final = msgspec.json.Decoder(Account).decode
decode_operation: Final = msgspec.json.Decoder(OperationDone).decode

# Of an order that is there, what never changes is not written again, nor are its indexes.
_ORDERS: Final = """
    INSERT INTO orders (number, order_id, account, instrument_id, side, type, status, is_open,
        created_at, client_order_id, idempotency_key, list_id, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (number) DO UPDATE SET
        status = excluded.status, is_open = excluded.is_open, body = excluded.body
"""
_EXECUTIONS: Final = "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?)"
_ENTRIES: Final = "INSERT INTO entries VALUES (?, ?)"
_ENTRIES_OF_ACCOUNT: Final = "INSERT INTO entries_of_account VALUES (?, ?)"
_BALANCES: Final = """
    INSERT INTO balances VALUES (?, ?, ?, ?)
    ON CONFLICT (account, asset) DO UPDATE SET free = excluded.free, locked = excluded.locked
"""
_RESERVED: Final = """
    INSERT INTO reservations VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET amount = excluded.amount, carry = excluded.carry
"""
_RELEASED: Final = "DELETE FROM reservations WHERE key = ?"
_POSITIONS: Final = """
    INSERT INTO positions (position_id, account, instrument_id, is_open, closed_at, body)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (position_id) DO UPDATE SET
        is_open = excluded.is_open, closed_at = excluded.closed_at, body = excluded.body
"""
_ACCOUNTS: Final = """
    INSERT INTO accounts (account_id, body) VALUES (?, ?)
    ON CONFLICT (account_id) DO UPDATE SET body = excluded.body
"""
_ACCOUNT_KEYS: Final = "INSERT INTO account_keys VALUES (?, ?)"
_OPERATIONS: Final = "INSERT INTO operations (operation_id, account, body) VALUES (?, ?, ?)"
_MARKS: Final = """
    INSERT INTO marks VALUES (?, ?) ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price
"""


class AccountKeys(dict[str, int]):
    """The store's own small numbers of accounts; whoever is new gets the next one.

    Attributes:
        fresh: Those that are not written yet.
    """

    def __init__(self, known: Iterable[tuple[str, int]] = ()) -> None:
        super().__init__(known)
        self.fresh: list[str] = []

    def __missing__(self, account_id: str) -> int:
        number = self[account_id] = len(self) + 1
        self.fresh.append(account_id)
        return number

    def settle(self, *, written: bool) -> None:
        """The fresh ones are written now, or are forgotten again."""
        if not written:
            for account_id in self.fresh:
                del self[account_id]
        self.fresh.clear()


def write_batch(cursor: sqlite3.Cursor, batch: Batch, keys: AccountKeys) -> None:
    """Write a batch into the open transaction; it ends with ``AccountKeys.settle``.

    Raises:
        sqlite3.Error: As the database says.
    """
    many = cursor.executemany
    if batch.orders:
        many(_ORDERS, [_order_row(order, keys) for order in batch.orders.values()])
    if batch.entries:
        _write_entries(cursor, batch.entries, keys)
    if batch.balances:
        many(_BALANCES, [_balance_row(balance, keys) for balance in batch.balances.values()])
    if batch.executions:
        many(_EXECUTIONS, [_execution_row(one, keys) for one in batch.executions])
    if batch.positions:
        many(_POSITIONS, [_position_row(one, keys) for one in batch.positions.values()])
    if batch.marks:
        many(_MARKS, list(batch.marks.items()))
    _write_accounts(cursor, batch, keys)


def _write_accounts(cursor: sqlite3.Cursor, batch: Batch, keys: AccountKeys) -> None:
    many = cursor.executemany
    if batch.accounts:
        many(_ACCOUNTS, [(one.account_id, _encode(one)) for one in batch.accounts.values()])
    if batch.operations:
        many(
            _OPERATIONS,
            [(one.operation_id, keys[one.account_id], _encode(one)) for one in batch.operations],
        )
    if keys.fresh:
        many(_ACCOUNT_KEYS, [(keys[account_id], account_id) for account_id in keys.fresh])


def _write_entries(cursor: sqlite3.Cursor, entries: list[Entry], keys: AccountKeys) -> None:
    cursor.executemany(_ENTRIES, [(entry.seq, _encode(entry)) for entry in entries])
    touched = []
    held: dict[str, Reservation] = {}
    for entry in entries:
        seq = entry.seq
        accounts = {it.account_id for it in entry.postings} - COUNTER_ACCOUNTS
        touched += [(keys[who], seq) for who in accounts]
        for reservation in entry.reservations:
            held[reservation.order_id] = reservation
    cursor.executemany(_ENTRIES_OF_ACCOUNT, touched)
    kept = [
        (key, keys[it.account_id], it.asset, it.amount, it.carry)
        for key, it in held.items()
        if it.amount
    ]
    if kept:
        cursor.executemany(_RESERVED, kept)
    if len(kept) < len(held):
        cursor.executemany(_RELEASED, [(key,) for key, it in held.items() if not it.amount])


def read_saved(connection: sqlite3.Connection) -> Saved:
    """Read what a restart needs.

    Raises:
        sqlite3.Error: As the database says.
        msgspec.DecodeError: A record cannot be read.
    """
    rows = connection.execute
    return Saved(
        accounts=tuple(
            decode_account(body) for (body,) in rows("SELECT body FROM accounts ORDER BY number")
        ),
        balances=tuple(
            Balance(account_id, asset, int(free), int(locked))
            for account_id, asset, free, locked in rows(
                "SELECT account_id, asset, free, locked FROM balances JOIN account_keys"
                " USING (account)"
            )
        ),
        reservations=tuple(
            Reservation(*row)
            for row in rows(
                "SELECT key, account_id, asset, amount, carry FROM reservations"
                " JOIN account_keys USING (account)"
            )
        ),
        ledger_seq=_largest(connection, "SELECT max(seq) FROM entries"),
        open_orders=tuple(
            decode_order(body)
            for (body,) in rows("SELECT body FROM orders WHERE is_open = 1 ORDER BY number")
        ),
        positions=tuple(
            decode_position(body)
            for (body,) in rows("SELECT body FROM positions WHERE is_open = 1 ORDER BY number")
        ),
        marks=dict(rows("SELECT instrument_id, price FROM marks").fetchall()),
        next_order=_largest(connection, "SELECT max(number) FROM orders") + 1,
        next_execution=_largest(connection, "SELECT max(number) FROM executions") + 1,
    )


def read_keys(connection: sqlite3.Connection) -> AccountKeys:
    """The account numbers that are written."""
    return AccountKeys(connection.execute("SELECT account_id, account FROM account_keys"))


def count_by_account(connection: sqlite3.Connection, table: str) -> dict[str, int]:
    """The number of rows that each account has in a table."""
    names = dict(connection.execute("SELECT account, account_id FROM account_keys").fetchall())
    question = f"SELECT account, count(*) FROM {table} GROUP BY account"  # noqa: S608 - our own words
    return {names[account]: count for account, count in connection.execute(question)}


def _largest(connection: sqlite3.Connection, question: str) -> int:
    return connection.execute(question).fetchone()[0] or 0


def _order_row(order: OrderState, keys: AccountKeys) -> tuple[Any, ...]:
    return (
        order.number,
        order.order_id,
        keys[order.account_id],
        order.instrument_id,
        order.side,
        order.type,
        order.status,
        order.is_open,
        order.created_at,
        order.client_order_id or None,
        order.idempotency_key if order.idempotency_key != order.client_order_id else None,
        order.list_id or None,
        _encode(order),
    )


def _execution_row(one: Execution, keys: AccountKeys) -> tuple[Any, ...]:
    account = keys[one.account_id]
    return (one.number, one.order_id, account, one.instrument_id, one.at, _encode(one))


def _position_row(one: Position, keys: AccountKeys) -> tuple[Any, ...]:
    return (
        one.position_id,
        keys[one.account_id],
        one.instrument_id,
        one.is_open,
        one.closed_at,
        _encode(one),
    )


def _balance_row(balance: Balance, keys: AccountKeys) -> tuple[Any, ...]:
    account = keys[balance.account_id]
    return (account, balance.asset, _stored(balance.free), _stored(balance.locked))


def _stored(amount: int) -> int | str:
    return amount if -(2**63) <= amount < 2**63 else str(amount)
