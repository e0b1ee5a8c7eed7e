"""Connections and channels in the hands of a server program: the methods of the server API.

Everything that concerns connections goes through the controller, as they may be on other nodes.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.messages import Push, RefreshPush, SubscribeRequest
from cadenza.realtime import establish
from cadenza.realtime.access import with_override
from cadenza.realtime.claims import seconds_left
from cadenza.realtime.connection import unsubscribe_push
from cadenza.realtime.controller import (
    ConnectionOrder,
    Control,
    Controller,
    DisconnectUser,
    EmulatedFrame,
    NodeInfo,
    NodeState,
    RefreshUser,
    SubscribeUser,
    UnsubscribeUser,
)
from cadenza.realtime.eager import MaybeAwaitable, settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import SubscribeReply
from cadenza.realtime.stream import HistoryFilter, Page

if TYPE_CHECKING:
    from cadenza.protocol.messages import ClientInfo
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.node import Node
    from cadenza.realtime.options import ChannelOptions
    from cadenza.realtime.presence import PresenceStats

logger: Final = logging.getLogger("cadenza.realtime")


class Admin:
    """Server-side operations of a node, on all nodes.

    Every method raises ``CommandError`` 102 for a channel whose namespace is not configured, and
    108 for what the channel's options switch off.
    """

    def __init__(self, node: Node, controller: Controller) -> None:
        self._node = node
        self._controller = controller

    def start(self) -> MaybeAwaitable[None]:
        """Begin to listen to the other nodes."""
        return self._controller.start(self._apply, self._state)

    def close(self) -> MaybeAwaitable[None]:
        """Stop. Idempotent."""
        return self._controller.close()

    async def subscribe(self, order: SubscribeUser) -> None:
        """Subscribe connections to a channel from the server's side."""
        self._node.access.options(order.channel)
        await settle(self._controller.broadcast(order))

    async def unsubscribe(self, order: UnsubscribeUser) -> None:
        """End the connections' subscriptions to a channel, from whichever side they came."""
        await settle(self._controller.broadcast(order))

    async def disconnect(self, order: DisconnectUser) -> None:
        """End connections."""
        await settle(self._controller.broadcast(order))

    async def refresh(self, order: RefreshUser) -> None:
        """Change the lifetime of connections."""
        await settle(self._controller.broadcast(order))

    async def emulate(self, node: str, session: str, frame: bytes) -> bool:
        """Hand commands to the session that they are for; whether the node exists."""
        if node != self._node.uid and not self._controller.knows(node):
            return False
        order = EmulatedFrame(node=node, session=session, frame=frame)
        if node == self._node.uid:
            self._apply(order)
        else:
            await settle(self._controller.broadcast(order))
        return True

    async def presence(self, channel: str) -> dict[str, ClientInfo]:
        """Who is in a channel, by client id."""
        self._with_presence(channel)
        return await settle(self._node.presence.read(channel))

    async def presence_stats(self, channel: str) -> PresenceStats:
        """How many are in a channel."""
        self._with_presence(channel)
        return await settle(self._node.presence.stats(channel))

    async def history(self, channel: str, wanted: HistoryFilter) -> Page:
        """Read a stream.

        Raises:
            CommandError: 107, reverse from offset 0; 112, ``since`` is of another epoch.
        """
        options = self._with_history(channel)
        since = wanted.since
        if wanted.reverse and since is not None and since.offset == 0:
            raise CommandError(codes.BAD_REQUEST)
        ttl = self._node.access.meta_ttl(options)
        page = await settle(self._node.broker.history(channel, wanted, ttl))
        if since is not None and since.epoch and since.epoch != page.top.epoch:
            raise CommandError(codes.UNRECOVERABLE_POSITION)
        return page

    async def history_remove(self, channel: str) -> None:
        """Forget a stream's publications."""
        self._with_history(channel)
        await settle(self._node.broker.remove_history(channel))

    async def survey(self) -> list[NodeState]:
        """All nodes, with the subscribers of their channels."""
        return await settle(self._controller.survey())

    def _with_presence(self, channel: str) -> None:
        if not self._node.access.options(channel).presence:
            raise CommandError(codes.NOT_AVAILABLE)

    def _with_history(self, channel: str) -> ChannelOptions:
        options = self._node.access.options(channel)
        if options.history_size <= 0 or options.history_ttl <= 0:
            raise CommandError(codes.NOT_AVAILABLE)
        return options

    # This node's part.

    def _state(self) -> NodeState:
        node, hub = self._node, self._node.hub
        channels = {
            name: count
            for name, channel in hub.channels.items()
            if (count := len(channel.subscriptions))
        }
        info = NodeInfo(
            uid=node.uid,
            name=node.name,
            version=node.version,
            num_clients=len(hub.connections),
            num_users=len(hub.users),
            num_subs=hub.num_subscriptions,
            num_channels=len(channels),
            uptime=int(node.clock.monotonic() - node.started_at),
        )
        return NodeState(info=info, channels=channels)

    def _apply(self, order: Control) -> None:
        if isinstance(order, EmulatedFrame):
            session = self._node.hub.sessions.get(order.session)
            if order.node == self._node.uid and session is not None:
                session.receive(order.frame)
            return
        target = order.target
        for connection in list(self._node.hub.find(target.user, target.client, target.session)):
            self._apply_to(connection, order)

    def _apply_to(self, connection: Connection, order: ConnectionOrder) -> None:
        match order:
            case SubscribeUser():
                self._node.in_background(self._subscribe(connection, order))
            case UnsubscribeUser(channel=channel):
                # Told even if it has no such subscription, as the reference server does.
                connection.push(unsubscribe_push(channel, codes.SERVER_UNSUBSCRIBED))
                subscription = connection.subscriptions.get(channel)
                if subscription is not None:
                    self._node.in_background(
                        self._node.leave(subscription, codes.SERVER_UNSUBSCRIBED)
                    )
            case DisconnectUser():
                if connection.client not in order.whitelist:
                    connection.disconnect(order.disconnect)
            case RefreshUser():
                self._refresh(connection, order)

    async def _subscribe(self, connection: Connection, order: SubscribeUser) -> None:
        node, channel = self._node, order.channel
        while (known := connection.subscriptions.get(channel)) is not None:
            # Subscribed again with what this order grants; the client is told again.
            await node.leave(known, codes.SERVER_UNSUBSCRIBED)
        since = order.recover_since
        request = SubscribeRequest(channel=channel)
        if since is not None:
            request.recover, request.offset, request.epoch = True, since.offset, since.epoch
        options = with_override(node.access.options(channel), order.grant.override)
        try:
            established = await establish.establish(
                connection, request, options, SubscribeReply(grant=order.grant), server_side=True
            )
            connection.push(establish.subscribe_push(established))
            await establish.activate(established)
        except Disconnected as end:
            connection.disconnect(end.disconnect)
        except PayloadError:
            connection.disconnect(codes.INAPPROPRIATE_PROTOCOL)
        except CommandError as ended:
            logger.debug("subscribing %s to %r came to nothing: %s", connection, channel, ended)

    def _refresh(self, connection: Connection, order: RefreshUser) -> None:
        if order.expired:
            connection.disconnect(codes.CONNECTION_EXPIRED)
            return
        if order.info is not None:
            connection.info = order.info
        connection.set_expiry(order.expire_at)
        left = seconds_left(order.expire_at, self._node.clock.time())
        connection.push(Push(refresh=RefreshPush(expires=bool(order.expire_at), ttl=left)))
