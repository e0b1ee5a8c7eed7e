"""Which tests start a process: ``make quick`` leaves them out.

A fixture that starts a process asks for the fixture ``processes``, and whoever uses it is marked
``process`` by that; a test that starts one on its own wears the mark. What is marked by neither is
kept from starting one, so nothing can be forgotten.
"""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

_start = subprocess.Popen.__init__
_running: list[pytest.Item] = []


@pytest.fixture(scope="session")
def processes() -> None:
    """Whoever uses this starts a process."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses ``processes``, however indirectly."""
    for item in items:
        if "processes" in getattr(item, "fixturenames", ()):
            item.add_marker("process")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Remember which test runs."""
    _running.append(item)
    try:
        return (yield)
    finally:
        _running.pop()


def _start_if_marked(self: Any, *args: Any, **options: Any) -> None:
    if any(item.get_closest_marker("process") is None for item in _running):
        pytest.fail("this starts a process: mark it, `@pytest.mark.process`")
    _start(self, *args, **options)


subprocess.Popen.__init__ = _start_if_marked
