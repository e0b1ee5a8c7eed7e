"""The log of the SQLite store: on disk when a commit returns, and never much longer than told."""

from __future__ import annotations

import os
import sqlite3

import pytest

from cadenza.trading.store import wal
from cadenza.trading.store.errors import StoreWriteError
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import OrderQuery
from support.trading.store_records import ANN, batch_of, order


@pytest.fixture
async def store(tmp_path):
    """An open store."""
    store = SqliteStore(tmp_path / "data")
    await store.open()
    yield store
    await store.close()


async def test_a_disk_that_does_not_take_it_is_never_trusted_again(store, monkeypatch):
    """After a sync that failed nothing is durable any more, whatever the next one says."""

    def broken(file):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(wal, "flush", broken)
        with pytest.raises(StoreWriteError, match="Input/output error"):
            await store.commit(batch_of(order(1)))
    with pytest.raises(StoreWriteError, match="Input/output error"):
        await store.commit(batch_of(order(2)))


async def test_full_waits_for_the_disk_and_normal_does_not(tmp_path, monkeypatch):
    """The log is flushed once a commit, after it was written."""
    flushed = []

    def note(file):
        flushed.append(os.fstat(file).st_size)

    monkeypatch.setattr(wal, "flush", note)
    for sync, times in (("full", 2), ("normal", 0)):
        flushed.clear()
        store = SqliteStore(tmp_path / sync, sync=sync)
        await store.open()
        for number in (1, 2):
            await store.commit(batch_of(order(number)))
        assert len(flushed) == times
        assert flushed == sorted(set(flushed))
        await store.close()


async def test_the_log_stays_near_its_limit(tmp_path):
    """Many times as much as its limit is written, and the log is begun anew again and again."""
    store = SqliteStore(tmp_path, sync="normal", wal_pages=100)
    await store.open()
    largest = 0
    number = 0
    for _ in range(400):
        orders = [order(number + one, cancel_reason="x" * 500) for one in range(1, 9)]
        number += 8
        await store.commit(batch_of(*orders))
        if store._log._copying is not None:
            store._log._copying.result()
        largest = max(largest, store._log.size)
    written = store.path.stat().st_size
    assert largest < 3 * store._log.limit
    assert written > 4 * largest
    await store.close()


async def test_a_reader_outside_only_delays_the_log(tmp_path):
    """Somebody who reads for long keeps the log from beginning anew; commits go on meanwhile."""
    store = SqliteStore(tmp_path, sync="normal", wal_pages=10)
    await store.open()
    await store.commit(batch_of(order(1)))
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM orders").fetchone() == (1,)
    sizes = []
    for number in range(2, 400):
        if number == 200:
            reader.close()
        await store.commit(batch_of(order(number)))
        if store._log._copying is not None:
            store._log._copying.result()
        sizes.append(store._log.size)
    assert max(sizes) > 5 * store._log.limit
    assert sizes[-1] < 3 * store._log.limit
    assert len((await store.orders(OrderQuery(account_ids=(ANN,), limit=1000))).orders) == 399
    await store.close()
