"""The parts of the pages that are made from the source are what the source says now."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cadenza.cli import app
from cadenza.realtime.states import MOVES, Input, Move, State
from cadenza.server.config.lacking import LACKING
from cadenza.server.config.names import supported

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_no_page_is_stale():
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"run python docs/generate.py\n{done.stdout}{done.stderr}"


def test_every_option_has_its_row():
    text = page("configuration.md")
    options = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    for path in supported():
        shown = re.sub(r"^channel\.(without_namespace|namespaces\[\])\.", "", path)
        if path != "channel.namespaces[].name":  # it stands in the sentence before the table
            assert shown in options, path


def test_every_option_that_is_lacking_is_named():
    text = page("configuration.md")
    for path in LACKING:
        assert f"`{path.replace('channel.without_namespace', 'channel.namespaces[]')}`" in text


def test_every_command_has_its_section():
    def leaves(command, path):
        inner = getattr(command, "commands", None)
        if inner is None:
            yield " ".join(path)
        for name, child in (inner or {}).items():
            yield from leaves(child, (*path, name))

    text = page("cli.md")
    for name in leaves(typer.main.get_command(app), ("cadenza",)):
        assert f"\n## {name}\n" in text
        assert f"\n$ {name} --help\n" in text


@pytest.mark.parametrize("given", list(Input))
def test_the_state_table_is_the_engines(given):
    """Read back from the page, each row says what ``MOVES`` says."""
    words = {
        "authenticate": Move.CONNECT,
        "run it": Move.RUN,
        "take it as a pong": Move.PONG,
        "error 108, or close 3501 if it stands alone": Move.PING,
        "ignore it": Move.IGNORE,
        "close 3501": Move.CLOSE,
    }
    rows = re.findall(r"^\| (.+) \|$", page("architecture.md"), re.MULTILINE)
    head = next(row for row in rows if row.startswith("The client sends"))
    states = [State[name.strip("` ")] for name in head.split(" | ")[1:]]
    begin = rows.index(head) + 2
    cells = rows[begin + list(Input).index(given)].split(" | ")[1:]
    assert {state: words[cell] for state, cell in zip(states, cells, strict=True)} == {
        state: MOVES[state, given] for state in State
    }
