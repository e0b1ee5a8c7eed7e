"""A local order book that keeps itself: fed by its channel, doubted on a break, and healed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Literal, Self

from cadenza.client.backoff import Backoff
from cadenza.client.errors import (
    BufferOverflowError,
    CallTimeoutError,
    ClientError,
    DisconnectedError,
    UnsubscribedError,
)
from cadenza.client.gate import Gate
from cadenza.client.market.changes import BookState, Change, Changes
from cadenza.client.market.errors import BookInterruptedError, StaleBookError
from cadenza.client.market.order_book import OrderBook
from cadenza.client.options import GetSubscriptionToken
from cadenza.client.states import SubscriptionState
from cadenza.client.subscriber import UNSUBSCRIBE_CALLED
from cadenza.client.values import Left, Publication, Subscribed
from cadenza.clock import Clock, Timer

if TYPE_CHECKING:
    from cadenza.client.client import Client

CHANNEL: Final = "market:orderBook:{}"
_LIVE: Final = BookState.LIVE  # looked up for each payload

GOOD_RUN: Final = 100
"""Payloads in a row that fit, after which a gap counts as the first again."""


class LiveOrderBook(OrderBook):
    """The book of one instrument, current for as long as the client is connected.

    Made by ``Client.order_book``. Everything that can be read of an `OrderBook` can be read of it.

    - While the connection is down it is STALE. If the server gives all that was missed, it goes on
      from there; if not, the SNAPSHOT that follows makes it LIVE.
    - A payload that does not fit makes it STALE, and it subscribes anew to be sent a SNAPSHOT: at
      once, then after growing pauses, so that a server that never fits is not hammered.
    - A server that sends no SNAPSHOT by itself leaves it STALE until it publishes one.
    - A callback that raises is reported, and heals or breaks nothing.

    Attributes:
        resyncs: How often it has asked for a new SNAPSHOT.
        subscription: The subscription that feeds it: position, gaps, state.
    """

    __slots__ = (
        "_before",
        "_client",
        "_ended",
        "_gate",
        "_good",
        "_is_resyncing",
        "_pause",
        "_readers",
        "_timer",
        "_watch",
        "resyncs",
        "subscription",
    )

    def __init__(
        self,
        client: Client,
        instrument_id: str,
        *,
        allow_stale: bool = False,
        delta_is_diff: bool = False,
        delta: Literal["", "fossil"] = "",
        get_token: GetSubscriptionToken | None = None,
    ) -> None:
        super().__init__(instrument_id, allow_stale=allow_stale, delta_is_diff=delta_is_diff)
        options = client.options
        self.resyncs = 0
        self._client = client
        self._gate = Gate(
            options.clock,
            f"the first SNAPSHOT of {instrument_id}",
            BookInterruptedError(instrument_id, "not subscribed yet"),
        )
        self._pause = Backoff(
            options.min_resubscribe_delay, options.max_resubscribe_delay, options.random
        )
        self._good = 0
        self._timer: Timer | None = None
        self._is_resyncing = False
        self._ended: ClientError | None = None
        self._before = BookState.EMPTY
        self._readers: set[Changes] = set()
        self._watch: asyncio.Task[None] | None = None
        self._gate.shut()
        self.subscription = client.subscription(
            CHANNEL.format(instrument_id),
            recoverable=True,
            positioned=True,
            delta=delta,
            get_token=get_token,
            on_publication=self._arrived,
            on_subscribing=self._interrupted,
            on_subscribed=self._subscribed,
            on_unsubscribed=self._unsubscribed,
        )

    async def start(
        self,
        *,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> None:
        """Subscribe, and wait until the book is LIVE.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: Not in time (default: ``start_timeout``).
        """
        self.subscription.subscribe()
        try:
            if wait:
                await self.wait_live(timeout)
            else:
                await self.subscription.ready(timeout)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Unsubscribe; the book is STALE from then on, iterations end after what waits."""
        self._stop_waiting()
        self.subscription.unsubscribe()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def on_change(self, callback: Callable[[Change], object]) -> Callable[[], None]:
        """Call a plain function with every change; as `OrderBook.subscribe`."""
        return self.subscribe(callback)

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[Changes]:
        """Changes to iterate over, from now on: ``async with book.changes() as changes``.

        What comes while the reader is busy is merged into one change, so a slow reader gets fewer
        and larger ones, and whoever applies all of them holds what the book holds. The iteration
        ends with ``close`` or when the user disconnects or closes the client, and raises when the
        server ends the subscription or the connection for good.
        """
        changes = Changes(self.instrument_id)
        leave = self.subscribe(changes.put)
        self._readers.add(changes)
        if self._ended is not None:
            changes.end(None)
        try:
            yield changes
        finally:
            leave()
            self._readers.discard(changes)
            changes.end(None)

    async def wait_for(
        self,
        predicate: Callable[[OrderBook], bool],
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> None:
        """Wait until ``predicate(book)`` is true; a book that cannot be read is not.

        States that follow one another within one turn of the event loop may be looked at once.

        Raises:
            CallTimeoutError: Not in time (default: ``start_timeout``).
            UnsubscribedError: The subscription has ended.
            DisconnectedError: The client has, for good.
        """
        options = self._client.options
        limit = options.start_timeout if timeout is None else timeout
        async with self.changes() as changes:
            await until(self, predicate, changes, limit, options.clock)

    async def wait_live(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  on the client's clock
        """Wait until the book can be trusted (again).

        Raises:
            CallTimeoutError: Not in time (default: ``start_timeout``).
            UnsubscribedError: Its subscription has ended.
            DisconnectedError: The client has, for good.
        """
        clock = self._client.options.clock
        limit = self._client.options.start_timeout if timeout is None else timeout
        until = clock.monotonic() + limit
        await self.subscription.ready(limit)
        await self._gate.wait(max(0.0, until - clock.monotonic()))

    def settle(self) -> None:
        """As `OrderBook`; levels that turn out to be wrong are a reason to subscribe anew."""
        super().settle()
        if self.fault is not None:
            self._doubt()

    # What the subscription tells.

    def _arrived(self, publication: Publication) -> None:
        try:
            self.post(bytes(publication.payload))
        finally:  # also when a callback has raised: the book has changed all the same
            if self.state is _LIVE:
                if not self._good:
                    self._gate.open()
                self._good += 1
                if self._good == GOOD_RUN:
                    self._pause.reset()
            else:
                self._doubt()

    def _doubt(self) -> None:
        self._good = 0
        self._gate.shut()
        if not self._wants_snapshot or self._timer is not None:
            return
        # The first time at once, but not in the middle of what is being delivered.
        delay = self._pause.next() if self._pause.step else 0.0
        self._pause.step = max(1, self._pause.step)
        self._timer = self._client.options.clock.call_later(delay, self._resync)

    @property
    def _wants_snapshot(self) -> bool:
        """Whether to ask for one is worth the trouble.

        While it is not subscribed it is not: what comes of the subscribe decides.
        """
        is_subscribed = self.subscription.state is SubscriptionState.SUBSCRIBED
        is_bad = is_subscribed and self.state is not BookState.LIVE
        return is_bad and (self.fault is None or self.fault.is_healed_by_snapshot)

    def _resync(self) -> None:
        self._timer = None
        if not self._wants_snapshot:
            return
        self.resyncs += 1
        self._is_resyncing = True
        try:
            self.subscription.subscriber.invalidate()  # a SNAPSHOT is wanted, not what was missed
            self.subscription.unsubscribe()
            self.subscription.subscribe()
        finally:
            self._is_resyncing = False

    def _interrupted(self, why: Left) -> None:
        """The line is down: what the book holds was true, and may be no more."""
        self._good = 0
        self._gate.shut()
        if self._watch is None or self._watch.done():
            name = f"the end of {self.subscription.channel!r}"
            self._watch = self._client.tasks.spawn(self._watch_for_the_end(), name)
        if self.state is BookState.LIVE and not self._is_resyncing:
            if self._posted:
                self.settle()
            self._before = self.state
            self.invalidate(f"{why.code} {why.reason}")

    async def _watch_for_the_end(self) -> None:
        """Until it is subscribed (again), the client may end without a word to subscriptions."""
        while True:
            try:
                return await self.subscription.ready()
            except CallTimeoutError:
                continue
            except DisconnectedError as error:
                return self._over(error, error)
            except UnsubscribedError as error:
                # By its user: a client that was disconnected; what else there is, was told.
                return None if self._ended is not None else self._over(error, None)

    def _subscribed(self, event: Subscribed) -> None:
        before, self._before = self._before, BookState.EMPTY
        self._gate.shut()
        if not event.recovered:
            return  # a SNAPSHOT comes by itself, where the server has one
        if before is BookState.LIVE and isinstance(self.fault, BookInterruptedError):
            self._gate.open()
            self._finish(None, None, None, [], [])
        else:
            self._doubt()  # it was not whole before, and what was missed alone does not make it so

    def _unsubscribed(self, why: Left) -> None:
        if self._is_resyncing:
            return
        self._stop_waiting()
        error = UnsubscribedError(self.subscription.channel, *why)
        self._ended = error
        self._over(error, None if why == UNSUBSCRIBE_CALLED else error)
        self.invalidate(f"{why.code} {why.reason}")

    def _over(self, error: ClientError, told: ClientError | None) -> None:
        """Waiting raises ``error``; iterations end, by ``told`` if that is one."""
        self._gate.fail(error)
        for changes in self._readers:
            changes.end(told)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def until(
    book: LiveOrderBook,
    predicate: Callable[[OrderBook], bool],
    changes: Changes,
    seconds: float,
    clock: Clock,
) -> None:
    """See ``LiveOrderBook.wait_for``; ``changes`` are those of the book."""
    late = CallTimeoutError(f"waiting for the book of {book.instrument_id}", seconds)
    timer = clock.call_later(seconds, lambda: changes.end(late))
    try:
        while not _holds(book, predicate):
            await _next(book, changes)
    finally:
        timer.cancel()


def _holds(book: LiveOrderBook, predicate: Callable[[OrderBook], bool]) -> bool:
    try:
        return predicate(book)
    except StaleBookError:
        return False


async def _next(book: LiveOrderBook, changes: Changes) -> None:
    try:
        await anext(changes)
    except BufferOverflowError:
        return  # the book itself is looked at
    except StopAsyncIteration:
        await book.subscription.ready(0.0)  # raises what has ended it
        raise UnsubscribedError(book.subscription.channel, *UNSUBSCRIBE_CALLED) from None
