"""The broker carries publications between nodes and keeps the streams: the interface.

One test suite, ``tests/support/realtime/broker_contract.py``, runs on every implementation.

The contract:

- ``publish`` is atomic for a channel: the idempotency check, the version check, the new offset,
  the stored publication and its delivery to the nodes happen as one step. So the order of offsets
  is the order of delivery, on every node.
- Every node that has called ``subscribe(channel)`` gets every publication, join and leave of the
  channel through its ``BrokerEvents``, at most once each. A lost one shows as a gap of offsets.
- ``subscribe`` and ``unsubscribe`` of one channel take effect in the order of the calls.
- A result is returned at once or as an awaitable, as suits the implementation: a caller that need
  not wait answers its client in the same turn of the loop. Use ``eager.settle``.
- The epoch of a stream is made when its position is first read or written, and stays the same until
  the stream's meta data expires; then offsets start over with another epoch.
- An exception means that nothing is known of the outcome, and is shown to clients as error 100.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

import msgspec

from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.eager import MaybeAwaitable
from cadenza.realtime.stream import HistoryFilter, Page, StreamPosition

IDEMPOTENCY_TTL: Final = 300.0
"""Seconds for which a repeated idempotency key gets the first result."""


class PublishOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to publish. With ``history_size`` 0 nothing is stored and there is no offset."""

    history_size: int = 0
    history_ttl: float = 0.0
    history_meta_ttl: float = 0.0
    idempotency_key: str = ""
    version: int = 0
    """Skip the publication if the stream has seen this version or a newer one; 0: no check."""
    version_epoch: str = ""
    delta: bool = False
    """Deliver with the publication that stood before it in the stream, as the base of a delta."""


class PublishResult(NamedTuple):
    """Where the publication is; offset 0 and no epoch without history.

    A repeated idempotency key returns the first result, a skipped version the top of the stream.
    """

    position: StreamPosition
    suppressed: bool = False


class Delivery(NamedTuple):
    """A publication on its way to the subscribers of a node."""

    publication: Publication
    epoch: str
    """Epoch of the stream; empty for a publication without offset."""
    delta: bool = False
    previous: bytes | None = None
    """Payload of the publication before it, if ``delta`` was asked for and there is one."""


class BrokerEvents(Protocol):
    """What a node does with what a broker delivers. Never blocks, never raises."""

    def on_publication(self, channel: str, delivery: Delivery) -> None:
        """A publication, in order of its channel's offsets."""

    def on_join(self, channel: str, info: ClientInfo) -> None:
        """A client subscribed."""

    def on_leave(self, channel: str, info: ClientInfo) -> None:
        """A client went."""


class Broker(Protocol):
    """Publications, streams, joins and leaves of all channels."""

    def start(self, events: BrokerEvents) -> MaybeAwaitable[None]:
        """Begin to deliver to ``events``. Called once, before anything else."""

    def close(self) -> MaybeAwaitable[None]:
        """Stop delivering and let go of connections and timers. Idempotent."""

    def publish(
        self, channel: str, publication: Publication, options: PublishOptions
    ) -> MaybeAwaitable[PublishResult]:
        """Publish; ``publication`` belongs to the broker from here on, which sets its offset."""

    def publish_join(self, channel: str, info: ClientInfo) -> MaybeAwaitable[None]:
        """Tell the channel's nodes that a client subscribed. Not stored, no offset."""

    def publish_leave(self, channel: str, info: ClientInfo) -> MaybeAwaitable[None]:
        """Tell the channel's nodes that a client went. Not stored, no offset."""

    def subscribe(self, channel: str) -> MaybeAwaitable[None]:
        """This node has subscribers. What is published after the return will be delivered."""

    def unsubscribe(self, channel: str) -> MaybeAwaitable[None]:
        """This node has no subscribers any more."""

    def history(self, channel: str, wanted: HistoryFilter, meta_ttl: float) -> MaybeAwaitable[Page]:
        """Read a stream. Makes its meta data if there is none, and renews ``meta_ttl`` seconds."""

    def remove_history(self, channel: str) -> MaybeAwaitable[None]:
        """Forget a stream's publications. Offset and epoch stay."""
