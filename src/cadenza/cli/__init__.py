"""The command line: ``cadenza``."""

from __future__ import annotations

import typer

from cadenza.cli import config
from cadenza.cli.serve import serve
from cadenza.cli.token import token
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
app.command()(version)


def main() -> None:
    """The ``cadenza`` program."""
    app()
