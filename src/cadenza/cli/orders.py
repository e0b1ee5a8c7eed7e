"""``cadenza orders``: the open orders of an account."""

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

    async def job() -> None:
        from cadenza.cli.account_session import listing  # noqa: PLC0415 - the SDK loads when needed

        chosen = account or target.account or None
        await listing(target, chosen, instrument, is_following=follow, as_json=json)

    perform(job)
