"""Which feed the configuration asks for, and which simulated participants."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

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

NewSeed = Callable[[], int]


def _new_seed() -> int:
    return secrets.randbits(32)


def make_feed(
    config: MarketConfig, sink: MarketSink, clock: Clock, new_seed: NewSeed = _new_seed
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
    specs = [spec for spec in _chosen(simulated) if spec.venue is not Venue.PAPER]
    if not specs:
        return None
    return SimulatedFeed(
        sink,
        clock,
        seed=new_seed() if simulated.seed is None else simulated.seed,
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
    new_seed: NewSeed = _new_seed,
) -> dict[str, Participants]:
    """The participants of the paper venue, by instrument id.

    Args:
        config: ``market.simulated``.
        engine_of: The engine of an instrument id.
        marks: Last prices in ticks by instrument id, of those that have traded.
        new_seed: Where a seed comes from if none is configured.

    Raises:
        ValueError: No simulated instrument has a name in ``market.simulated.instruments``.
    """
    seed = new_seed() if config.seed is None else config.seed
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


def _chosen(config: SimulatedConfig) -> list[SimulatedInstrument]:
    return choose([*DEFAULT_INSTRUMENTS, *PAPER_INSTRUMENTS], config.instruments)


def _regime(config: SimulatedConfig) -> Regime | None:
    return None if config.regime == "auto" else Regime(config.regime)
