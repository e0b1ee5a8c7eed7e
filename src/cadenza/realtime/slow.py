"""Clients that read more slowly than their channels write.

What is written to such a client waits in memory, up to ``client.queue_max_size``. In a channel
with a state (an order book) it waits for nothing: its publications are left out and, once the
client reads again, replaced by the state as of then. So a book is late, never wrong, and a slow
reader of books is not disconnected for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    def __iter__(self) -> object:
        return iter(self._paused)

    def pause(self, connection: Connection) -> None:
        """The connection's transport is full."""
        self._paused.add(connection)
        for subscription in connection.subscriptions.values():
            if subscription.snapshot is not None and subscription.active:
                self._node.hub.channel(subscription.channel).suspend(subscription)

    def resume(self, connection: Connection) -> None:
        """The connection reads again."""
        self._paused.discard(connection)
        for subscription in list(connection.subscriptions.values()):
            if subscription.stale:
                channel = self._node.hub.channel(subscription.channel)
                self.conflations += 1
                self._node.push_snapshot(subscription, channel.position)
                channel.refresh(subscription)

    def forget(self, connection: Connection) -> None:
        """The connection is over."""
        self._paused.discard(connection)
