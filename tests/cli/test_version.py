"""The command ``cadenza version``."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cadenza import __version__
from cadenza.cli import app


def test_it_names_cadenza_and_python():
    """One line."""
    result = CliRunner().invoke(app, ["version"])
    assert result.exit_code == 0
    assert result.output == f"cadenza {__version__} (Python {platform.python_version()})\n"


@pytest.mark.process
def test_it_runs_as_a_module():
    """``python -m cadenza.cli`` is the same program."""
    command = [sys.executable, "-m", "cadenza.cli", "version"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.startswith(f"cadenza {__version__} ")
