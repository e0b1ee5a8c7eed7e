"""The package itself: what ``import cadenza`` gives, and what it leaves alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

import cadenza
import cadenza.client
import cadenza.client.api


def test_the_sdk_is_at_the_top():
    """Each public name of the client can be had from the package, as the same object."""
    for part in (cadenza.client, cadenza.client.api):
        for name in part.__all__:
            assert getattr(cadenza, name) is getattr(part, name)
            assert name in dir(cadenza)
    assert not set(cadenza.client.__all__) & set(cadenza.client.api.__all__)


def test_an_unknown_name():
    """A wrong name is an AttributeError, as of every module."""
    with pytest.raises(AttributeError, match="'cadenza' has no attribute 'conect'"):
        _ = cadenza.conect


@pytest.mark.process
def test_importing_the_package_loads_no_client():
    """The server and the wire do without the SDK."""
    script = "import sys, cadenza; print(*sorted(it for it in sys.modules if 'cadenza' in it))"
    shown = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    assert [it for it in shown if not it.startswith("__editable__")] == ["cadenza"]
