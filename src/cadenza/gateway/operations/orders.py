"""Operations that change orders: submit, cancel, amend.

Only the owner of an account trades with it. An order that the engine refuses is a result with the
status REJECTED; what is wrong before that is an error.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from cadenza.clock import Clock
from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError, cut
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.views import view
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.instruments import LONGEST_ID
from cadenza.gateway.operations.order_params import (
    SubmitOrder,
    missing,
    reference,
    submit_of_rest,
    submit_of_rpc,
    text_of,
)
from cadenza.gateway.trading.order_payloads import order_record
from cadenza.models import (
    AmendTradeOrderRequest,
    CancelAllTradeOrdersRequest,
    CancelTradeOrderRequest,
    OrderSide,
    RpcSaveTradeOrderParams,
    RpcSubmitTradeOrderParams,
    RpcTradeOrder,
    SubmitTradeOrderRequest,
    TradeOrder,
)
from cadenza.trading.accounts.account import Account
from cadenza.trading.errors import OrderNotFoundError, OrderTermsError
from cadenza.trading.orders.faults import OrderFault
from cadenza.trading.orders.request import AmendRequest, OrderRef
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.store.store import MOST_A_PAGE, ExecutionQuery
from cadenza.trading.venue import PaperVenue


class CancelOrder(msgspec.Struct, frozen=True, gc=False):
    """Which order to cancel, whichever surface it came over."""

    account_id: str
    ref: OrderRef
    is_rest: bool = False


class AmendOrder(msgspec.Struct, frozen=True, gc=False):
    """Which order to amend, and how. Without an account it is looked for in the caller's own."""

    account_id: str
    ref: OrderRef
    change: AmendRequest
    is_rest: bool = False
    is_whole: bool = False
    """The client sent the whole order: what is as it was is no change."""


class CancelAllOrders(msgspec.Struct, frozen=True, gc=False):
    """Which orders to cancel."""

    account_id: str
    instrument_id: str = ""
    side: OrderSide | None = None
    is_rest: bool = False


class TradeOrders:
    """Changes orders.

    Args:
        venue: Takes them.
        accounts: Whose accounts are whose.
        answers: Shows what has become of them.
        clock: Orders that are delayed on purpose wait by it.
        submitted: Told which orders a connection has sent.
        patience: How long ``awaitClosed`` waits, in seconds.
    """

    def __init__(
        self,
        venue: PaperVenue,
        accounts: AccountsAccess,
        answers: TradeAnswers,
        *,
        clock: Clock,
        submitted: Callable[[str, Iterable[OrderState]], None],
        patience: float,
    ) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._clock = clock
        self._submitted = submitted
        self._accounts = accounts
        self._answers = answers
        self._patience = patience

    def submit(self, caller: Caller, wanted: SubmitOrder) -> Awaitable[Reply]:
        """Take an order, with its exits if it has some."""
        account = self._accounts.owned(caller, wanted.account_id)
        if wanted.position_id:
            self._check_position(account, wanted)
        order = wanted.order
        fault = None
        if self._exchange.faults and not self._exchange.has_taken(account, order):
            fault = self._exchange.faults.for_order(
                account.account_id, order.instrument_id, order.client_order_id
            )
        orders = self._exchange.submit(account, order, fault)
        if caller.client:
            self._submitted(caller.client, orders)
        answer = self._answer(orders, wanted)
        return answer if fault is None or not fault.delay_ms else self._late(answer, fault)

    def _answer(self, orders: Sequence[OrderState], wanted: SubmitOrder) -> Awaitable[Reply]:
        if wanted.await_closed and orders[0].is_open:
            return self._closed(orders, is_rest=wanted.is_rest)
        if wanted.is_rest:
            return self._many(orders)
        return self._answers.one(orders[0])

    def cancel(self, caller: Caller, wanted: CancelOrder) -> Awaitable[Reply]:
        """Cancel an order."""
        account = self._accounts.owned(caller, wanted.account_id)
        order = self._exchange.cancel(account, wanted.ref)
        return self._shown(order, is_rest=wanted.is_rest)

    def amend(self, caller: Caller, wanted: AmendOrder) -> Awaitable[Reply]:
        """Give an order new terms."""
        if wanted.account_id:
            account = self._accounts.owned(caller, wanted.account_id)
        else:
            account = self._owner_of(caller, wanted.ref)
        change = wanted.change
        if wanted.is_whole:
            change = self._news(self._exchange.find(account, wanted.ref), change)
        order = self._exchange.amend(account, wanted.ref, change)
        return self._shown(order, is_rest=wanted.is_rest)

    def cancel_all(self, caller: Caller, wanted: CancelAllOrders) -> Awaitable[Reply]:
        """Cancel the open orders of an account."""
        account = self._accounts.owned(caller, wanted.account_id)
        if wanted.side is OrderSide.UNKNOWN:
            raise OrderTermsError("orderSide", "must be BUY or SELL")
        orders = self._exchange.cancel_all(
            account, instrument_id=wanted.instrument_id, side=wanted.side
        )
        return self._many(orders) if wanted.is_rest else self._answers.many(orders)

    def _shown(self, order: OrderState, *, is_rest: bool) -> Awaitable[Reply]:
        return self._one(order) if is_rest else self._answers.one(order)

    async def _one(self, order: OrderState) -> Reply:
        (record,) = await self._answers.rest((order,))
        return Reply(record)

    async def _many(self, orders: Sequence[OrderState]) -> Reply:
        return Reply(await self._answers.rest(orders))

    async def _closed(self, orders: Sequence[OrderState], *, is_rest: bool) -> Reply:
        await self._answers.closed(orders[0], self._patience)
        return await (self._many(orders) if is_rest else self._answers.one(orders[0]))

    async def _late(self, answer: Awaitable[Reply], fault: OrderFault) -> Reply:
        """An answer that is held back on purpose."""
        reply = await answer
        await self._clock.sleep(fault.delay_ms / 1000)
        return reply

    def _check_position(self, account: Account, wanted: SubmitOrder) -> None:
        """Refuse an order that is about another position than the one it would change."""
        found = self._venue.positions.get(account.account_id, wanted.order.instrument_id)
        if found is None or found.position_id != wanted.position_id.lower():
            raise OrderTermsError("positionId", "is not the open position in this instrument")

    def _owner_of(self, caller: Caller, ref: OrderRef) -> Account:
        """Which of the caller's own accounts has an order."""
        for account in self._venue.registry.of_owner(caller.user):
            if self._exchange.index.order(account.account_id, ref.order_id) is not None:
                return account
        raise OrderNotFoundError(str(ref))

    def _news(self, order: OrderState, change: AmendRequest) -> AmendRequest:
        """What of a whole order differs from what it is."""
        record = order_record(order, self._venue.scales)
        pairs = {
            name: (getattr(change, name), getattr(record, name))
            for name in AmendRequest.__struct_fields__
        }
        return AmendRequest(**{name: new for name, (new, old) in pairs.items() if new != old})


def _cancel(params: CancelTradeOrderRequest, *, is_rest: bool = False) -> CancelOrder:
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return CancelOrder(params.trading_account_id, ref, is_rest)


def _amend(params: AmendTradeOrderRequest, *, is_rest: bool = False) -> AmendOrder:
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return AmendOrder(params.trading_account_id, ref, _change(params), is_rest)


def _save(params: RpcSaveTradeOrderParams) -> AmendOrder:
    """An order that exists; a new one is refused, as this call has no account to pay for it."""
    order = params.trade_order
    if order.trade_order_id is UNSET:
        hint = "; a new order goes to command.trade_order.submit"
        raise missing("tradeOrder.tradeOrderId", hint)
    ref = OrderRef(order_id=order.trade_order_id.lower())
    return AmendOrder(text_of(order.trading_account_id), ref, _change(order), is_whole=True)


def _change(given: AmendTradeOrderRequest | RpcTradeOrder) -> AmendRequest:
    return AmendRequest(
        quantity=text_of(given.quantity),
        limit_price=text_of(given.limit_price),
        stop_price=text_of(given.stop_price),
    )


def _cancel_all(params: CancelAllTradeOrdersRequest, *, is_rest: bool = False) -> CancelAllOrders:
    instrument_id = text_of(params.instrument_id)
    if len(instrument_id) > LONGEST_ID:
        message = f'"{cut(instrument_id)}" is too long for an instrument id'
        raise OperationError(errors.INVALID_INSTRUMENT, message, field="instrumentId")
    side = None if params.order_side is UNSET else params.order_side
    return CancelAllOrders(params.trading_account_id, instrument_id, side, is_rest)


def trade_order_operations(orders: TradeOrders) -> tuple[Operation, ...]:
    """Everything that changes orders."""
    return (_submit_operation(orders), _cancel_operation(orders), *_amend_operations(orders))


def _submit_operation(orders: TradeOrders) -> Operation:
    return Operation(
        name="command.trade_order.submit",
        doc="Take an order, answered when it is durable; over REST with the exits it came with.",
        run=orders.submit,
        request=SubmitOrder,
        needs_user=True,
        rpc=RpcForm(
            method="command.trade_order.submit",
            params=RpcSubmitTradeOrderParams,
            read=submit_of_rpc,
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/submit",
            params=SubmitTradeOrderRequest,
            read=submit_of_rest,
            result=tuple[TradeOrder, ...],
        ),
    )


def _cancel_operation(orders: TradeOrders) -> Operation:
    return Operation(
        name="command.trade_order.cancel",
        doc="Cancel an order, named by its id or by the client's own.",
        run=orders.cancel,
        request=CancelOrder,
        needs_user=True,
        rpc=RpcForm(
            method="command.trade_order.cancel",
            params=CancelTradeOrderRequest,
            read=_cancel,
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/cancel",
            params=CancelTradeOrderRequest,
            read=lambda params: _cancel(params, is_rest=True),
            result=TradeOrder,
        ),
    )


def _amend_operations(orders: TradeOrders) -> tuple[Operation, ...]:
    return (
        Operation(
            name="command.trade_order.save",
            doc="Amend limitPrice, stopPrice or quantity of an order that exists.",
            run=orders.amend,
            request=AmendOrder,
            needs_user=True,
            rpc=RpcForm(
                method="command.trade_order.save",
                params=RpcSaveTradeOrderParams,
                read=_save,
                result=RpcTradeOrder,
            ),
        ),
        Operation(
            name="command.trade_order.amend",
            doc="Give an order new terms; only a smaller quantity keeps its place in the queue.",
            run=orders.amend,
            request=AmendOrder,
            extension=True,
            needs_user=True,
            rpc=RpcForm(
                method="command.trade_order.amend",
                params=AmendTradeOrderRequest,
                read=_amend,
                result=RpcTradeOrder,
            ),
            rest=RestForm(
                http="POST",
                path="tradeOrder/amend",
                params=AmendTradeOrderRequest,
                read=lambda params: _amend(params, is_rest=True),
                result=TradeOrder,
            ),
        ),
        Operation(
            name="command.trade_order.cancel_all",
            doc="Cancel the open orders of an account, of one instrument or side if one is named.",
            run=orders.cancel_all,
            request=CancelAllOrders,
            extension=True,
            needs_user=True,
            rpc=RpcForm(
                method="command.trade_order.cancel_all",
                params=CancelAllTradeOrdersRequest,
                read=_cancel_all,
                result=tuple[RpcTradeOrder, ...],
            ),
            rest=RestForm(
                http="POST",
                path="tradeOrder/cancelAll",
                params=CancelAllTradeOrdersRequest,
                read=lambda params: _cancel_all(params, is_rest=True),
                result=tuple[TradeOrder, ...],
            ),
        ),
    )


AT_A_TIME: Final = 50
"""Orders shown in one turn: a few milliseconds."""

OrderT = TypeVar("OrderT", RpcTradeOrder, TradeOrder)

Encoded = Callable[[OrderState], msgspec.Raw]
"""An order as RPC shows it, encoded, as it is at the moment of the call."""


class TradeAnswers:
    """Makes the answers of the calls that change orders.

    The record of an order goes on changing, so what is shown is taken when the call is decided. It
    is let out when everything decided so far is durable.

    Args:
        venue: Whose orders they are.
        encoded: Encodes orders for RPC.
    """

    def __init__(self, venue: PaperVenue, encoded: Encoded) -> None:
        self._venue = venue
        self._journal: Final = venue.journal
        self._encoded = encoded

    def one(self, order: OrderState) -> asyncio.Future[Reply]:
        """An order for RPC."""
        return self._journal.after_commit(Reply(self._encoded(order)))

    def many(self, orders: Sequence[OrderState]) -> asyncio.Future[Reply]:
        """Orders for RPC."""
        return self._journal.after_commit(Reply(tuple(map(self._encoded, orders))))

    async def rest(self, orders: Sequence[OrderState]) -> tuple[TradeOrder, ...]:
        """Orders for REST, with their executions; to be awaited at once."""
        copies = [copy.copy(order) for order in orders]
        before = self._venue.exchange.clearing.next_execution
        await self._journal.committed()
        return await self.shown(copies, TradeOrder, executions=True, before=before)

    async def shown(
        self,
        orders: Sequence[OrderState],
        kind: type[OrderT],
        *,
        executions: bool = False,
        before: int | None = None,
    ) -> tuple[OrderT, ...]:
        """Many orders as a surface has them; others have their turns in between.

        Args:
            orders: Copies, which nobody changes.
            kind: The surface's type.
            executions: Whether to show those that are durable.
            before: Number of the first execution that came after the copies were taken.
        """
        found: dict[str, list[Execution]] = {order.order_id: [] for order in orders}
        for execution in await self._executions(orders) if executions else ():
            if before is None or execution.number < before:
                found[execution.order_id].append(execution)
        scales = self._venue.scales
        records: list[OrderT] = []
        for count, order in enumerate(orders, 1):
            theirs = found[order.order_id] if executions else None
            records.append(view(order_record(order, scales, theirs), kind))
            if not count % AT_A_TIME:
                await asyncio.sleep(0)
        return tuple(records)

    async def _executions(self, orders: Iterable[OrderState]) -> list[Execution]:
        traded = [order for order in orders if order.executed]
        found: list[Execution] = []
        cursor = None
        while traded:
            query = ExecutionQuery(
                account_ids=tuple({order.account_id for order in traded}),
                order_ids=tuple(order.order_id for order in traded),
                cursor=cursor,
                limit=MOST_A_PAGE,
                ascending=True,
            )
            page = await self._venue.store.executions(query)
            found += page.executions
            cursor = page.next_cursor
            if cursor is None:
                break
            await asyncio.sleep(0)  # others have their turn between the pages of a long life
        return found

    async def closed(self, order: OrderState, seconds: float) -> None:
        """Return when an order has ended, or after so long; not before it is durable."""
        await self._journal.committed()
        if order.is_open:
            await asyncio.wait([self._venue.exchange.endings.of(order)], timeout=seconds)
