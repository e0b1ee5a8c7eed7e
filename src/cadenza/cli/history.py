"""``cadenza history``: prints the publications that a channel keeps."""

from __future__ import annotations

from typing import Annotated

import typer

import cadenza
from cadenza.cli.arguments import position_argument
from cadenza.cli.lines import publication_json, publication_line
from cadenza.cli.options import (
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    QuietOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, note
from cadenza.cli.program import perform
from cadenza.cli.session import as_subscriber, connected
from cadenza.cli.target import find_target


def history(  # noqa: PLR0917 - typer reads the options from the parameters
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of the channel.")],
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="At most so many; 0: the position alone.")
    ] = 10,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="OFFSET:EPOCH", help="Those after this position."),
    ] = None,
    oldest: Annotated[
        bool, typer.Option("--oldest", help="The oldest that are kept, instead of the newest.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print what a channel keeps.

    The publications come oldest first, the position of the stream on standard error. Where only
    subscribers may read a history, it subscribes for that.
    """
    position = position_argument(since)
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        is_reversed = not oldest and position is None
        since = None if position is None else cadenza.StreamPosition(*position)
        async with connected(target) as client:
            page = await as_subscriber(
                client,
                channel,
                lambda: client.history(channel, limit, since=since, reverse=is_reversed),
            )
        show = publication_json if json else publication_line
        for publication in reversed(page.publications) if is_reversed else page.publications:
            emit(show(publication, None))
        if not quiet:
            note(f"the stream is at {page.position.offset}:{page.position.epoch}")

    perform(job)
