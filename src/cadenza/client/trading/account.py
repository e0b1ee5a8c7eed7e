"""An account in the hands of a trader: what it has, what it does, and orders that live."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self, Unpack

from msgspec import UNSET

from cadenza.client.api_calls import ApiCalls, converted
from cadenza.client.errors import ReplyError
from cadenza.client.fields import Number
from cadenza.client.host import ClientHost
from cadenza.client.options import Overflow
from cadenza.client.trading.account_callbacks import AccountCallbacks
from cadenza.client.trading.events import AccountEvent
from cadenza.client.trading.order import Order
from cadenza.client.trading.order_commands import OrderCommands
from cadenza.client.trading.order_request import OrderTerms
from cadenza.client.trading.resync import executions_of
from cadenza.client.trading.states import AccountState
from cadenza.client.trading.streams import SIZE, EventStream
from cadenza.client.trading.values import (
    AccountInfo,
    AccountSummary,
    Balance,
    Execution,
    Portfolio,
    Position,
    summary_of,
)
from cadenza.models import OrderSide, RpcPortfolio

PORTFOLIO = "query.portfolio.get"


class Account:
    """One account, kept current from its channel; made by ``Client.account``.

    ``async with`` closes it. After a reconnect it goes on by itself: what was missed is recovered,
    or else loaded anew and told as ``Resynced``.

    Attributes:
        account_id: Which.
    """

    def __init__(
        self,
        host: ClientHost,
        account_id: str,
        *,
        ids: Callable[[], str],
        callbacks: AccountCallbacks,
        most_ended: int,
        info: AccountInfo | None = None,
    ) -> None:
        self.account_id = account_id
        self._host = host
        self._calls = ApiCalls(host)
        self._desk = OrderCommands(host, account_id, ids, callbacks, most_ended)
        self._follower = self._desk.follower
        self._info = info

    # What it is.

    @property
    def state(self) -> AccountState:
        """How current this copy is."""
        return self._follower.state

    @property
    def is_live(self) -> bool:
        """Whether it is what the venue has told until now."""
        return self._follower.state is AccountState.LIVE

    async def live(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109  as ``submit``
        """Wait until ``is_live``, such as after a lost connection.

        Raises:
            CallTimeoutError: Not within ``timeout`` seconds (default: ``start_timeout``).
            ClientError: It is followed no longer, or the client is disconnected for good.
        """
        limit = self._host.options.start_timeout if timeout is None else timeout
        await self._follower.wait_live(limit)
        return self

    @property
    def resyncs(self) -> int:
        """How often events were missed, so that the state was loaded anew."""
        return self._follower.resyncs

    @property
    def info(self) -> AccountInfo | None:
        """Nickname, venue, status; ``None`` until something has told of them."""
        return self._follower.copy.info or self._info

    @property
    def orders(self) -> Mapping[str, Order]:
        """The open orders by id, in the order they came."""
        return MappingProxyType(self._follower.copy.orders)

    @property
    def ended(self) -> Mapping[str, Order]:
        """Orders that ended lately by id, as many as were asked for."""
        return MappingProxyType(self._follower.copy.ended)

    @property
    def balances(self) -> Mapping[str, Balance]:
        """By asset."""
        return MappingProxyType(self._follower.copy.balances)

    @property
    def positions(self) -> Mapping[str, Position]:
        """The open ones, by instrument."""
        return MappingProxyType(self._follower.copy.positions)

    @property
    def portfolio(self) -> Portfolio:
        """Balances and positions as they are now; they stay so while the account goes on."""
        copy = self._follower.copy
        return Portfolio(
            balances=MappingProxyType(dict(copy.balances)),
            positions=MappingProxyType(dict(copy.positions)),
            updated_at=copy.at,
        )

    def order(self, name: str) -> Order | None:
        """An open order, or one that ended lately, by its id or by its client order id."""
        copy = self._follower.copy
        found = copy.order(name)
        if found is None:
            everything = (*copy.orders.values(), *copy.ended.values())
            found = next((it for it in everything if it.client_order_id == name), None)
        return found

    def order_list(self, order: Order) -> tuple[Order, ...]:
        """An order and those that came with it (OCO, OTO, OTOCO), as far as they are known."""
        if not order.order_list_id:
            return (order,)
        copy = self._follower.copy
        everything = (*copy.orders.values(), *copy.ended.values())
        found = [it for it in everything if it.order_list_id == order.order_list_id]
        return tuple(sorted(found, key=lambda it: it.order_id))

    # What it does.

    async def submit(
        self,
        *,
        client_order_id: str | None = None,
        idempotency_key: str | None = None,
        await_closed: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
        **order: Unpack[OrderTerms],
    ) -> Order:
        """Submit an order, with its exits if it has some; returns when it is acknowledged.

        While no answer comes it is sent again under the same name, over new connections too; the
        venue makes one order of them all.

        Args:
            client_order_id: Its name; made up unless given. One that was used before gives the
                order that has it.
            idempotency_key: What the venue knows a repetition by, if not by the name.
            await_closed: Let the venue answer when it has ended, or after a second.
            timeout: Seconds in all; ``start_timeout`` unless given.
            order: See ``OrderTerms``. Numbers are ``Decimal``, ``int`` or text.

        Raises:
            OrderRejectedError: The venue did not take it; says why.
            OutcomeUnknownError: No answer in time.
            UsageError: A term cannot be right; nothing was sent.
            ClientError: As ``Client.rpc``.
        """
        return await self._desk.submit(
            order,
            client_order_id=client_order_id,
            idempotency_key=idempotency_key,
            await_closed=await_closed,
            seconds=timeout,
        )

    async def amend(
        self,
        order: Order | str,
        *,
        price: Number | None = None,
        quantity: Number | None = None,
        stop_price: Number | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> Order:
        """Give an open order new terms; what is left out stays. Returns when acknowledged.

        Args:
            order: The order, its id, or its client order id.
            price: The new limit.
            quantity: The whole new quantity, with what is filled already.
            stop_price: The new trigger.
            timeout: Seconds in all; ``start_timeout`` unless given.

        Raises:
            OrderEndedError: It has ended.
            ApiError: The venue refused; the order is as it was.
            OutcomeUnknownError: No answer in time.
        """
        terms = {"price": price, "quantity": quantity, "stop_price": stop_price}
        return await self._desk.amend(order, terms, timeout)

    async def cancel(
        self,
        order: Order | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> Order:
        """Take an open order back; returns when acknowledged. Arguments as ``amend``.

        Raises:
            OrderEndedError: It has ended already.
            ApiError: The venue refused, or knows no such order.
            OutcomeUnknownError: No answer in time.
        """
        return await self._desk.cancel(order, timeout)

    async def cancel_all(
        self,
        instrument: str | None = None,
        side: OrderSide | str | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> list[Order]:
        """Take all open orders back, of one instrument or side if one is named.

        Returns:
            Those that this has cancelled.

        Raises:
            ApiError: The venue refused.
            OutcomeUnknownError: No answer in time.
        """
        return await self._desk.cancel_all(instrument, side, timeout)

    async def load_executions(self, order: Order) -> tuple[Execution, ...]:
        """All fills of an order, those before this copy began too; ``Order.executions`` has them.

        Raises:
            ApiError: The venue refused.
            ClientError: As ``Client.rpc``.
        """
        for execution in await executions_of(self._calls, self.account_id, order.order_id):
            self._follower.copy.attach(execution)
            order.add(execution)
        return order.executions

    async def summary(self, currency: str | None = None) -> AccountSummary:
        """What the account is worth, asked anew, as that changes with every trade of the market.

        Raises:
            ApiError: The venue has no price for something in this currency.
            ClientError: As ``Client.rpc``.
        """
        asked = {"tradingAccountId": self.account_id}
        if currency is not None:
            asked["currency"] = currency
        raw = await self._calls.call(PORTFOLIO, **asked)
        summary = converted(PORTFOLIO, raw, RpcPortfolio).summary
        if summary is UNSET:
            raise ReplyError(PORTFOLIO, 0, "the answer has no summary", temporary=False)
        return summary_of(summary)

    def events(
        self,
        *,
        buffer: int = SIZE,
        overflow: Overflow = Overflow.FAIL,
        conflate_key: Callable[[AccountEvent], Hashable] | None = None,
    ) -> EventStream[AccountEvent]:
        """Its events from now on, to iterate over: each once, in order.

        Args:
            buffer: How many may wait.
            overflow: What happens when more come.
            conflate_key: For ``CONFLATE``.

        Raises:
            UsageError: An option cannot be right.
        """
        stream = self._follower.teller.streams.open(buffer, overflow, conflate_key)
        if self._follower.state is AccountState.CLOSED:
            stream.close()
        return stream

    async def close(self) -> None:
        """Follow it no longer: what is here stays as it is, open orders stay at the venue."""
        await self._follower.close()

    async def load(self) -> Self:
        """Begin to follow it; ``Client.account`` does."""
        await self._follower.load()
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        held = ", ".join(
            f"{balance.total} {balance.asset}"
            for balance in self.balances.values()
            if balance.total
        )
        name = f" {self.info.nickname!r}" if self.info is not None and self.info.nickname else ""
        return (
            f"<Account {self.account_id}{name}, {self.state.value}:"
            f" {len(self.orders)} open orders, {len(self.positions)} positions; {held}>"
        )
