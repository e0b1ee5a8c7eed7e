"""The group commit: decisions are made at once, and shown when they are on disk.

Whoever decides writes the changes into ``Journal.batch`` and calls ``Journal.touch``. At the end of
the tick the batch is committed; while the store is at it, the next batch collects. Whatever the
outside may see of a decision is an effect (``Journal.then``) or waits for a future
(``Journal.committed``).

What is promised, as long as the store does not fail:

* an effect runs exactly once, in the loop, after everything that was decided before it was given
  is durable; at once, within ``then``, if all of that is durable already and no other effect waits;
* effects run in the order they were given, whichever batch they belong to;
* a future is done after the effects that were given before it was asked for;
* an effect that raises is logged, and the others run.

After the first failure nothing is acknowledged any more: futures fail with it, those asked for
later too; effects that had not run never do, and nothing is written. The only way on is to open
the store again.

==========  =====================================================================
idle        nothing waits: there is no task and no timer
collecting  a batch is open, its commit comes at the end of the tick
committing  the store has a batch, or its effects run; the next one collects
failed      the store failed: ``Journal.failure`` says how
closed      ``Journal.close`` came: as failed, with ``StoreClosedError``
==========  =====================================================================
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from cadenza.trading.store.errors import StoreClosedError, StoreError
from cadenza.trading.store.store import Batch, Store

logger: Final = logging.getLogger("cadenza.trading")

Effect = Callable[[], None]
T = TypeVar("T")


class JournalState(Enum):
    """The state of a journal; see the module."""

    IDLE = "idle"
    COLLECTING = "collecting"
    COMMITTING = "committing"
    FAILED = "failed"
    CLOSED = "closed"


# To read a member off its class costs as much as the rest of `touch`.
IDLE: Final = JournalState.IDLE
COLLECTING: Final = JournalState.COLLECTING
COMMITTING: Final = JournalState.COMMITTING
FAILED: Final = JournalState.FAILED
CLOSED: Final = JournalState.CLOSED


class JournalStats(msgspec.Struct):
    """The counters of a journal.

    Attributes:
        commits: Batches that are durable.
        records: Records in these batches.
        orders: Orders among these records, new and changed.
        seconds: Time from handing a batch over until it is durable, of all batches together.
        last: The same time of the last batch, in seconds.
        sizes: The number of batches of up to 1, 2, 4, 8, ... records, by that bound.
    """

    commits: int = 0
    records: int = 0
    orders: int = 0
    seconds: float = 0.0
    last: float = 0.0
    sizes: dict[int, int] = {}

    def count(self, records: int, orders: int, seconds: float) -> None:
        """Count a batch that is durable."""
        self.commits += 1
        self.records += records
        self.orders += orders
        self.seconds += seconds
        self.last = seconds
        bound = 1 << (records - 1).bit_length() if records else 0
        self.sizes[bound] = self.sizes.get(bound, 0) + 1


class _Waiting:
    """The effects and futures that wait for one batch."""

    __slots__ = ("effects", "futures")

    def __init__(self) -> None:
        self.effects: list[Effect] = []
        self.futures: list[tuple[asyncio.Future[Any], Any]] = []

    def __bool__(self) -> bool:
        return bool(self.effects or self.futures)


class Journal:
    """The one way into a store; belongs to one event loop.

    Args:
        store: An open store. Closing it is its owner's matter, after ``close``.
        clock: Seconds that never go back, for the statistics.
        on_failure: Called once, when the store has failed.
        prepare: Completes a batch right before it is handed to the store; the effects that it
            gives belong to that batch.

    Attributes:
        batch: The open batch. It is another object after each commit: look it up each time.
        failure: The reason why nothing is acknowledged any more; ``None``: all is well.
        stats: Its counters.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], float] = time.perf_counter,
        on_failure: Callable[[StoreError], None] | None = None,
        prepare: Callable[[Batch], None] | None = None,
    ) -> None:
        self.batch = Batch()
        self.failure: StoreError | None = None
        self.stats = JournalStats()
        self._store = store
        self._clock = clock
        self._on_failure = on_failure
        self._prepare = prepare
        self._state = IDLE
        self._open = _Waiting()
        self._under_way = _Waiting()
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> JournalState:
        """The state that it is in."""
        return self._state

    def touch(self) -> None:
        """Have the open batch committed at the end of the tick."""
        if self._state is IDLE:
            self._state = COLLECTING
            # Made directly, so that no task factory starts it in the middle of a decision.
            self._task = asyncio.Task(self._run(), loop=asyncio.get_running_loop())

    def then(self, effect: Effect) -> None:
        """Run an effect when everything decided so far is durable; see the module."""
        if self._state is IDLE:
            if not self.batch:
                _run_effect(effect)
                return
            self.touch()
        elif self.failure is not None:
            return
        self._open.effects.append(effect)

    def committed(self) -> asyncio.Future[None]:
        """A future that is done when everything decided so far is durable; one for each caller.

        It fails with the ``StoreError`` that kept it from being so.
        """
        return self.after_commit(None)

    def after_commit(self, value: T) -> asyncio.Future[T]:
        """As ``committed``, with this value as the result of the future."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self.failure is not None:
            _fail(future, self.failure)
        elif self._state is IDLE and not self.batch:
            future.set_result(value)
        else:
            self.touch()
            self._open.futures.append((future, value))
        return future

    async def drain(self) -> None:
        """Return when nothing waits any more.

        Raises:
            StoreError: The store failed.
        """
        if self.batch:
            self.touch()
        while self._task is not None:
            await asyncio.wait([self._task])
        if self.failure is not None:
            raise self.failure

    async def close(self) -> None:
        """Commit what is open, run its effects, and take nothing more. Does not raise."""
        if self.failure is None:
            try:
                await self.drain()
            except StoreError:
                return  # on_failure and the log know
            self._end(CLOSED, StoreClosedError("the journal"))

    def abort(self, error: Exception) -> None:
        """Fail as if the store had: what is in the open batch cannot be trusted."""
        if self.failure is None:
            self._fail_with(error)

    async def _run(self) -> None:
        try:
            self._state = COMMITTING
            await self._commit_open()
            while self.batch or self._open:
                await asyncio.sleep(0)  # the store need not wait, but others want their turn
                await self._commit_open()
        except BaseException as error:
            self._fail_with(error)
            if not isinstance(error, Exception):
                raise
        else:
            if self.failure is None:
                self._state = IDLE
        finally:
            self._task = None

    async def _commit_open(self) -> None:
        if self._prepare is not None and self.batch:
            self._prepare(self.batch)
        batch, waiting = self.batch, self._open
        self._open, self._under_way = _Waiting(), waiting
        if batch:
            self.batch = Batch()
            start = self._clock()
            await self._store.commit(batch)
            self.stats.count(len(batch), len(batch.orders), self._clock() - start)
        for effect in waiting.effects:
            _run_effect(effect)
        for future, value in waiting.futures:
            if not future.done():
                future.set_result(value)
        self._under_way = _Waiting()

    def _fail_with(self, error: BaseException) -> None:
        if isinstance(error, StoreError):
            failure = error
        else:
            failure = StoreError(f"a commit did not end: {error!r}")
            failure.__cause__ = error
        logger.critical("the journal cannot be written, nothing is accepted: %s", failure)
        self._end(FAILED, failure)
        if self._on_failure is not None:
            _run_effect(partial(self._on_failure, failure))

    def _end(self, state: JournalState, failure: StoreError) -> None:
        self._state = state
        self.failure = failure
        futures = self._under_way.futures + self._open.futures
        self._under_way, self._open = _Waiting(), _Waiting()
        self.batch = Batch()
        for future, _ in futures:
            if not future.done():
                _fail(future, failure)


def _run_effect(effect: Effect) -> None:
    try:
        effect()
    except Exception:
        logger.exception("an effect of a commit failed")


def _fail(future: asyncio.Future[Any], failure: StoreError) -> None:
    future.set_exception(failure)
    future.exception()  # seen, so that nobody is blamed who did not wait for it
