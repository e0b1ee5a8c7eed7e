"""A string that must not be seen: keys and passwords of a configuration."""

from __future__ import annotations

from typing import Final

REDACTED: Final = "***"


class Secret(str):
    """Compares and encodes like the text it holds, and prints as ``***``.

    ``repr()``, ``str()`` and ``format()`` are all redacted, so that no log line, traceback or
    f-string gives it away; ``reveal`` is the one way to the text.
    """

    __slots__ = ()

    def reveal(self) -> str:
        """The text itself, as a plain string."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return repr(str(self))

    def __str__(self) -> str:
        return REDACTED if self else ""

    def __format__(self, spec: str, /) -> str:
        return format(str(self), spec)
