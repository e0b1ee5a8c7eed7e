"""Setting up a subscription: what is granted, where it begins, and what was missed.

The steps are the same whoever subscribes (a client, a token, the API): register, add to presence,
read the stream, answer, then push. Publications that arrive in between wait in the subscription and
are joined to what was read, so nothing is lost or seen twice.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from cadenza.protocol import codes
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.messages import (
    Publication,
    Push,
    SubscribePush,
    SubscribeRequest,
    SubscribeResult,
    payload,
)
from cadenza.realtime.broker import Delivery
from cadenza.realtime.claims import seconds_left
from cadenza.realtime.eager import settle
from cadenza.realtime.encoding import (
    PublicationEncoder,
    Variant,
    shown_payload,
    shown_recovered,
)
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import SubscribeReply
from cadenza.realtime.options import ChannelOptions
from cadenza.realtime.recovery import Recovery, join_live, recover_cache, recover_stream
from cadenza.realtime.stream import HistoryFilter, Page, StreamPosition
from cadenza.realtime.subscription import Subscription, TagsFilter

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

logger: Final = logging.getLogger("cadenza.realtime")


class Established(NamedTuple):
    """A subscription that is ready to be answered."""

    subscription: Subscription
    result: SubscribeResult
    position: StreamPosition | None
    """Where the subscriber stands once it has the result."""
    recovery: Recovery | None
    """``None`` if recovery was not asked for or is not on."""


async def establish(
    connection: Connection,
    request: SubscribeRequest,
    options: ChannelOptions,
    reply: SubscribeReply,
    *,
    server_side: bool,
    tags_filter: TagsFilter | None = None,
) -> Established:
    """Register a subscription and work out its result.

    Raises:
        CommandError: 105 if there is such a subscription by now, 100 if it was ended meanwhile.
        Disconnected: 3004 if broker or presence failed, 3010 if what was read and what arrived
            meanwhile do not join, 3000 if the connection is over.
        PayloadError: The connection's wire cannot carry what is to be answered.
    """
    if not connection.is_open:
        raise Disconnected(codes.CONNECTION_CLOSED)
    if request.channel in connection.subscriptions:
        raise CommandError(codes.ALREADY_SUBSCRIBED)
    subscription = Subscription(connection, request.channel, options, server_side=server_side)
    _grant(subscription, request, reply)
    subscription.tags_filter = tags_filter
    node = connection.node
    connection.subscriptions[request.channel] = subscription
    channel = node.hub.channel(request.channel)
    channel.add(subscription)
    node.hub.num_subscriptions += 1
    try:
        await settle(node.listen(request.channel))
        if options.presence and subscription.current:
            await _enter(subscription)
        page, recovery = await _read(subscription, request)
        _check_current(subscription)
        return _established(subscription, request, reply, page, recovery)
    except (CommandError, Disconnected, PayloadError):
        await node.leave(subscription, codes.CLIENT_DISCONNECTED)
        raise
    except Exception as error:
        logger.exception("subscribe to %r failed", request.channel)
        await node.leave(subscription, codes.CLIENT_DISCONNECTED)
        raise Disconnected(codes.SERVER_ERROR) from error


async def _enter(subscription: Subscription) -> None:
    """Add the subscriber to presence, and take it out again if it left before that was done."""
    presence, name = subscription.connection.node.presence, subscription.channel
    await settle(presence.add(name, subscription.info()))
    now = subscription.connection.subscriptions.get(name)
    if now is None or not now.options.presence:
        await settle(presence.remove(name, subscription.connection.client))


def _check_current(subscription: Subscription) -> None:
    """Raise if the connection was lost, or the API ended or replaced the subscription."""
    if subscription.current:
        return
    connection = subscription.connection
    if not connection.is_open:
        raise Disconnected(codes.CONNECTION_CLOSED)
    replaced = subscription.channel in connection.subscriptions
    raise CommandError(codes.ALREADY_SUBSCRIBED if replaced else codes.INTERNAL)


async def activate(established: Established) -> None:
    """The result is out: push what belongs after it, then everything that comes."""
    subscription, position = established.subscription, established.position
    connection, name = subscription.connection, subscription.channel
    node = connection.node
    if not subscription.current:
        return
    recovered = established.recovery is not None and established.recovery.recovered
    if subscription.snapshot is not None and not recovered:
        node.push_snapshot(subscription, None)
    for publication in subscription.waiting or []:
        if publication.offset and position is not None:
            if publication.offset <= position.offset:
                continue
            if subscription.positioned and publication.offset > position.offset + 1:
                connection.insufficient_state(subscription)
                return
            position = StreamPosition(publication.offset, position.epoch)
        _push_late(subscription, publication)
    if connection.subscriptions.get(name) is not subscription:  # writing showed it to be slow
        return
    node.hub.channel(name).activate(subscription, position)
    if subscription.options.join_leave:
        await settle(node.broker.publish_join(name, subscription.info()))


def _push_late(subscription: Subscription, publication: Publication) -> None:
    """Push a publication that arrived while the subscribe was being answered."""
    wanted, connection = subscription.tags_filter, subscription.connection
    if wanted is not None and not wanted(publication.tags):
        return
    encoder = PublicationEncoder(subscription.channel, Delivery(publication, ""))
    variant = Variant.FULL if subscription.delta else Variant.PLAIN
    connection.node.outbox.send(connection, encoder.encode(connection.wire, variant))
    subscription.has_base = subscription.positioned and publication.offset > 0


async def undo(established: Established) -> None:
    """Forget a subscription that is not to be."""
    subscription = established.subscription
    await subscription.connection.node.leave(subscription, codes.CLIENT_DISCONNECTED)


def _grant(subscription: Subscription, request: SubscribeRequest, reply: SubscribeReply) -> None:
    """Decide the subscription's features; what is not granted is silently off."""
    options, access = subscription.options, subscription.connection.node.access
    user = subscription.connection.user
    history = (
        options.history_size > 0
        and options.history_ttl > 0
        and access.may("history", user, options, subscription)
    )
    subscription.recoverable = options.force_recovery or (
        request.recoverable and (options.allow_recovery or history)
    )
    subscription.positioned = (
        subscription.recoverable
        or options.force_positioning
        or (request.positioned and (options.allow_positioning or history))
    )
    subscription.push_join_leave = options.join_leave and (
        options.force_push_join_leave
        or (
            request.join_leave
            and options.presence
            and access.may("presence", user, options, subscription)
        )
    )
    # A filtered subscriber misses publications, so it would miss bases too.
    subscription.delta = (
        bool(request.delta)
        and request.delta in (options.allowed_delta_types or ())
        and request.tf is None
    )
    subscription.chan_info = reply.grant.info
    subscription.expire_at = reply.grant.expire_at
    handlers = subscription.connection.node.handlers
    if handlers.snapshot is not None:
        subscription.snapshot = handlers.snapshot(subscription.channel)


async def _read(
    subscription: Subscription, request: SubscribeRequest
) -> tuple[Page | None, Recovery | None]:
    """The stream's position, and what a recovering subscriber missed."""
    if not subscription.positioned:
        return None, None
    node, options = subscription.connection.node, subscription.options
    cache = options.force_recovery_mode == "cache"
    asked = request.recover or (cache and options.auto_cache_recover)
    recovering = asked and subscription.recoverable
    since = StreamPosition(request.offset, request.epoch)
    most = node.client_options.recovery_max_publication_limit or -1
    if not recovering:
        wanted = HistoryFilter()
    elif cache:
        # Deep enough to find one that passes the filter.
        wanted = HistoryFilter(most if subscription.tags_filter else 1, None, reverse=True)
    else:
        wanted = HistoryFilter(most, since)
    page = await settle(
        node.broker.history(subscription.channel, wanted, node.access.meta_ttl(options))
    )
    if not recovering:
        return page, None
    if not cache:
        return page, recover_stream(since, page)
    matches = subscription.tags_filter
    return page, recover_cache(
        since, page, matches and (lambda publication: matches(publication.tags))
    )


def _established(
    subscription: Subscription,
    request: SubscribeRequest,
    reply: SubscribeReply,
    page: Page | None,
    recovery: Recovery | None,
) -> Established:
    node, options = subscription.connection.node, subscription.options
    asked = request.recover or (
        options.force_recovery_mode == "cache" and options.auto_cache_recover
    )
    codec = subscription.connection.wire.codec
    data = reply.grant.data if reply.state is None else reply.state()
    result = SubscribeResult(
        data=shown_payload(payload(data), codec),
        was_recovering=asked,
        delta=subscription.delta,
        publish_debounce=round(options.client_publish_debounce_interval * 1000),
    )
    if subscription.expire_at:
        result.expires = True
        result.ttl = seconds_left(subscription.expire_at, node.clock.time())
    if page is None:
        return Established(subscription, result, None, None)
    position = page.top
    result.positioned = True
    result.recoverable = subscription.recoverable
    result.epoch = position.epoch
    result.offset = position.offset
    if recovery is not None and recovery.recovered:
        missed = join_live(recovery.publications, subscription.waiting or [], position.offset)
        if missed is None:
            raise Disconnected(codes.INSUFFICIENT_STATE)
        if missed:
            position = StreamPosition(max(position.offset, missed[-1].offset), position.epoch)
        result.recovered = True
        result.offset = request.offset
        if (wanted := subscription.tags_filter) is not None:
            missed = [publication for publication in missed if wanted(publication.tags)]
        result.publications = shown_recovered(missed, codec, delta=subscription.delta)
        # Who missed nothing is sent nothing, so it may hold no base: a client that only knows its
        # position, from a storage or a rendered page, never had one.
        subscription.has_base = bool(missed)
    return Established(subscription, result, position, recovery)


def subscribe_push(established: Established) -> Push:
    """Tell a client that the server subscribed it."""
    result = established.result
    push = SubscribePush(
        recoverable=result.recoverable,
        epoch=result.epoch,
        offset=result.offset,
        positioned=result.positioned,
        data=result.data,
    )
    return Push(channel=established.subscription.channel, subscribe=push)
