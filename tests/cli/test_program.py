"""The program as a whole: exit codes, help, and what it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from cadenza.cli import app
from cadenza.cli.exits import MEANINGS, Exit
from cadenza.cli.output import paint, plain, safe, table

SERVER = {"cadenza.server", "cadenza.gateway", "cadenza.trading", "cadenza.realtime.node"}
HEAVY = {"cadenza.client", "websockets", "pyarrow", "asyncio", "rich"}


def loaded(script):
    found = subprocess.run(
        [sys.executable, "-c", f"{script}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.split())


@pytest.mark.process
def test_the_program_loads_nothing_that_a_command_may_not_need():
    """Neither the SDK, nor a WebSocket library, nor tables."""
    assert loaded("import cadenza.cli") & (SERVER | HEAVY) == set()


@pytest.mark.process
@pytest.mark.parametrize(
    "module",
    ["connection", "account_session", "listener", "book_view", "recording.run", "bench_load"],
)
def test_commands_of_users_load_nothing_of_the_server(module):
    """So that a plain install is enough for them; pyarrow only for Parquet."""
    extra = {"sortedcontainers", "uvicorn", "starlette", "jwt", "httptools", "yaml", "uvloop"}
    unwanted = SERVER | extra | {"prometheus_client", "pyarrow", "cadenza.market.market"}
    assert loaded(f"import cadenza.cli.{module}") & unwanted == set()


def test_the_server_minds_its_own_variables(cadenza, server):
    """A shell that has those of the user's commands can start one, too."""
    variables = {"CADENZA_TOKEN": "x", "CADENZA_URL": server.ws, "CADENZA_PROFILE": "a"}
    found = cadenza("config", "check", **variables)
    assert (found.returncode, found.stderr) == (0, "")


def test_every_exit_code_has_a_meaning():
    """The table of the documentation is whole."""
    assert list(MEANINGS) == list(Exit)


def test_every_command_and_option_says_what_it_is():
    """No help text is empty."""

    def check(command, name):
        assert (command.help or "").strip(), name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"
        for key, inner in getattr(command, "commands", {}).items():
            check(inner, f"{name} {key}")

    check(typer.main.get_command(app), "cadenza")


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\x9b", "\u202e", "\x7f", "\r"])
def test_nothing_of_others_reaches_the_terminal(text):
    """Neither control characters nor those that turn the direction."""
    assert safe(f"ü {text}").isprintable()


def test_tables_are_aligned_and_safe():
    """Numbers to the right."""
    found = table(["a", "number"], [["x\n", "1"], ["yy", "10.5"]], right=frozenset({1}))
    assert found == ["a      number", "x\\x0a       1", "yy       10.5"]
    assert paint("x", "red") == "x"


def test_decimals_are_in_plain_notation():
    """However deep they are."""
    from decimal import Decimal  # noqa: PLC0415 - used here alone

    value = {"a": [Decimal("0E-10"), 1], "b": {"c": Decimal("1E+3")}}
    assert plain(value) == {"a": ["0.0000000000", 1], "b": {"c": "1000"}}
