"""``connect``: the client's user, and its subscriptions from the start."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from cadenza.protocol import codes
from cadenza.protocol.messages import (
    Command,
    ConnectRequest,
    ConnectResult,
    Push,
    Reply,
    SubscribeRequest,
    payload,
)
from cadenza.realtime import establish
from cadenza.realtime.access import with_override
from cadenza.realtime.claims import (
    SubscriptionGrant,
    TokenExpired,
    TokenInvalid,
    TokenUndecided,
    seconds_left,
)
from cadenza.realtime.eager import settle
from cadenza.realtime.encoding import shown_payload
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.establish import Established
from cadenza.realtime.handlers import ConnectEvent, ConnectReply, SubscribeReply
from cadenza.realtime.options import ChannelOptions

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection


async def connect(connection: Connection, command: Command) -> None:
    """Authenticate, subscribe from the server's side, answer."""
    request = command.connect
    if request is None:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    node = connection.node
    try:
        reply = await _authenticated(connection, request)
        if not connection.is_open:
            return
        _admit(connection, reply, request)
        requests, grants = _server_side(connection, request, reply)
    except CommandError as refusal:
        connection.refused(refusal.error)
        if connection.wire.unidirectional:
            raise Disconnected(_as_disconnect(connection, refusal)) from refusal
        raise
    connection.accepted()
    node.hub.add(connection)
    established: list[Established] = []
    for channel, (options, granted) in grants.items():
        with suppress(CommandError):  # the API was quicker, to subscribe or to unsubscribe
            established.append(
                await establish.establish(
                    connection, requests[channel], options, granted, server_side=True
                )
            )
    result = _result(connection, reply, established)
    if connection.wire.unidirectional:
        connection.push(Push(connect=result))
    else:
        connection.reply(Reply(id=command.id, connect=result))
    if node.handlers.connected is not None:
        node.notify(node.handlers.connected, connection)
    for one in established:
        await establish.activate(one)


async def _authenticated(connection: Connection, request: ConnectRequest) -> ConnectReply:
    """Who it is: the application's word, or a token's, or the options' for those without one."""
    node = connection.node
    if node.handlers.connect is not None:
        event = ConnectEvent(
            connection=connection,
            token=request.token,
            data=bytes(request.data),
            name=request.name,
            version=request.version,
            headers=request.headers,
        )
        reply = await settle(node.handlers.connect(event))
        if reply is not None:
            return reply
    if request.token:
        return await _from_token(connection, request.token)
    if connection.preset is not None:
        claims = connection.preset
        return ConnectReply(
            user=claims.user,
            expire_at=claims.expire_at,
            info=claims.info,
            meta=claims.meta,
            subs=claims.subs,
        )
    options = node.client_options
    if options.insecure or options.allow_anonymous_connect_without_token:
        return ConnectReply()
    raise Disconnected(codes.BAD_REQUEST_CLOSE)


async def _from_token(connection: Connection, token: str) -> ConnectReply:
    node = connection.node
    if node.access.verifier is None:
        raise Disconnected(codes.INVALID_TOKEN)
    try:
        claims = await settle(node.access.verifier.connect(token, node.clock.time()))
    except TokenExpired as error:
        raise CommandError(codes.TOKEN_EXPIRED) from error
    except TokenUndecided as error:
        raise CommandError(codes.INTERNAL) from error
    except TokenInvalid as error:
        node.log_token(connection, error)
        raise Disconnected(codes.INVALID_TOKEN) from error
    if not claims.user and node.client_options.disallow_anonymous_connection_tokens:
        raise Disconnected(codes.PERMISSION_DENIED_CLOSE)
    return ConnectReply(
        user=claims.user,
        expire_at=claims.expire_at,
        info=claims.info,
        meta=claims.meta,
        subs=claims.subs,
    )


def _admit(connection: Connection, reply: ConnectReply, request: ConnectRequest) -> None:
    """Give the connection its identity, if there is room for it."""
    node = connection.node
    if reply.expire_at and reply.expire_at <= node.clock.time():
        raise CommandError(codes.EXPIRED)
    most = node.client_options.user_connection_limit
    if most and reply.user and len(node.hub.users.get(reply.user, ())) >= most:
        raise Disconnected(codes.CONNECTION_LIMIT)
    personal = node.client_options.subscribe_to_user_personal_channel
    if personal.enabled and personal.single_connection and reply.user:
        for other in list(node.hub.users.get(reply.user, ())):
            other.disconnect(codes.CONNECTION_LIMIT)
    connection.user = reply.user
    connection.info = reply.info
    connection.meta = reply.meta
    connection.name = request.name
    connection.version = request.version
    if reply.subs:
        connection.token_channels = frozenset(reply.subs)
    connection.set_expiry(reply.expire_at)


def _server_side(
    connection: Connection, request: ConnectRequest, reply: ConnectReply
) -> tuple[dict[str, SubscribeRequest], dict[str, tuple[ChannelOptions, SubscribeReply]]]:
    """The channels that this connection is subscribed to from the start."""
    node = connection.node
    grants: dict[str, SubscriptionGrant] = dict(reply.subs)
    personal = node.client_options.subscribe_to_user_personal_channel
    if personal.enabled and connection.user:
        boundary = node.access.rules.user_boundary
        prefix = personal.personal_channel_namespace
        if prefix:
            prefix += node.access.rules.namespace_boundary
        grants.setdefault(f"{prefix}{boundary}{connection.user}", SubscriptionGrant())
    options = {channel: node.access.options(channel) for channel in grants}
    for channel in request.subs:
        if channel not in grants and _may_attempt(connection, channel):
            grants[channel] = SubscriptionGrant()
            options[channel] = node.access.options(channel)
    most = node.client_options.channel_limit
    if most and len(grants) > most:
        raise Disconnected(codes.CHANNEL_LIMIT)
    requests = {channel: _recovering(channel, request.subs.get(channel)) for channel in grants}
    return requests, {
        channel: (with_override(options[channel], grant.override), SubscribeReply(grant=grant))
        for channel, grant in grants.items()
    }


def _may_attempt(connection: Connection, channel: str) -> bool:
    """Whether a channel that only the client names is subscribed; if not, it is left out."""
    access = connection.node.access
    if not channel or access.find_options(channel) is None:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    try:
        options = access.checked_options(channel)
    except CommandError:
        return False
    return access.may_subscribe(connection.user, channel, options)


def _recovering(channel: str, asked: SubscribeRequest | None) -> SubscribeRequest:
    """What a client may say of a server-side subscription: where it stopped, and delta."""
    if asked is None:
        return SubscribeRequest(channel=channel)
    return SubscribeRequest(
        channel=channel,
        recover=asked.recover,
        offset=asked.offset,
        epoch=asked.epoch,
        delta=asked.delta,
    )


def _result(
    connection: Connection, reply: ConnectReply, established: list[Established]
) -> ConnectResult:
    node, options = connection.node, connection.node.client_options
    now = node.clock.time()
    pings = bool(options.ping_interval) and not connection.transport.frame_ping
    emulated = connection.transport.emulated
    unidirectional = connection.wire.unidirectional
    return ConnectResult(
        client=connection.client,
        version=node.version,
        expires=bool(reply.expire_at),
        ttl=seconds_left(reply.expire_at, now),
        data=shown_payload(payload(reply.data), connection.wire.codec),
        subs={one.subscription.channel: one.result for one in established},
        ping=int(options.ping_interval) if pings else 0,
        pong=pings and bool(options.pong_timeout) and not unidirectional,
        session=connection.session,
        node=node.uid if emulated and not unidirectional else "",
        time=int(now * 1000) if options.connect_include_server_time else 0,
    )


def _as_disconnect(connection: Connection, refusal: CommandError) -> codes.Disconnect:
    """Unidirectional clients get no replies, so an error ends the connection (section 5.4)."""
    configured = connection.node.unidirectional_disconnects.get(refusal.error.code)
    return configured or {
        codes.TOKEN_EXPIRED: codes.CONNECTION_EXPIRED,
        codes.EXPIRED: codes.CONNECTION_EXPIRED,
        codes.TOO_MANY_REQUESTS: codes.RATE_LIMITED,
        codes.PERMISSION_DENIED: codes.PERMISSION_DENIED_CLOSE,
    }.get(refusal.error, codes.SERVER_ERROR)
