"""``cadenza cancel``: takes orders back."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.options import (
    AccountOption,
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target
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
    if everything and not yes:
        which = f"all open {f'{side.value} ' if side else ''}orders"
        confirm(f"cancel {which}{f' in {instrument}' if instrument else ''}?")

    async def job() -> None:
        from cadenza.cli.account_session import cancelling  # noqa: PLC0415 - the SDK loads when needed

        chosen = account or target.account or None
        word = None if side is None else side.value.upper()
        await cancelling(target, chosen, names, instrument, word, as_json=json)

    perform(job)
