"""The pure modules of the page, run by Node."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITES = sorted((HERE / "js").glob("*.test.mjs"))


@pytest.mark.process
@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name.partition(".")[0])
def test_the_suite_of_a_pure_module_passes(suite):
    node = shutil.which("node")
    if node is None:
        pytest.fail("Node.js is missing; `make test` installs it")
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", str(suite)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_suites():
    assert [suite.name.partition(".")[0] for suite in SUITES] == [
        "account",
        "address",
        "amend",
        "book",
        "decimal",
        "filters",
    ]
