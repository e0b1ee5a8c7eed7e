"""The local copy of an account: the state it began with, and every event since, applied once.

Nothing here waits: questions to the venue are asked by ``resync.py``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET

from cadenza.client.errors import ClientError
from cadenza.client.fields import decimal_of, millis, text_of
from cadenza.client.trading.events import (
    AccountEvent,
    AccountUpdated,
    ExecutionReport,
    OrderUpdated,
    PortfolioUpdated,
    UnknownEvent,
    WireEvent,
    read_wire,
)
from cadenza.client.trading.order import Order, status_of
from cadenza.client.trading.values import (
    AccountInfo,
    Balance,
    Execution,
    Position,
    balance_of,
    execution_of,
    info_of,
    position_of,
)
from cadenza.models import (
    EventType,
    RpcPortfolio,
    RpcTradeExecution,
    RpcTradeOrder,
    RpcTradingAccount,
    UpdateMode,
)

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_IDS: Final = 16_384
"""Ids of events and of executions that are remembered, to recognize a second delivery."""
MOST_STRAYS: Final = 1_024
"""Orders whose executions may come before the orders themselves."""

MakeOrder = Callable[[RpcTradeOrder, Any], Order]


class Found(NamedTuple):
    """An order in the answer to a question; ``data`` is ``None`` if the venue does not know it."""

    order_id: str
    data: RpcTradeOrder | None
    raw: Any


class AccountSnapshot(msgspec.Struct, frozen=True):
    """The account as of one offset of its stream.

    Attributes:
        orders: The open orders, in the order of their arrival.
        portfolio: All balances and open positions.
        raw_orders: The orders as they came.
        offset: The offset of the newest event that is in it.
    """

    orders: tuple[RpcTradeOrder, ...]
    portfolio: RpcPortfolio
    raw_orders: tuple[Any, ...]
    offset: int = 0

    @property
    def order_ids(self) -> set[Any]:
        """The ids of the open orders."""
        return {order.trade_order_id for order in self.orders}


class _Data(msgspec.Struct):
    orders: tuple[Any, ...]
    portfolio: RpcPortfolio


def read_state(data: Any, offset: int) -> AccountSnapshot:
    """Read the state of an account.

    Args:
        data: The data of a subscribe result.
        offset: The offset of that result.

    Raises:
        ClientError: The server sent no state, or one that cannot be read.
    """
    if data is None:
        raise ClientError("the server sends no state of the account with its channel")
    try:
        found = msgspec.convert(data, _Data)
        orders = msgspec.convert(found.orders, tuple[RpcTradeOrder, ...])
    except msgspec.ValidationError as error:
        raise ClientError(f"the state of the account cannot be read: {error}") from error
    return AccountSnapshot(orders, found.portfolio, found.orders, offset)


class Recent(OrderedDict[K, V], Generic[K, V]):
    """A mapping that forgets its oldest entry when it has more than ``size``."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        while len(self) > self._size:
            self.popitem(last=False)


class AccountCopy:
    """Reduces a snapshot and events to the present state of an account.

    Args:
        make_order: Makes a live order of a payload.
        most_ended: The most ended orders to keep.

    Attributes:
        orders: The open orders by id, in the order of their arrival.
        ended: The orders that ended last, by id.
        balances: The balances by asset.
        positions: The open positions by instrument.
        info: The description of the account; ``None`` until an event has brought it.
        offset: The offset of the newest event applied.
        at: The time of the newest event, milliseconds since the epoch, UTC.
        duplicates: How many events were dropped because they had been applied before.
    """

    def __init__(self, make_order: MakeOrder, most_ended: int) -> None:
        self.orders: dict[str, Order] = {}
        self.ended: Recent[str, Order] = Recent(most_ended)
        self.balances: dict[str, Balance] = {}
        self.positions: dict[str, Position] = {}
        self.info: AccountInfo | None = None
        self.offset = 0
        self.at = 0
        self.duplicates = 0
        self._make_order = make_order
        self._events: Recent[str, None] = Recent(MOST_IDS)
        self._executions: Recent[str, None] = Recent(MOST_IDS)
        self._strays: Recent[str, list[Execution]] = Recent(MOST_STRAYS)
        self._readers: Final = {
            EventType.TRADE_ORDER_UPDATED.value: self._order,
            EventType.EXECUTION_CREATED.value: self._execution,
            EventType.PORTFOLIO_UPDATED.value: self._portfolio,
            EventType.TRADING_ACCOUNT_UPDATED.value: self._account,
        }

    def order(self, order_id: str) -> Order | None:
        """An open order, or one that ended lately."""
        return self.orders.get(order_id) or self.ended.get(order_id)

    def start(self, state: AccountSnapshot) -> None:
        """Take over the first state of the account."""
        for data, raw in zip(state.orders, state.raw_orders, strict=True):
            self._shown(data, raw, in_stream=True)
        self._holdings(state.portfolio)
        self.offset = state.offset
        self.at = millis(state.portfolio.updated_at)

    def missing(self, state: AccountSnapshot) -> list[str]:
        """The ids of orders that are open here and not in a newer state: they have ended."""
        there = state.order_ids
        return [order_id for order_id in self.orders if order_id not in there]

    def apply(self, payload: bytes, offset: int) -> AccountEvent | None:
        """Apply an event of the channel.

        Args:
            payload: The event as it came.
            offset: Its offset in the stream; 0 where the channel keeps none.

        Returns:
            The event for the user; ``None`` if it had been applied before.
        """
        try:
            wire = read_wire(payload)
        except msgspec.MsgspecError as error:
            self.offset = max(self.offset, offset)
            return UnknownEvent(offset=offset, payload=payload, error=error)
        if (offset and offset <= self.offset) or wire.event_id in self._events:
            self.duplicates += 1
            return None
        self._events[wire.event_id] = None
        self.offset = max(self.offset, offset)
        known: dict[str, Any] = {"event_id": wire.event_id, "offset": offset, "payload": payload}
        known["at"] = millis(wire.timestamp)
        self.at = max(self.at, known["at"])
        reader = self._readers.get(wire.event_type)
        if reader is None:
            return UnknownEvent(event_type=wire.event_type, **known)
        try:
            return reader(wire, known)
        except msgspec.MsgspecError as error:
            return UnknownEvent(event_type=wire.event_type, error=error, **known)

    def adopt(self, data: RpcTradeOrder, raw: Any) -> Order:
        """Take over an order from an answer, which may be older or newer than this copy."""
        return self._shown(data, raw, in_stream=False)[0]

    def attach(self, execution: Execution) -> bool:
        """Add an execution that a query has found, and say whether it is new."""
        if execution.execution_id in self._executions:
            return False
        self._take(execution)
        return True

    def restart(
        self, state: AccountSnapshot, found: Iterable[Found], executions: Sequence[Execution]
    ) -> list[AccountEvent]:
        """Become equal to a newer state, after events were missed.

        Args:
            state: The account as of a newer offset.
            found: Orders that are not open in it: missing here, or ended meanwhile.
            executions: The executions since, oldest first; known ones are skipped.

        Returns:
            Events for everything that this changes.
        """
        events: list[AccountEvent] = []
        there = zip(state.orders, state.raw_orders, strict=True)
        shown = [self._shown(data, raw, in_stream=True) for data, raw in there]
        shown += [it for one in found if (it := self._found(one)) is not None]
        for execution in executions:
            if self.attach(execution):
                order = self.order(execution.order_id)
                events.append(
                    ExecutionReport(
                        execution=execution, order=order, at=execution.at, payload=execution.raw
                    )
                )
        for order, is_news in shown:
            if is_news:
                events.append(_updated(order, order.data, at=order.updated_at, payload=order.raw))
        self._holdings(state.portfolio, is_all=True)
        self.offset, self.at = state.offset, max(self.at, millis(state.portfolio.updated_at))
        events.append(
            PortfolioUpdated(
                at=self.at,
                balances=tuple(self.balances.values()),
                positions=tuple(self.positions.values()),
            )
        )
        return events

    def _found(self, found: Found) -> tuple[Order, bool] | None:
        if found.data is not None:
            return self._shown(found.data, found.raw, in_stream=False)
        order = self.orders.pop(found.order_id, None)
        if order is None:
            return None
        order.gone()
        self.ended[order.order_id] = order
        return order, True

    def _order(self, wire: WireEvent, known: dict[str, Any]) -> AccountEvent:
        data = msgspec.json.decode(wire.data, type=RpcTradeOrder)
        order, _ = self._shown(data, bytes(wire.data), in_stream=True)
        return _updated(order, data, **known)

    def _execution(self, wire: WireEvent, known: dict[str, Any]) -> AccountEvent | None:
        data = msgspec.json.decode(wire.data, type=RpcTradeExecution)
        execution = execution_of(data, bytes(wire.data))
        if not self.attach(execution):
            self.duplicates += 1
            return None
        return ExecutionReport(execution=execution, order=self.order(execution.order_id), **known)

    def _portfolio(self, wire: WireEvent, known: dict[str, Any]) -> AccountEvent:
        data = msgspec.json.decode(wire.data, type=RpcPortfolio)
        balances, positions = self._holdings(data, is_all=data.update_mode is UpdateMode.SNAPSHOT)
        return PortfolioUpdated(balances=balances, positions=positions, **known)

    def _account(self, wire: WireEvent, known: dict[str, Any]) -> AccountEvent:
        data = msgspec.json.decode(wire.data, type=RpcTradingAccount)
        self.info = info_of(data, bytes(wire.data))
        return AccountUpdated(account=self.info, **known)

    def _shown(self, data: RpcTradeOrder, raw: Any, *, in_stream: bool) -> tuple[Order, bool]:
        """Put an order where it belongs, and say whether it has changed."""
        order_id = text_of(data.trade_order_id)
        order = self.order(order_id)
        if order is None:
            order, is_news = self._make_order(data, raw), True
            order.begin(in_stream=in_stream)
            for execution in self._strays.pop(order_id, ()):
                order.add(execution)
        else:
            is_news = order.show(data, raw, in_stream=in_stream)
        if order.is_open:
            self.ended.pop(order_id, None)
            self.orders[order_id] = order
        else:
            self.orders.pop(order_id, None)
            self.ended[order_id] = order
        return order, is_news

    def _take(self, execution: Execution) -> None:
        self._executions[execution.execution_id] = None
        order = self.order(execution.order_id)
        if order is not None:
            order.add(execution)
        else:
            self._strays.setdefault(execution.order_id, []).append(execution)

    def _holdings(
        self, data: RpcPortfolio, *, is_all: bool = False
    ) -> tuple[tuple[Balance, ...], tuple[Position, ...]]:
        balances = () if data.balances is UNSET else tuple(map(balance_of, data.balances))
        positions = () if data.positions is UNSET else tuple(map(position_of, data.positions))
        if is_all:
            self.balances.clear()
            self.positions.clear()
        for balance in balances:
            self.balances[balance.asset] = balance
        for position in positions:
            if position.is_open:
                self.positions[position.instrument] = position
            else:
                self.positions.pop(position.instrument, None)
        return balances, positions


def _updated(order: Order, data: RpcTradeOrder, **known: Any) -> OrderUpdated:
    return OrderUpdated(
        order=order,
        status=status_of(data),
        filled_quantity=decimal_of(data.executed_quantity),
        **known,
    )
