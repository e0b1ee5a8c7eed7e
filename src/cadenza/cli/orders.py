"""``cadenza orders``: prints the open orders of an account."""

from __future__ import annotations

from typing import Annotated

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
from cadenza.cli.order_table import emit_change, emit_orders
from cadenza.cli.output import note
from cadenza.cli.program import perform
from cadenza.cli.session import silent
from cadenza.cli.target import Target, find_target


def orders(  # noqa: PLR0917 - typer reads the options from the parameters
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Only those in this instrument.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Then each change, until Ctrl-C.")
    ] = False,
    account: AccountOption = None,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print the open orders of an account.

    The oldest come first.
    """
    target = find_target(url, profile, token_file, protocol)

    perform(lambda: _list(target, account, instrument, is_following=follow, as_json=json))


async def _list(
    target: Target,
    account_id: str | None,
    instrument: str | None,
    *,
    is_following: bool,
    as_json: bool,
) -> None:
    def is_wanted(order: cadenza.Order) -> bool:
        return instrument in {None, order.instrument}

    async with account_session(target, account_id, note if is_following else silent) as account:
        # Before the list is printed, so that no change falls between the two.
        events = account.events() if is_following else None
        open_orders = account.orders.values()
        emit_orders([it for it in open_orders if is_wanted(it)], as_json=as_json)
        if events is None:
            return
        async for event in events:
            if isinstance(event, cadenza.OrderUpdated) and is_wanted(event.order):
                emit_change(event.order, as_json=as_json)
