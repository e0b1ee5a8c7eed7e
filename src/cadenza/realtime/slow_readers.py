"""Clients that read more slowly than their channels write.

What is written to such a client waits in memory, up to ``client.queue_max_size``. When a quarter of
that is waiting, the channels with a state (order books) stop adding to it: their publications are
left out and, once the client has read what waits, replaced by the state as of then. So a book is
late, never wrong, and a slow reader of books is not disconnected for them. A transport that is full
for a moment, as after one large snapshot, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

CONFLATE_AT: Final = 4
"""Order books are conflated when this part of ``client.queue_max_size`` waits: a quarter."""

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.node import Node


class SlowReaders:
    """The connections whose transports are full."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._paused: set[Connection] = set()
        self.conflations = 0
        """How often a subscriber was given a state in place of what it missed."""

    def __len__(self) -> int:
        return len(self._paused)

    def pause(self, connection: Connection) -> None:
        """The connection's transport is full."""
        self._paused.add(connection)

    def held(self, connection: Connection) -> None:
        """So much waits for the connection that what can be replaced should not be added."""
        for subscription in connection.subscriptions.values():
            if subscription.snapshot is not None and subscription.active and not subscription.stale:
                self._node.hub.channel(subscription.channel).suspend(subscription)

    def resume(self, connection: Connection) -> None:
        """The connection reads again."""
        self._paused.discard(connection)
        for subscription in list(connection.subscriptions.values()):
            if subscription.stale:
                channel = self._node.hub.channel(subscription.channel)
                self.conflations += 1
                if self._node.push_snapshot(subscription, channel.position):
                    channel.refresh(subscription)
                else:
                    # What it missed cannot be made up for: it has to subscribe again.
                    connection.insufficient_state(subscription)

    def forget(self, connection: Connection) -> None:
        """The connection is over."""
        self._paused.discard(connection)
