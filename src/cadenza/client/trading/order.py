"""A live order: its present state, and ways to wait for what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, Self

from msgspec import UNSET

from cadenza.client.callbacks import Callback
from cadenza.client.errors import TIMEOUT, ClientError
from cadenza.client.fields import (
    ZERO,
    Number,
    decimal_of,
    millis,
    opened,
    optional_decimal,
    text_of,
)
from cadenza.client.trading.events import AccountEvent, OrderUpdated
from cadenza.client.trading.streams import EventStream, Streams
from cadenza.client.trading.values import Execution, fees_of
from cadenza.clock import Clock
from cadenza.models import (
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityType,
    RpcTradeOrder,
    TimeInForce,
)

FINAL: Final = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
        OrderStatus.REVOKED,
    }
)
"""Statuses that nothing follows."""


class OrderHost(Protocol):
    """The account, as its orders see it; ``OrderCommands`` is the one implementation."""

    @property
    def clock(self) -> Clock:
        """The clock of the client."""

    @property
    def trouble(self) -> ClientError | None:
        """Why no more events will come; ``None`` while they do."""

    def streams(self, name: str) -> Streams[AccountEvent]:
        """A new set of streams."""

    def notify(self, callback: Callback[Any], event: AccountEvent) -> None:
        """Call a function of the user."""

    async def amend(
        self, order: Order | str, terms: Mapping[str, Number | None], seconds: float | None
    ) -> Order:
        """Change the terms of an order."""

    async def cancel(self, order: Order | str, seconds: float | None) -> Order:
        """Cancel an order."""


class Order:
    """An order of an account, kept current while the account is followed.

    Made by ``Account.submit``, or found in ``Account.orders``. ``async for event in order`` gives
    its events until it has ended.

    Args:
        host: The account.
        data: The order as the venue shows it.
        raw: The same as it came.

    Attributes:
        order_id: The venue's id of the order.
    """

    def __init__(self, host: OrderHost, data: RpcTradeOrder, raw: Any) -> None:
        self.order_id: Final = text_of(data.trade_order_id)
        self._host = host
        self._data = data
        self._raw = raw
        self._status = status_of(data)
        self._is_gone = False
        self._is_ahead = False
        self._executions: dict[str, Execution] = {}
        self._waiters: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callback[AccountEvent]] = []
        self._streams: Streams[AccountEvent] | None = None

    def __repr__(self) -> str:
        asset = ""
        if self.quantity_type is QuantityType.QUOTE:
            asset = f" {self.instrument.rpartition('/')[2]} of"
        price = "" if self.price is None else f" at {self.price}"
        stop = "" if self.stop_price is None else f" stop {self.stop_price}"
        filled = ""
        if self.filled_quantity:
            filled = f", {self.filled_quantity} filled at {self.average_price}"
        why = self.cancel_reason or self.reject_reason
        ended = f" ({why})" if why else ""
        return (
            f"<Order {self.status.value}{ended}: {self.side.value} {self.quantity}{asset}"
            f" {self.instrument} {self.type.value}{price}{stop}{filled}; {self.order_id}>"
        )

    # Its state.

    @property
    def status(self) -> OrderStatus:
        """The status, such as ACCEPTED or FILLED."""
        return self._status

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self._status not in FINAL and not self._is_gone

    @property
    def client_order_id(self) -> str:
        """The name that its owner gave it; empty if it has none."""
        return text_of(self._data.client_order_id)

    @property
    def order_list_id(self) -> str:
        """The id of its list of orders (OCO, OTO, OTOCO); empty if it is in none."""
        return text_of(self._data.order_list_id)

    @property
    def instrument(self) -> str:
        """The instrument, ``VENUE:BASE/QUOTE``."""
        return text_of(self._data.instrument_id)

    @property
    def side(self) -> OrderSide:
        """BUY or SELL."""
        side = self._data.order_side
        return OrderSide.UNKNOWN if side is UNSET else side

    @property
    def type(self) -> OrderType:
        """The type, such as LIMIT or MARKET."""
        kind = self._data.order_type
        return OrderType.UNKNOWN if kind is UNSET or kind is None else kind

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it stays good, such as GTC."""
        found = self._data.time_in_force
        return TimeInForce.UNKNOWN if found is UNSET or found is None else found

    @property
    def price(self) -> Decimal | None:
        """The limit price, in the quote asset; ``None`` if it has none."""
        return optional_decimal(self._data.limit_price)

    @property
    def stop_price(self) -> Decimal | None:
        """The trigger price, in the quote asset; ``None`` if it has none."""
        return optional_decimal(self._data.stop_price)

    @property
    def quantity(self) -> Decimal:
        """The whole quantity, filled or not, in the asset that ``quantity_type`` names."""
        return decimal_of(self._data.quantity)

    @property
    def quantity_type(self) -> QuantityType:
        """The asset of ``quantity``: BASE or QUOTE."""
        kind = self._data.quantity_type
        return QuantityType.BASE if kind is UNSET else kind

    @property
    def filled_quantity(self) -> Decimal:
        """The quantity that is filled, in the base asset."""
        return decimal_of(self._data.executed_quantity)

    @property
    def remaining(self) -> Decimal:
        """The quantity that is not filled, in the asset of ``quantity``; stays after the end."""
        is_quote = self.quantity_type is QuantityType.QUOTE
        return max(self.quantity - (self.cost if is_quote else self.filled_quantity), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """The average price of its fills, in the quote asset; ``None`` while there are none."""
        return decimal_of(self._data.executed_price) if self.filled_quantity else None

    @property
    def cost(self) -> Decimal:
        """The value of its fills in the quote asset, without fees."""
        return decimal_of(self._data.executed_cost)

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """The fees of all fills, by asset."""
        return fees_of(self._data.fees)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """The fills that are known, oldest first; see ``has_all_executions``."""
        by_time = sorted(self._executions.values(), key=lambda it: (it.at, it.execution_id))
        return tuple(by_time)

    @property
    def has_all_executions(self) -> bool:
        """Whether the quantities of ``executions`` add up to ``filled_quantity``.

        They do not if the order was partly filled before the account was followed:
        ``Account.load_executions`` asks for the rest.
        """
        known = sum((one.quantity for one in self._executions.values()), ZERO)
        return known == self.filled_quantity

    @property
    def reject_reason(self) -> str:
        """Why it was rejected; empty if it was not."""
        return text_of(self._data.reject_reason)

    @property
    def cancel_reason(self) -> str:
        """Why it ended early; empty if it did not."""
        return "UNKNOWN_ORDER" if self._is_gone else text_of(self._data.cancel_reason)

    @property
    def created_at(self) -> int:
        """The time it was created, milliseconds since the epoch, UTC."""
        return millis(self._data.created_at)

    @property
    def updated_at(self) -> int:
        """The time of its last change, milliseconds since the epoch, UTC."""
        return millis(self._data.updated_at)

    @property
    def expire_at(self) -> int | None:
        """The time it expires, milliseconds since the epoch, UTC; ``None`` if it does not."""
        return millis(self._data.expire_at) or None

    @property
    def data(self) -> RpcTradeOrder:
        """All fields that the venue has sent."""
        return self._data

    @property
    def raw(self) -> Any:
        """The venue's last payload of this order, decoded from JSON."""
        return opened(self._raw)

    # Commands, and waiting.

    async def amend(
        self,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as ``done``
    ) -> Self:
        """Change its terms; see ``Account.amend``."""
        terms = {"price": price, "quantity": quantity, "stop_price": stop_price}
        await self._host.amend(self, terms, timeout)
        return self

    async def cancel(self, *, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - as ``done``
        """Cancel it; see ``Account.cancel``."""
        await self._host.cancel(self, timeout)
        return self

    async def done(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - on the client's clock
        """Wait until it has ended, in whatever way.

        Args:
            timeout: Seconds; ``None`` waits without a limit.

        Raises:
            OrderTimeoutError: It has not ended in time.
            ClientError: The account was closed, or the client is disconnected for good.
        """
        if self.is_open:
            if self._host.trouble is not None:
                raise self._host.trouble.with_traceback(None)
            await self._wait(timeout)
        return self

    async def filled(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - as ``done``
        """Wait until all of it is filled.

        Args:
            timeout: Seconds; ``None`` waits without a limit.

        Raises:
            OrderEndedError: It was cancelled, rejected, or has expired.
            OrderTimeoutError: It has not ended in time.
            ClientError: As ``done``.
        """
        await self.done(timeout)
        if self._status is not OrderStatus.FILLED:
            raise OrderEndedError(self)
        return self

    def on_update(self, callback: Callback[AccountEvent]) -> Callable[[], None]:
        """Call a function, plain or async, with each event of this order.

        Returns:
            A function that ends it; calling that again does nothing.
        """
        self._callbacks.append(callback)

        def end() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return end

    def events(self) -> EventStream[AccountEvent]:
        """Its events from now on, to iterate over; the stream ends when the order has ended."""
        if self._streams is None:
            self._streams = self._host.streams(f"order {self.order_id}")
        stream = self._streams.open()
        if not self.is_open or self._host.trouble is not None:
            stream.end(self._host.trouble if self.is_open else None)
        return stream

    def __aiter__(self) -> AsyncIterator[AccountEvent]:
        return self.events()

    # Called by its account.

    def begin(self, *, in_stream: bool) -> Self:
        """Note where ``data`` came from: the account's stream, or else the answer of a call."""
        self._is_ahead = not in_stream
        return self

    def show(self, data: RpcTradeOrder, raw: Any, *, in_stream: bool) -> bool:
        """Take over a newer state, and say whether it differs; an older state is ignored.

        Args:
            data: The order as the venue shows it.
            raw: The same as it came.
            in_stream: Whether it came in the account's stream, whose order is the order of
                decisions. Answers of calls may come before or after the events they tell of.
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
        """Add a fill."""
        self._executions[execution.execution_id] = execution

    def gone(self) -> None:
        """Note that the venue does not know the order any more."""
        self._is_gone = True
        self._settle()

    def tell(self, event: AccountEvent) -> None:
        """Pass on an event, which the order shows already."""
        for callback in list(self._callbacks):
            self._host.notify(callback, event)
        if self._streams is not None:
            self._streams.put(event)
            if isinstance(event, OrderUpdated) and (event.status in FINAL or self._is_gone):
                self._streams.end()

    def interrupt(self, error: ClientError, *, is_wanted: bool) -> None:
        """No more events will come: waiting raises ``error``, and so do iterations.

        Args:
            error: Why.
            is_wanted: Whether the user wanted that: then iterations end quietly.
        """
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
            timer = self._host.clock.call_later(seconds, lambda: self._late(waiter, seconds))
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if timer is not None:
                timer.cancel()
            if waiter.done() and not waiter.cancelled():
                waiter.exception()  # retrieved, also when the caller was cancelled meanwhile

    def _late(self, waiter: asyncio.Future[None], seconds: float) -> None:
        if not waiter.done():
            waiter.set_exception(OrderTimeoutError(self, seconds))


def status_of(data: RpcTradeOrder) -> OrderStatus:
    """The status of an order of the wire; UNKNOWN where it is left out."""
    status = data.status
    return OrderStatus.UNKNOWN if status is UNSET or status is None else status


class OrderEndedError(ClientError):
    """An order has ended in another way than the one waited or asked for.

    Attributes:
        order: The order; its status and reasons say how it ended.
    """

    def __init__(self, order: Order) -> None:
        why = order.cancel_reason or order.reject_reason
        words = f"{order.status.value} ({why})" if why else order.status.value
        super().__init__(
            f"order {order.order_id} is {words}, {order.filled_quantity} of {order.quantity} filled"
        )
        self.order = order


class OrderTimeoutError(ClientError, TimeoutError):
    """An order has not ended in time.

    Attributes:
        order: The order.
        seconds: How long it was waited for.
    """

    def __init__(self, order: Order, seconds: float) -> None:
        super().__init__(
            f"order {order.order_id} is still {order.status.value} after {seconds:g} s,"
            f" {order.filled_quantity} of {order.quantity} filled",
            code=TIMEOUT,
        )
        self.order = order
        self.seconds = seconds
