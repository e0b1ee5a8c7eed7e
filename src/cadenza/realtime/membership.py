"""Membership of subscribers: leaving, and periodic checks of presence, position and expiry."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes
from cadenza.protocol.codes import Unsubscribe
from cadenza.protocol.messages import Publication, payload
from cadenza.realtime.broker import Delivery
from cadenza.realtime.eager import settle
from cadenza.realtime.encoding import PublicationEncoder, Variant
from cadenza.realtime.stream import HistoryFilter, StreamPosition
from cadenza.realtime.subscription import Subscription

if TYPE_CHECKING:
    from cadenza.realtime.channel import Channel
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.node import Node

logger: Final = logging.getLogger("cadenza.realtime")

LINGER_SECONDS: Final = 1.0
"""How long a node keeps a channel of the broker after its last subscriber went."""

ON_ITS_WAY_SECONDS: Final = 1.0
"""How long a publication may be in its stream and not yet here, before it counts as lost."""


class Membership:
    """What happens to subscriptions between their beginning and their end."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def leave(self, subscription: Subscription, end: Unsubscribe) -> None:
        """End a subscription: presence goes first, then the leave is published, then the broker.

        The leaver is out of the hub before, so it does not see its own leave. Idempotent.
        """
        node, connection, name = self._node, subscription.connection, subscription.channel
        if not subscription.current:
            return
        del connection.subscriptions[name]
        was_active = subscription.active
        channel = node.hub.channel(name)
        channel.remove(subscription)
        node.hub.num_subscriptions -= 1
        try:
            if subscription.options.presence:
                await settle(node.presence.remove(name, connection.client))
            if subscription.options.join_leave and was_active:
                await settle(node.broker.publish_leave(name, subscription.info()))
        except Exception:
            logger.exception("leaving %r failed", name)
        if not channel.subscriptions:
            node.timers.after(LINGER_SECONDS, lambda: self._stop_listening(name))
        if node.handlers.unsubscribed is not None and was_active:
            node.notify(node.handlers.unsubscribed, connection, name, end)

    def push_snapshot(self, subscription: Subscription, position: StreamPosition | None) -> bool:
        """Push a channel's state to one subscriber; ``position``: where that puts it, if told.

        Returns:
            Whether there was a state.
        """
        try:
            data = subscription.snapshot() if subscription.snapshot is not None else None
        except Exception:
            logger.exception("reading the state of %r failed", subscription.channel)
            return False
        if data is None:
            return False
        publication = Publication(data=payload(data), offset=position.offset if position else 0)
        encoder = PublicationEncoder(subscription.channel, Delivery(publication, ""))
        connection = subscription.connection
        variant = Variant.FULL if subscription.delta else Variant.PLAIN
        subscription.has_base = False
        self._node.outbox.send(connection, encoder.encode(connection.wire, variant))
        return True

    def look_after(self, connection: Connection) -> None:
        """Renew presence, check positions, end what has expired."""
        node = self._node
        now = node.clock.time()
        grace = node.client_options.expired_sub_close_delay
        for subscription in list(connection.subscriptions.values()):
            # An earlier one of them may have ended this one.
            if not (subscription.active and subscription.current):
                continue
            if subscription.expire_at and now > subscription.expire_at + grace:
                if subscription.server_side:
                    connection.disconnect(codes.SUBSCRIPTION_EXPIRED)
                    return
                node.end_subscription(subscription, codes.SUBSCRIPTION_EXPIRED_UNSUBSCRIBE)
                continue
            if subscription.options.presence:
                node.in_background(
                    settle(node.presence.add(subscription.channel, subscription.info()))
                )
            if subscription.positioned:
                node.in_background(self._check_position(subscription))

    async def _check_position(self, subscription: Subscription) -> None:
        """Compare where a channel stands here with where its stream stands.

        Once for all subscribers of the channel, and not when something was delivered lately. A
        broker that fails is asked again next time.
        """
        node = self._node
        channel = node.hub.channel(subscription.channel)
        now, before = node.clock.monotonic(), channel.position
        if now - channel.checked_at < node.client_options.channel_position_check_delay:
            return
        channel.checked_at = now
        ttl = node.access.meta_ttl(subscription.options)
        try:
            page = await settle(node.broker.history(channel.name, HistoryFilter(), ttl))
        except Exception:
            logger.exception("checking the position of %r failed", channel.name)
            return
        if before is not None and channel.position == before and page.top != before:
            node.timers.after(ON_ITS_WAY_SECONDS, lambda: self._confirm_loss(channel, before))

    def _confirm_loss(self, channel: Channel, before: StreamPosition) -> None:
        """A publication that was only on its way has arrived by now."""
        if channel.position == before:
            channel.lose_state()

    def _stop_listening(self, name: str) -> None:
        channel = self._node.hub.channels.get(name)
        if channel is not None and not channel.subscriptions:
            del self._node.hub.channels[name]
            self._node.in_background(settle(self._node.broker.unsubscribe(name)))
