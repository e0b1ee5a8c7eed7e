"""The process that the crash test kills: commits orders one batch after another, and says so.

Usage, in the folder of the tests: ``python -m support.trading.store_writer FOLDER SEED``. Each
line it prints is the number of an order whose batch is durable.
"""

from __future__ import annotations

import asyncio
import random
import sys
from functools import partial

from cadenza.trading.ledger.entry import LedgerState
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.store.journal import Journal
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import Batch, Saved
from support.trading.store_records import ANN, Books, execution, order


def books_of(saved: Saved) -> Books:
    """The ledger as it was saved."""
    state = LedgerState(
        seq=saved.ledger_seq, balances=saved.balances, reservations=saved.reservations
    )
    return Books(Ledger.replay((), state))


async def main() -> None:
    """Go on from what is there until killed."""
    folder, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    store = SqliteStore(folder, wal_pages=20)
    saved = await store.open()
    books, number = books_of(saved), saved.next_order
    journal = Journal(store)
    live = list(saved.open_orders)
    if not saved.ledger_seq:
        books.fund(journal.batch, ANN, 10**12)
    while True:
        decided = []
        for _ in range(chance.choice((1, 1, 3, 10))):
            decide(journal.batch, books, live, number, chance)
            decided.append(number)
            number += 1
        journal.then(partial(tell, decided))
        if chance.random() < 0.5:
            await journal.committed()
        else:
            await asyncio.sleep(0)


def tell(numbers: list[int]) -> None:
    """They are durable."""
    sys.stdout.write("".join(f"{number}\n" for number in numbers))
    sys.stdout.flush()


def decide(batch: Batch, books: Books, live: list, number: int, chance: random.Random) -> None:
    """A new order with an execution, and often the end of an older one."""
    made = order(number, idempotency_key=f"key {number}", executed=1)
    books.place(batch, made, 100)
    batch.executions.append(execution(number, number))
    live.append(made)
    if len(live) > 5 or chance.random() < 0.3:
        books.cancel(batch, live.pop(chance.randrange(len(live))))


asyncio.run(main())
