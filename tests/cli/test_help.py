"""What the command line says about itself."""

from __future__ import annotations

import sys

import pytest
import typer
from typer.testing import CliRunner

from cadenza.cli import app

RUNNER = CliRunner()


def commands(command=None, path=()):
    """Every command by its path, groups included."""
    command = command or typer.main.get_command(app)
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


PATHS = [path for path, _ in commands()]


def test_the_commands():
    """Those that the documentation names."""
    assert {path[0] for path in PATHS if path} >= {"serve", "token", "config", "version"}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_a_help_text(path):
    """``--help`` works everywhere and begins with a sentence about the command."""
    result = RUNNER.invoke(app, [*path, "--help"])
    assert result.exit_code == 0
    (command,) = [found for at, found in commands() if at == path]
    assert command.help
    assert command.help.split("\n")[0].split()[0] in result.output


def test_nothing_asked_is_help():
    """``cadenza`` alone shows the commands."""
    result = RUNNER.invoke(app, [])
    assert "serve" in result.output
    assert result.exit_code in {0, 2}


def test_the_command_line_loads_without_the_server(monkeypatch):
    """A plain install has the commands, and says what to install for ``serve``."""
    for name in [name for name in sys.modules if name.startswith("cadenza.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cadenza.gateway.gateway", None)
    result = RUNNER.invoke(app, ["serve"])
    assert result.exit_code == 1
    assert "pip install 'cadenza[server]'" in result.output
