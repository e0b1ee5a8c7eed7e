"""``refresh`` and ``sub_refresh``: new tokens before the old ones run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.protocol import codes
from cadenza.protocol.messages import Command, RefreshResult, Reply, SubRefreshResult
from cadenza.realtime.claims import (
    ConnectClaims,
    TokenExpired,
    TokenInvalid,
    TokenUndecided,
    seconds_left,
)
from cadenza.realtime.eager import settle
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import ConnectReply, RefreshEvent

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection


async def refresh(connection: Connection, command: Command) -> None:
    """Renew the connection's lifetime, and its info, with a new connection token."""
    token = command.refresh.token if command.refresh else ""
    if not token:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    node = connection.node
    now = node.clock.time()
    claims = await _verified(connection, token, now)
    if claims.user != connection.user:
        raise Disconnected(codes.INVALID_TOKEN)
    if claims.expire_at and claims.expire_at <= now:
        raise Disconnected(codes.CONNECTION_EXPIRED)
    if frozenset(claims.subs) != connection.token_channels:
        raise Disconnected(codes.INSUFFICIENT_STATE)
    if claims.info is not None:
        connection.info = claims.info
    # A token without expiry ends the expiry; the reference server keeps the old one, a fault.
    connection.set_expiry(claims.expire_at)
    ttl = seconds_left(claims.expire_at, now)
    result = RefreshResult(expires=bool(claims.expire_at), ttl=ttl)
    connection.reply(Reply(id=command.id, refresh=result))


async def _verified(connection: Connection, token: str, now: float) -> ConnectClaims | ConnectReply:
    node = connection.node
    if node.handlers.refresh is not None:
        event = RefreshEvent(connection=connection, token=token)
        reply = await settle(node.handlers.refresh(event))
        if reply is not None:
            return reply
    if node.access.verifier is None:
        raise Disconnected(codes.INVALID_TOKEN)
    try:
        return await settle(node.access.verifier.connect(token, now))
    except TokenExpired as error:
        raise Disconnected(codes.CONNECTION_EXPIRED) from error
    except TokenUndecided as error:
        raise CommandError(codes.INTERNAL) from error
    except TokenInvalid as error:
        node.log_token(connection, error)
        raise Disconnected(codes.INVALID_TOKEN) from error


async def sub_refresh(connection: Connection, command: Command) -> None:
    """Renew a subscription's lifetime, and its info, with a new subscription token."""
    request = command.sub_refresh
    if request is None or not request.channel:
        raise Disconnected(codes.BAD_REQUEST_CLOSE)
    subscription = connection.subscriptions.get(request.channel)
    if subscription is None:
        raise CommandError(codes.PERMISSION_DENIED)
    if not request.token:
        raise CommandError(codes.BAD_REQUEST)
    node = connection.node
    if node.access.verifier is None:
        raise Disconnected(codes.INVALID_TOKEN)
    now = node.clock.time()
    try:
        claims = await settle(node.access.verifier.subscribe(request.token, now))
    except TokenExpired as error:
        # The reference server accepted an expired token and dropped the expiry, a fault.
        raise Disconnected(codes.SUBSCRIPTION_EXPIRED) from error
    except TokenUndecided as error:
        raise CommandError(codes.INTERNAL) from error
    except TokenInvalid as error:
        node.log_token(connection, error)
        raise Disconnected(codes.INVALID_TOKEN) from error
    matches = claims.channel == request.channel and claims.user == connection.user
    if not matches or claims.client not in {"", connection.client}:
        raise Disconnected(codes.INVALID_TOKEN)
    expire_at = claims.grant.expire_at
    if expire_at and expire_at <= now:
        raise Disconnected(codes.SUBSCRIPTION_EXPIRED)
    subscription.chan_info = claims.grant.info
    subscription.expire_at = expire_at
    result = SubRefreshResult(expires=bool(expire_at), ttl=seconds_left(expire_at, now))
    connection.reply(Reply(id=command.id, sub_refresh=result))
