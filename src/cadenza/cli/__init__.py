"""The command line: ``cadenza``."""

from __future__ import annotations

import typer

from cadenza.cli import config, profile
from cadenza.cli.account import account
from cadenza.cli.amend import amend
from cadenza.cli.bench import bench
from cadenza.cli.book import book
from cadenza.cli.cancel import cancel
from cadenza.cli.fills import fills
from cadenza.cli.history import history
from cadenza.cli.orders import orders
from cadenza.cli.pnl import pnl
from cadenza.cli.presence import presence
from cadenza.cli.program import run_program
from cadenza.cli.publish import publish
from cadenza.cli.record import record
from cadenza.cli.rpc import rpc
from cadenza.cli.serve import serve
from cadenza.cli.subscribe import subscribe
from cadenza.cli.token import token
from cadenza.cli.trade import trade
from cadenza.cli.version import version

app = typer.Typer(
    name="cadenza",
    help="A real-time trading gateway: Centrifugo's protocol, order books and feeds.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode=None,
)
app.command()(serve)
app.command()(token)
app.add_typer(config.app)
app.command()(subscribe)
app.command()(book)
app.command()(record)
app.command()(publish)
app.command()(history)
app.command()(presence)
app.command()(rpc)
app.command()(trade)
app.command()(orders)
app.command()(amend)
app.command()(cancel)
app.command()(fills)
app.command()(pnl)
app.command()(account)
app.command()(bench)
app.add_typer(profile.app)
app.command()(version)


def main() -> None:
    """The ``cadenza`` program."""
    run_program(app)
