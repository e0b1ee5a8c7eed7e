"""The group commit: effects and futures come after what they follow is durable, in order, once."""

from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.trading.store.errors import StoreClosedError, StoreError, StoreFullError
from cadenza.trading.store.journal import Journal, JournalState
from cadenza.trading.store.memory import MemoryStore
from cadenza.trading.store.store import Batch
from support.trading.store_records import Books, batch_of, order


class SlowStore(MemoryStore):
    """Each commit waits until the test lets it go on or fail."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = True
        self.under_way: asyncio.Future[None] | None = None
        self.batches: list[list[int]] = []

    @property
    def durable(self) -> int:
        return sum(map(len, self.batches))

    async def commit(self, batch: Batch) -> None:
        assert self.under_way is None, "one commit at a time"
        numbers = [made.number for made in batch.orders.values()]
        self.under_way = asyncio.get_running_loop().create_future()
        try:
            await self.under_way
        finally:
            self.under_way = None
        self.batches.append(numbers)

    def release(self, error: Exception | None = None) -> None:
        """Let the commit under way, if there is one, end."""
        if self.under_way is None or self.under_way.done():
            return
        if error is None:
            self.under_way.set_result(None)
        else:
            self.under_way.set_exception(error)


async def ticks(count: int = 5) -> None:
    """Let the loop do all it has to do."""
    for _ in range(count):
        await asyncio.sleep(0)


def decide(journal: Journal, number: int) -> None:
    """What a decision does: change the batch, and have it committed."""
    made = order(number)
    journal.batch.orders[made.order_id] = made
    journal.touch()


class World:
    """A journal under test, and what is known of everything it was given."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.failures: list[StoreError] = []
        self.journal = Journal(self.store, on_failure=self.failures.append)
        self.decided = 0
        self.given: list[int] = []
        self.ran: list[int] = []
        self.problems: list[str] = []
        self.futures: list[tuple[int, int, asyncio.Future[None]]] = []

    def decide(self) -> None:
        self.decided += 1
        decide(self.journal, self.decided)

    def then(self, raises: bool = False) -> None:
        name, after = len(self.given), self.decided
        self.given.append(name)

        def effect() -> None:
            if self.failures or self.store.durable < after:
                self.problems.append(f"effect {name} ran too early")
            self.ran.append(name)
            if raises:
                raise ValueError(name)

        self.journal.then(effect)

    def nested(self) -> None:
        """An effect that decides and gives another effect, as a fill that triggers an order."""

        def effect() -> None:
            self.decide()
            self.then()

        self.journal.then(effect)

    def ask(self) -> None:
        future = self.journal.committed()
        after, effects = self.decided, len(self.given)
        self.futures.append((after, effects, future))
        future.add_done_callback(lambda done: self.check(after, effects, done))

    def check(self, after: int, effects: int, done: asyncio.Future[None]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        if self.store.durable < after or len(self.ran) < effects:
            self.problems.append(f"a future was done before {after} decisions were durable")


STEPS = st.lists(
    st.sampled_from(
        ("decide", "decide", "then", "raise", "nested", "ask", "tick", "tick", "release", "cancel")
    ),
    max_size=40,
)


async def play(steps: list[str]) -> World:
    """Do all this in a world, some of it in the same tick."""
    world = World()
    for step in steps:
        match step:
            case "raise":
                world.then(raises=True)
            case "tick":
                await asyncio.sleep(0)
            case "release":
                world.store.release()
            case "cancel":
                if world.futures:
                    world.futures[-1][2].cancel()
            case _:
                getattr(world, step)()
    return world


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_effects_run_once_in_order_after_their_commit(steps):
    """Whatever comes in whichever order: nothing early, nothing lost, nothing twice."""

    async def run() -> None:
        world = await play(steps)
        closing = asyncio.ensure_future(world.journal.close())
        while not closing.done():
            world.store.release()
            await asyncio.sleep(0)
        assert world.problems == []
        assert world.ran == world.given
        assert [one for batch in world.store.batches for one in batch] == list(
            range(1, world.decided + 1)
        )
        assert all(future.done() for _, _, future in world.futures)
        assert all(future.cancelled() or not future.exception() for _, _, future in world.futures)
        assert world.journal.stats.orders == world.decided
        assert asyncio.all_tasks() == {asyncio.current_task()}

    logging.getLogger("cadenza.trading").disabled = True
    try:
        asyncio.run(run())
    finally:
        logging.getLogger("cadenza.trading").disabled = False


@settings(max_examples=150, deadline=None)
@given(before=STEPS, after=STEPS)
def test_after_a_failure_nothing_is_acknowledged(before, after):
    """What was not durable when the store failed never is, and everyone who waits is told."""

    async def run() -> None:
        world = await play(before)
        world.decide()
        world.ask()
        error = StoreFullError("full")
        while not world.failures:
            world.store.release(error)
            await asyncio.sleep(0)
        ran, durable = list(world.ran), world.store.durable
        assert ran == world.given[: len(ran)]
        for step in after:
            if step not in ("cancel", "tick", "release", "raise"):
                getattr(world, step)()
            await asyncio.sleep(0)
        world.ask()
        await ticks()
        assert world.problems == []
        assert (world.ran, world.store.durable) == (ran, durable)
        assert world.failures == [error]
        assert world.journal.failure is error
        for needed, _, future in world.futures:
            assert future.done()
            if not future.cancelled() and needed > durable:
                assert future.exception() is error
        await world.journal.close()
        assert world.journal.state is JournalState.FAILED

    logging.getLogger("cadenza.trading").disabled = True
    try:
        asyncio.run(run())
    finally:
        logging.getLogger("cadenza.trading").disabled = False


@pytest.fixture
def world():
    """A journal on a store that waits to be released."""
    return World()


async def test_one_tick_is_one_batch_and_the_next_collects_meanwhile(world):
    """All decisions of a tick are committed together; those made during the commit come next."""
    for _ in range(3):
        world.decide()
    assert world.journal.state is JournalState.COLLECTING
    await ticks()
    assert world.journal.state is JournalState.COMMITTING
    for _ in range(4):
        world.decide()
        await asyncio.sleep(0)
    assert world.store.batches == []
    world.store.release()
    await ticks()
    world.store.release()
    await ticks()
    assert world.store.batches == [[1, 2, 3], [4, 5, 6, 7]]
    assert world.journal.state is JournalState.IDLE


async def test_with_nothing_pending_an_effect_runs_at_once(world):
    """Nothing to wait for: no task is made, and a future is done already."""
    world.then()
    assert world.ran == [0]
    assert world.journal.committed().done()
    world.journal.touch()
    await ticks()
    assert world.journal.state is JournalState.IDLE
    assert world.journal.stats.commits == 0


async def test_an_effect_waits_for_a_batch_that_nobody_touched(world):
    """A change in the batch counts, even if its decision did not ask for the commit."""
    world.journal.batch.marks["i"] = 1
    world.then()
    assert world.ran == []
    await ticks()
    world.store.release()
    await ticks()
    assert world.ran == [0]


async def test_effects_without_a_batch_of_their_own_wait_for_the_one_under_way(world):
    """Nothing else is committed for them."""
    world.decide()
    await ticks()
    world.then()
    world.ask()
    await ticks()
    assert world.ran == []
    world.store.release()
    await ticks()
    assert world.ran == [0]
    assert world.futures[0][2].done()
    assert world.journal.stats.commits == 1


async def test_an_effect_that_raises_does_not_stop_the_others(world, caplog):
    """It is logged with its traceback."""
    world.decide()
    world.then()
    world.then(raises=True)
    world.then()
    await ticks()
    world.store.release()
    await ticks()
    assert world.ran == [0, 1, 2]
    assert "ValueError: 1" in caplog.text
    world.then(raises=True)
    assert "ValueError: 3" in caplog.text


async def test_who_stops_waiting_stops_nobody_else(world):
    """A cancelled caller leaves the commit and the other callers alone."""
    world.decide()
    waiting = [asyncio.ensure_future(_wait(world.journal)) for _ in range(2)]
    await ticks()
    waiting[0].cancel()
    world.store.release()
    await asyncio.wait(waiting)
    assert waiting[0].cancelled()
    assert waiting[1].result() == "durable"


async def _wait(journal: Journal) -> str:
    await journal.committed()
    return "durable"


async def test_any_error_of_a_store_is_a_failure(world, caplog):
    """Even one that a store does not promise; it is named and logged."""
    world.decide()
    world.ask()
    await ticks()
    world.store.release(KeyError("oops"))
    await ticks()
    with pytest.raises(StoreError, match="KeyError"):
        await world.futures[0][2]
    assert "nothing is accepted" in caplog.text
    with pytest.raises(StoreError, match="KeyError"):
        await world.journal.drain()


async def test_closing_commits_what_is_open_and_takes_nothing_more(world):
    """Effects still run before it returns; afterwards they do not, and futures fail."""
    world.decide()
    world.then()
    closing = asyncio.ensure_future(world.journal.close())
    await ticks()
    world.store.release()
    await closing
    assert world.ran == [0]
    world.then()
    assert world.ran == [0]
    with pytest.raises(StoreClosedError, match="journal is closed"):
        await world.journal.committed()
    await world.journal.close()
    assert world.journal.state is JournalState.CLOSED
    assert world.failures == []


async def test_it_counts_what_it_does(world):
    """Commits, records by size, and the seconds a commit took by the clock it was given."""
    times = iter((1.0, 1.5, 2.0, 4.0))
    journal = Journal(world.store, clock=lambda: next(times))
    for count in (1, 3):
        for number in range(count):
            decide(journal, 10 * count + number)
        await ticks()
        world.store.release()
        await ticks()
    assert (journal.stats.commits, journal.stats.records, journal.stats.orders) == (2, 4, 4)
    assert journal.stats.seconds == 2.5
    assert journal.stats.sizes == {1: 1, 4: 1}


def test_a_batch_knows_whether_it_has_anything():
    """Each kind of record counts, and none is left after clearing."""
    books, batch = Books(), Batch()
    assert not batch
    books.fund(batch, "a", 1)
    assert len(batch) == 3
    for full in (batch, batch_of(order(1)), batch_of(marks={"i": 1})):
        assert full
        full.clear()
        assert not full
        assert len(full) == 0
