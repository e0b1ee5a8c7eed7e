"""What the tests of the engine share: an in-memory world, and the modules that describe it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.realtime.engine_world import MakeWorld, World
from support.realtime.slow_services import AsyncBroker, AsyncPresence


@pytest.fixture
async def make_world() -> AsyncIterator[MakeWorld]:
    """Make worlds; every one is shut down at the end, and must then be empty."""
    worlds: list[World] = []

    async def make(**options: Any) -> World:
        world = World(**options)
        worlds.append(world)
        await world.start()
        return world

    yield make
    for world in worlds:
        await world.end()


@pytest.fixture(params=["memory", "async"])
async def make_any_world(request: pytest.FixtureRequest, make_world: MakeWorld) -> MakeWorld:
    """Like ``make_world``, once with services that answer at once and once with slow ones."""

    async def make(**options: Any) -> World:
        if request.param == "async":
            options.setdefault("broker", AsyncBroker)
            options.setdefault("presence", AsyncPresence)
        return await make_world(**options)

    return make
