"""A local order book that keeps itself: fed by its channel, doubted on a break, and healed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Self

from cadenza.client.backoff import Backoff
from cadenza.client.book_change import BookState, Change
from cadenza.client.book_changes import Changes
from cadenza.client.book_errors import BookFaultError, BookInterruptedError
from cadenza.client.clock import Timer
from cadenza.client.errors import ClientError
from cadenza.client.gate import Gate
from cadenza.client.order_book import OrderBook
from cadenza.client.values import Left, Publication, Subscribed

if TYPE_CHECKING:
    from cadenza.client.client import Client

CHANNEL: Final = "market:orderBook:{}"
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

    Attributes:
        resyncs: How often it has asked for a new SNAPSHOT.
    """

    __slots__ = (
        "_before",
        "_client",
        "_ended",
        "_gate",
        "_good",
        "_is_resyncing",
        "_pause",
        "_timer",
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
        self._gate.shut()
        self.subscription = client.subscription(
            CHANNEL.format(instrument_id),
            recoverable=True,
            positioned=True,
            on_publication=self._arrived,
            on_subscribing=self._interrupted,
            on_subscribed=self._subscribed,
            on_unsubscribed=self._unsubscribed,
        )

    async def start(self, *, wait: bool = True) -> None:
        """Subscribe, and wait until the book is LIVE.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: Not within ``start_timeout``.
        """
        self.subscription.subscribe()
        try:
            await self.subscription.ready()
            if wait:
                await self._gate.wait(self._client.options.start_timeout)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Unsubscribe; the book is STALE from then on, iterations end."""
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
        and larger ones, and whoever applies all of them holds what the book holds.
        """
        changes = Changes(self.instrument_id)
        leave = self.subscribe(changes.put)
        if self._ended is not None:
            changes.end(None)
        try:
            yield changes
        finally:
            leave()
            changes.end(None)

    async def wait_live(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  on the client's clock
        """Wait until the book can be trusted (again).

        Raises:
            CallTimeoutError: Not in time (default: ``start_timeout``).
            UnsubscribedError: Its subscription has ended.
        """
        limit = self._client.options.start_timeout if timeout is None else timeout
        await self._gate.wait(limit)

    # What the subscription tells.

    def _arrived(self, publication: Publication) -> None:
        fault = self.post(bytes(publication.payload))
        if fault is None:
            if not self._good:
                self._gate.open()
            self._good += 1
            if self._good == GOOD_RUN:
                self._pause.reset()
        else:
            self._doubt(fault)

    def _doubt(self, fault: BookFaultError) -> None:
        self._good = 0
        self._gate.shut()
        if not fault.is_healed_by_snapshot or self._timer is not None:
            return
        # The first time at once, but not in the middle of what is being delivered.
        delay = self._pause.next() if self._pause.step else 0.0
        self._pause.step = max(1, self._pause.step)
        self._timer = self._client.options.clock.call_later(delay, self._resync)

    def _resync(self) -> None:
        self._timer = None
        if self._ended is not None or not self.needs_resync or not self._client.is_connected:
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
        if self.state is BookState.LIVE and not self._is_resyncing:
            if self._posted:
                self.settle()
            self._before = self.state
            self.invalidate(f"{why.code} {why.reason}")
        self._good = 0
        self._gate.shut()

    def _subscribed(self, event: Subscribed) -> None:
        before, self._before = self._before, BookState.EMPTY
        interrupted = isinstance(self.fault, BookInterruptedError)
        if event.recovered and before is BookState.LIVE and interrupted:
            self.state, self.fault = BookState.LIVE, None
            self._gate.open()

    def _unsubscribed(self, why: Left) -> None:
        if self._is_resyncing:
            return
        self._stop_waiting()
        fault = BookInterruptedError(self.instrument_id, f"{why.code} {why.reason}")
        self._ended = fault
        self._gate.fail(fault)
        self.invalidate(f"{why.code} {why.reason}")

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def order_book(
    client: Client,
    instrument_id: str,
    *,
    allow_stale: bool,
    delta_is_diff: bool,
    wait: bool,
) -> LiveOrderBook:
    """See ``Client.order_book``."""
    asyncio.get_running_loop()
    book = LiveOrderBook(
        client, instrument_id, allow_stale=allow_stale, delta_is_diff=delta_is_diff
    )
    await book.start(wait=wait)
    return book
