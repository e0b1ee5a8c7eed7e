"""Style and types of all code: what ``make lint`` checks, side by side with the other tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.order import LONG

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "style": ["ruff", "check", "--quiet", "."],
    "format": ["ruff", "format", "--quiet", "--check", "."],
    "types": ["mypy", "--no-error-summary"],
}


@pytest.mark.process
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_found(name):
    """The tools say nothing; where they do, what they say is the failure."""
    command = [sys.executable, "-m", *COMMANDS[name]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = done.stdout + done.stderr
    assert (done.returncode, found) == (0, ""), found


def test_make_lint_checks_the_same():
    """The commands stand in the Makefile too, for the minute between two edits."""
    makefile = (ROOT / "Makefile").read_text()
    lines = [" ".join(command) for command in COMMANDS.values()]
    assert [line for line in lines if f"\t@$(BIN)/{line}\n" not in makefile] == []


def test_what_comes_first_is_there():
    """The order of the tests names files that may be renamed."""
    assert [it for it in LONG if not (ROOT / it).exists()] == []
