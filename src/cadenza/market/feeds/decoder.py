"""The interface of a venue's decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cadenza.market.feeds.continuity import SequenceRule
from cadenza.market.feeds.messages import Declaration, Message


class Decoder(Protocol):
    """Reads the lines of one venue's recordings.

    Attributes:
        market: Recordings with equal ``market`` are parts of one and follow one another.
        rule: How the venue's book updates follow one another.
        declarations: The instruments known from the beginning of the file.
    """

    market: str
    rule: SequenceRule
    declarations: Sequence[Declaration]

    def split(self, line: bytes) -> tuple[int, bytes] | None:
        """Cut a line into receive time (ns since the epoch) and body.

        ``None`` for a line that is no received message; raises `BadMessageError`.
        """
        ...

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a body; empty if it says nothing about books or trades; raises `BadMessageError`."""
        ...
