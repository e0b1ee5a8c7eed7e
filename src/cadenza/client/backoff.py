"""Pauses between attempts: exponential, with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

MAX_STEP: Final = 31


class Backoff:
    """Delays of one series of attempts.

    Attempt ``n`` waits ``minimum`` plus a random share of ``minimum * 2**n``, never more than
    ``maximum``. Jitter keeps a thousand clients that lost one server from coming back together.

    Attributes:
        step: Attempts since the last ``reset``.
    """

    def __init__(self, minimum: float, maximum: float, random: Callable[[], float]) -> None:
        self.step = 0
        self._minimum = minimum
        self._maximum = maximum
        self._random = random

    def next(self) -> float:
        """The seconds to wait now."""
        span = min(self._maximum, self._minimum * (1 << min(self.step, MAX_STEP)))
        self.step += 1
        return min(self._maximum, self._minimum + self._random() * span)

    def reset(self) -> None:
        """An attempt succeeded."""
        self.step = 0
