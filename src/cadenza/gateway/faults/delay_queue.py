"""What waits to be written to one connection: first in, first out, each not before its time."""

from __future__ import annotations

from collections import deque


class DelayQueue:
    """Pieces in their order, each with the moment from which it may leave.

    Moments are seconds of a monotonic clock. A piece never leaves before one that was put earlier,
    whatever their moments.

    Attributes:
        size: Bytes that wait.
    """

    __slots__ = ("_held_until", "_pieces", "size")

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._held_until = 0.0
        self.size = 0

    def __len__(self) -> int:
        return len(self._pieces)

    def put(self, data: bytes, due: float) -> None:
        """Add a piece that may leave at ``due``, or when those before it have left."""
        if self._pieces:
            due = max(due, self._pieces[-1][0])
        self._pieces.append((due, data))
        self.size += len(data)

    def hold(self, until: float) -> None:
        """Let nothing leave before ``until``; a longer hold stays."""
        self._held_until = max(self._held_until, until)

    def is_open(self, now: float) -> bool:
        """Whether a piece without a delay may leave at once."""
        return not self._pieces and now >= self._held_until

    def next_due(self) -> float:
        """When to look again: the first piece's moment, or the end of the hold."""
        return max(self._held_until, self._pieces[0][0] if self._pieces else 0.0)

    def take(self, now: float) -> list[bytes]:
        """Remove what may leave now, oldest first."""
        taken = []
        if now >= self._held_until:
            while self._pieces and self._pieces[0][0] <= now:
                taken.append(self._pieces.popleft()[1])
        self.size -= sum(map(len, taken))
        return taken

    def take_all(self) -> list[bytes]:
        """Remove everything, oldest first, and forget the hold."""
        taken = [data for _, data in self._pieces]
        self._pieces.clear()
        self._held_until = 0.0
        self.size = 0
        return taken
