"""How market data leaves for the node: publishing, and whether anybody listens."""

from __future__ import annotations

from cadenza.realtime import ChannelOptions, Node
from cadenza.realtime.eager import settle, waits


class Outlet:
    """A node to publish to, once there is one."""

    def __init__(self) -> None:
        self._node: Node | None = None

    def attach(self, node: Node) -> None:
        """Publish to this node from here on."""
        self._node = node

    def publish(self, channel: str, payload: bytes, options: ChannelOptions) -> None:
        """Publish without waiting; before there is a node nobody can have missed anything."""
        if self._node is None:
            return
        result = self._node.publish_to(channel, payload, options=options)
        if waits(result):
            self._node.in_background(_finished(result))

    def has_subscribers(self, channel: str) -> bool:
        """Whether anybody on this node is subscribed, or just being subscribed."""
        if self._node is None:
            return False
        found = self._node.hub.channels.get(channel)
        return found is not None and bool(found.subscriptions)


async def _finished(result: object) -> None:
    await settle(result)
