"""The feed that a configuration asks for, and the simulated participants of the paper venue."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

from cadenza.clock import Clock
from cadenza.config import MarketConfig, SimulatedConfig
from cadenza.market.feed import Feed, MarketSink
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.simulation.spec import (
    DEFAULT_INSTRUMENTS,
    PAPER_INSTRUMENTS,
    SimulatedInstrument,
    choose,
    stream,
)
from cadenza.market.simulation.weather import Regime
from cadenza.models import Venue
from cadenza.trading.participants import EngineView, Participants

SEED_BITS: Final = 32
"""Of a seed that is drawn because none is configured."""


class FeedMaker(Protocol):
    """Makes the feed of a gateway; ``make_feed`` does it by the configuration."""

    def __call__(
        self, config: MarketConfig, sink: MarketSink, clock: Clock, chance: random.Random
    ) -> Feed | None:
        """See ``make_feed``."""


def make_feed(
    config: MarketConfig, sink: MarketSink, clock: Clock, chance: random.Random
) -> Feed | None:
    """The feed of a configuration; ``None`` for a market that nothing drives.

    Args:
        config: The ``market`` section.
        sink: Takes what the feed says.
        clock: The time.
        chance: A seed is drawn from it if none is configured.

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
    specs = [spec for spec in _chosen(simulated) if spec.venue is not Venue.PAPER]
    if not specs:
        return None
    return SimulatedFeed(
        sink,
        clock,
        seed=_seed(simulated, chance),
        rate=simulated.rate * len(specs),
        instruments=specs,
        levels=simulated.levels,
        regime=_regime(simulated),
    )


def paper_instruments(config: SimulatedConfig) -> list[SimulatedInstrument]:
    """The instruments of the paper venue that the configuration asks for.

    Raises:
        ValueError: No simulated instrument has a name in ``market.simulated.instruments``.
    """
    return [spec for spec in _chosen(config) if spec.venue is Venue.PAPER]


def make_participants(
    config: SimulatedConfig,
    engine_of: Callable[[str], EngineView],
    marks: Mapping[str, int],
    chance: random.Random,
) -> dict[str, Participants]:
    """The participants of the paper venue, by instrument id.

    Args:
        config: The ``market.simulated`` section.
        engine_of: The engine of an instrument id.
        marks: Last prices in ticks by instrument id, of those that have traded.
        chance: A seed is drawn from it if none is configured.

    Raises:
        ValueError: No simulated instrument has a name in ``market.simulated.instruments``.
    """
    seed = _seed(config, chance)
    return {
        spec.instrument_id: Participants(
            spec,
            stream(seed, spec.instrument_id),
            engine_of(spec.instrument_id),
            rate=config.rate,
            levels=config.levels,
            regime=_regime(config),
            mark=marks.get(spec.instrument_id, 0),
        )
        for spec in paper_instruments(config)
    }


def _seed(config: SimulatedConfig, chance: random.Random) -> int:
    return chance.getrandbits(SEED_BITS) if config.seed is None else config.seed


def _chosen(config: SimulatedConfig) -> list[SimulatedInstrument]:
    return choose([*DEFAULT_INSTRUMENTS, *PAPER_INSTRUMENTS], config.instruments)


def _regime(config: SimulatedConfig) -> Regime | None:
    return None if config.regime == "auto" else Regime(config.regime)
