"""Speed of the durable store; run with ``python benchmarks/bench_store.py``.

Orders go through `Journal` and `SqliteStore` as the venue writes them: the order itself with what a
restart needs of it, the ledger entry that reserves its money, and the balance. As absolute figures
differ from machine to machine, a bare ``executemany`` writes as many bytes in the same run, in as
many transactions, into a table that has nothing but a number and a blob.

The cost of waiting for the disk is in the lines with ``full``; the bare one waits as well, by
``synchronous=FULL``. The journal's own cost is measured with a store that does nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from cadenza.models import OrderSide, OrderStatus, OrderType, TimeInForce
from cadenza.trading.ledger.entry import Balance, Entry
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.matching.commands import Submit
from cadenza.trading.matching.saved_order import SavedOrder
from cadenza.trading.orders.state import OrderState
from cadenza.trading.store.journal import Journal
from cadenza.trading.store.memory import MemoryStore
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import Batch

Sync = Literal["full", "normal"]
Record = tuple[OrderState, Entry, Balance]

ORDERS: Final = 6400
ACCOUNTS: Final = 97
GROUPS: Final = (1, 8, 64)
ROUNDS: Final = 3


class NoStore(MemoryStore):
    """Takes everything and keeps nothing."""

    async def commit(self, batch: Batch) -> None:
        """Do nothing."""


def records(count: int) -> list[Record]:
    """New orders with their ledger entries and balances, in the order they come."""
    ledger = Ledger()
    accounts = [str(uuid.uuid4()) for _ in range(ACCOUNTS)]
    for account_id in accounts:
        ledger.deposit(account_id, "USDT", 10**15, at=1)
    ledger_start = ledger.seq
    made: list[Record] = []
    for number in range(1, count + 1):
        account_id = accounts[number * 31 % ACCOUNTS]
        order = order_state(number, account_id)
        entry = ledger.reserve(order.order_id, account_id, "USDT", 1_000_000 + number, at=number)
        entry = msgspec.structs.replace(entry, seq=entry.seq - ledger_start)
        made.append((order, entry, ledger.balance(account_id, "USDT")))
    return made


def order_state(number: int, account_id: str) -> OrderState:
    """A limit order as it is when it was accepted."""
    order_id = str(uuid.uuid4())
    client_order_id = f"strategy-7-{number}"
    at = 1_700_000_000_000 + number
    terms = Submit(
        now=at,
        order_id=order_id,
        owner=account_id,
        side=OrderSide.BUY,
        type=OrderType.LIMIT,
        lots=1000,
        limit=6_500_000 + number,
        client_order_id=client_order_id,
    )
    saved = SavedOrder(
        terms=terms,
        sequence=number,
        queued=number,
        status=OrderStatus.ACCEPTED,
        place="book",
        lots=1000,
        leaves=1000,
        shown=1000,
        limit=terms.limit,
    )
    return OrderState(
        order_id=order_id,
        number=number,
        account_id=account_id,
        instrument_id="PAPER:BTC/USDT",
        side=OrderSide.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        status=OrderStatus.ACCEPTED,
        lots=1000,
        limit=terms.limit,
        hold=order_id,
        client_order_id=client_order_id,
        idempotency_key=client_order_id,
        digest="0123456789abcdef",
        created_at=at,
        updated_at=at,
        saved=saved,
    )


async def through_journal(journal: Journal, made: Sequence[Record], group: int) -> float:
    """Seconds to decide and acknowledge all, ``group`` of them in flight."""
    start = time.perf_counter()
    for first in range(0, len(made), group):
        acknowledged = None
        for order, entry, balance in made[first : first + group]:
            batch = journal.batch
            batch.orders[order.order_id] = order
            batch.entries.append(entry)
            batch.balances[balance.account_id, balance.asset] = balance
            journal.touch()
            acknowledged = journal.committed()
        if acknowledged is not None:
            await acknowledged
    return time.perf_counter() - start


async def store_seconds(folder: Path, made: Sequence[Record], group: int, sync: Sync) -> float:
    """Seconds through journal and store."""
    store = SqliteStore(folder, sync=sync)
    await store.open()
    journal = Journal(store)
    seconds = await through_journal(journal, made, group)
    await journal.close()
    await store.close()
    return seconds


async def journal_seconds(made: Sequence[Record], group: int) -> float:
    """Seconds through the journal alone."""
    store = NoStore()
    await store.open()
    return await through_journal(Journal(store), made, group)


def bare_seconds(folder: Path, sizes: Sequence[int], group: int, sync: Sync) -> float:
    """Seconds of bare inserts of the same sizes, in as many transactions."""
    folder.mkdir()
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {sync}")
    connection.execute("CREATE TABLE bare (number INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT")
    rows = [(number, b"x" * size) for number, size in enumerate(sizes)]
    start = time.perf_counter()
    for first in range(0, len(rows), group):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO bare VALUES (?, ?)", rows[first : first + group])
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return seconds


def main() -> None:
    """Measure all in turns and print the best of each, with the ratios."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="where to write; a temporary one if not given")
    args = parser.parse_args()
    made = records(ORDERS)
    encode = msgspec.json.encode
    sizes = [len(encode(order)) + len(encode(entry)) for order, entry, _ in made]
    print(f"{'':24}{'orders/s':>12}{'us/order':>10}{'bare/s':>12}{'ratio':>8}")
    for group in GROUPS:
        best = min(asyncio.run(journal_seconds(made, group)) for _ in range(ROUNDS))
        print(f"{f'journal alone, {group}':24}{ORDERS / best:>12,.0f}{best / ORDERS * 1e6:>10.1f}")
    syncs: tuple[Sync, ...] = ("normal", "full")
    for sync in syncs:
        for group in GROUPS:
            ours = bare = float("inf")
            count = ORDERS if sync == "normal" else min(ORDERS, 640 * group)
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory(dir=args.folder) as name:
                    folder = Path(name)
                    bare = min(bare, bare_seconds(folder / "bare", sizes[:count], group, sync))
                    part = made[:count]
                    seconds = asyncio.run(store_seconds(folder / "ours", part, group, sync))
                    ours = min(ours, seconds)
            print(
                f"{f'sync {sync}, groups of {group}':24}{count / ours:>12,.0f}"
                f"{ours / count * 1e6:>10.1f}{count / bare:>12,.0f}{bare / ours:>8.2f}"
            )
    print(f"bytes an order: {sum(sizes) / len(sizes):.0f}")


if __name__ == "__main__":
    main()
