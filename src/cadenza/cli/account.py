"""``cadenza account``: prints balances and positions."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

import cadenza
from cadenza.cli.account_session import account_session
from cadenza.cli.options import (
    AccountOption,
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, emit_table, json_line, plain, safe
from cadenza.cli.program import perform
from cadenza.cli.session import connected
from cadenza.cli.target import Target, find_target

_ACCOUNT: Final = ("account", "nickname", "venue", "status")
_BALANCE: Final = ("asset", "total", "free", "locked")
_POSITION: Final = ("instrument", "side", "quantity", "entry", "price", "unrealized", "realized")


def account(  # noqa: PLR0917 - typer reads the options from the parameters
    all_accounts: Annotated[
        bool, typer.Option("--list", help="The accounts there are, instead.")
    ] = False,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print the balances and positions of an account."""
    target = find_target(url, profile, token_file, protocol)

    if all_accounts:
        perform(lambda: _list(target, as_json=json))
    else:
        perform(lambda: _show(target, account, as_json=json))


async def _list(target: Target, *, as_json: bool) -> None:
    async with connected(target) as client:
        found = await client.accounts()
    rows = [
        {
            "account": it.account_id,
            "nickname": it.nickname,
            "venue": it.venue,
            "status": it.status.value if it.status is not None else "",
        }
        for it in found
    ]
    if not as_json:
        emit_table(_ACCOUNT, rows)
        return
    for row in rows:
        emit(json_line(row))


async def _show(target: Target, account_id: str | None, *, as_json: bool) -> None:
    """Print balances and positions, and what they are worth where the venue can say it."""
    async with account_session(target, account_id) as followed:
        try:
            summary = await followed.summary()
            worth: dict[str, Any] = {"currency": summary.currency, "equity": summary.equity}
        except cadenza.ClientError:
            worth = {}  # nobody has traded what it holds: there is no price for it
    balances = _balances(followed)
    positions = _positions(followed)
    if as_json:
        found = {"account": followed.account_id, **worth}
        emit(json_line(plain({**found, "balances": balances, "positions": positions})))
        return
    nickname = followed.info.nickname if followed.info is not None else ""
    value = f", worth {plain(worth['equity'])} {worth['currency']}" if worth else ""
    emit(safe(f"account {followed.account_id} {nickname}").rstrip() + value)
    emit_table(_BALANCE, balances)
    if positions:
        emit("")
        emit_table(_POSITION, positions)


def _balances(account: cadenza.Account) -> list[dict[str, Any]]:
    return [
        {"asset": it.asset, "total": it.total, "free": it.free, "locked": it.locked}
        for it in account.balances.values()
    ]


def _positions(account: cadenza.Account) -> list[dict[str, Any]]:
    return [
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
