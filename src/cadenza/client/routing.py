"""Which subscription a push belongs to, and what all of them hear of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.client.callbacks import Dispatcher
from cadenza.client.errors import DisconnectedError
from cadenza.client.server_side import ServerSide
from cadenza.client.states import SubscriptionEvent
from cadenza.client.subscription import Subscription, publication_of
from cadenza.client.values import Left, ServerPublication, decode
from cadenza.protocol.messages import ConnectResult, Publication, Push

if TYPE_CHECKING:
    from cadenza.client.client import ClientCallbacks


class Routing:
    """The subscriptions of a client, its own and the server's.

    Attributes:
        server_side: Those that the server made.
    """

    def __init__(
        self,
        subscriptions: dict[str, Subscription],
        events: Dispatcher,
        callbacks: ClientCallbacks,
    ) -> None:
        self.server_side = ServerSide()
        self._subscriptions = subscriptions
        self._events = events
        self._callbacks = callbacks

    def push(self, push: Push) -> None:
        """Pass it on; what belongs to nobody is late and of no use."""
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

    def lost(self, why: Left) -> None:
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

    def ended(self, why: Left, error: DisconnectedError | None) -> None:
        """The client is disconnected for good: who waits for publications is told."""
        for subscription in list(self._subscriptions.values()):
            subscription.subscriber.happen(SubscriptionEvent.LOST, why)
            subscription.interrupt(error)

    def invalidate(self) -> None:
        """All positions are worth nothing."""
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
