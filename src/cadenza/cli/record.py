"""``cadenza record``: records channels into a file that can be replayed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cadenza.cli.options import (
    LimitOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    QuietOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target


def record(  # noqa: PLR0917 - typer reads the options from the parameters
    channels: Annotated[
        list[str], typer.Argument(metavar="CHANNEL", help="Names of the channels.")
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            dir_okay=False,
            help="JSON lines; gzipped if it ends in .gz; Parquet if it ends in .parquet.",
        ),
    ],
    limit: LimitOption = None,
    seconds: Annotated[
        float | None, typer.Option("--for", metavar="SECONDS", min=0.1, help="End after so long.")
    ] = None,
    quiet: QuietOption = False,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Record channels into a file.

    It ends with Ctrl-C. `cadenza serve --feed replay:FILE` replays the books and trades.
    A file that exists is gone on with: what was missed is recovered where the server still has it,
    and a gap is noted in the file where it has not. The same goes for losses of the connection.
    """
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        from cadenza.cli.recording.run import record_to  # noqa: PLC0415 - the SDK loads late

        wanted = list(dict.fromkeys(channels))
        await record_to(output, target, wanted, limit, seconds, is_quiet=quiet)

    perform(job)
