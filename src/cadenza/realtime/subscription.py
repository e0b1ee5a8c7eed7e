"""One connection's subscription to one channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.options import ChannelOptions
from cadenza.realtime.stream import StreamPosition

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

Snapshot = Callable[[], bytes | None]
TagsFilter = Callable[[Mapping[str, str]], bool]


class Subscription:
    """What was granted, and where the subscriber stands in the stream.

    Attributes:
        options: The channel's options with the token's overrides applied.
        server_side: The server subscribed the connection; its faults end the connection.
        positioned: The engine watches that no publication is missed.
        recoverable: The client may recover after a break.
        push_join_leave: Joins and leaves are pushed to this subscriber.
        delta: Publications may come as Fossil deltas.
        has_base: The client holds the publication that the next delta is computed against.
        tags_filter: Only publications whose tags match are delivered.
        snapshot: Gives the channel's state as of its newest publication. A new subscriber that
            did not recover gets it first; one too slow for the stream gets it instead.
        expire_at: Unix seconds; 0: never.
        chan_info: Payload bytes shown with the subscriber in presence, joins and publications.
        waiting: Publications that arrive while the subscribe is being answered.
        position: The place of this subscriber in the stream, if it is not where its channel stands.
    """

    __slots__ = (
        "chan_info",
        "channel",
        "connection",
        "delta",
        "expire_at",
        "has_base",
        "options",
        "position",
        "positioned",
        "push_join_leave",
        "recoverable",
        "server_side",
        "snapshot",
        "stale",
        "tags_filter",
        "waiting",
    )

    def __init__(
        self,
        connection: Connection,
        channel: str,
        options: ChannelOptions,
        *,
        server_side: bool = False,
    ) -> None:
        self.connection = connection
        self.channel = channel
        self.options = options
        self.server_side = server_side
        self.positioned = False
        self.recoverable = False
        self.push_join_leave = False
        self.delta = False
        self.has_base = False
        self.tags_filter: TagsFilter | None = None
        self.snapshot: Snapshot | None = None
        self.stale = False
        self.expire_at = 0
        self.chan_info: bytes | None = None
        self.waiting: list[Publication] | None = []
        self.position: StreamPosition | None = None

    @property
    def active(self) -> bool:
        """Whether the subscribe was answered; until then nothing is pushed."""
        return self.waiting is None

    @property
    def current(self) -> bool:
        """Whether it is still the connection's subscription to the channel."""
        return self.connection.subscriptions.get(self.channel) is self

    def info(self) -> ClientInfo:
        """The subscriber as others see it."""
        return self.connection.client_info(self.chan_info)

    def __repr__(self) -> str:
        state = "active" if self.active else "subscribing"
        return f"<Subscription {self.channel!r} of {self.connection.client} {state}>"
