"""How venues number the updates of a book."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple

from cadenza.market.venues.messages import BookDiff


class Verdict(Enum):
    """What to do with an update."""

    APPLY = auto()
    DROP = auto()
    GAP = auto()


class SequenceRule(NamedTuple):
    """A venue's numbering.

    Attributes:
        bridge: Judges an update against the ``last_id`` of a snapshot, until one has been applied.
        follow: Judges an update against the ``last_id`` of the update before.
        is_numbered: Whether a snapshot can be placed among updates that came before it. Where it
            cannot, the snapshot comes in the stream itself and those updates are in it.
    """

    bridge: Callable[[int, BookDiff], Verdict]
    follow: Callable[[int, BookDiff], Verdict]
    is_numbered: bool = True


def _always(_last_id: int, _diff: BookDiff) -> Verdict:
    return Verdict.APPLY


def _chained(last_id: int, diff: BookDiff) -> Verdict:
    """An update names the one before it; a venue may leave that out, and begin to count anew."""
    if diff.previous_id is None or not last_id or diff.previous_id == last_id:
        return Verdict.APPLY
    return Verdict.DROP if diff.last_id <= last_id else Verdict.GAP


UNNUMBERED: Final = SequenceRule(bridge=_always, follow=_always, is_numbered=False)
"""For venues whose stream is its own order; only a checksum, if any, can find a hole."""

CHAINED: Final = SequenceRule(bridge=_chained, follow=_chained, is_numbered=False)
"""For venues whose updates name the update before them, after a snapshot in the stream itself."""
