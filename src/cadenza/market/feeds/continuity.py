"""Continuity: the updates of one book in an unbroken chain, however a venue numbers them.

States and events, as ``ChainTracker`` moves through them::

    state      snapshot                        update: verdict of the venue's rule
    WAITING    -> BRIDGING, held updates next  held back (if the venue numbers its updates)
    BRIDGING   -> BRIDGING                     APPLY -> LIVE     DROP     GAP -> WAITING
    LIVE       -> BRIDGING, unless it is old   APPLY             DROP     GAP -> WAITING
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto
from typing import Final

from cadenza.market.errors import SequenceGapError
from cadenza.market.venues.messages import BookDiff, BookSnapshot
from cadenza.market.venues.sequence import SequenceRule, Verdict

MAX_HELD: Final = 4096
"""Updates kept while waiting for a snapshot; older ones go first. Over a minute of the busiest
recorded feed, where the snapshot came within a second."""


class ChainState(Enum):
    """Where a book's chain of updates stands."""

    WAITING = auto()
    BRIDGING = auto()
    LIVE = auto()


class ChainTracker:
    """Decides for one book which snapshots and updates go to it, and in which order.

    Both methods return what to deliver now. A ``SequenceGapError`` among it stands where the chain
    broke: the book is to be declared stale there.

    Attributes:
        state: The state of the chain.
        outdated: Updates dropped because the book already held them.
    """

    def __init__(self, instrument_id: str, rule: SequenceRule) -> None:
        self._instrument_id = instrument_id
        self._rule = rule
        self._held: deque[BookDiff] = deque(maxlen=MAX_HELD)
        self._last_id = 0
        self.state = ChainState.WAITING
        self.outdated = 0

    def on_snapshot(
        self, snapshot: BookSnapshot
    ) -> list[BookSnapshot | BookDiff | SequenceGapError]:
        """Take a snapshot, then the updates that were held back for it."""
        if self._is_behind(snapshot):
            return []
        self.state = ChainState.BRIDGING
        self._last_id = snapshot.last_id
        held, self._held = self._held, deque(maxlen=MAX_HELD)
        items: list[BookSnapshot | BookDiff | SequenceGapError] = [snapshot]
        for diff in held:
            items.extend(self.on_diff(diff))
        return items

    def on_diff(self, diff: BookDiff) -> list[BookDiff | SequenceGapError]:
        """Take an update."""
        if self.state is ChainState.WAITING:
            if self._rule.is_numbered:
                self._held.append(diff)
            return []
        judge = self._rule.follow if self.state is ChainState.LIVE else self._rule.bridge
        verdict = judge(self._last_id, diff)
        if verdict is Verdict.DROP:
            self.outdated += 1
            return []
        if verdict is Verdict.GAP:
            gap = SequenceGapError(self._instrument_id, self._last_id, _first_id(diff))
            self.lose()
            if self._rule.is_numbered:
                self._held.append(diff)
            return [gap]
        self.state = ChainState.LIVE
        self._last_id = diff.last_id
        return [diff]

    def lose(self) -> None:
        """Wait for the next snapshot: the book has turned out to be wrong."""
        self.state = ChainState.WAITING
        self._held.clear()

    def _is_behind(self, snapshot: BookSnapshot) -> bool:
        is_live = self.state is ChainState.LIVE
        return is_live and self._rule.is_numbered and snapshot.last_id < self._last_id


def _first_id(diff: BookDiff) -> int:
    """Where an update begins; venues that chain updates say only where it ends."""
    return diff.first_id or diff.last_id
