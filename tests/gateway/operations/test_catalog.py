"""Every call that the API names is served, or listed as not served."""

from __future__ import annotations

from pathlib import Path

import pytest

from cadenza.gateway.api import Registry
from cadenza.gateway.operations.catalog import make_registry
from cadenza.gateway.operations.unserved import TRADING_OFF, UNSERVED

METHODS, PATHS = (
    part.split("\n")
    for part in (Path(__file__).parent / "api_calls.txt").read_text().strip().split("\n\n")
)
"""The callable RPC names of the API (54 with models, 10 without, and one only described), and its
calls over REST under ``/api/v3``, where ``-`` is that path itself."""


def test_the_lists_are_whole():
    """The API names 64 callable methods, and one more in a description."""
    assert len(METHODS) == len(set(METHODS)) == 65
    assert len(PATHS) == len(set(PATHS)) == 41


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_known(world, method):
    """Served or listed as not served, never both."""
    served = method in world.registry.methods
    listed = method in world.registry.unserved_methods
    assert served != listed or (not served and method in TRADING_OFF.methods)


@pytest.mark.parametrize("call", PATHS)
def test_every_path_is_known(world, call):
    """Served or listed as not served, never both."""
    http, path = call.replace("-", "").split(" ")
    served = http in world.registry.paths.get(path, {})
    listed = world.registry.why_unserved(http, path) is not None
    folders = tuple(folder for _, folder in TRADING_OFF.paths)
    assert served != listed or (not served and path.startswith(folders))


def test_nothing_beyond_the_api_is_served_unmarked(world):
    """What the API does not have is marked as an extension; aliases and halves are its own."""
    halves = {"query.kline.get", "market.subscription.orderBook.subscribe"}
    for operation in world.registry:
        known = operation.name in METHODS or operation.name in halves
        assert known or operation.extension, operation.name


def test_without_trading(world):
    """Every name of the API still has an answer: its calls are listed as not served."""
    registry = make_registry(world.services, None)
    for method in METHODS:
        assert (method in registry.methods) != (method in registry.unserved_methods)
    for call in PATHS:
        http, path = call.replace("-", "").split(" ")
        served = http in registry.paths.get(path, {})
        assert served != (registry.why_unserved(http, path) is not None)


def test_nothing_is_listed_that_the_api_does_not_have():
    """The lists hold names of the API only, each once."""
    listed = Registry(unserved=[*UNSERVED, TRADING_OFF])
    assert set(listed.unserved_methods) <= set(METHODS)
    calls = {tuple(call.split(" ")) for call in PATHS}
    for entry in UNSERVED:
        assert {pair for pair in entry.paths if not pair[1].endswith("/")} <= calls
