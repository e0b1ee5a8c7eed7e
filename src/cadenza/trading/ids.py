"""Ids that rise with time, so that a store appends instead of searching."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_LAST: Final = 0xFFF
"""The counter has twelve bits."""
_DIGITS: Final = 16
_POOL: Final = 4096


class RisingIds:
    """UUIDs of version 7 (RFC 9562): milliseconds, a counter within them, 62 random bits.

    Args:
        now: Milliseconds UTC.
        random_bytes: The source of chance; ids are no secrets, but should not be guessed either.
    """

    __slots__ = ("_at", "_counter", "_millis", "_now", "_pool", "_prefix", "_random_bytes")

    def __init__(
        self, now: Callable[[], int], random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._now = now
        self._random_bytes = random_bytes
        self._millis = 0
        self._counter = 0
        self._prefix = ""
        # A call to the system for each id would cost as much as all the rest.
        self._pool = ""
        self._at = 0

    def __call__(self) -> str:
        """The next id, greater than all before it."""
        millis = self._now()
        if millis > self._millis:
            self._begin(millis)
        else:
            # The clock stands or was set back: count on, into the next millisecond if need be.
            self._counter += 1
            if self._counter > _LAST:
                self._begin(self._millis + 1)
        at = self._at
        if at >= len(self._pool):
            self._pool, at = self._random_bytes(_POOL).hex(), 0
        self._at = end = at + _DIGITS
        drawn = self._pool[at:end]
        # The first digit carries the variant in its two upper bits.
        return f"{self._prefix}{self._counter:03x}-{_VARIANT[drawn[0]]}{drawn[1:4]}-{drawn[4:]}"

    def _begin(self, millis: int) -> None:
        self._millis, self._counter = millis, 0
        text = f"{millis:012x}"
        self._prefix = f"{text[:8]}-{text[8:]}-7"
