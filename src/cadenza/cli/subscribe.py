"""``cadenza subscribe``: prints publications as they come."""

from __future__ import annotations

import time
from typing import Annotated

import typer

import cadenza
from cadenza.cli.arguments import position_argument
from cadenza.cli.lines import info_fields, publication_json, publication_line
from cadenza.cli.options import (
    JsonOption,
    LimitOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    QuietOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, json_line, note, safe
from cadenza.cli.program import perform
from cadenza.cli.session import opened, silent
from cadenza.cli.target import Target, find_target


def subscribe(  # noqa: PLR0917 - typer reads the options from the parameters
    channels: Annotated[
        list[str], typer.Argument(metavar="CHANNEL", help="Names of the channels.")
    ],
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="OFFSET:EPOCH", help="First recover what came after this position."
        ),
    ] = None,
    limit: LimitOption = None,
    members: Annotated[
        bool, typer.Option("--members", help="Show who joins and leaves as well.")
    ] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Print publications as they come.

    It ends with Ctrl-C. After a loss of the connection it goes on by itself, with what was missed
    where the channel keeps a history; standard error tells if something could not be recovered.
    """
    position = position_argument(since)
    if position is not None and len(channels) > 1:
        raise typer.BadParameter("a position belongs to one channel", param_hint="--since")
    target = find_target(url, profile, token_file, protocol)

    perform(
        lambda: _listen(target, channels, position, limit, members, as_json=json, is_quiet=quiet)
    )


async def _listen(
    target: Target,
    channels: list[str],
    since: tuple[int, str] | None,
    limit: int | None,
    members: bool,
    *,
    as_json: bool,
    is_quiet: bool,
) -> None:
    from cadenza.cli.listener import Listener  # noqa: PLC0415 - brings asyncio along

    notes = silent if is_quiet else note
    show = publication_json if as_json else publication_line
    left = limit or 0

    def handle(publication: cadenza.Publication) -> bool:
        nonlocal left
        emit(show(publication, time.time_ns()))
        left -= 1
        return left == 0

    async with opened(target, notes=notes) as session:
        on_member = (_member_json if as_json else _member_line) if members else None
        listener = Listener(session, handle, notes, on_member)
        await listener.run(list(dict.fromkeys(channels)), since)


def _member_json(channel: str, has_joined: bool, info: cadenza.ClientInfo) -> None:
    emit(json_line({"channel": channel, "join" if has_joined else "leave": info_fields(info)}))


def _member_line(channel: str, has_joined: bool, info: cadenza.ClientInfo) -> None:
    emit(safe(f"{channel} {'+' if has_joined else '-'} {info.user or '(anonymous)'} {info.client}"))
