"""``cadenza presence``: who is in a channel."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.options import (
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target


def presence(  # noqa: PLR0917 - typer reads the options from the parameters
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its name.")],
    count: Annotated[bool, typer.Option("--count", help="Only how many.")] = False,
    json: JsonOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print who is in a channel.

    One connection a line: user and client id. Where only subscribers may ask, it subscribes for
    that and counts itself.
    """
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        from cadenza.cli.session import attending  # noqa: PLC0415 - the SDK loads when needed

        await attending(target, channel, is_count=count, as_json=json)

    perform(job)
