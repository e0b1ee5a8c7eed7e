"""The questions to the venue after a gap: the orders that ended meanwhile, and all executions."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from cadenza.client.api_calls import ApiCalls, converted
from cadenza.client.backoff import Backoff
from cadenza.client.errors import (
    ApiError,
    CallTimeoutError,
    ClientError,
    ConnectionLostError,
    ReplyError,
)
from cadenza.client.host import ClientHost
from cadenza.client.trading.account_copy import AccountSnapshot, Found
from cadenza.client.trading.errors import UNKNOWN_ORDER
from cadenza.client.trading.events import read_wire
from cadenza.client.trading.values import Execution, execution_of
from cadenza.models import RpcTradeExecution, RpcTradeOrder, iso_of

AT_ONCE: Final = 16
"""Orders that are asked for at the same time: no more than servers usually accept."""

GET: Final = "query.trade_order.get"
LIST: Final = "query.trade_order.list"
EXECUTIONS: Final = "query.trade_execution.list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap in the events of an account.

    Attributes:
        account_id: The account.
        state: The state of the account after the gap.
        missing: The ids of orders that were open before, and are not any more.
        since: The last moment before the gap, milliseconds since the epoch, UTC.
    """

    account_id: str
    state: AccountSnapshot
    missing: Sequence[str]
    since: int


@dataclass(slots=True)
class Answers:
    """The answers of the venue.

    Attributes:
        found: The orders that are not open any more.
        executions: The executions since the gap, oldest first.
        error: Why the answers are incomplete; ``None`` if they are not.
    """

    found: list[Found] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    error: ClientError | None = None


async def ask(host: ClientHost, calls: ApiCalls, gap: Gap) -> Answers:
    """Ask until the venue answers, over new connections too.

    Args:
        host: The client.
        calls: Its calls of the API.
        gap: The gap to ask about.

    Returns:
        The answers. If the venue refuses for good, they hold its error instead.
    """
    options = host.options
    backoff = Backoff(options.min_resubscribe_delay, options.max_resubscribe_delay, options.random)
    while True:
        try:
            await host.wait_connected()
            return await _ask(calls, gap)
        except (ConnectionLostError, CallTimeoutError):
            pass  # the client reports the loss itself
        except (ApiError, ReplyError) as error:
            if not error.temporary:
                gone = [Found(order_id, None, None) for order_id in gap.missing]
                return Answers(found=gone, error=error)
            host.trouble(error)
        await options.clock.sleep(backoff.next())


async def _ask(calls: ApiCalls, gap: Gap) -> Answers:
    answers = Answers()
    for start in range(0, len(gap.missing), AT_ONCE):
        some = gap.missing[start : start + AT_ONCE]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_order(calls, gap.account_id, it)) for it in some]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        answers.found += [task.result() for task in tasks]
    known = gap.state.order_ids | set(gap.missing)
    since = {
        "tradingAccountId": gap.account_id,
        "startTime": iso_of(gap.since),
        "ascending": True,
    }
    async for page in calls.pages(LIST, **since):
        for raw in page:
            data = converted(LIST, raw, RpcTradeOrder)
            if data.trade_order_id not in known:
                answers.found.append(Found(str(data.trade_order_id), data, raw))
    async for page in calls.pages(EXECUTIONS, **since):
        for raw in page:
            data_of = converted(EXECUTIONS, raw, RpcTradeExecution)
            answers.executions.append(execution_of(data_of, raw))
    return answers


async def _order(calls: ApiCalls, account_id: str, order_id: str) -> Found:
    try:
        raw = await calls.call(GET, tradingAccountId=account_id, tradeOrderId=order_id)
    except ApiError as error:
        if error.errno == UNKNOWN_ORDER:
            return Found(order_id, None, None)
        raise
    return Found(order_id, converted(GET, raw, RpcTradeOrder), raw)


async def executions_of(calls: ApiCalls, account_id: str, order_id: str) -> list[Execution]:
    """All executions of an order, oldest first."""
    asked: dict[str, Any] = {
        "tradingAccountId": account_id,
        "tradeOrderId": order_id,
        "ascending": True,
    }
    return [
        execution_of(converted(EXECUTIONS, raw, RpcTradeExecution), raw)
        async for page in calls.pages(EXECUTIONS, **asked)
        for raw in page
    ]


class _Ids(msgspec.Struct, rename="camel"):
    trade_order_id: str = ""
    execution_id: str = ""


def without(answers: Answers, payloads: Collection[bytes]) -> Answers:
    """The answers without orders and executions that events tell of, in a better order."""
    told: set[str] = set()
    for payload in payloads:
        try:
            ids = msgspec.json.decode(read_wire(payload).data, type=_Ids)
        except msgspec.MsgspecError:
            continue
        told.add(ids.execution_id or ids.trade_order_id)
    return Answers(
        found=[one for one in answers.found if one.order_id not in told],
        executions=[one for one in answers.executions if one.execution_id not in told],
        error=answers.error,
    )
