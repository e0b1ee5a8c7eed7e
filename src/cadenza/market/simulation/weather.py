"""The regimes of a market, and the chain of chance that leads from one to the next."""

from __future__ import annotations

import random
from enum import StrEnum
from typing import Final, NamedTuple

_SECOND_US: Final = 1_000_000


class Regime(StrEnum):
    """How a market feels."""

    CALM = "calm"
    NORMAL = "normal"
    BUSY = "busy"
    TURBULENT = "turbulent"


class Mood(NamedTuple):
    """What a regime does; percentages are of a normal market's.

    Attributes:
        rate: Events, percent.
        volatility: Of the fair price per unit of time, percent.
        spread: Between the makers' best quotes, percent.
        size: Of quotes and of takers' orders, percent.
        takes: Takers among the events that nothing else calls for, percent.
        dwell: Seconds it lasts on average.
        next: Weights of the regimes that may follow.
    """

    rate: int
    volatility: int
    spread: int
    size: int
    takes: int
    dwell: int
    next: dict[Regime, int]


MOODS: Final[dict[Regime, Mood]] = {
    Regime.CALM: Mood(50, 45, 80, 80, 14, 60, {Regime.NORMAL: 80, Regime.BUSY: 20}),
    Regime.NORMAL: Mood(
        100, 100, 100, 100, 20, 60, {Regime.CALM: 45, Regime.BUSY: 45, Regime.TURBULENT: 10}
    ),
    Regime.BUSY: Mood(
        180, 190, 130, 130, 28, 30, {Regime.CALM: 15, Regime.NORMAL: 60, Regime.TURBULENT: 25}
    ),
    Regime.TURBULENT: Mood(330, 420, 260, 160, 36, 12, {Regime.NORMAL: 30, Regime.BUSY: 70}),
}


def _shares() -> dict[Regime, float]:
    """The part of a long time that each regime takes."""
    visits = dict.fromkeys(MOODS, 1 / len(MOODS))
    for _ in range(200):
        after = dict.fromkeys(MOODS, 0.0)
        for regime, mood in MOODS.items():
            total = sum(mood.next.values())
            for following, weight in mood.next.items():
                after[following] += visits[regime] * weight / total
        # Half a step at a time: a chain that swings between two regimes settles, too.
        visits = {regime: (visits[regime] + after[regime]) / 2 for regime in MOODS}
    time = {regime: visits[regime] * mood.dwell for regime, mood in MOODS.items()}
    whole = sum(time.values())
    return {regime: part / whole for regime, part in time.items()}


SHARES: Final = _shares()

_MEAN_RATE: Final = sum(SHARES[regime] * mood.rate for regime, mood in MOODS.items())


class Weather:
    """The present regime of one market.

    Args:
        rng: The market's source of chance.
        fixed: Stay in this regime; ``None`` lets them follow each other.

    Attributes:
        regime: The present one.
        mood: Its effect on the participants.
        intensity: Its events in relation to the long-run average; 1 if it is fixed.
    """

    __slots__ = ("_left_us", "_rng", "intensity", "mood", "regime")

    def __init__(self, rng: random.Random, fixed: Regime | None = None) -> None:
        self._rng = rng
        self._left_us = 0
        self._begin(fixed or Regime.NORMAL)
        if fixed:
            self._left_us = -1
            self.intensity = 1.0

    def advance(self, us: int) -> None:
        """Let microseconds pass."""
        if self._left_us < 0:
            return
        self._left_us -= us
        while self._left_us <= 0:
            late, following = self._left_us, self.mood.next
            self._begin(self._rng.choices(list(following), list(following.values()))[0])
            self._left_us += late

    def _begin(self, regime: Regime) -> None:
        self.regime = regime
        self.mood = MOODS[regime]
        self.intensity = self.mood.rate / _MEAN_RATE
        self._left_us = 1 + round(self._rng.expovariate(1 / self.mood.dwell) * _SECOND_US)
