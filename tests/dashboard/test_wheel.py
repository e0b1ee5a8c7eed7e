"""The wheel: its build fetches the page's libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cadenza.dashboard.vendor import BUILDS

ROOT = Path(__file__).parents[2]
PARTS = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE")


@pytest.fixture
def tree(tmp_path):
    """What a wheel is built of, as in a fresh clone."""
    tree = tmp_path / "tree"
    left_out = shutil.ignore_patterns("vendor", "__pycache__")
    shutil.copytree(ROOT / "src", tree / "src", ignore=left_out)
    for name in PARTS:
        shutil.copyfile(ROOT / name, tree / name)
    return tree


def build(tree, **environment):
    """Build a wheel; gives the names of its files, and what the build said."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"],
        cwd=tree,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tree / "dist").iterdir()
    return zipfile.ZipFile(wheel).namelist(), done.stdout + done.stderr


@pytest.mark.process
def test_a_wheel_holds_the_libraries_with_their_licences(tree):
    names, _ = build(tree)
    assert {f"cadenza/dashboard/vendor/{it.name}" for it in BUILDS} <= set(names)
    assert "cadenza/py.typed" in names


@pytest.mark.process
def test_without_npm_a_wheel_is_built_without_them(tree, tmp_path):
    """And says so: the client works, and the gateway tells how to get them."""
    names, said = build(tree, PATH=str(tmp_path / "empty"))
    assert not [it for it in names if "/vendor/" in it]
    assert "the wheel is without the libraries of the page: npm is not there" in said
