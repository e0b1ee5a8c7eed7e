"""An order that lives: what it is now, and waiting for what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol, Self

from cadenza.client.callbacks import Callback
from cadenza.client.clock import Clock
from cadenza.client.errors import ClientError
from cadenza.client.fields import Number, decimal_of
from cadenza.client.raw import millis
from cadenza.client.trading.errors import OrderEndedError, OrderTimeoutError
from cadenza.client.trading.events import AccountEvent, OrderUpdated
from cadenza.client.trading.execution import Execution
from cadenza.client.trading.order_view import FINAL, OrderView, status_of
from cadenza.client.trading.streams import EventStream, Streams
from cadenza.models import OrderStatus, RpcTradeOrder


class OrderDesk(Protocol):
    """What an order needs of its account."""

    @property
    def clock(self) -> Clock:
        """Where the time comes from."""

    @property
    def trouble(self) -> ClientError | None:
        """Why nothing more will be heard of orders, if that is so."""

    def streams(self, name: str) -> Streams[AccountEvent]:
        """A new set of streams."""

    def notify(self, callback: Callback[Any], event: AccountEvent) -> None:
        """Call a function of the user."""

    async def amend(
        self, order: Order | str, terms: Mapping[str, Number | None], seconds: float | None
    ) -> Order:
        """Give it new terms."""

    async def cancel(self, order: Order | str, seconds: float | None) -> Order:
        """Take it back."""


class Order(OrderView):
    """An order of an account, kept current while the account is followed.

    Made by ``Account.submit``, or found in ``Account.orders``. ``async for event in order`` gives
    its events until it has ended.
    """

    def __init__(self, desk: OrderDesk, data: RpcTradeOrder, raw: Any) -> None:
        super().__init__(data, raw)
        self._desk = desk
        self._is_ahead = False
        self._waiters: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callback[AccountEvent]] = []
        self._streams: Streams[AccountEvent] | None = None

    async def done(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109  on the client's clock
        """Wait until it has ended, however; ``None`` waits without a limit.

        Raises:
            OrderTimeoutError: Not within ``timeout`` seconds.
            ClientError: The account is followed no longer, or the client is disconnected for good.
        """
        if self.is_open:
            if self._desk.trouble is not None:
                raise self._desk.trouble.with_traceback(None)
            await self._wait(timeout)
        return self

    async def filled(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109  as ``done``
        """Wait until all of it is filled.

        Raises:
            OrderEndedError: It was cancelled, rejected, or has expired.
            OrderTimeoutError: Not within ``timeout`` seconds.
            ClientError: As ``done``.
        """
        await self.done(timeout)
        if self._status is not OrderStatus.FILLED:
            raise OrderEndedError(self)
        return self

    async def cancel(self, *, timeout: float | None = None) -> Self:  # noqa: ASYNC109  as ``done``
        """Take it back; see ``Account.cancel``."""
        await self._desk.cancel(self, timeout)
        return self

    async def amend(
        self,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as ``done``
    ) -> Self:
        """Give it new terms; see ``Account.amend``."""
        terms = {"price": price, "quantity": quantity, "stop_price": stop_price}
        await self._desk.amend(self, terms, timeout)
        return self

    def on_update(self, callback: Callback[AccountEvent]) -> Callable[[], None]:
        """Call a function, plain or async, with each event of it; gives one that ends that."""
        self._callbacks.append(callback)

        def end() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return end

    def events(self) -> EventStream[AccountEvent]:
        """Its events from now on; the stream ends when it has ended."""
        if self._streams is None:
            self._streams = self._desk.streams(f"order {self.order_id}")
        stream = self._streams.open()
        if not self.is_open or self._desk.trouble is not None:
            stream.end(self._desk.trouble if self.is_open else None)
        return stream

    def __aiter__(self) -> AsyncIterator[AccountEvent]:
        return self.events()

    # What its account tells it.

    def begin(self, *, in_stream: bool) -> Self:
        """It was made of what the account's stream, or else the answer of a call, said."""
        self._is_ahead = not in_stream
        return self

    def show(self, data: RpcTradeOrder, raw: Any, *, in_stream: bool) -> bool:
        """Take over what it is now; gives whether that was news.

        Args:
            data: What the venue says.
            raw: The same as it came.
            in_stream: Whether it is the account's stream that says so, whose order is the order of
                decisions. Answers of calls may come before or after what they tell of.
        """
        trusted = in_stream and not self._is_ahead
        if not (self._status not in FINAL if trusted else self._is_news(data, or_same=in_stream)):
            return False
        differs = data != self._data
        self._data, self._raw, self._status = data, raw, status_of(data)
        self._is_ahead = not in_stream
        self._is_gone = False
        self._settle()
        return differs

    def add(self, execution: Execution) -> None:
        """It was filled, or a part of it."""
        self._executions[execution.execution_id] = execution

    def gone(self) -> None:
        """The venue does not know it any more."""
        self._is_gone = True
        self._settle()

    def tell(self, event: AccountEvent) -> None:
        """Something happened to it, and it shows that already."""
        for callback in list(self._callbacks):
            self._desk.notify(callback, event)
        if self._streams is not None:
            self._streams.put(event)
            if isinstance(event, OrderUpdated) and (event.status in FINAL or self._is_gone):
                self._streams.end()

    def interrupt(self, error: ClientError, *, is_wanted: bool) -> None:
        """Nothing more will be heard of it; a user who wanted that can stop to iterate."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(error)
        if self._streams is not None:
            self._streams.end(None if is_wanted else error)

    def _is_news(self, data: RpcTradeOrder, *, or_same: bool) -> bool:
        """Whether ``data`` is later than what is known, as far as an order itself can tell."""
        if self._status in FINAL:
            return False
        if status_of(data) in FINAL:
            return True
        filled = decimal_of(data.executed_quantity)
        if filled != self.filled_quantity:
            return filled > self.filled_quantity
        at = millis(data.updated_at)
        return at > self.updated_at or (or_same and at == self.updated_at)

    def _settle(self) -> None:
        if self.is_open:
            return
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self, seconds: float | None) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        timer = None
        if seconds is not None:
            timer = self._desk.clock.call_later(seconds, lambda: self._late(waiter, seconds))
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if timer is not None:
                timer.cancel()
            if waiter.done() and not waiter.cancelled():
                waiter.exception()  # seen, also when the caller was cancelled meanwhile

    def _late(self, waiter: asyncio.Future[None], seconds: float) -> None:
        if not waiter.done():
            waiter.set_exception(OrderTimeoutError(self, seconds))
