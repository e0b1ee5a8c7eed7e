"""Ids that rise with time, so that a store appends instead of searching."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

_VERSION: Final = 0x7000
_VARIANT: Final = 0x8000_0000_0000_0000
_COUNTER_BITS: Final = 12


class RisingIds:
    """UUIDs of version 7 (RFC 9562): milliseconds, a counter within them, 62 random bits.

    Args:
        now: Milliseconds UTC.
        random_bytes: The source of chance; ids are no secrets, but should not be guessed either.
    """

    __slots__ = ("_counter", "_millis", "_now", "_random_bytes")

    def __init__(
        self, now: Callable[[], int], random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._now = now
        self._random_bytes = random_bytes
        self._millis = 0
        self._counter = 0

    def __call__(self) -> str:
        """The next id, greater than all before it."""
        millis = self._now()
        if millis > self._millis:
            self._millis, self._counter = millis, 0
        else:
            # The clock stands or was set back: count on, into the next millisecond if need be.
            self._counter += 1
            if self._counter >> _COUNTER_BITS:
                self._millis, self._counter = self._millis + 1, 0
        low = int.from_bytes(self._random_bytes(8), "big") >> 2 | _VARIANT
        text = f"{self._millis:012x}{_VERSION | self._counter:04x}{low:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
