"""``publish``: a client's message to the subscribers of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.protocol import codes
from cadenza.protocol.messages import Command, Empty, Reply
from cadenza.realtime.eager import settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import PublishEvent

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.options import ChannelOptions


async def publish(connection: Connection, command: Command) -> None:
    """Check, store, broadcast, then answer: a subscribed publisher sees its own push first."""
    request = command.publish
    if request is None or not request.channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    node, channel = connection.node, request.channel
    options = node.access.checked_options(channel)
    if request.type:
        raise CommandError(codes.PERMISSION_DENIED)
    data = bytes(request.data)
    node.access.check_data(data, options)
    data = await _granted_data(connection, channel, data, options)
    subscription = connection.subscriptions.get(channel)
    chan_info = None if subscription is None else subscription.chan_info
    await settle(
        node.publish_to(channel, data, options=options, info=connection.client_info(chan_info))
    )
    connection.reply(Reply(id=command.id, publish=Empty()))


async def _granted_data(
    connection: Connection, channel: str, data: bytes, options: ChannelOptions
) -> bytes:
    """What is published: the application's decision, or else the channel's options."""
    node = connection.node
    if node.handlers.publish is not None:
        event = PublishEvent(connection=connection, channel=channel, data=data, options=options)
        reply = await settle(node.handlers.publish(event))
        if reply is not None:
            return data if reply.data is None else reply.data
    subscription = connection.subscriptions.get(channel)
    if not node.access.may("publish", connection.user, options, subscription):
        raise CommandError(codes.PERMISSION_DENIED)
    return data
