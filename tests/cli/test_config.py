"""The command ``cadenza config``."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from cadenza.cli.config import app
from cadenza.config import Config, load

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch):
    """The tester's own variables must not decide."""
    monkeypatch.setattr("os.environ", {})


def test_check_of_a_good_file_succeeds(tmp_path):
    """And says so."""
    path = tmp_path / "a.json"
    path.write_text('{"http_server": {"port": 81}}')
    result = RUNNER.invoke(app, ["check", "--config", str(path)])
    assert result.exit_code == 0
    assert "is usable: no warnings" in result.output


def test_check_prints_warnings_and_succeeds(tmp_path):
    """What Cadenza lacks does not stop it."""
    path = tmp_path / "a.yaml"
    path.write_text("engine: {type: redis}\n")
    result = RUNNER.invoke(app, ["check", "-c", str(path)])
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: engine: ")
    assert "1 warning." in result.stdout


def test_check_of_a_wrong_file_fails_and_names_every_mistake(tmp_path):
    """With status 1 and without a traceback."""
    path = tmp_path / "a.toml"
    path.write_text('clinet = 1\n[log]\nlevel = "loud"\n')
    result = RUNNER.invoke(app, ["check", "--config", str(path)])
    assert result.exit_code == 1
    assert "error: clinet: no such option; did you mean client?" in result.stderr
    assert "error: log.level: must be one of" in result.stderr
    assert "Traceback" not in result.output


def test_check_of_a_missing_file_fails(tmp_path):
    """The path is named."""
    result = RUNNER.invoke(app, ["check", "--config", str(tmp_path / "none.json")])
    assert result.exit_code == 1
    assert "none.json" in result.stderr


@pytest.mark.parametrize("fmt", ["json", "yaml", "toml"])
def test_default_loads_back_equal(tmp_path, fmt):
    """What is printed is a configuration file."""
    result = RUNNER.invoke(app, ["default", "--format", fmt])
    assert result.exit_code == 0
    path = tmp_path / f"a.{fmt}"
    path.write_text(result.stdout)
    assert load(path, {}) == (Config(), [])
