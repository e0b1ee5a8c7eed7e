"""Routing of pushes to the subscriptions of a client, and the list of server-side ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cadenza.client.callbacks import Dispatcher
from cadenza.client.errors import DisconnectedError
from cadenza.client.options import ClientCallbacks
from cadenza.client.states import SubscriptionEvent
from cadenza.client.subscription import Subscription, publication_of
from cadenza.client.values import Cause, ServerPublication, StreamPosition, decode
from cadenza.protocol.messages import (
    ConnectResult,
    Publication,
    Push,
    SubscribePush,
    SubscribeRequest,
    SubscribeResult,
)


class _Known(NamedTuple):
    position: StreamPosition
    recoverable: bool


class ServerSubscriptions:
    """The subscriptions that the server has made, with their positions.

    Attributes:
        gaps: How many times publications were missed and could not be recovered.
    """

    def __init__(self) -> None:
        self.gaps = 0
        self._channels: dict[str, _Known] = {}

    def __contains__(self, channel: str) -> bool:
        return channel in self._channels

    def __iter__(self) -> Iterator[str]:
        return iter(self._channels)

    def requests(self) -> dict[str, SubscribeRequest]:
        """The requests to recover them, for the connect command."""
        return {
            channel: SubscribeRequest(
                recover=True, offset=known.position.offset, epoch=known.position.epoch
            )
            for channel, known in self._channels.items()
            if known.recoverable
        }

    def established(self, subs: dict[str, SubscribeResult]) -> None:
        """Take over the channels of a connect result, and forget all others."""
        self._channels = {}
        for channel, result in subs.items():
            position = StreamPosition(result.offset, result.epoch)
            self._channels[channel] = _Known(position, result.recoverable)
            self.gaps += result.was_recovering and not result.recovered

    def added(self, channel: str, push: SubscribePush) -> None:
        """Add a channel that the server has subscribed the connection to."""
        position = StreamPosition(push.offset, push.epoch)
        self._channels[channel] = _Known(position, push.recoverable)

    def removed(self, channel: str) -> None:
        """Remove a channel that the server has unsubscribed the connection from."""
        self._channels.pop(channel, None)

    def moved(self, channel: str, publication: Publication) -> None:
        """Move the position of a channel to that of a publication."""
        known = self._channels.get(channel)
        if known is not None and publication.offset:
            epoch = publication.epoch or known.position.epoch
            self._channels[channel] = known._replace(
                position=StreamPosition(publication.offset, epoch)
            )

    def invalidate(self) -> None:
        """Drop the positions: the next connect reports a gap for each."""
        nowhere = StreamPosition(0, "_")
        self._channels = {
            it: known._replace(position=nowhere) for it, known in self._channels.items()
        }


class Routing:
    """Passes pushes on, and tells all subscriptions about the connection.

    Args:
        subscriptions: The subscriptions of the client by channel; it adds and removes them.
        events: Delivers events to callbacks.
        callbacks: The callbacks of the client.

    Attributes:
        server_side: The subscriptions that the server has made.
    """

    def __init__(
        self,
        subscriptions: dict[str, Subscription],
        events: Dispatcher,
        callbacks: ClientCallbacks,
    ) -> None:
        self.server_side = ServerSubscriptions()
        self._subscriptions = subscriptions
        self._events = events
        self._callbacks = callbacks

    def push(self, push: Push) -> None:
        """Pass a push on; one that belongs to no subscription is late, and dropped."""
        subscription = self._subscriptions.get(push.channel)
        if push.pub is not None and subscription is not None:  # first, as nearly all are
            subscription.subscriber.publication(push.pub)
        elif push.message is not None:
            data = decode(push.message.data)
            self._events.call(self._callbacks.on_message, data, "on_message")
        elif push.subscribe is not None:
            self.server_side.added(push.channel, push.subscribe)
        elif subscription is None:
            self._server_push(push)
        elif push.unsubscribe is not None:
            subscription.subscriber.pushed_out(push.unsubscribe)
        else:
            subscription.on_membership(push)

    def lost(self, why: Cause) -> None:
        """The client is connecting: subscriptions wait for it."""
        for subscription in list(self._subscriptions.values()):
            subscription.subscriber.happen(SubscriptionEvent.LOST, why)
            subscription.resume()

    def established(self, result: ConnectResult) -> None:
        """The client is connected: subscriptions ask again, server-side ones are recovered."""
        self.server_side.established(result.subs)
        for channel, sub in result.subs.items():
            for publication in sub.publications:
                self._server_publication(channel, publication)
        for subscription in list(self._subscriptions.values()):
            subscription.subscriber.happen(SubscriptionEvent.CONNECTED)

    def ended(self, why: Cause, error: DisconnectedError | None) -> None:
        """The client is disconnected for good: iterations over publications end."""
        for subscription in list(self._subscriptions.values()):
            subscription.subscriber.happen(SubscriptionEvent.LOST, why)
            subscription.interrupt(error)

    def invalidate(self) -> None:
        """All positions in streams have become worthless."""
        self.server_side.invalidate()
        for subscription in self._subscriptions.values():
            subscription.subscriber.invalidate()

    def _server_push(self, push: Push) -> None:
        if push.channel not in self.server_side:
            return
        if push.pub is not None:
            self._server_publication(push.channel, push.pub)
        elif push.unsubscribe is not None:
            self.server_side.removed(push.channel)

    def _server_publication(self, channel: str, publication: Publication) -> None:
        self.server_side.moved(channel, publication)
        event = ServerPublication(channel, publication_of(channel, publication))
        self._events.call(self._callbacks.on_publication, event, "on_publication")
