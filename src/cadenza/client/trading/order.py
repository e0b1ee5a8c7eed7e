"""An order that lives: what it is now, and waiting for what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from decimal import Decimal
from typing import Any, Final, Protocol, Self

from msgspec import UNSET

from cadenza.client.callbacks import Callback
from cadenza.client.errors import (
    TIMEOUT,
    ClientError,
)
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


class OrderView:
    """The facts of an order."""

    def __init__(self, data: RpcTradeOrder, raw: Any) -> None:
        self.order_id: Final = text_of(data.trade_order_id)
        self._data = data
        self._raw = raw
        self._status = status_of(data)
        self._is_gone = False
        self._executions: dict[str, Execution] = {}

    @property
    def status(self) -> OrderStatus:
        """Where it is in its life."""
        return self._status

    @property
    def is_open(self) -> bool:
        """Whether something may still happen to it."""
        return self._status not in FINAL and not self._is_gone

    @property
    def client_order_id(self) -> str:
        """Its owner's name for it; empty where it has none."""
        return text_of(self._data.client_order_id)

    @property
    def instrument(self) -> str:
        """``VENUE:BASE/QUOTE``."""
        return text_of(self._data.instrument_id)

    @property
    def side(self) -> OrderSide:
        """BUY or SELL."""
        side = self._data.order_side
        return OrderSide.UNKNOWN if side is UNSET else side

    @property
    def type(self) -> OrderType:
        """How it is priced."""
        kind = self._data.order_type
        return OrderType.UNKNOWN if kind is UNSET or kind is None else kind

    @property
    def time_in_force(self) -> TimeInForce:
        """How long it stays good."""
        found = self._data.time_in_force
        return TimeInForce.UNKNOWN if found is UNSET or found is None else found

    @property
    def price(self) -> Decimal | None:
        """Its limit; ``None`` where it has none."""
        return optional_decimal(self._data.limit_price)

    @property
    def stop_price(self) -> Decimal | None:
        """Its trigger; ``None`` where it has none."""
        return optional_decimal(self._data.stop_price)

    @property
    def quantity(self) -> Decimal:
        """All of it, with what is filled; in the base asset unless ``quantity_type`` is QUOTE."""
        return decimal_of(self._data.quantity)

    @property
    def quantity_type(self) -> QuantityType:
        """What ``quantity`` counts."""
        kind = self._data.quantity_type
        return QuantityType.BASE if kind is UNSET else kind

    @property
    def filled_quantity(self) -> Decimal:
        """What is executed, in the base asset."""
        return decimal_of(self._data.executed_quantity)

    @property
    def remaining(self) -> Decimal:
        """What is not, in what ``quantity`` counts; an order that has ended keeps it."""
        is_quote = self.quantity_type is QuantityType.QUOTE
        return max(self.quantity - (self.cost if is_quote else self.filled_quantity), ZERO)

    @property
    def average_price(self) -> Decimal | None:
        """Of what is filled; ``None`` while nothing is."""
        return decimal_of(self._data.executed_price) if self.filled_quantity else None

    @property
    def cost(self) -> Decimal:
        """What was filled, in the quote asset, fees not included."""
        return decimal_of(self._data.executed_cost)

    @property
    def fees(self) -> Mapping[str, Decimal]:
        """Of all fills, by asset."""
        return fees_of(self._data.fees)

    @property
    def executions(self) -> tuple[Execution, ...]:
        """The fills that are known, oldest first; see ``has_all_executions``."""
        by_time = sorted(self._executions.values(), key=lambda it: (it.at, it.execution_id))
        return tuple(by_time)

    @property
    def has_all_executions(self) -> bool:
        """Whether ``executions`` come to ``filled_quantity``.

        They do not where an order was partly filled before the account was followed:
        ``Account.load_executions`` asks for the rest.
        """
        known = sum((one.quantity for one in self._executions.values()), ZERO)
        return known == self.filled_quantity

    @property
    def order_list_id(self) -> str:
        """Of the orders that came with it (OCO, OTO, OTOCO); empty where there are none."""
        return text_of(self._data.order_list_id)

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
        """Milliseconds since the epoch, UTC."""
        return millis(self._data.created_at)

    @property
    def updated_at(self) -> int:
        """The same, of the last change."""
        return millis(self._data.updated_at)

    @property
    def expire_at(self) -> int | None:
        """When it ends by itself, milliseconds since the epoch, UTC; ``None``: never."""
        return millis(self._data.expire_at) or None

    @property
    def data(self) -> RpcTradeOrder:
        """Everything that the venue says of it."""
        return self._data

    @property
    def raw(self) -> Any:
        """The venue's last words on it, decoded from JSON."""
        return opened(self._raw)

    def __repr__(self) -> str:
        return describe(self)


def status_of(data: RpcTradeOrder) -> OrderStatus:
    """The status of the wire."""
    status = data.status
    return OrderStatus.UNKNOWN if status is UNSET or status is None else status


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


def describe(order: OrderView) -> str:
    """What a trader wants to see of it in a notebook."""
    asset = ""
    if order.quantity_type is QuantityType.QUOTE:
        asset = f" {order.instrument.rpartition('/')[2]} of"
    price = "" if order.price is None else f" at {order.price}"
    stop = "" if order.stop_price is None else f" stop {order.stop_price}"
    filled = ""
    if order.filled_quantity:
        filled = f", {order.filled_quantity} filled at {order.average_price}"
    why = order.cancel_reason or order.reject_reason
    ended = f" ({why})" if why else ""
    return (
        f"<Order {order.status.value}{ended}: {order.side.value} {order.quantity}{asset}"
        f" {order.instrument} {order.type.value}{price}{stop}{filled}; {order.order_id}>"
    )


class OrderEndedError(ClientError):
    """``order`` ended otherwise than was waited or asked for; its status and reasons say how."""

    def __init__(self, order: Order) -> None:
        why = order.cancel_reason or order.reject_reason
        words = f"{order.status.value} ({why})" if why else order.status.value
        super().__init__(
            f"order {order.order_id} is {words}, {order.filled_quantity} of {order.quantity} filled"
        )
        self.order = order


class OrderTimeoutError(ClientError, TimeoutError):
    """``order`` has not ended within the ``seconds`` that were waited."""

    def __init__(self, order: Order, seconds: float) -> None:
        super().__init__(
            f"order {order.order_id} is still {order.status.value} after {seconds:g} s,"
            f" {order.filled_quantity} of {order.quantity} filled",
            code=TIMEOUT,
        )
        self.order = order
        self.seconds = seconds
