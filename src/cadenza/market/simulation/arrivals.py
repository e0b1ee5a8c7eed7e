"""Arrivals: events that draw others after them, at a rate that holds on average."""

from __future__ import annotations

import random
from math import exp, log
from typing import Final

from cadenza.market.simulation.weather import Weather

_BRANCHING: Final = 0.4
"""Events that one event draws after it, on average (a Hawkes process)."""

_DECAY: Final = 2.0
"""How fast an event's pull fades, per average distance of two events."""

_BASE: Final = 1 - _BRANCHING
_JUMP: Final = _BRANCHING * _DECAY

_MEMORY_SECONDS: Final = 60
"""Events owed or in excess are made up for over about this time."""

_SLOWEST, _FASTEST = 0.6, 1.6


class Arrivals:
    """The times of one market's events.

    The process runs at one event a unit of its own time; regimes stretch that time. What they, the
    clusters and the rounding of times leave over or owe is paid back with little haste, so that an
    hour has the number of events asked for while a minute has its regime's.

    Args:
        rng: The market's source of chance.
        rate: Events a second in the long run.
        weather: The market's regimes; they advance with the time drawn here.

    Raises:
        ValueError: If the rate is not positive.
    """

    __slots__ = ("_elapsed_us", "_events", "_memory", "_per_us", "_pull", "_random", "_weather")

    def __init__(self, rng: random.Random, rate: float, weather: Weather) -> None:
        if not rate > 0:
            raise ValueError(f"nothing happens at a rate of {rate}")
        self._random = rng.random
        self._weather = weather
        self._per_us = rate / 1e6
        self._memory = max(10.0, rate * _MEMORY_SECONDS)
        self._pull = 0.0
        self._elapsed_us = 0
        self._events = 0

    def next(self) -> int:
        """Microseconds from one event to the next, at least one."""
        weather, per_us = self._weather, self._per_us
        owed = self._elapsed_us * per_us - self._events
        pace = 1 + owed / self._memory
        pace = min(max(pace, _SLOWEST), _FASTEST)
        us = max(1, round(self._distance() / (per_us * weather.intensity * pace)))
        self._elapsed_us += us
        self._events += 1
        weather.advance(us)
        return us

    def _distance(self) -> float:
        """The next distance in units of the process's own time, exactly (Dassios and Zhao)."""
        draw, pull = self._random, self._pull
        distance = -log(1 - draw()) / _BASE
        if pull > 1e-6:
            fading = 1 + _DECAY * log(1 - draw()) / pull
            if fading > 0:
                distance = min(distance, -log(fading) / _DECAY)
        self._pull = pull * exp(-_DECAY * distance) + _JUMP
        return distance
