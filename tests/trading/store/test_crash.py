"""What was acknowledged is there after ``kill -9``, and nothing is there by half."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest

from cadenza.trading.ledger.entry import LedgerState
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import ExecutionQuery, OrderQuery
from support.trading.store_records import ANN, uid

TESTS = Path(__file__).parents[2]
WRITER = ("-m", "support.trading.store_writer")
KILLS = 10


async def killed_after(folder: Path, seed: int, lines: int) -> set[int]:
    """The numbers that a writer said were durable; it is killed when it has said so many."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *WRITER,
        str(folder),
        str(seed),
        cwd=TESTS,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = b""
    while said.count(b"\n") < lines:
        chunk = await process.stdout.read(4096)
        assert chunk, "the writer ended by itself"
        said += chunk
    process.kill()
    said += await process.stdout.read()
    await process.wait()
    whole, _, _ = said.rpartition(b"\n")
    return {int(line) for line in whole.split()}


@pytest.mark.process
@pytest.mark.skipif(sys.platform == "win32", reason="the end of a process is another there")
async def test_nothing_acknowledged_is_lost_by_a_kill(tmp_path):
    """Kill and reopen ten times: orders, executions, entries and balances agree each time."""
    chance = random.Random(11)
    acknowledged: set[int] = set()
    for turn in range(KILLS):
        acknowledged |= await killed_after(tmp_path, turn, chance.randint(1, 150))
        store = SqliteStore(tmp_path)
        saved = await store.open()
        last = saved.next_order - 1
        assert max(acknowledged) <= last
        state = LedgerState(
            seq=saved.ledger_seq, balances=saved.balances, reservations=saved.reservations
        )
        entries = [*await store.entries(ANN, limit=1000)]
        while page := await store.entries(ANN, limit=1000, before_seq=entries[-1].seq):
            entries += page
        replayed = Ledger.replay(reversed(entries)).state()
        assert replayed == Ledger.replay((), state).state()
        assert {it.order_id for it in saved.reservations} == {
            it.order_id for it in saved.open_orders
        }
        for number in range(1, last + 1):
            found = store.find_key(ANN, f"key {number}")
            assert found is not None
            assert (found.number, found.order_id) == (number, uid(number))
        orders = await store.orders(OrderQuery(account_ids=(ANN,), limit=1))
        executions = await store.executions(ExecutionQuery(account_ids=(ANN,), limit=1))
        assert orders.total == last == executions.executions[0].number
        await store.close()
