"""A local order book that keeps itself current: fed by its channel, and healed after a break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Literal, Self

from cadenza.client.backoff import Backoff
from cadenza.client.errors import (
    BufferOverflowError,
    CallTimeoutError,
    ClientError,
    DisconnectedError,
    UnsubscribedError,
)
from cadenza.client.gate import Gate
from cadenza.client.host import ClientHost
from cadenza.client.market.changes import BookChanges, BookState
from cadenza.client.market.errors import BookInterruptedError, StaleBookError
from cadenza.client.market.order_book import OrderBook
from cadenza.client.options import GetSubscriptionToken
from cadenza.client.states import SubscriptionState
from cadenza.client.subscriber import UNSUBSCRIBE_CALLED
from cadenza.client.values import Cause, Publication, Subscribed
from cadenza.clock import Timer
from cadenza.models.channels import book_channel

GOOD_RUN: Final = 100
"""Payloads in a row that fit, after which the next gap is healed at once again."""

_LIVE: Final = BookState.LIVE  # looked up for each payload


class LiveOrderBook(OrderBook):
    """The book of one instrument, current for as long as the client is connected.

    Made by ``Client.order_book``. It is read as every ``OrderBook``.

    - While the connection is down it is STALE. If the server gives all that was missed, it goes on
      from there; if not, the SNAPSHOT that follows makes it LIVE.
    - A payload that does not fit makes it STALE, and it subscribes again to be sent a SNAPSHOT: at
      once, then after growing pauses, so that a server that never fits is not hammered.
    - If the server sends no SNAPSHOT after a subscribe, it is STALE until one is published.
    - A callback that raises is reported, and does not affect the book.

    Args:
        host: The client.
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``.
        allow_stale: As ``OrderBook``.
        delta_is_diff: As ``OrderBook``.
        delta: ``fossil`` asks for patches on the line; the book sees whole payloads.
        get_token: Called with the channel, where the server wants a token for it.

    Attributes:
        resyncs: How many times it has asked for a new SNAPSHOT.
        subscription: The subscription that feeds it: position, gaps, state.
    """

    __slots__ = (
        "_before",
        "_ended",
        "_gate",
        "_good",
        "_host",
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
        host: ClientHost,
        instrument_id: str,
        *,
        allow_stale: bool = False,
        delta_is_diff: bool = False,
        delta: Literal["", "fossil"] = "",
        get_token: GetSubscriptionToken | None = None,
    ) -> None:
        super().__init__(instrument_id, allow_stale=allow_stale, delta_is_diff=delta_is_diff)
        options = host.options
        self.resyncs = 0
        self._host = host
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
        self._readers: set[BookChanges] = set()
        self._watch: asyncio.Task[None] | None = None
        self._gate.shut()
        self.subscription = host.subscription(
            book_channel(instrument_id),
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
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> None:
        """Subscribe, and wait until the book is LIVE; ``Client.order_book`` does.

        Args:
            wait: Whether to wait for the first SNAPSHOT, or only for the subscription.
            timeout: Seconds; by default ``start_timeout``.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: The book is not LIVE in time. Nothing stays subscribed.
            UsageError: The channel has a subscription already.
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
        """Unsubscribe: the book is STALE from then on, and iterations end after what waits."""
        self._stop_waiting()
        self.subscription.unsubscribe()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @asynccontextmanager
    async def changes(self) -> AsyncIterator[BookChanges]:
        """Changes from now on, to iterate over: ``async with book.changes() as changes``.

        Changes that come while the reader is busy are merged into one, so a slow reader gets fewer
        and larger ones, and whoever applies all of them holds what the book holds. The iteration
        ends with ``close`` or when the user disconnects or closes the client, and raises
        ``UnsubscribedError`` or ``DisconnectedError`` when the server ends the subscription or the
        connection for good.
        """
        changes = BookChanges(self.instrument_id)
        leave = self.on_change(changes.put)
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
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> None:
        """Wait until ``predicate(book)`` is true.

        Args:
            predicate: Called with this book now and after changes; where it raises
                ``StaleBookError`` it counts as false. Of several states within one turn of the
                event loop it may see the last alone.
            timeout: Seconds; by default ``start_timeout``.

        Raises:
            CallTimeoutError: The predicate is not true in time.
            UnsubscribedError: The subscription has ended.
            DisconnectedError: The client is disconnected for good.
        """
        options = self._host.options
        limit = options.start_timeout if timeout is None else timeout
        late = CallTimeoutError(f"waiting for the book of {self.instrument_id}", limit)
        async with self.changes() as changes:
            timer = options.clock.call_later(limit, lambda: changes.end(late))
            try:
                while not self._holds(predicate):
                    await self._next(changes)
            finally:
                timer.cancel()

    async def wait_live(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - on the client's clock
        """Wait until the book can be trusted (again).

        Args:
            timeout: Seconds; by default ``start_timeout``.

        Raises:
            CallTimeoutError: The book is not LIVE in time.
            UnsubscribedError: The subscription has ended.
            DisconnectedError: The client is disconnected for good.
        """
        clock = self._host.options.clock
        limit = self._host.options.start_timeout if timeout is None else timeout
        until = clock.monotonic() + limit
        await self.subscription.ready(limit)
        await self._gate.wait(max(0.0, until - clock.monotonic()))

    def settle(self) -> None:
        """As ``OrderBook.settle``; levels that turn out to be wrong make it subscribe again."""
        super().settle()
        if self.fault is not None:
            self._doubt()

    # Called by the subscription.

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
        self._timer = self._host.options.clock.call_later(delay, self._resync)

    @property
    def _wants_snapshot(self) -> bool:
        """Whether a new SNAPSHOT would help; not while subscribing, which may bring one."""
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

    def _interrupted(self, why: Cause) -> None:
        """The connection is down: the levels were right, and may be wrong by now."""
        self._good = 0
        self._gate.shut()
        if self._watch is None or self._watch.done():
            name = f"the end of {self.subscription.channel!r}"
            self._watch = self._host.tasks.spawn(self._watch_for_the_end(), name)
        if self.state is BookState.LIVE and not self._is_resyncing:
            if self._posted:
                self.settle()
            self._before = self.state
            self.invalidate(f"{why.code} {why.reason}")

    async def _watch_for_the_end(self) -> None:
        """Notice the end of the client, of which a subscription that waits is not told."""
        while True:
            try:
                return await self.subscription.ready()
            except CallTimeoutError:
                continue
            except DisconnectedError as error:
                return self._over(error, error)
            except UnsubscribedError as error:
                # Its user has disconnected the client; of every other end it has been told.
                return None if self._ended is not None else self._over(error, None)

    def _subscribed(self, event: Subscribed) -> None:
        before, self._before = self._before, BookState.EMPTY
        self._gate.shut()
        if not event.recovered:
            return  # a SNAPSHOT follows, where the server has one
        if before is BookState.LIVE and isinstance(self.fault, BookInterruptedError):
            self._gate.open()
            self._finish(None, None, None, [], [])
        else:
            self._doubt()  # it was not whole before, which missed updates alone do not change

    def _unsubscribed(self, why: Cause) -> None:
        if self._is_resyncing:
            return
        self._stop_waiting()
        error = UnsubscribedError(self.subscription.channel, *why)
        self._ended = error
        self._over(error, None if why == UNSUBSCRIBE_CALLED else error)
        self.invalidate(f"{why.code} {why.reason}")

    def _over(self, error: ClientError, told: ClientError | None) -> None:
        """Make waiting raise ``error``, and end iterations: with ``told``, or quietly."""
        self._gate.fail(error)
        for changes in self._readers:
            changes.end(told)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _holds(self, predicate: Callable[[OrderBook], bool]) -> bool:
        try:
            return predicate(self)
        except StaleBookError:
            return False

    async def _next(self, changes: BookChanges) -> None:
        """Wait for a change; raise what has ended the subscription instead, if it has ended."""
        try:
            await anext(changes)
        except BufferOverflowError:
            return  # the book itself is read
        except StopAsyncIteration:
            await self.subscription.ready(0.0)
            raise UnsubscribedError(self.subscription.channel, *UNSUBSCRIBE_CALLED) from None
