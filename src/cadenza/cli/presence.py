"""``cadenza presence``: prints the members of a channel."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.lines import info_fields
from cadenza.cli.options import (
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.output import emit, json_line, safe
from cadenza.cli.program import perform
from cadenza.cli.session import as_subscriber, connected
from cadenza.cli.target import Target, find_target


def presence(  # noqa: PLR0917 - typer reads the options from the parameters
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Name of the channel.")],
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

    report = _count if count else _members
    perform(lambda: report(target, channel, as_json=json))


async def _count(target: Target, channel: str, *, as_json: bool) -> None:
    async with connected(target) as client:
        stats = await as_subscriber(client, channel, lambda: client.presence_stats(channel))
    fields = {"clients": stats.clients, "users": stats.users}
    words = f"{stats.clients} connections of {stats.users} users"
    emit(json_line(fields) if as_json else words)


async def _members(target: Target, channel: str, *, as_json: bool) -> None:
    async with connected(target) as client:
        members = await as_subscriber(client, channel, lambda: client.presence(channel))
    for info in sorted(members.values(), key=lambda it: (it.user, it.client)):
        plain = safe(f"{info.user or '(anonymous)'} {info.client}")
        emit(json_line(info_fields(info)) if as_json else plain)
