"""``cadenza book``: shows an order book in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from cadenza.cli.options import (
    JsonOption,
    LimitOption,
    ProfileOption,
    Protocol,
    ProtocolOption,
    TokenFileOption,
    UrlOption,
)
from cadenza.cli.program import perform
from cadenza.cli.target import find_target


def book(  # noqa: PLR0917 - typer reads the options from the parameters
    instrument: Annotated[str, typer.Argument(metavar="INSTRUMENT", help="As BINANCE:BTC/USDT.")],
    depth: Annotated[
        int, typer.Option("--depth", "-d", min=1, max=500, help="Levels a side.")
    ] = 10,
    once: Annotated[bool, typer.Option("--once", help="Print it once, and end.")] = False,
    interval: Annotated[
        float,
        typer.Option(
            "--interval", metavar="SECONDS", min=0.0, max=60.0, help="Show it at most so often."
        ),
    ] = 0.2,
    json: JsonOption = False,
    limit: LimitOption = None,
    url: UrlOption = None,
    profile: ProfileOption = None,
    token_file: TokenFileOption = None,
    protocol: ProtocolOption = Protocol.JSON,
) -> None:
    """Show an order book as it changes.

    It ends with Ctrl-C. The local copy checks that no update is missing. While it cannot be trusted
    it says so, and shows what it last held. Where standard output is no terminal, each state is
    printed below the one before.
    """
    target = find_target(url, profile, token_file, protocol)

    async def job() -> None:
        from cadenza.cli.book_view import ladder_json, show_book  # noqa: PLC0415 - the SDK loads late

        most = 1 if once else limit
        show = ladder_json if json else None
        await show_book(target, instrument, depth, most, interval, show=show)

    perform(job)
