"""A trading account that is kept current: orders, balances and positions, and the commands."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType, TracebackType
from typing import Final, Self, Unpack

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

PORTFOLIO: Final = "query.portfolio.get"


class Account:
    """One account, kept current from its channel; made by ``Client.account``.

    ``async with`` closes it. After a reconnect it goes on by itself: missed events are recovered,
    or else the state is loaded again and ``Resynced`` is told.

    Args:
        host: The client.
        account_id: The venue's id of the account.
        ids: Makes client order ids.
        callbacks: The functions of the user.
        most_ended: The most ended orders to keep.
        info: The description of the account, if it is known already.

    Attributes:
        account_id: The venue's id of the account.
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
        self._commands = OrderCommands(host, account_id, ids, callbacks, most_ended)
        self._follower = self._commands.follower
        self._info = info

    # Its state.

    @property
    def state(self) -> AccountState:
        """How current the copy is."""
        return self._follower.state

    @property
    def is_live(self) -> bool:
        """Whether the copy has every event that the venue has sent."""
        return self._follower.state is AccountState.LIVE

    async def wait_live(self, timeout: float | None = None) -> Self:  # noqa: ASYNC109 - as ``submit``
        """Wait until ``is_live``, such as after a lost connection.

        Args:
            timeout: Seconds; by default ``start_timeout``.

        Raises:
            CallTimeoutError: The copy is not live in time.
            ClientError: The account was closed, or the client is disconnected for good.
        """
        limit = self._host.options.start_timeout if timeout is None else timeout
        await self._follower.wait_live(limit)
        return self

    @property
    def resyncs(self) -> int:
        """How many times events were missed, so that the state was loaded again."""
        return self._follower.resyncs

    @property
    def info(self) -> AccountInfo | None:
        """Nickname, venue and status; ``None`` until the venue has sent them."""
        return self._follower.copy.info or self._info

    @property
    def orders(self) -> Mapping[str, Order]:
        """The open orders by id, in the order of their arrival."""
        return MappingProxyType(self._follower.copy.orders)

    @property
    def ended(self) -> Mapping[str, Order]:
        """The orders that ended last by id, as many as ``Client.account`` was told to keep."""
        return MappingProxyType(self._follower.copy.ended)

    @property
    def balances(self) -> Mapping[str, Balance]:
        """The balances by asset."""
        return MappingProxyType(self._follower.copy.balances)

    @property
    def positions(self) -> Mapping[str, Position]:
        """The open positions by instrument."""
        return MappingProxyType(self._follower.copy.positions)

    @property
    def portfolio(self) -> Portfolio:
        """The balances and positions of this moment, which do not change with the account."""
        copy = self._follower.copy
        return Portfolio(
            balances=MappingProxyType(dict(copy.balances)),
            positions=MappingProxyType(dict(copy.positions)),
            updated_at=copy.at,
        )

    def order(self, name: str) -> Order | None:
        """An open order, or one that ended lately; ``None`` if it is neither.

        Args:
            name: Its id or its client order id.
        """
        copy = self._follower.copy
        found = copy.order(name)
        if found is None:
            everything = (*copy.orders.values(), *copy.ended.values())
            found = next((it for it in everything if it.client_order_id == name), None)
        return found

    def order_list(self, order: Order) -> tuple[Order, ...]:
        """An order and the others of its list (OCO, OTO, OTOCO), as far as they are known."""
        if not order.order_list_id:
            return (order,)
        copy = self._follower.copy
        everything = (*copy.orders.values(), *copy.ended.values())
        found = [it for it in everything if it.order_list_id == order.order_list_id]
        return tuple(sorted(found, key=lambda it: it.order_id))

    # Commands.

    async def submit(
        self,
        *,
        client_order_id: str | None = None,
        idempotency_key: str | None = None,
        await_closed: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
        **order: Unpack[OrderTerms],
    ) -> Order:
        """Submit an order, with its exits if it has some; returns when it is acknowledged.

        While no answer comes it is sent again under the same name, over new connections too; the
        venue makes one order of them all.

        Args:
            client_order_id: The owner's name for the order; by default one is made up. A name that
                was used before returns the order that has it.
            idempotency_key: The key by which the venue recognizes a repetition; by default the
                name.
            await_closed: Whether the venue answers when the order has ended, or after a second,
                instead of at once.
            timeout: Seconds for all attempts together; by default ``start_timeout``.
            order: The terms, see ``OrderTerms``. Numbers are ``Decimal``, ``int`` or text.

        Returns:
            The live order.

        Raises:
            OrderRejectedError: The venue did not take the order; the error says why.
            OutcomeUnknownError: No answer came in time.
            UsageError: A term cannot be right; nothing was sent.
            ClientError: As ``Client.rpc``.
        """
        return await self._commands.submit(
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
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> Order:
        """Change terms of an open order; those left out stay. Returns when acknowledged.

        Args:
            order: The order, its id, or its client order id.
            price: The new limit price.
            quantity: The whole new quantity, the filled part included.
            stop_price: The new trigger price.
            timeout: Seconds for all attempts together; by default ``start_timeout``.

        Returns:
            The live order.

        Raises:
            OrderEndedError: The order has ended.
            ApiError: The venue refused, or knows no such order; the order is as it was.
            OutcomeUnknownError: No answer came in time.
            UsageError: No new term was given, or one cannot be right.
        """
        terms = {"price": price, "quantity": quantity, "stop_price": stop_price}
        return await self._commands.amend(order, terms, timeout)

    async def cancel(
        self,
        order: Order | str,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> Order:
        """Cancel an open order; returns when acknowledged.

        Args:
            order: The order, its id, or its client order id.
            timeout: Seconds for all attempts together; by default ``start_timeout``.

        Returns:
            The order.

        Raises:
            OrderEndedError: The order has ended already.
            ApiError: The venue refused, or knows no such order.
            OutcomeUnknownError: No answer came in time.
        """
        return await self._commands.cancel(order, timeout)

    async def cancel_all(
        self,
        instrument: str | None = None,
        side: OrderSide | str | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> list[Order]:
        """Cancel all open orders.

        Args:
            instrument: Only those of this instrument.
            side: Only those of this side.
            timeout: Seconds for all attempts together; by default ``start_timeout``.

        Returns:
            The orders that this call has cancelled.

        Raises:
            ApiError: The venue refused.
            OutcomeUnknownError: No answer came in time.
        """
        return await self._commands.cancel_all(instrument, side, timeout)

    async def load_executions(self, order: Order) -> tuple[Execution, ...]:
        """Load all fills of an order, also those from before the account was followed.

        ``Order.executions`` has them from then on.

        Args:
            order: The order.

        Returns:
            The fills, oldest first.

        Raises:
            ApiError: The venue refused.
            ClientError: As ``Client.rpc``.
        """
        for execution in await executions_of(self._calls, self.account_id, order.order_id):
            self._follower.copy.attach(execution)
            order.add(execution)
        return order.executions

    async def summary(self, currency: str | None = None) -> AccountSummary:
        """Ask for the worth of the account, which changes with every trade of the market.

        Args:
            currency: The currency of the amounts; by default the venue's choice.

        Raises:
            ApiError: The venue has no price for one of the assets in this currency.
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
        """The events from now on, to iterate over: each once, in order.

        Args:
            buffer: The most events that may wait.
            overflow: The policy when more come.
            conflate_key: The key of an event, for ``CONFLATE``.

        Raises:
            UsageError: An option cannot be right.
        """
        stream = self._follower.teller.streams.open(buffer, overflow, conflate_key)
        if self._follower.state is AccountState.CLOSED:
            stream.close()
        return stream

    async def close(self) -> None:
        """Stop following the account: the copy stays as it is, open orders stay at the venue."""
        await self._follower.close()

    async def load(self) -> Self:
        """Begin to follow the account; ``Client.account`` does."""
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
