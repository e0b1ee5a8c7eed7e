"""A server that is killed at any moment under load loses, doubles and changes nothing it has said.

Two users trade with each other, and in some rounds with simulated participants, over connections
with many calls under way. The server is killed, starts again on the same folder, and all that it
has answered and told before must be there: each order once and with its terms, each execution
once and unchanged, the money exactly what deposits and executions come to, and the orders of a
price in their turn. What had no answer is absent or whole, and asking again makes one of it.

``CADENZA_CRASH_ROUNDS`` sets the number of kills, ``CADENZA_CRASH_SEED`` the seed of all chance.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys

import pytest

from support.gateway.crash.world import World, config_of

ROUNDS = int(os.environ.get("CADENZA_CRASH_ROUNDS", "52"))
SEED = int(os.environ.get("CADENZA_CRASH_SEED", "20"))
LIFE_SECONDS = 60
KINDS = {
    "full": ("full", False),
    "normal": ("normal", False),
    "full, participants": ("full", True),
    "normal, participants": ("normal", True),
}

pytestmark = [
    pytest.mark.timeout(60 + 5 * ROUNDS),
    pytest.mark.skipif(sys.platform == "win32", reason="the end of a process is another there"),
]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_kill_loses_doubles_and_changes_nothing(start_server, token, tmp_path, kind):
    """Round after round on one folder; in some the server is killed while it starts, too."""
    sync, is_simulated = KINDS[kind]
    chance = random.Random(f"{SEED}/{kind}")
    config = config_of(sync=sync, is_simulated=is_simulated)
    world = World(start_server, token, tmp_path / "data", config, chance)
    print(f"CADENZA_CRASH_SEED={SEED}, {kind}")  # noqa: T201 - pytest shows it if the test fails
    for _ in range(-(-ROUNDS // len(KINDS))):
        async with asyncio.timeout(LIFE_SECONDS):
            await world.life()
        if chance.random() < 0.15:
            world.die_early()
    async with asyncio.timeout(LIFE_SECONDS):
        await world.life(is_last=True)
    world.stop()
    print(world.counts)  # noqa: T201 - see above
    assert world.counts["answers"] > world.counts["killed"]
    assert is_simulated or world.counts["turns"]
