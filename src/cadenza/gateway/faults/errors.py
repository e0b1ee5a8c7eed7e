"""The errors of fault calls; the caller is always the one to blame.

::

    FaultError
    |-- FaultRequestError   the request is malformed, or contradicts itself
    |-- UnknownFaultError   there is no active fault of that id
    `-- TooManyFaultsError  as many are on as may be

``FaultInjectedError`` is no failure of a call: it is what makes a book stale.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from cadenza.market.errors import BookFaultError

SHOWN: Final = 60
"""Characters of a caller's text that an error repeats."""


def shortened(text: str) -> str:
    """A caller's text as an error repeats it: in quotes, and never long."""
    return f'"{text}"' if len(text) <= SHOWN else f'"{text[:SHOWN]}..."'


def nearest(text: str, known: Iterable[str]) -> str:
    """A hint at the known name that looks most like the text; empty if none does."""
    matches = difflib.get_close_matches(text[:SHOWN], list(known), n=1, cutoff=0.5)
    return f'; did you mean "{matches[0]}"?' if matches else ""


class FaultError(Exception):
    """Root of the tree."""


class FaultRequestError(FaultError):
    """A field of the request cannot be what it is.

    Attributes:
        field: Its name, with dots; empty for the request as a whole.
    """

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}" if field else problem)


class UnknownFaultError(FaultError):
    """There is no such fault; it may have ended by itself."""

    def __init__(self, fault_id: str, known: Iterable[str]) -> None:
        self.fault_id = fault_id
        super().__init__(
            f"no active fault has the id {shortened(fault_id)}{nearest(fault_id, known)}"
        )


class TooManyFaultsError(FaultError):
    """One more than ``limit`` were asked for."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"{limit} faults are active, which is the limit; clear one first")


class FaultInjectedError(BookFaultError):
    """A book is stale because a fault says so; to the market it is a fault like any other."""

    def __init__(self, instrument_id: str, fault_id: str) -> None:
        self.fault_id = fault_id
        super().__init__(instrument_id, f"injected by {fault_id}")
