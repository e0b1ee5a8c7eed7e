"""``cadenza publish``: publishes one message."""

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
from cadenza.cli.session import connected
from cadenza.cli.target import find_target


def publish(  # noqa: PLR0917 - typer reads the options from the parameters
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of the channel.")],
    data: Annotated[
        str, typer.Argument(metavar="JSON", help="The message; - reads standard input.")
    ],
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Publish a message to a channel.

    The channel must allow that to clients.
    """
    payload = json_argument(data, "JSON")
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        async with connected(target) as client:
            await client.publish(channel, payload)

    perform(job)
