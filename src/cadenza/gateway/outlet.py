"""The way of payloads from the gateway to the subscribers of a node."""

from __future__ import annotations

from cadenza.realtime import ChannelOptions, Node
from cadenza.realtime.eager import settle, waits


class Outlet:
    """Publishes without waiting, for callers that are not coroutines.

    Args:
        node: Has the channels.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    def publish(self, channel: str, payload: bytes, options: ChannelOptions) -> None:
        """Publish; where the broker takes its time, the node waits for it in the background."""
        result = self._node.publish_to(channel, payload, options=options)
        if waits(result):
            self._node.in_background(_finished(result))

    def has_subscribers(self, channel: str) -> bool:
        """Whether anybody on this node is subscribed, or just being subscribed."""
        found = self._node.hub.channels.get(channel)
        return found is not None and bool(found.subscriptions)


async def _finished(result: object) -> None:
    await settle(result)
