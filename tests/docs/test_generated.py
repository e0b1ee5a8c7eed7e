"""The parts of the pages that are made from the source are what the source says now."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from cadenza.cli import app
from cadenza.config import Config
from cadenza.config.names import supported
from cadenza.config.unsupported import UNSUPPORTED
from cadenza.gateway.api import CATALOGUE
from cadenza.gateway.gateway import Gateway
from cadenza.models import OrderType, TimeInForce
from cadenza.realtime.states import MOVES, Input, Move, State
from cadenza.trading.matching.rules import SHAPES
from cadenza.trading.order_status import LIFE

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.process
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
    for path in UNSUPPORTED:
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


def rows_under(text: str, head: str) -> list[list[str]]:
    """The rows of the table with this first column, as cells without their marks."""
    lines = text.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"| {head} |"))
    table = itertools.takewhile(lambda line: line.startswith("|"), lines[begin:])
    rows = [[cell.strip("` ") for cell in line.strip("|").split("|")] for line in table]
    return [rows[0], *rows[2:]]


def test_the_table_of_order_types_is_the_engines():
    """Read back from the page, the cells that are not empty are what the engine takes."""
    head, *rows = rows_under(page("trading.md"), "Order type")
    times = [TimeInForce(time) for time in head[2:]]
    shown = {
        (OrderType(kind), time): cell
        for kind, _, *cells in rows
        for time, cell in zip(times, cells, strict=True)
        if cell
    }
    assert shown.keys() == SHAPES.keys()
    for key, cell in shown.items():
        assert ("whole" in cell, "rests" in cell) == (SHAPES[key].whole, SHAPES[key].rests), key


def test_the_life_of_an_order_is_the_engines():
    """Read back from the page, the table has each step and no other."""
    _, *rows = rows_under(page("trading.md"), "Status")
    assert [tuple(row) for row in rows] == [
        (step.status.value, step.event.value, step.then.value, step.why) for step in LIFE
    ]


def test_every_operation_has_its_row():
    """Each method and path of a gateway with the defaults stands in the reference, and its doc."""
    text = page("operations-reference.md")
    for operation in Gateway(Config()).registry:
        if operation.rpc is not None:
            assert f"`{operation.rpc.method}`" in text
        if operation.rest is not None:
            path = f"/api/v3/{operation.rest.path}".rstrip("/")
            assert f"`{operation.rest.http} {path}`" in text
        assert operation.doc in text


def test_the_page_on_trading_names_codes_that_exist():
    """Codes of errors that its sentences name are in the catalogue."""
    prose = re.sub(r"```.*?```", "", page("trading.md"), flags=re.DOTALL)
    named = {int(code) for code in re.findall(r"\b[1-7]0\d{3}\b", prose)}
    assert named
    assert named <= {one.code for one in CATALOGUE}
