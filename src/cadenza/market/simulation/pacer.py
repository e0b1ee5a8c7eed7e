"""The pacer: several sources of events on one clock, each event in its turn."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import Final

from cadenza.clock import Clock

MIN_SLEEP_SECONDS: Final = 0.001
"""Events closer together than a timer can tell come as one burst."""

MAX_BURST: Final = 32
MAX_LAG_SECONDS: Final = 1.0
"""After a longer standstill (a suspended machine) the lost events are not made up for."""

_SECOND_US: Final = 1_000_000


class Pacer:
    """Waits for the next event of any source.

    The times add up from event to event, so that a late one does not delay those after it.

    Args:
        clock: The clock to wait on.
        waits: A call each that draws the microseconds to the source's next event.

    Attributes:
        lag_ms: How late the last event was.
    """

    def __init__(self, clock: Clock, waits: Sequence[Callable[[], int]]) -> None:
        self._clock = clock
        self._waits = waits
        self._start = clock.monotonic()
        self._due = [(wait(), index) for index, wait in enumerate(waits)]
        heapq.heapify(self._due)
        self._current: int | None = None
        self._burst = 0
        self.lag_ms = 0.0

    async def next(self) -> int:
        """Wait until a source is due; returns its index."""
        due, clock = self._due, self._clock
        if self._current is not None:
            us, index = due[0]
            heapq.heapreplace(due, (us + self._waits[index](), index))
        us, self._current = due[0]
        delay = self._start + us / _SECOND_US - clock.monotonic()
        if delay < -MAX_LAG_SECONDS:
            self._start -= delay + MAX_LAG_SECONDS
            delay = -MAX_LAG_SECONDS
        self._burst += 1
        if delay >= MIN_SLEEP_SECONDS or self._burst >= MAX_BURST:
            await clock.sleep(delay)
            self._burst = 0
        self.lag_ms = max(0.0, -delay * 1000)
        return self._current
