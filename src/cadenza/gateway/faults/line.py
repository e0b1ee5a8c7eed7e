"""A line writes late, around a connection's own transport: never out of order, and never less.

What waits is bounded by ``client.queue_max_size``; beyond it the client is closed as slow, as one
that does not read. The end of a connection is not delayed: what waits leaves at once, then the end.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Clock, Connection
from cadenza.realtime.timers import Deadline, Timers
from cadenza.realtime.transport import Transport
from cadenza.realtime.wire import Wire

logger: Final = logging.getLogger("cadenza.gateway.faults")

# Ends at which the engine drops what waits, as nobody reads it.
_UNREAD: Final = frozenset({codes.SLOW, codes.CONNECTION_CLOSED})


class DelayQueue:
    """The pieces that wait in a line, in their order, each with the moment at which it may leave.

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


class Line:
    """The transport of one connection, made slow.

    Args:
        connection: The connection whose transport it is put around; see ``Connection.reroute``.
        clock: The time.
        timers: Deadlines on that clock.
        delay: Seconds by which a write leaves later; asked for each write, 0: at once.
        on_idle: Called when nothing waits any more.
    """

    def __init__(
        self,
        connection: Connection,
        clock: Clock,
        timers: Timers,
        delay: Callable[[Connection], float],
        on_idle: Callable[[Connection], None],
    ) -> None:
        inner = connection.transport
        self.inner: Final[Transport] = inner
        self.name: str = inner.name
        self.wire: Wire = inner.wire
        self.emulated: bool = inner.emulated
        self.frame_ping: bool = inner.frame_ping
        self.headers: Mapping[str, str] = inner.headers
        self._connection = connection
        self._clock = clock
        self._timers = timers
        self._delay = delay
        self._on_idle = on_idle
        self._queue = DelayQueue()
        self._deadline: Deadline | None = None
        self._due = 0.0
        self._is_over = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is held back."""
        return self._queue.is_open(self._clock.monotonic())

    def stall(self, seconds: float) -> None:
        """Let nothing leave for so long."""
        self._queue.hold(self._clock.monotonic() + seconds)
        self._wake_later()

    # The engine's side: see ``Transport``.

    def write(self, data: bytes) -> None:
        """See ``Transport``."""
        if self._is_over:
            return
        now = self._clock.monotonic()
        delay = self._delay(self._connection)
        if not delay and self._queue.is_open(now):
            self.inner.write(data)
            return
        self._queue.put(data, now + delay)
        if self._queue.size > self._connection.node.client_options.queue_max_size:
            self._connection.disconnect(codes.SLOW)
        elif self._deadline is None:
            self._wake_later()

    def close(self, disconnect: Disconnect) -> None:
        """See ``Transport``."""
        waiting = self._stop()
        if disconnect not in _UNREAD:
            for data in waiting:
                self.inner.write(data)
        self.inner.close(disconnect)

    def abort(self) -> None:
        """See ``Transport``."""
        self._stop()
        self.inner.abort()

    def pause_reading(self) -> None:
        """See ``Transport``."""
        self.inner.pause_reading()

    def resume_reading(self) -> None:
        """See ``Transport``."""
        self.inner.resume_reading()

    def drop(self) -> None:
        """The connection is over: nobody is there for what waits. Idempotent."""
        self._stop()

    # What waits.

    def _stop(self) -> list[bytes]:
        self._is_over = True
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        return self._queue.take_all()

    def _wake_later(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._due = self._queue.next_due()
        left = max(0.0, self._due - self._clock.monotonic())
        self._deadline = self._timers.after(left, self._wake)

    def _wake(self) -> None:
        """Write what is due, then wait for the rest or say that there is none."""
        self._deadline = None
        if not self._connection.is_open:
            self._stop()
            return
        # A sum of floats may fall short of the moment by a hair, and must not be waited for.
        now = max(self._due, self._clock.monotonic())
        try:
            for data in self._queue.take(now):
                self.inner.write(data)
        except Exception:
            # The timer is everybody's: one broken transport must not stop the others.
            logger.exception("writing to client %s failed", self._connection.client)
            self._connection.broken()
        if self._is_over:
            return
        if self._queue.is_open(now):
            self._on_idle(self._connection)
        else:
            self._wake_later()
