"""What the trading commands do with an account."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.output import emit, json_line, note, plain, safe, table
from cadenza.cli.session import Notes, Session, opened, silent
from cadenza.cli.target import Target
from cadenza.client import ClientError
from cadenza.client.trading import (
    Account,
    AccountChoiceError,
    ApiError,
    Order,
    OrderEndedError,
    OrderRejectedError,
    OrderUpdated,
    OutcomeUnknownError,
)

_ORDER: Final = [
    "order",
    "instrument",
    "side",
    "type",
    "price",
    "quantity",
    "filled",
    "average",
    "status",
]
_ACCOUNT: Final = ["account", "nickname", "venue", "status"]
_BALANCE: Final = ["asset", "total", "free", "locked"]
_POSITION: Final = ["instrument", "side", "quantity", "entry", "price", "unrealized", "realized"]
_NUMBERS: Final = frozenset(
    [
        "price",
        "quantity",
        "filled",
        "average",
        "total",
        "free",
        "locked",
        "entry",
        "unrealized",
        "realized",
    ]
)


class Desk(NamedTuple):
    """An account that is followed, over a connection."""

    session: Session
    account: Account


async def submitting(
    target: Target,
    account_id: str | None,
    terms: Mapping[str, Any],
    client_order_id: str | None,
    wait: float | None,
    *,
    as_json: bool,
) -> None:
    """Submit an order and print it; with ``wait``, once it has ended.

    Raises:
        Failure: It was not taken, or not filled in time.
    """
    async with _desk(target, account_id) as desk:
        try:
            order = await desk.account.submit(client_order_id=client_order_id, **terms)
        except OrderRejectedError as error:
            if error.order is not None:
                _show([error.order], as_json=as_json)
            raise Failure(f"the order was not taken: {error.message}") from error
        trouble: ClientError | None = None
        if wait is not None:
            try:
                await order.filled(timeout=wait)
            except (OrderEndedError, TimeoutError) as error:
                trouble = error if isinstance(error, ClientError) else None
        _show([order], as_json=as_json)
        if trouble is not None:
            raise Failure(str(trouble)) from trouble


async def listing(
    target: Target,
    account_id: str | None,
    instrument: str | None,
    *,
    is_following: bool,
    as_json: bool,
) -> None:
    """Print the open orders, then their changes if those are wanted."""
    async with _desk(target, account_id, notes=note if is_following else silent) as desk:
        events = desk.account.events() if is_following else None
        open_orders = desk.account.orders.values()
        _show([it for it in open_orders if instrument in {None, it.instrument}], as_json=as_json)
        if events is None:
            return
        async for event in events:
            if isinstance(event, OrderUpdated) and instrument in {None, event.order.instrument}:
                emit(json_line(_fields(event.order)) if as_json else _line(event.order))


async def cancelling(
    target: Target,
    account_id: str | None,
    names: Sequence[str],
    instrument: str | None,
    side: str | None,
    *,
    as_json: bool,
) -> None:
    """Cancel the orders that are named, or all.

    Raises:
        Failure: One of them could not be cancelled; the others were.
    """
    troubles: list[str] = []
    async with _desk(target, account_id) as desk:
        if not names:
            _show(await desk.account.cancel_all(instrument, side), as_json=as_json)
            return
        ended: list[Order] = []
        for name in names:
            try:
                ended.append(await desk.account.cancel(name))
            except (OrderEndedError, ApiError) as error:
                troubles.append(f"{name}: {_words(error)}")
        _show(ended, as_json=as_json)
    if troubles:
        raise Failure("; ".join(troubles))


async def holdings(target: Target, account_id: str | None, *, as_json: bool) -> None:
    """Print balances and positions, and what they come to where the venue can say it."""
    async with _desk(target, account_id) as desk:
        account = desk.account
        try:
            summary = await account.summary()
            worth: dict[str, Any] = {"currency": summary.currency, "equity": summary.equity}
        except ClientError:
            worth = {}  # nobody has traded what it holds: there is no price for it
    balances = [
        {"asset": it.asset, "total": it.total, "free": it.free, "locked": it.locked}
        for it in account.balances.values()
    ]
    positions = [
        {
            "instrument": it.instrument,
            "side": it.side.value,
            "quantity": it.quantity,
            "entry": it.entry_price,
            "price": it.current_price,
            "unrealized": it.unrealized_pnl,
            "realized": it.realized_pnl,
        }
        for it in account.positions.values()
    ]
    if as_json:
        found = {"account": account.account_id, **worth}
        emit(json_line(plain({**found, "balances": balances, "positions": positions})))
        return
    nickname = account.info.nickname if account.info is not None else ""
    value = f", worth {plain(worth['equity'])} {worth['currency']}" if worth else ""
    emit(safe(f"account {account.account_id} {nickname}").rstrip() + value)
    _table(_BALANCE, balances)
    if positions:
        emit("")
        _table(_POSITION, positions)


async def accounts(target: Target, *, as_json: bool) -> None:
    """Print the accounts of the user."""
    async with opened(target) as session:
        found = await session.client.accounts()
    rows = [
        {
            "account": it.account_id,
            "nickname": it.nickname,
            "venue": it.venue,
            "status": it.status.value if it.status is not None else "",
        }
        for it in found
    ]
    for row in rows if as_json else ():
        emit(json_line(row))
    if not as_json:
        _table(_ACCOUNT, rows)


@asynccontextmanager
async def _desk(
    target: Target, account_id: str | None, notes: Notes = silent
) -> AsyncIterator[Desk]:
    """Follow an account.

    Raises:
        Failure: Which one is not clear; or what the venue answered, in its own words.
    """
    async with opened(target, notes=notes) as session:
        try:
            async with await session.client.account(account_id) as account:
                yield Desk(session, account)
        except AccountChoiceError as error:
            which = ", ".join(error.choices) or "none"
            several = f"which account? Give --account or a profile one; there is {which}"
            raise Failure(several, Exit.USAGE) from error
        except OutcomeUnknownError as error:
            unknown = f"{error}; cadenza orders shows what there is"
            raise Failure(unknown, Exit.UNREACHABLE) from error
        except ApiError as error:
            raise Failure(_words(error)) from error


def _words(error: ClientError) -> str:
    return f"{error.errno} {error.message}" if isinstance(error, ApiError) else str(error)


def _show(found: Sequence[Order], *, as_json: bool) -> None:
    for order in found if as_json else ():
        emit(json_line(_fields(order)))
    if not as_json:
        _table(_ORDER, [_fields(order) for order in found])


def _table(header: list[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        note("there are none")
        return
    texts = [["" if row[it] is None else str(plain(row[it])) for it in header] for row in rows]
    right = frozenset(at for at, name in enumerate(header) if name in _NUMBERS)
    for line in table(header, texts, right=right):
        emit(line)


def _line(order: Order) -> str:
    fields = _fields(order)
    return safe(" ".join(str(fields[it]) for it in _ORDER if fields[it] is not None))


def _fields(order: Order) -> dict[str, Any]:
    """An order for programs; the table shows some of it."""
    fields: dict[str, Any] = {
        "order": order.order_id,
        "client_order_id": order.client_order_id,
        "instrument": order.instrument,
        "side": order.side.value,
        "type": order.type.value,
        "price": order.price,
        "stop_price": order.stop_price,
        "quantity": order.quantity,
        "quantity_type": order.quantity_type.value,
        "filled": order.filled_quantity,
        "average": order.average_price,
        "time_in_force": order.time_in_force.value,
        "status": order.status.value,
        "updated_at": order.updated_at,
    }
    reason = order.cancel_reason or order.reject_reason
    shown: dict[str, Any] = plain({**fields, "reason": reason} if reason else fields)
    return shown
