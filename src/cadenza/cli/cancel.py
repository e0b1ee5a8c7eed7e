"""``cadenza cancel``: cancels orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

import cadenza
from cadenza.cli.account_session import account_session, reason_of
from cadenza.cli.exits import Failure
from cadenza.cli.options import (
    AccountOption,
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.order_table import emit_orders
from cadenza.cli.program import perform
from cadenza.cli.target import Target, find_target
from cadenza.cli.trade import Side, confirm


def cancel(  # noqa: PLR0917 - typer reads the options from the parameters
    orders: Annotated[
        list[str] | None,
        typer.Argument(metavar="ORDER", help="Ids, or client order ids.", show_default=False),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All open orders.")] = False,
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="With --all: only in this instrument.")
    ] = None,
    side: Annotated[
        Side | None, typer.Option("--side", help="With --all: only of this side.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --all.")] = False,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Cancel orders, and print each as it ended.

    An order that has ended already is an error, after the others have been cancelled.
    """
    names = orders or []
    if bool(names) == everything:
        raise typer.BadParameter("name orders, or give --all", param_hint="ORDER")
    if not everything and (instrument or side):
        raise typer.BadParameter("--instrument and --side go with --all", param_hint="ORDER")
    target = find_target(url, profile, token_file, protocol)
    if everything:
        if not yes:
            which = f"all open {f'{side.value} ' if side else ''}orders"
            confirm(f"cancel {which}{f' in {instrument}' if instrument else ''}?")
        word = None if side is None else side.value.upper()
        perform(lambda: _cancel_all(target, account, instrument, word, as_json=json))
    else:
        perform(lambda: _cancel(target, account, names, as_json=json))


async def _cancel_all(
    target: Target,
    account_id: str | None,
    instrument: str | None,
    side: str | None,
    *,
    as_json: bool,
) -> None:
    async with account_session(target, account_id) as account:
        emit_orders(await account.cancel_all(instrument, side), as_json=as_json)


async def _cancel(
    target: Target, account_id: str | None, names: Sequence[str], *, as_json: bool
) -> None:
    """Cancel the orders that are named, and print those that were.

    Raises:
        Failure: One of them could not be cancelled; the others were.
    """
    troubles: list[str] = []
    async with account_session(target, account_id) as account:
        ended: list[cadenza.Order] = []
        for name in names:
            try:
                ended.append(await account.cancel(name))
            except (cadenza.OrderEndedError, cadenza.ApiError) as error:
                troubles.append(f"{name}: {reason_of(error)}")
        emit_orders(ended, as_json=as_json)
    if troubles:
        raise Failure("; ".join(troubles))
