"""``cadenza account``: what an account has."""

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

    async def job() -> None:
        from cadenza.cli.account_session import accounts, holdings  # noqa: PLC0415 - the SDK loads late

        if all_accounts:
            await accounts(target, as_json=json)
        else:
            await holdings(target, account or target.account or None, as_json=json)

    perform(job)
