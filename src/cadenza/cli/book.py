"""``cadenza book``: shows an order book in the terminal."""

from __future__ import annotations

import difflib
from typing import Annotated, NoReturn

import typer

import cadenza
from cadenza.cli.exits import Failure
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
from cadenza.cli.session import connected
from cadenza.cli.target import Target, find_target
from cadenza.protocol import codes


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
        try:
            await show_book(target, instrument, depth, most, interval, show=show)
        except cadenza.UnsubscribedError as error:
            if error.server_code != codes.UNKNOWN_CHANNEL.code:
                raise
            await _suggest(target, instrument, error)

    perform(job)


async def _suggest(target: Target, instrument: str, error: cadenza.UnsubscribedError) -> NoReturn:
    """Name the instrument that was probably meant: the paper venue's first, as it can be traded.

    Raises:
        Failure: There is no such instrument.
    """
    from cadenza.cli.explain import explain  # noqa: PLC0415 - the SDK loads late

    async with connected(target) as client:
        names = [it.instrument_id for it in await client.instruments()]
    flat = {it.replace("/", ""): it for it in sorted(names, key=lambda it: it.startswith("PAPER:"))}
    flat |= {it.partition(":")[2]: name for it, name in flat.items()}
    wanted = instrument.upper().replace("/", "").replace("-", "")
    near = difflib.get_close_matches(wanted, list(flat), 1)
    failure = explain(error)
    hint = f'; did you mean "{flat[near[0]]}"?' if near else ""
    raise Failure(f"{failure}{hint}", failure.code) from error
