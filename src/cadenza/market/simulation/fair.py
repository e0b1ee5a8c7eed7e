"""The fair price, around which makers quote. It wanders, and never far from home."""

from __future__ import annotations

import random
from math import sqrt
from typing import Final

FRACTION: Final = 1024
"""A tick has so many parts here, so that a price can move by less than a tick."""

TETHER: Final = 20
"""The price turns at the latest when it has strayed by one part in so many: 5 percent."""

_RETURN_US: Final = 14_400_000_000
"""The price is drawn home at a pace that would bring it there in this time: four hours."""


class FairPrice:
    """A price that wanders.

    Args:
        rng: The market's source of chance.
        home: Ticks around which it wanders.
        volatility: Standard deviation of one second in parts per million.
        start: Ticks where it begins, or as near as the tether allows: only orders of others bring a
            last price beyond it, and the fair price does not follow those.

    Attributes:
        value: The price in parts of a tick (see ``FRACTION``).
    """

    __slots__ = ("_deviation", "_gauss", "_home", "_reach", "value")

    def __init__(self, rng: random.Random, home: int, volatility: int, start: int) -> None:
        self._gauss = rng.gauss
        self._home = home * FRACTION
        self._reach = self._home // TETHER
        # Of one microsecond in a market at 1 percent of a normal one's volatility.
        self._deviation = self._home * volatility * 1e-6 * 1e-3 * 1e-2
        farthest = self._home + self._reach
        self.value = min(max(start * FRACTION, self._home - self._reach), farthest)

    @property
    def ticks(self) -> int:
        """The price in whole ticks."""
        return self.value // FRACTION

    @property
    def reach(self) -> int:
        """How far it may stray, in parts of a tick."""
        return self._reach

    def advance(self, us: int, percent: int) -> None:
        """Let microseconds pass in a market of this volatility, in percent of a normal one's."""
        stray, reach = self.value - self._home, self._reach
        pull = -stray * us / _RETURN_US
        moved = stray + round(self._gauss(pull, self._deviation * percent * sqrt(us)))
        if abs(moved) > reach:
            # Thrown back by as much as it went too far, at most to where it is at home.
            rest = max(0, 2 * reach - abs(moved))
            moved = rest if moved > 0 else -rest
        self.value = self._home + moved
