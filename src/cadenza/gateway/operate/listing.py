"""Connections and channels, filtered, in order, and a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from cadenza.gateway.operate.messages import (
    ChannelList,
    ChannelsRequest,
    ChannelView,
    ConnectionList,
    ConnectionsRequest,
    ConnectionView,
    part,
)

if TYPE_CHECKING:
    from cadenza.realtime import Connection, Node

_MOST: Final[Mapping[str, Callable[[Connection], int]]] = {
    "queued": lambda connection: connection.queued_bytes,
    "subscriptions": lambda connection: len(connection.subscriptions),
}


def connections(node: Node, request: ConnectionsRequest, time_ms: int) -> ConnectionList:
    """The authenticated connections of this node."""
    wanted = request.filter.lower()
    found = [
        connection
        for connection in node.hub.connections.values()  # in the order in which they came
        if (connection.paused or not request.slow) and _fits(connection, wanted)
    ]
    if request.order != "connected":
        found.sort(key=_MOST[request.order], reverse=True)
    return ConnectionList(
        time_ms=time_ms,
        total=len(found),
        connections=[_shown(connection) for connection in part(found, request)],
    )


async def channels(node: Node, request: ChannelsRequest, time_ms: int) -> ChannelList:
    """Channels with subscribers, on all nodes."""
    wanted, counts = request.filter.lower(), dict[str, int]()
    for state in await node.admin.survey():
        for name, count in state.channels.items():
            if wanted in name.lower():
                counts[name] = counts.get(name, 0) + count
    return ChannelList(
        time_ms=time_ms,
        total=len(counts),
        subscriptions=sum(counts.values()),
        channels=[
            ChannelView(channel=name, subscribers=count)
            for name, count in part(_in_order(counts.items(), request.order), request)
        ],
    )


def _in_order(counts: Iterable[tuple[str, int]], order: str) -> list[tuple[str, int]]:
    if order == "subscribers":
        return sorted(counts, key=lambda entry: (-entry[1], entry[0]))
    return sorted(counts)


def _fits(connection: Connection, wanted: str) -> bool:
    texts = (connection.client, connection.user, connection.name)
    return not wanted or any(wanted in text.lower() for text in texts)


def _shown(connection: Connection) -> ConnectionView:
    return ConnectionView(
        client=connection.client,
        user=connection.user,
        name=connection.name,
        version=connection.version,
        transport=connection.transport.name,
        protocol=connection.wire.codec.format,
        connected_ms=round(connection.connected_at * 1000),
        expire_at=connection.expire_at,
        subscriptions=len(connection.subscriptions),
        queued_bytes=connection.queued_bytes,
        slow=connection.paused,
    )
