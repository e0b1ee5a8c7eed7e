"""``subscribe`` and ``unsubscribe``: the grant, and the answer that says where it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes, tags_filter
from cadenza.protocol.errors import FilterError
from cadenza.protocol.messages import Command, Empty, Reply, SubscribeRequest
from cadenza.realtime import establish
from cadenza.realtime.access import with_override
from cadenza.realtime.claims import SubscriptionGrant, TokenExpired, TokenInvalid, TokenUndecided
from cadenza.realtime.eager import settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import SubscribeEvent, SubscribeReply
from cadenza.realtime.options import ChannelOptions
from cadenza.realtime.subscription import TagsFilter

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

SHARED_POLL: Final = 4
REJECT_UNRECOVERED: Final = 2


async def subscribe(connection: Connection, command: Command) -> None:
    """Check in the order of the protocol's facts (section 4.1), then establish and answer."""
    request = command.subscribe
    if request is None or not request.channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    _check_request(connection, request)
    options, reply = await _granted(connection, request)
    wanted = _tags_filter(request, options)
    established = await establish.establish(
        connection, request, options, reply, server_side=False, tags_filter=wanted
    )
    recovery = established.recovery
    if request.flag & REJECT_UNRECOVERED and recovery is not None and not recovery.recovered:
        await establish.undo(established)
        raise CommandError(codes.UNRECOVERABLE_POSITION)
    connection.reply(Reply(id=command.id, subscribe=established.result))
    await establish.activate(established)


async def unsubscribe(connection: Connection, command: Command) -> None:
    """Stop listening; fine also when nobody listened."""
    channel = command.unsubscribe.channel if command.unsubscribe else ""
    if not channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    subscription = connection.subscriptions.get(channel)
    if subscription is not None:
        await connection.node.leave(subscription, codes.CLIENT_UNSUBSCRIBED)
    connection.reply(Reply(id=command.id, unsubscribe=Empty()))


def _check_request(connection: Connection, request: SubscribeRequest) -> None:
    """What can be said without looking at the namespace."""
    node, channel = connection.node, request.channel
    if request.type == SHARED_POLL:
        raise CommandError(codes.NOT_AVAILABLE)
    if request.delta not in {"", "fossil"}:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    longest = node.access.rules.max_length
    if longest and len(channel.encode()) > longest:
        raise CommandError(codes.BAD_REQUEST)
    if channel in connection.subscriptions:
        raise CommandError(codes.ALREADY_SUBSCRIBED)
    most = node.client_options.channel_limit
    if most and len(connection.subscriptions) >= most:
        raise CommandError(codes.LIMIT_EXCEEDED)


async def _granted(
    connection: Connection, request: SubscribeRequest
) -> tuple[ChannelOptions, SubscribeReply]:
    """The channel's options for this subscriber, and what it was granted.

    The application may know channels whose namespace is not configured, if it brings the options.
    """
    node, channel = connection.node, request.channel
    reply: SubscribeReply | None = None
    if node.handlers.subscribe is not None:
        event = SubscribeEvent(
            connection=connection,
            channel=channel,
            token=request.token,
            data=bytes(request.data),
            options=node.access.find_options(channel),
        )
        reply = await settle(node.handlers.subscribe(event))
    options = reply.options if reply is not None else None
    if options is None:
        options = node.access.checked_options(channel)
    if request.type:
        raise CommandError(codes.PERMISSION_DENIED)
    if reply is None or reply.by_rules:
        grant = await _grant_by_rules(connection, request, options)
        reply = SubscribeReply(grant=grant, state=reply.state if reply is not None else None)
    expire_at = reply.grant.expire_at
    if expire_at and expire_at <= node.clock.time():
        raise CommandError(codes.EXPIRED)
    return with_override(options, reply.grant.override), reply


async def _grant_by_rules(
    connection: Connection, request: SubscribeRequest, options: ChannelOptions
) -> SubscriptionGrant:
    node, channel = connection.node, request.channel
    if not request.token:
        if not node.access.may_subscribe(connection.user, channel, options):
            raise CommandError(codes.PERMISSION_DENIED)
        return SubscriptionGrant()
    if node.access.verifier is None:
        raise CommandError(codes.PERMISSION_DENIED)
    try:
        claims = await settle(node.access.verifier.subscribe(request.token, node.clock.time()))
    except TokenExpired as error:
        raise CommandError(codes.TOKEN_EXPIRED) from error
    except TokenUndecided as error:
        raise CommandError(codes.INTERNAL) from error
    except TokenInvalid as error:
        node.log_token(connection, error)
        raise CommandError(codes.PERMISSION_DENIED) from error
    matches = claims.channel == channel and claims.user == connection.user
    if not matches or claims.client not in {"", connection.client}:
        raise Disconnected(codes.INVALID_TOKEN)
    return claims.grant


def _tags_filter(request: SubscribeRequest, options: ChannelOptions) -> TagsFilter | None:
    if request.tf is None:
        return None
    if not options.allow_tags_filter:
        raise CommandError(codes.BAD_REQUEST)
    try:
        return tags_filter.compile_filter(request.tf)
    except FilterError as error:
        raise CommandError(codes.BAD_REQUEST) from error
