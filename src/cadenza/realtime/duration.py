"""Lengths of time as configuration files write them: Go's notation, ``"1h30m"``, ``"250ms"``."""

from __future__ import annotations

import re
from typing import Final, Self

_UNIT_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


class Duration(float):
    """Seconds, read from and written in Go's duration notation (``time.ParseDuration``)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"300s"``, ``"1h30m"``, ``"0"``.

        Raises:
            ValueError: The text is not a duration; the message shows what one looks like.
        """
        body = text.removeprefix("-").removeprefix("+")
        if body == "0":
            return cls(0.0)
        seconds, position = 0.0, 0
        while position < len(body) and (part := _PART.match(body, position)):
            seconds += float(part[1]) * _UNIT_SECONDS[part[2]]
            position = part.end()
        if not body or position < len(body):
            raise ValueError(f'{text!r} is not a duration; write it like "250ms", "25s" or "1h30m"')
        return cls(-seconds if text.startswith("-") else seconds)

    def __str__(self) -> str:
        """The shortest of hours, minutes, seconds and milliseconds that is exact: ``"25s"``."""
        if not self:
            return "0s"
        milliseconds = round(float(self) * 1000)
        for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
            if milliseconds % size == 0:
                return f"{milliseconds // size}{unit}"
        return f"{milliseconds}ms"
