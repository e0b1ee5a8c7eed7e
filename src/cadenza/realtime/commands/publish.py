"""``publish``: a client's message to the subscribers of a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes
from cadenza.protocol.messages import Command, Empty, Reply
from cadenza.realtime.eager import settle, waits
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import PublishEvent
from cadenza.realtime.refusals import RESERVED_TYPE

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

_DONE: Final = Empty()


async def publish(connection: Connection, command: Command) -> None:
    """Check, store, broadcast, then answer: a subscribed publisher sees its own push first."""
    request = command.publish
    if request is None or not request.channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    node, channel = connection.node, request.channel
    options = node.access.checked_options(channel)
    if request.type:
        raise CommandError(codes.PERMISSION_DENIED, RESERVED_TYPE)
    data = bytes(request.data)
    node.access.check_data(data, options)
    subscription = connection.subscriptions.get(channel)
    granted = None
    if node.handlers.publish is not None:
        event = PublishEvent(connection=connection, channel=channel, data=data, options=options)
        granted = await settle(node.handlers.publish(event))
    if granted is None:
        if not node.access.may("publish", connection.user, options, subscription):
            raise CommandError(
                codes.PERMISSION_DENIED,
                node.access.why_not("publish", connection.user, channel, options, subscription),
            )
    elif granted.data is not None:
        data = granted.data
    chan_info = None if subscription is None else subscription.chan_info
    info = connection.client_info(chan_info)
    result = node.publish_to(channel, data, options=options, info=info)
    if waits(result):
        await settle(result)
    connection.reply(Reply(id=command.id, publish=_DONE))
