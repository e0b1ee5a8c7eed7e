"""Which feed the configuration asks for."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from cadenza.market.clock import Clock
from cadenza.market.feed import Feed, MarketSink
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.feeds.simulation import DEFAULT_INSTRUMENTS
from cadenza.server.config import MarketConfig


def make_feed(
    config: MarketConfig,
    sink: MarketSink,
    clock: Clock,
    new_seed: Callable[[], int] = lambda: secrets.randbits(32),
) -> Feed | None:
    """The feed of a configuration; ``None`` for a market that nothing drives.

    Raises:
        RecordingNotFoundError: There is nothing at ``market.replay.path``.
        RecordingFormatError: It is no recording of a known format.
        ValueError: No simulated instrument has a name in ``market.simulated.instruments``.
    """
    if not config.enabled or config.feed == "none":
        return None
    if config.feed == "replay":
        replay = config.replay
        speed = MAX_SPEED if replay.speed == "max" else replay.speed
        return ReplayFeed(Path(replay.path), sink, clock, speed=speed, loop=replay.loop)
    simulated = config.simulated
    known = {spec.instrument().instrument_id: spec for spec in DEFAULT_INSTRUMENTS}
    for name in simulated.instruments:
        if name not in known:
            raise ValueError(f"{name} is not simulated; there are {', '.join(known)}")
    specs = [known[name] for name in simulated.instruments or known]
    seed = new_seed() if simulated.seed is None else simulated.seed
    return SimulatedFeed(
        sink, clock, seed=seed, rate=simulated.rate * len(specs), instruments=specs
    )
