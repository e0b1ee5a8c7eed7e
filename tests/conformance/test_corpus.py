"""The recorded behaviour of the reference server, played against this one.

The corpus lives beside the repository and is not shipped with it; the same behaviours have tests of
the project's own in the other folders.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "conformance"
SPAWN = f"{sys.executable} -m cadenza.cli serve --config {{config}} --port {{port}} --feed none"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(
        not (CORPUS / "check.py").exists(),
        reason="needs the conformance corpus, which lies beside the repository",
    ),
    pytest.mark.timeout(400),
]


def play(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the corpus' checker against servers that it starts itself."""
    return subprocess.run(
        [sys.executable, CORPUS / "check.py", "--spawn", SPAWN, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=390,
        # The corpus may be read-only, and is not ours to write to.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


@pytest.mark.parametrize("wire_format", ["json", "protobuf"])
def test_the_server_answers_as_the_reference_does(wire_format):
    """Every scenario, in each format that it names, passes."""
    outcome = play("--jobs", "6", "--format", wire_format)
    last = outcome.stdout.strip().splitlines()[-1] if outcome.stdout.strip() else ""
    assert outcome.returncode == 0, outcome.stdout[-4000:] + outcome.stderr[-2000:]
    passed, failed = (int(part.split()[0]) for part in last.split(","))
    assert failed == 0
    assert passed > 80, "the corpus has more scenarios than that in each format"
