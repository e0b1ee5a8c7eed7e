"""``cadenza bench``: measures what a server delivers, as subscribers see it."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.options import (
    JsonOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target, is_loopback

DEFAULT_CHANNEL = "market:orderBook:BINANCE:BTC/USDT"


def bench(  # noqa: PLR0917 - typer reads the options from the parameters
    url: Annotated[
        str | None,
        typer.Argument(
            metavar="URL", envvar="CADENZA_URL", help="WebSocket address; without it the profile's."
        ),
    ] = None,
    channels: Annotated[
        list[str] | None,
        typer.Option("--channel", help=f"Each connection subscribes to it.  [{DEFAULT_CHANNEL}]"),
    ] = None,
    connections: Annotated[
        int, typer.Option("--connections", "-c", min=1, max=1000, help="Connections to open.")
    ] = 10,
    seconds: Annotated[
        float, typer.Option("--seconds", "-s", min=0.1, max=600, help="How long to listen.")
    ] = 10.0,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000_000, help="End after so many.")
    ] = 1_000_000,
    rate: Annotated[
        float,
        typer.Option(
            "--publish",
            metavar="RATE",
            min=0,
            max=10_000,
            help="Publish so many messages a second to the first channel, too.",
        ),
    ] = 0.0,
    yes_remote: Annotated[
        bool, typer.Option("--yes-remote", help="The server is not this machine, and I may.")
    ] = False,
    json: JsonOption = False,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Measure what subscribers get.

    It opens connections, subscribes, counts what comes and how late it is, and ends.
    Lateness is the time since --publish sent a message, or since the timestamp in the data of a
    market channel, which has milliseconds and is right where both clocks are one. Exit status 1:
    a connection failed or was lost, or publications were missing.
    """
    target = find_target(url, profile, token_file, protocol)
    if not is_loopback(target.url) and not yes_remote:
        remote = "this puts load on another machine: --yes-remote says that you may"
        raise Failure(remote, Exit.USAGE)

    async def job() -> None:
        from cadenza.cli.bench_load import Load, run_load  # noqa: PLC0415 - the SDK loads late

        wanted = list(dict.fromkeys(channels or [DEFAULT_CHANNEL]))
        load = Load(wanted, connections, seconds, limit, rate)
        await run_load(target, load, as_json=json)

    perform(job)
