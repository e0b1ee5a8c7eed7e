"""The order of the tests in worker processes: long ones first, so that none is left for the end.

A worker that has nothing left takes tests over from another one; at the end of a run only short
ones are left to be shared.
"""

from __future__ import annotations

import pytest

LONG = (
    "tests/gateway/test_crash.py",
    "tests/conformance/test_corpus.py",
    "tests/test_style.py",
    "tests/clients/test_replay_js.py",
    "tests/clients/test_js_tokens.py",
    "tests/dashboard/browser/",
    "tests/cli/test_record.py",
    "tests/cli/test_user_commands.py",
    "tests/cli/test_profile.py",
    "tests/clients/test_centrifuge_python.py",
    "tests/client/trading/test_trading_resync.py",
    "tests/examples/",
    "tests/trading/mirrored/test_recorded.py",
    "tests/market/feeds/test_replay_recorded.py",
)
"""Files with tests of five seconds and more, the longest first."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put files with long tests first; nothing changes where tests run one after another."""
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    ranks = (rank for rank, start in enumerate(LONG) if item.nodeid.startswith(start))
    return next(ranks, len(LONG))
