"""``presence``, ``presence_stats`` and ``history``: questions of clients about a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.protocol import codes
from cadenza.protocol.messages import (
    Command,
    HistoryResult,
    PresenceResult,
    PresenceStatsResult,
    Reply,
)
from cadenza.realtime.eager import settle
from cadenza.realtime.encoding import Variant, shown, shown_info
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.options import ChannelOptions
from cadenza.realtime.stream import HistoryFilter, StreamPosition

if TYPE_CHECKING:
    from cadenza.realtime.access import Action
    from cadenza.realtime.connection import Connection


def keeps_history(options: ChannelOptions) -> bool:
    """Whether a channel has a stream."""
    return options.history_size > 0 and options.history_ttl > 0


def _check(connection: Connection, channel: str, action: Action) -> ChannelOptions:
    """The channel's options, if the connection may do this.

    Raises:
        CommandError: 102, 107, 108 or 103, whichever comes first.
        Disconnected: There is no channel in the request.
    """
    if not channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    access = connection.node.access
    options = access.checked_options(channel)
    available = keeps_history(options) if action == "history" else options.presence
    if not available:
        raise CommandError(codes.NOT_AVAILABLE)
    if not access.may(action, connection.user, options, connection.subscriptions.get(channel)):
        raise CommandError(codes.PERMISSION_DENIED)
    return options


async def presence(connection: Connection, command: Command) -> None:
    """Everybody in the channel."""
    channel = command.presence.channel if command.presence else ""
    _check(connection, channel, "presence")
    clients = await settle(connection.node.presence.read(channel))
    codec = connection.wire.codec
    shown_clients = {
        client: found
        for client, info in clients.items()
        if (found := shown_info(info, codec)) is not None
    }
    connection.reply(Reply(id=command.id, presence=PresenceResult(presence=shown_clients)))


async def presence_stats(connection: Connection, command: Command) -> None:
    """How many are in the channel."""
    channel = command.presence_stats.channel if command.presence_stats else ""
    _check(connection, channel, "presence")
    stats = await settle(connection.node.presence.stats(channel))
    result = PresenceStatsResult(num_clients=stats.num_clients, num_users=stats.num_users)
    connection.reply(Reply(id=command.id, presence_stats=result))


async def history(connection: Connection, command: Command) -> None:
    """Part of the channel's stream."""
    request = command.history
    options = _check(connection, request.channel if request else "", "history")
    assert request is not None  # noqa: S101 - _check refuses a request without channel
    node = connection.node
    since = StreamPosition(request.since.offset, request.since.epoch) if request.since else None
    if request.reverse and since and since.offset == 0:
        raise CommandError(codes.BAD_REQUEST)
    most = node.client_options.history_max_publication_limit
    limit = request.limit
    if most and (limit < 0 or limit > most):
        limit = most
    page = await settle(
        node.broker.history(
            request.channel,
            HistoryFilter(limit, since, request.reverse),
            node.access.meta_ttl(options),
        )
    )
    if since and since.epoch and since.epoch != page.top.epoch:
        raise CommandError(codes.UNRECOVERABLE_POSITION)
    codec = connection.wire.codec
    result = HistoryResult(
        publications=[shown(found, codec, Variant.PLAIN) for found in page.publications],
        epoch=page.top.epoch,
        offset=page.top.offset,
    )
    connection.reply(Reply(id=command.id, history=result))
