"""Operations that change orders: submit, cancel, amend.

Only the owner of an account trades with it. An order that the engine refuses is a result with the
status REJECTED; whatever is wrong before that is an error.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from cadenza.clock import Clock
from cadenza.gateway.api.fields import missing, text_of
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.views import view
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.instruments import check_id
from cadenza.gateway.operations.order_params import (
    SubmitOrder,
    reference,
    submit_of_rest,
    submit_of_rpc,
)
from cadenza.gateway.operations.switches import Switches
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
from cadenza.trading.orders.request import AmendRequest, OrderRef
from cadenza.trading.orders.state import Execution, OrderState
from cadenza.trading.store.store import MOST_A_PAGE, ExecutionQuery
from cadenza.trading.venue import PaperVenue

AT_A_TIME: Final = 50
"""Orders shown in one turn: a few milliseconds."""

T = TypeVar("T")
OrderT = TypeVar("OrderT", RpcTradeOrder, TradeOrder)

Encoded = Callable[[OrderState], msgspec.Raw]
"""An order as RPC shows it, encoded, as it is at the moment of the call."""


class CancelOrder(msgspec.Struct, frozen=True, gc=False):
    """The order to cancel."""

    account_id: str
    ref: OrderRef


class AmendOrder(msgspec.Struct, frozen=True, gc=False):
    """The order to amend, and how.

    Attributes:
        account_id: Its account; empty: it is looked for in all of the caller's own.
        ref: The order.
        change: Its new terms.
        is_whole: The client sent the whole order: what is as it was is no change.
    """

    account_id: str
    ref: OrderRef
    change: AmendRequest
    is_whole: bool = False


class CancelAllOrders(msgspec.Struct, frozen=True, gc=False):
    """The orders to cancel: of one instrument or side, or all."""

    account_id: str
    instrument_id: str = ""
    side: OrderSide | None = None


class Submitted(msgspec.Struct, frozen=True, gc=False):
    """An order that was taken.

    Attributes:
        orders: The order, and the exits it came with.
        delay: Seconds for which its answer is held back on purpose.
    """

    orders: Sequence[OrderState]
    delay: float = 0.0


class TradeOrders:
    """Changes orders. Answers with the states of those it has changed.

    Args:
        venue: Takes them.
        accounts: Knows who owns which account.
        submitted: Told which orders a connection has sent.
        patience: How long ``awaitClosed`` waits, in seconds.
        switches: Instruments that take no new orders.
    """

    def __init__(
        self,
        venue: PaperVenue,
        accounts: AccountsAccess,
        *,
        submitted: Callable[[str, Iterable[OrderState]], None],
        patience: float,
        switches: Switches,
    ) -> None:
        self._venue = venue
        self._exchange = venue.exchange
        self._submitted = submitted
        self._accounts = accounts
        self._patience = patience
        self._switches = switches

    def submit(self, caller: Caller, wanted: SubmitOrder) -> Reply | Awaitable[Reply]:
        """Take an order, with its exits if it has some."""
        account = self._accounts.owned(caller, wanted.account_id)
        if wanted.position_id:
            self._check_position(account, wanted)
        order = wanted.order
        if not self._exchange.has_taken(account, order):
            self._switches.check(order.instrument_id)
        fault = None
        if self._exchange.faults and not self._exchange.has_taken(account, order):
            fault = self._exchange.faults.for_order(
                account.account_id, order.instrument_id, order.client_order_id
            )
        orders = self._exchange.submit(account, order, fault)
        if caller.client:
            self._submitted(caller.client, orders)
        taken = Submitted(orders, 0.0 if fault is None else fault.delay_ms / 1000)
        if wanted.await_closed and orders[0].is_open:
            return self._closed(taken)
        return Reply(taken)

    def cancel(self, caller: Caller, wanted: CancelOrder) -> Reply:
        """Cancel an order."""
        account = self._accounts.owned(caller, wanted.account_id)
        return Reply(self._exchange.cancel(account, wanted.ref))

    def amend(self, caller: Caller, wanted: AmendOrder) -> Reply:
        """Give an order new terms."""
        if wanted.account_id:
            account = self._accounts.owned(caller, wanted.account_id)
        else:
            account = self._owner_of(caller, wanted.ref)
        change = wanted.change
        if wanted.is_whole:
            change = self._news(self._exchange.find(account, wanted.ref), change)
        return Reply(self._exchange.amend(account, wanted.ref, change))

    def cancel_all(self, caller: Caller, wanted: CancelAllOrders) -> Reply:
        """Cancel the open orders of an account."""
        account = self._accounts.owned(caller, wanted.account_id)
        if wanted.side is OrderSide.UNKNOWN:
            raise OrderTermsError("orderSide", "must be BUY or SELL")
        orders = self._exchange.cancel_all(
            account, instrument_id=wanted.instrument_id, side=wanted.side
        )
        return Reply(orders)

    def _check_position(self, account: Account, wanted: SubmitOrder) -> None:
        """Refuse an order that is about another position than the one it would change."""
        found = self._venue.positions.get(account.account_id, wanted.order.instrument_id)
        if found is None or found.position_id != wanted.position_id.lower():
            raise OrderTermsError("positionId", "is not the open position in this instrument")

    async def _closed(self, taken: Submitted) -> Reply:
        """The answer when the order has ended, or has been waited for long enough.

        It has become durable before it is waited for.
        """
        order = taken.orders[0]
        await self._venue.journal.committed()
        if order.is_open:
            await asyncio.wait([self._exchange.endings.of(order)], timeout=self._patience)
        return Reply(taken)

    def _owner_of(self, caller: Caller, ref: OrderRef) -> Account:
        """The one of the caller's own accounts that has an order."""
        for account in self._venue.registry.of_owner(caller.user):
            if self._exchange.index.order(account.account_id, ref.order_id) is not None:
                return account
        raise OrderNotFoundError(str(ref))

    def _news(self, order: OrderState, change: AmendRequest) -> AmendRequest:
        """The terms of a whole order that differ from what they are."""
        record = order_record(order, self._venue.scales)
        pairs = {
            name: (getattr(change, name), getattr(record, name))
            for name in AmendRequest.__struct_fields__
        }
        return AmendRequest(**{name: new for name, (new, old) in pairs.items() if new != old})


class TradeAnswers:
    """Shows orders that have just been changed, as either surface has them.

    An order goes on changing, so what is shown is taken when the call is decided. It is let out
    when everything decided so far is durable.

    Args:
        venue: Where the orders are.
        encoded: Encodes orders for RPC.
        clock: Answers that are held back on purpose wait by it.
    """

    def __init__(self, venue: PaperVenue, encoded: Encoded, clock: Clock) -> None:
        self._venue = venue
        self._journal: Final = venue.journal
        self._encoded = encoded
        self._clock = clock

    def one(self, order: OrderState) -> asyncio.Future[msgspec.Raw]:
        """An order for RPC."""
        return self._journal.after_commit(self._encoded(order))

    def many(self, orders: Iterable[OrderState]) -> asyncio.Future[tuple[msgspec.Raw, ...]]:
        """Orders for RPC."""
        return self._journal.after_commit(tuple(map(self._encoded, orders)))

    def submitted(self, taken: Submitted) -> Awaitable[msgspec.Raw]:
        """An order that was taken, for RPC."""
        answer = self.one(taken.orders[0])
        return answer if not taken.delay else self._late(answer, taken.delay)

    def one_rest(self, order: OrderState) -> Awaitable[TradeOrder]:
        """An order for REST, with its executions."""
        return _only(self.many_rest((order,)))

    def many_rest(self, orders: Iterable[OrderState]) -> Awaitable[tuple[TradeOrder, ...]]:
        """Orders for REST, with their executions."""
        copies = tuple(map(copy.copy, orders))
        return self._durable(copies, self._venue.exchange.clearing.next_execution)

    def submitted_rest(self, taken: Submitted) -> Awaitable[tuple[TradeOrder, ...]]:
        """An order that was taken, for REST, with the exits it came with."""
        answer = self.many_rest(taken.orders)
        return answer if not taken.delay else self._late(answer, taken.delay)

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
            executions: Whether to show their durable executions.
            before: The number of the first execution that came after the copies were taken;
                ``None`` shows them all.
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

    async def _late(self, answer: Awaitable[T], delay: float) -> T:
        shown = await answer
        await self._clock.sleep(delay)
        return shown

    async def _durable(self, copies: Sequence[OrderState], before: int) -> tuple[TradeOrder, ...]:
        await self._journal.committed()
        return await self.shown(copies, TradeOrder, executions=True, before=before)

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


async def _only(shown: Awaitable[tuple[TradeOrder, ...]]) -> TradeOrder:
    (order,) = await shown
    return order


def _cancel(params: CancelTradeOrderRequest) -> CancelOrder:
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return CancelOrder(params.trading_account_id, ref)


def _amend(params: AmendTradeOrderRequest) -> AmendOrder:
    ref = reference(params.trade_order_id, params.client_order_id, params.external_order_id)
    return AmendOrder(params.trading_account_id, ref, _change(params))


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


def _cancel_all(params: CancelAllTradeOrdersRequest) -> CancelAllOrders:
    instrument_id = text_of(params.instrument_id)
    check_id(instrument_id)
    side = None if params.order_side is UNSET else params.order_side
    return CancelAllOrders(params.trading_account_id, instrument_id, side)


def trade_order_operations(orders: TradeOrders, answers: TradeAnswers) -> tuple[Operation, ...]:
    """Everything that changes orders."""
    return (
        _submit_operation(orders, answers),
        _cancel_operation(orders, answers),
        *_amend_operations(orders, answers),
    )


def _submit_operation(orders: TradeOrders, answers: TradeAnswers) -> Operation:
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
            show=answers.submitted,
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/submit",
            params=SubmitTradeOrderRequest,
            read=submit_of_rest,
            show=answers.submitted_rest,
            result=tuple[TradeOrder, ...],
        ),
    )


def _cancel_operation(orders: TradeOrders, answers: TradeAnswers) -> Operation:
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
            show=answers.one,
            result=RpcTradeOrder,
        ),
        rest=RestForm(
            http="POST",
            path="tradeOrder/cancel",
            params=CancelTradeOrderRequest,
            read=_cancel,
            show=answers.one_rest,
            result=TradeOrder,
        ),
    )


def _amend_operations(orders: TradeOrders, answers: TradeAnswers) -> tuple[Operation, ...]:
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
                show=answers.one,
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
                show=answers.one,
                result=RpcTradeOrder,
            ),
            rest=RestForm(
                http="POST",
                path="tradeOrder/amend",
                params=AmendTradeOrderRequest,
                read=_amend,
                show=answers.one_rest,
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
                show=answers.many,
                result=tuple[RpcTradeOrder, ...],
            ),
            rest=RestForm(
                http="POST",
                path="tradeOrder/cancelAll",
                params=CancelAllTradeOrdersRequest,
                read=_cancel_all,
                show=answers.many_rest,
                result=tuple[TradeOrder, ...],
            ),
        ),
    )
