"""``cadenza config``: checks a configuration, or prints the default one."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

app = typer.Typer(
    name="config", help="Check a configuration, or print the default one.", no_args_is_help=True
)

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="CADENZA_CONFIG", help="JSON, YAML or TOML file.", show_envvar=True
    ),
]
"""The option that every command with a configuration has."""


class FileFormat(StrEnum):
    """Formats of a configuration file."""

    JSON = "json"
    YAML = "yaml"
    TOML = "toml"


@app.command()
def check(config: ConfigOption = None) -> None:
    """Read the file and the environment; print what is wrong with them.

    Exit status 0: usable, perhaps with warnings; 1: not usable.
    """
    # The server's parts are an extra: the command line must load without them.
    from cadenza.config import ConfigError, load  # noqa: PLC0415 - see above

    try:
        _, warnings = load(config, os.environ)
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(f"error: {problem}", err=True)
        raise typer.Exit(1) from None
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)
    count = len(warnings)
    found = f"{count} warning{'s' * (count != 1)}" if count else "no warnings"
    typer.echo(f"{config or 'The default configuration'} is usable: {found}.")


@app.command()
def default(
    file_format: Annotated[
        FileFormat, typer.Option("--format", "-f", help="Format to print.")
    ] = FileFormat.JSON,
) -> None:
    """Print every option with its default; the output is a valid configuration file."""
    from cadenza.config import Config, dumps  # noqa: PLC0415 - as in check

    typer.echo(dumps(Config(), file_format.value), nl=False)
