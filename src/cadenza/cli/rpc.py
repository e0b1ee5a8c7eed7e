"""``cadenza rpc``: one call of the server's application."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.arguments import json_argument
from cadenza.cli.options import (
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target


def rpc(  # noqa: PLR0917 - typer reads the options from the parameters
    method: Annotated[str, typer.Argument(metavar="METHOD", help="As query.venue.list.")],
    data: Annotated[
        str, typer.Argument(metavar="JSON", help="Its parameters; - reads standard input.")
    ] = "{}",
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Call a method and print its answer.

    It is indented at a terminal, else one line of JSON. An answer that holds an error object is
    printed too, and the exit status is 1.
    """
    params = json_argument(data, "JSON")
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        from cadenza.cli.session import calling  # noqa: PLC0415 - the SDK loads when needed

        await calling(target, method, params)

    perform(job)
