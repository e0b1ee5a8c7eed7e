"""The SQLite store keeps the contract, its folder to itself, and what it was given."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.models import OrderSide, OrderStatus
from cadenza.trading.store import queries
from cadenza.trading.store.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreVersionError,
)
from cadenza.trading.store.memory import MemoryStore
from cadenza.trading.store.queries import execution_search, order_search
from cadenza.trading.store.schema import VERSION
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.store.store import Batch, ExecutionQuery, OrderQuery
from support.trading.store_contract import StoreContract
from support.trading.store_records import (
    ANN,
    BOB,
    INSTRUMENT,
    OTHER_INSTRUMENT,
    Books,
    account,
    batch_of,
    execution,
    order,
    uid,
)


@pytest.fixture
async def store(tmp_path):
    """An open store."""
    store = SqliteStore(tmp_path / "data")
    await store.open()
    yield store
    await store.close()


def change(path, *statements):
    """Do something to a closed store behind its back."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


class TestFull(StoreContract):
    """The contract, waiting for the disk."""

    @pytest.fixture
    def make(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "data")


class TestNormal(StoreContract):
    """The contract, not waiting for the disk, with a log that is copied all the time."""

    @pytest.fixture
    def make(self, tmp_path):
        return lambda: SqliteStore(tmp_path / "some.db", sync="normal", wal_pages=1)


class TestLong(StoreContract):
    """The contract, with every search made beside the loop."""

    @pytest.fixture
    def make(self, tmp_path, monkeypatch):
        monkeypatch.setattr("cadenza.trading.store.queries.LONG", -1)
        return lambda: SqliteStore(tmp_path, sync="normal")


STATUSES = st.sampled_from(
    (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED, OrderStatus.CANCELLED)
)
ORDERS = st.lists(
    st.fixed_dictionaries(
        {
            "account_id": st.sampled_from((ANN, BOB)),
            "side": st.sampled_from((OrderSide.BUY, OrderSide.SELL)),
            "instrument_id": st.sampled_from((INSTRUMENT, OTHER_INSTRUMENT)),
            "status": STATUSES,
            "client_order_id": st.sampled_from(("", "a", "b")),
            "idempotency_key": st.sampled_from(("", "a", "b")),
            "created_at": st.integers(0, 5),
        }
    ),
    max_size=12,
)
PAGES = {
    "account_ids": st.sampled_from(((ANN,), (BOB, ANN))),
    "instrument_id": st.sampled_from(("", INSTRUMENT)),
    "start_ms": st.integers(0, 4),
    "end_ms": st.none() | st.integers(0, 5),
    "cursor": st.none() | st.integers(0, 12),
    "limit": st.integers(1, 5),
    "ascending": st.booleans(),
}
QUERIES = st.builds(
    OrderQuery,
    **PAGES,
    client_order_id=st.sampled_from(("", "", "a")),
    side=st.none() | st.just(OrderSide.BUY),
    statuses=st.lists(STATUSES, max_size=2, unique=True).map(tuple),
    offset=st.integers(0, 4),
)
EXECUTION_QUERIES = st.builds(
    ExecutionQuery, **PAGES, order_ids=st.sampled_from(((), (uid(1), uid(3))))
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=ORDERS, query=QUERIES, fills=EXECUTION_QUERIES, cut=st.integers(0, 12))
def test_it_answers_as_the_memory_store_does(tmp_path_factory, made, query, fills, cut):
    """Any orders, in two batches; any query: the same page, total, cursor and keys."""
    orders = [order(number, **values) for number, values in enumerate(made, 1)]
    executions = [
        execution(it.number, it.number, account_id=it.account_id, at=it.created_at) for it in orders
    ]

    async def compare():
        stores = (MemoryStore(), SqliteStore(tmp_path_factory.mktemp("data"), sync="normal"))
        answers = []
        for store in stores:
            await store.open()
            await store.commit(batch_of(*orders[:cut], executions=executions[:cut]))
            await store.commit(batch_of(*orders[cut:], executions=executions[cut:]))
            keys = [store.find_key(who, key) for who in (ANN, BOB) for key in "ab"]
            answers.append([await store.orders(query), await store.executions(fills), keys])
            await store.close()
            answers[-1].append(await store.open())
            await store.close()
        assert answers[0] == answers[1]

    asyncio.run(compare())


@pytest.mark.process
async def test_a_second_server_is_refused(tmp_path, store):
    """The folder belongs to one store until it is closed; the error says what to do."""
    with pytest.raises(StoreLockedError, match="in use by another server"):
        await SqliteStore(tmp_path / "data").open()
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OPEN_IT, str(tmp_path / "data"), stdout=asyncio.subprocess.PIPE
    )
    assert (await other.communicate())[0].split() == [b"StoreLockedError"]
    await store.commit(batch_of(order(1)))
    await store.close()
    again = SqliteStore(tmp_path / "data")
    assert len((await again.open()).open_orders) == 1
    await again.close()


OPEN_IT = """
import asyncio, sys
from cadenza.trading.store.sqlite import SqliteStore
try:
    asyncio.run(SqliteStore(sys.argv[1]).open())
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
async def test_only_the_owner_may_read(tmp_path, store):
    """The folder is made for its owner, the files too."""
    await store.commit(batch_of(order(1)))
    folder = tmp_path / "data"
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes) >= {"trading.db", "trading.db-wal", "trading.lock"}
    assert set(modes.values()) == {0o600}


async def test_closing_leaves_one_file_of_data(tmp_path, store):
    """The log is copied into the database and removed."""
    await store.commit(batch_of(order(1)))
    await store.close()
    assert {file.name for file in (tmp_path / "data").iterdir()} == {"trading.db", "trading.lock"}


async def test_a_newer_store_is_refused_and_not_touched(tmp_path, store):
    """A program that knows too little leaves the tables alone, and says which version it found."""
    await store.close()
    change(store.path, f"PRAGMA user_version = {VERSION + 1}", "DROP TABLE marks")
    with pytest.raises(StoreVersionError, match=f"version {VERSION + 1} .* up to {VERSION}"):
        await SqliteStore(tmp_path / "data").open()


async def test_another_programs_database_is_refused(tmp_path):
    """A file with tables of something else is not a store, nor is a file that is no database."""
    change(tmp_path / "other.db", "CREATE TABLE orders (number INTEGER)")
    with pytest.raises(StoreDamagedError, match="another program's"):
        await SqliteStore(tmp_path / "other.db").open()
    (tmp_path / "text.db").write_text("not a database, but long enough to be one" * 100)
    with pytest.raises(StoreDamagedError, match="not a database"):
        await SqliteStore(tmp_path / "text.db").open()


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (
            "UPDATE balances SET free = free + 1 WHERE free = -1000",
            "USDT sum to 1",
        ),
        ("UPDATE reservations SET amount = 299", "300 minor units of USDT locked.*reserve 299"),
        ("DELETE FROM reservations", "300 minor units of USDT locked.*reserve 0"),
        ("UPDATE orders SET is_open = 0", f"reserved for {uid(1)}, which is no open order"),
        (
            "UPDATE balances SET free = -1, locked = 1001 WHERE free = 700",
            f"account {ANN} has -1 free",
        ),
        ("UPDATE accounts SET body = '{}'", "a record cannot be read: .*account_id"),
    ],
)
async def test_what_does_not_fit_together_is_refused(tmp_path, store, statement, problem):
    """Money is conserved, and locked for open orders only: else the error names what is wrong."""
    books, batch = Books(), Batch()
    books.fund(batch, ANN, 1000)
    books.place(batch, order(1), 300)
    batch.accounts = {ANN: account(1)}
    await store.commit(batch)
    await store.close()
    change(store.path, "UPDATE accounts SET body = CAST(body AS BLOB)")
    change(store.path, statement.replace("'{}'", "CAST('{}' AS BLOB)"))
    with pytest.raises(StoreDamagedError, match=problem):
        await SqliteStore(tmp_path / "data").open()


async def test_another_writer_is_in_the_way(store):
    """A commit that cannot get the lock fails as busy, and leaves nothing."""
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="locked"):
        await store.commit(batch_of(order(1)))
    other.close()
    assert store.order(uid(1)) is None
    await store.commit(batch_of(order(1)))
    assert store.order(uid(1)) is not None


async def test_a_full_disk_leaves_the_store_as_it_was(store):
    """A commit that finds no room is rolled back whole."""
    await store.commit(batch_of(order(1)))
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    big = [order(number, cancel_reason="x" * 2000) for number in range(2, 20)]
    with pytest.raises(StoreFullError, match="full"):
        await store.commit(batch_of(*big))
    page = await store.orders(OrderQuery(account_ids=(ANN,)))
    assert (len(page.orders), page.total) == (1, 1)


async def test_a_number_that_comes_twice_is_refused_whole(store):
    """Executions are written once; the orders of their batch go with them."""
    await store.commit(batch_of(executions=[execution(1, 1)]))
    with pytest.raises(StoreError, match="UNIQUE"):
        await store.commit(batch_of(order(1), executions=[execution(1, 1)]))
    with pytest.raises(StoreError, match=r"Overflow|too large"):
        await store.commit(batch_of(order(2), marks={"i": 2**64}))
    assert store.order(uid(1)) is None
    assert store.order(uid(2)) is None


@pytest.mark.parametrize(
    ("search", "index"),
    [
        (order_search(OrderQuery(account_ids=(ANN,))), "orders_of_account"),
        (order_search(OrderQuery(account_ids=(ANN,), cursor=5)), "orders_of_account"),
        (
            order_search(OrderQuery(account_ids=(ANN,), statuses=(OrderStatus.ACCEPTED,))),
            "orders_open",
        ),
        (
            order_search(OrderQuery(account_ids=(ANN,), client_order_id="c")),
            "orders_by_client_order_id",
        ),
        (order_search(OrderQuery(account_ids=(ANN,), list_id="l")), "orders_of_list"),
        (order_search(OrderQuery(account_ids=(ANN,), order_id="o")), "sqlite_autoindex_orders_1"),
        (execution_search(ExecutionQuery(account_ids=(ANN,))), "executions_of_account"),
        (
            execution_search(ExecutionQuery(account_ids=(ANN,), order_ids=("o",))),
            "executions_of_order",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_searches_go_through_an_index(store, search, index):
    """The planner takes the index that is meant for the question."""
    cursor = () if search.cursor is None else (search.cursor,)
    plan = store._connection.execute(
        f"EXPLAIN QUERY PLAN {queries._statement(search)}",
        (1, *search.values, *cursor, 50),
    ).fetchall()
    assert f"INDEX {index}" in " ".join(row[3] for row in plan)


def test_bodies_are_json_that_people_can_read(tmp_path):
    """The record of an order can be looked at with SQLite's own tools."""

    async def write():
        store = SqliteStore(tmp_path)
        await store.open()
        await store.commit(batch_of(order(1)))
        await store.close()

    asyncio.run(write())
    connection = sqlite3.connect(tmp_path / "trading.db")
    (body,) = connection.execute("SELECT body FROM orders").fetchone()
    connection.close()
    assert msgspec.json.decode(body)["order_id"] == uid(1)
