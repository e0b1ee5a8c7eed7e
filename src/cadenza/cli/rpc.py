"""``cadenza rpc``: calls a method of the server's application."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cadenza.cli.arguments import json_argument
from cadenza.cli.exits import Failure
from cadenza.cli.options import (
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, json_text
from cadenza.cli.program import perform
from cadenza.cli.session import connected
from cadenza.cli.target import Target, find_target


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

    perform(lambda: _call(target, method, params))


async def _call(target: Target, method: str, params: Any) -> None:
    """Call and print the answer.

    Raises:
        Failure: The answer holds an error.
    """
    async with connected(target) as client:
        answer = await client.rpc(method, params)
    emit(json_text(answer))
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, dict):
        words = [str(error[it]) for it in ("code", "message") if it in error]
        raise Failure(f"{method} was refused: {' '.join(words) or 'see the answer'}")
