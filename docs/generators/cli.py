"""The command line's own help texts."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from cadenza.cli import app
from cadenza.cli.exits import MEANINGS

WIDTH = 90


def commands() -> list[str]:
    """Every command, subcommands as ``config check``."""
    return list(_names(typer.main.get_command(app), ()))


def _names(command: object, path: tuple[str, ...]) -> list[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return [" ".join(path)]
    return [name for key, value in inner.items() for name in _names(value, (*path, key))]


def help_text(command: str) -> str:
    """What ``cadenza COMMAND --help`` prints."""
    result = CliRunner().invoke(
        app,
        [*command.split(), "--help"],
        prog_name="cadenza",
        env={"COLUMNS": str(WIDTH), "TERMINAL_WIDTH": str(WIDTH), "NO_COLOR": "1"},
        terminal_width=WIDTH,
    )
    lines = [line.rstrip() for line in result.output.strip().splitlines()]
    return "\n".join(["```text", f"$ cadenza {command} --help".replace("  ", " "), *lines, "```"])


def exit_codes() -> str:
    """The table of exit codes."""
    rows = [f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join(["| Code | Meaning |", "| --- | --- |", *rows])
