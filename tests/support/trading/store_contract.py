"""What every store must do: subclass ``StoreContract`` and give it the fixture ``make``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from cadenza.models import ContingencyType, OrderSide, OrderStatus, OrderType
from cadenza.trading.ledger.entry import LedgerState
from cadenza.trading.ledger.ledger import Ledger
from cadenza.trading.store.errors import StoreClosedError, StoreError
from cadenza.trading.store.store import MOST_A_PAGE, Batch, ExecutionQuery, OrderQuery, Saved, Store
from support.trading.store_records import (
    ANN,
    BOB,
    EXTERNAL,
    INSTRUMENT,
    OTHER_INSTRUMENT,
    Books,
    account,
    batch_of,
    execution,
    operation,
    order,
    position,
    uid,
)

Make = Callable[[], Store]


async def numbers(store: Store, **query) -> list[int]:
    page = await store.orders(OrderQuery(**{"account_ids": (ANN,), **query}))
    return [found.number for found in page.orders]


class StoreContract:
    """Tests of the contract in ``cadenza.trading.store.store``.

    ``make`` gives a store on the same place each time it is called, ``store`` an open one.
    """

    @pytest.fixture
    async def store(self, make: Make) -> AsyncIterator[Store]:
        store = make()
        await store.open()
        yield store
        await store.close()

    async def reopened(self, store: Store, make: Make) -> Saved:
        """What the next start finds."""
        await store.close()
        again = make()
        try:
            return await again.open()
        finally:
            await again.close()

    async def test_a_new_store_is_empty(self, make: Make):
        store = make()
        assert await store.open() == Saved()
        await store.close()

    async def test_everything_a_restart_needs_is_found_again(self, store: Store, make: Make):
        books, batch = Books(), Batch()
        batch.accounts = {made.account_id: made for made in (account(2), account(1))}
        books.fund(batch, ANN, 1000)
        books.place(batch, order(2), 300)
        books.place(batch, order(1), 200)
        batch.executions = [execution(4, 1)]
        batch.positions = {"p": position(1)}
        batch.marks = {INSTRUMENT: 101}
        await store.commit(batch)
        saved = await self.reopened(store, make)
        assert [made.account_id for made in saved.accounts] == [uid(2, 9), uid(1, 9)]
        assert saved.accounts[1] == account(1)
        assert saved.open_orders == (batch.orders[uid(1)], batch.orders[uid(2)])
        assert saved.positions == (position(1),)
        assert saved.marks == {INSTRUMENT: 101}
        assert (saved.next_order, saved.next_execution) == (3, 5)
        state = LedgerState(
            seq=saved.ledger_seq, balances=saved.balances, reservations=saved.reservations
        )
        assert Ledger.replay((), state).state() == books.ledger.state()

    async def test_the_last_value_counts(self, store: Store, make: Make):
        first = batch_of(order(1), positions={"p": position(1)}, marks={"i": 1, "j": 1})
        first.accounts = {ANN: account(1), BOB: account(2)}
        await store.commit(first)
        changed = order(1, status=OrderStatus.PARTIALLY_FILLED, executed=4, limit=90)
        second = batch_of(changed, positions={"p": position(1, lots=7)}, marks={"j": 2})
        second.accounts = {ANN: account(1, nickname="Other")}
        await store.commit(second)
        assert store.order(uid(1)) == changed
        saved = await self.reopened(store, make)
        assert saved.open_orders == (changed,)
        assert [made.lots for made in saved.positions] == [7]
        assert saved.marks == {"i": 1, "j": 2}
        assert [made.nickname for made in saved.accounts] == ["Other", "Paper 2"]

    async def test_what_has_ended_is_kept_but_not_open(self, store: Store, make: Make):
        books, batch = Books(), Batch()
        books.fund(batch, ANN, 1000)
        made = order(1)
        books.place(batch, made, 300)
        batch.positions = {"p": position(1), "q": position(2)}
        await store.commit(batch)
        batch = Batch()
        books.cancel(batch, made)
        closed = position(1, lots=0, entry_cost=0, closed_at=5)
        batch.positions = {"p": closed}
        await store.commit(batch)
        assert store.order(made.order_id) == made
        assert await store.positions(ANN) == (closed,)
        saved = await self.reopened(store, make)
        assert saved.open_orders == ()
        assert saved.reservations == ()
        assert [one.position_id for one in saved.positions] == [position(2).position_id]
        assert saved.next_order == 2
        assert {it.asset: it.free for it in saved.balances if it.account_id == ANN} == {
            "USDT": 1000
        }

    async def test_counter_accounts_go_beyond_64_bits(self, store: Store, make: Make):
        books, batch = Books(), Batch()
        books.fund(batch, ANN, 2**63 - 1)
        books.fund(batch, BOB, 2**63 - 1)
        await store.commit(batch)
        saved = await self.reopened(store, make)
        found = {it.account_id: it.free for it in saved.balances}
        assert found == {ANN: 2**63 - 1, BOB: 2**63 - 1, EXTERNAL: -(2**64) + 2}

    async def test_an_order_of_a_list_is_found_again_whole(self, store: Store):
        made = order(
            1, list_id="l", contingency=ContingencyType.OCO, client_order_id="c", hold="l", trail=3
        )
        await store.commit(batch_of(made))
        assert store.order(uid(1)) == made
        assert await numbers(store, list_id="l") == [1]

    async def test_what_is_handed_out_is_the_callers(self, store: Store):
        made = order(1, idempotency_key="k")
        await store.commit(batch_of(made))
        made.status = OrderStatus.FILLED
        for found in (
            store.order(uid(1)),
            store.find_key(ANN, "k"),
            (await store.orders(OrderQuery(account_ids=(ANN,)))).orders[0],
        ):
            assert found is not None
            assert found.status is OrderStatus.ACCEPTED
            found.status = OrderStatus.CANCELLED

    async def test_a_key_finds_the_newest_order_of_its_account(self, store: Store):
        await store.commit(batch_of(order(1, idempotency_key="k"), order(2, account_id=BOB)))
        await store.commit(batch_of(order(3, idempotency_key="k", client_order_id="c")))
        await store.commit(batch_of(order(1, idempotency_key="k", status=OrderStatus.FILLED)))
        found = store.find_key(ANN, "k")
        assert found is not None
        assert found.number == 3
        assert store.find_key(BOB, "k") is None
        assert store.find_key(ANN, "c") is None
        assert store.find_key(ANN, "") is None
        assert store.order("unknown") is None

    async def test_a_client_order_id_may_come_again(self, store: Store):
        await store.commit(
            batch_of(
                order(1, client_order_id="c", status=OrderStatus.FILLED),
                order(2, client_order_id="c"),
                order(3, client_order_id="c", account_id=BOB),
            )
        )
        assert await numbers(store, client_order_id="c") == [2, 1]

    async def test_orders_are_found_by_each_condition(self, store: Store):
        await store.commit(
            batch_of(
                order(1, side=OrderSide.SELL),
                order(2, type=OrderType.MARKET, status=OrderStatus.FILLED),
                order(3, instrument_id=OTHER_INSTRUMENT),
                order(4, status=OrderStatus.CANCELLED, created_at=5000),
                order(5, account_id=BOB),
            )
        )
        assert await numbers(store) == [4, 3, 2, 1]
        assert await numbers(store, ascending=True) == [1, 2, 3, 4]
        assert await numbers(store, account_ids=(ANN, BOB, ANN)) == [5, 4, 3, 2, 1]
        assert await numbers(store, account_ids=()) == []
        assert await numbers(store, order_id=uid(3)) == [3]
        assert await numbers(store, order_id=uid(5)) == []
        assert await numbers(store, side=OrderSide.SELL) == [1]
        assert await numbers(store, type=OrderType.MARKET) == [2]
        assert await numbers(store, instrument_id=OTHER_INSTRUMENT) == [3]
        assert await numbers(store, statuses=(OrderStatus.ACCEPTED,)) == [3, 1]
        assert await numbers(store, statuses=(OrderStatus.ACCEPTED, OrderStatus.FILLED)) == [
            3,
            2,
            1,
        ]
        assert await numbers(store, start_ms=1002, end_ms=1003) == [3, 2]
        assert await numbers(store, end_ms=0) == []

    async def test_pages_go_on_where_the_one_before_ended(self, store: Store):
        await store.commit(
            batch_of(*(order(one, account_id=BOB if one % 3 == 0 else ANN) for one in range(1, 11)))
        )
        for ascending in (False, True):
            found, cursor = [], None
            for _ in range(4):
                page = await store.orders(
                    OrderQuery(account_ids=(BOB, ANN), cursor=cursor, limit=3, ascending=ascending)
                )
                assert page.total == 10
                found += [one.number for one in page.orders]
                cursor = page.next_cursor
            assert cursor is None
            assert found == sorted(range(1, 11), reverse=not ascending)
        page = await store.orders(OrderQuery(account_ids=(ANN,), offset=5, limit=2))
        assert ([one.number for one in page.orders], page.total) == ([2, 1], 7)
        assert page.next_cursor is None

    async def test_totals_count_what_the_conditions_let_pass(self, store: Store):
        await store.commit(batch_of(*(order(one) for one in range(1, 6))))
        await store.commit(batch_of(order(2, status=OrderStatus.FILLED), order(6)))
        everything = await store.orders(OrderQuery(account_ids=(ANN,), limit=1, cursor=3))
        assert everything.total == 6
        some = await store.orders(
            OrderQuery(account_ids=(ANN,), limit=1, statuses=(OrderStatus.ACCEPTED,))
        )
        assert (some.total, some.orders[0].number, some.next_cursor) == (5, 6, 6)

    async def test_limits_are_bounded(self, store: Store):
        await store.commit(batch_of(*(order(one) for one in range(1, MOST_A_PAGE + 3))))
        assert len(await numbers(store, limit=10**9)) == MOST_A_PAGE
        assert len(await numbers(store, limit=-1, offset=-1)) == 1
        assert await store.operations(ANN, limit=0, offset=-1) == ()

    async def test_executions_are_found_by_each_condition(self, store: Store):
        batch = Batch()
        batch.executions = [
            execution(1, 1),
            execution(2, 2, account_id=BOB, fee=-3, is_maker=True),
            execution(3, 1, instrument_id=OTHER_INSTRUMENT),
            execution(4, 4),
        ]
        await store.commit(batch)

        async def found(**query) -> list[int]:
            page = await store.executions(ExecutionQuery(**{"account_ids": (ANN, BOB), **query}))
            return [one.number for one in page.executions]

        assert await found() == [4, 3, 2, 1]
        assert await found(account_ids=(ANN,), ascending=True) == [1, 3, 4]
        assert await found(order_ids=(uid(1), uid(4)), limit=2) == [4, 3]
        assert await found(order_ids=(uid(2),), account_ids=(ANN,)) == []
        assert await found(instrument_id=OTHER_INSTRUMENT) == [3]
        assert await found(start_ms=2002, end_ms=2003) == [3, 2]
        page = await store.executions(ExecutionQuery(account_ids=(ANN, BOB), limit=3))
        assert page.next_cursor == 2
        assert page.executions[2] == batch.executions[1]
        assert await found(cursor=2) == [1]

    async def test_operations_are_found_newest_first(self, store: Store):
        await store.commit(batch_of(operations=[operation(one) for one in range(3)]))
        await store.commit(batch_of(operations=[operation(3, account_id=BOB), operation(4)]))
        assert [one.at for one in await store.operations(ANN)] == [4, 2, 1, 0]
        assert await store.operations(ANN, limit=2, offset=1) == (operation(2), operation(1))
        assert await store.operations(uid(7)) == ()

    async def test_closed_positions_are_found_last_closed_first(self, store: Store):
        closed = [
            position(1, lots=0, closed_at=30),
            position(2, lots=0, closed_at=10, instrument_id=OTHER_INSTRUMENT),
            position(3, lots=0, closed_at=20),
            position(4),
            position(5, lots=0, closed_at=40, account_id=BOB),
        ]
        await store.commit(batch_of(positions={one.position_id: one for one in closed}))
        assert [one.closed_at for one in await store.positions(ANN)] == [30, 20, 10]
        assert await store.positions(ANN, instrument_id=OTHER_INSTRUMENT) == (closed[1],)
        assert await store.positions(ANN, limit=1, offset=1) == (closed[2],)

    async def test_ledger_entries_are_found_by_account(self, store: Store):
        books, batch = Books(), Batch()
        for one in range(1, 6):
            books.fund(batch, BOB if one % 2 else ANN, one)
        entries = list(batch.entries)
        await store.commit(batch)
        assert await store.entries(ANN) == (entries[3], entries[1])
        assert await store.entries(BOB, limit=2) == (entries[4], entries[2])
        assert await store.entries(BOB, before_seq=5) == (entries[2], entries[0])
        assert await store.entries(EXTERNAL) == (), "a counter-account's would be all there are"

    async def test_a_hole_in_the_ledger_is_refused_and_nothing_is_written(self, store: Store):
        books, batch = Books(), Batch()
        for _ in range(3):
            books.fund(batch, ANN, 1)
        entries = list(batch.entries)
        await store.commit(batch_of(entries=entries[:1]))
        for wrong in (entries[2:], entries[:1]):
            with pytest.raises(StoreError, match=f"entry {wrong[0].seq} .* where 2 is next"):
                await store.commit(batch_of(order(1), entries=wrong))
        assert store.order(uid(1)) is None
        await store.commit(batch_of(entries=entries[1:]))
        assert len(await store.entries(ANN)) == 3

    async def test_orders_may_change_while_a_commit_is_under_way(self, store: Store):
        made = order(1)
        commit = asyncio.ensure_future(store.commit(batch_of(made)))
        await asyncio.sleep(0)
        made.status = OrderStatus.FILLED
        await commit
        found = store.order(uid(1))
        assert found is not None
        assert found.status is OrderStatus.ACCEPTED

    async def test_a_closed_store_says_so(self, make: Make):
        store = make()
        with pytest.raises(StoreClosedError, match="closed"):
            store.order("x")
        await store.open()
        await store.close()
        await store.close()
        with pytest.raises(StoreClosedError):
            await store.commit(batch_of(order(1)))
        with pytest.raises(StoreClosedError):
            await store.orders(OrderQuery(account_ids=(ANN,)))
