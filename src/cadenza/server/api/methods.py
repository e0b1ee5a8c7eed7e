"""The methods of the server API."""

from __future__ import annotations

import asyncio
import fnmatch
import re
from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Raw

from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect, ErrorCode
from cadenza.protocol.messages import ClientInfo
from cadenza.realtime import CommandError, HistoryFilter, Node, StreamPosition
from cadenza.realtime.controller import (
    DisconnectUser,
    RefreshUser,
    SubscribeUser,
    Target,
    UnsubscribeUser,
)
from cadenza.server.api import requests as api
from cadenza.server.api.requests import Result

NOT_FOUND: Final = ErrorCode(104, "not found")
CONFLICT: Final = ErrorCode(113, "conflict")
BROADCAST_PARALLEL: Final = 1024
"""Publications of one broadcast on their way at once."""

RPC = Callable[[str, bytes], Awaitable[bytes]]


def _target(request: api.UserRequest) -> Target:
    """A user's connections; with a client or session id alone, that connection."""
    alone = not request.user and (request.client or request.session)
    user = None if alone else request.user
    return Target(user=user, client=request.client, session=request.session)


def _need(*values: object) -> None:
    if not all(values):
        raise CommandError(codes.BAD_REQUEST)


class Methods:
    """The methods, for one node.

    Args:
        node: The node that they act on.
        rpc: Answers ``rpc``; raises ``CommandError`` ``NOT_FOUND`` for methods it has not got.
    """

    def __init__(self, node: Node, rpc: RPC | None = None) -> None:
        self._node = node
        self._rpc = rpc

    async def publish(self, request: api.PublishRequest) -> Result:
        """Publish to a channel."""
        _need(request.channel)
        return await self._publish(request.channel, request)

    async def broadcast(self, request: api.BroadcastRequest) -> Result:
        """Publish to many channels; each has its own outcome, in the order of the request."""
        _need(request.channels)
        responses: list[dict[str, object]] = []
        for start in range(0, len(request.channels), BROADCAST_PARALLEL):
            part = request.channels[start : start + BROADCAST_PARALLEL]
            responses += await asyncio.gather(
                *(self._publish_one(channel, request) for channel in part)
            )
        return {"responses": responses}

    async def _publish_one(self, channel: str, request: api.BroadcastRequest) -> dict[str, object]:
        try:
            _need(channel)
            return {"result": await self._publish(channel, request)}
        except CommandError as error:
            return {"error": shown_error(error.error)}

    async def _publish(self, channel: str, request: api.PublishFields) -> api.PublishResult:
        data = api.payload_of(request.data, request.b64data)
        _need(data)
        options = self._node.access.options(channel)
        self._node.access.check_data(data, options)
        result = await self._node.publish(
            channel,
            data,
            options=options,
            tags=request.tags,
            skip_history=request.skip_history,
            idempotency_key=request.idempotency_key,
            delta=request.delta,
            version=request.version,
            version_epoch=request.version_epoch,
        )
        return api.PublishResult(offset=result.position.offset, epoch=result.position.epoch)

    async def subscribe(self, request: api.SubscribeRequest) -> Result:
        """Subscribe a user's connections from the server's side."""
        _need(request.channel)
        now = self._node.clock.time()
        if request.expire_at and request.expire_at <= now:
            raise CommandError(codes.INTERNAL)
        since = request.recover_since
        await self._node.admin.subscribe(
            SubscribeUser(
                target=_target(request),
                channel=request.channel,
                grant=request.grant(),
                recover_since=StreamPosition(since.offset, since.epoch) if since else None,
            )
        )
        return {}

    async def unsubscribe(self, request: api.UnsubscribeRequest) -> Result:
        """End a user's subscriptions to a channel."""
        self._node.access.options(request.channel)
        await self._node.admin.unsubscribe(
            UnsubscribeUser(target=_target(request), channel=request.channel)
        )
        return {}

    async def disconnect(self, request: api.DisconnectRequest) -> Result:
        """End a user's connections."""
        wanted = request.disconnect
        end = codes.FORCE_DISCONNECT
        if wanted is not None and wanted.code:
            end = Disconnect(wanted.code, wanted.reason)
        await self._node.admin.disconnect(
            DisconnectUser(target=_target(request), disconnect=end, whitelist=request.whitelist)
        )
        return {}

    async def refresh(self, request: api.RefreshRequest) -> Result:
        """Change the lifetime of a user's connections."""
        await self._node.admin.refresh(
            RefreshUser(
                target=_target(request),
                expired=request.expired,
                expire_at=request.expire_at,
                info=bytes(request.info) or None,
            )
        )
        return {}

    async def presence(self, request: api.ChannelRequest) -> Result:
        """Who is in a channel."""
        _need(request.channel)
        clients = await self._node.admin.presence(request.channel)
        return api.PresenceResult(
            presence={client: _shown_info(info) for client, info in clients.items()}
        )

    async def presence_stats(self, request: api.ChannelRequest) -> Result:
        """How many are in a channel."""
        _need(request.channel)
        stats = await self._node.admin.presence_stats(request.channel)
        return api.PresenceStatsResult(num_clients=stats.num_clients, num_users=stats.num_users)

    async def history(self, request: api.HistoryRequest) -> Result:
        """Part of a stream, without the limit that clients have."""
        _need(request.channel)
        since = request.since
        page = await self._node.admin.history(
            request.channel,
            HistoryFilter(
                request.limit,
                StreamPosition(since.offset, since.epoch) if since else None,
                request.reverse,
            ),
        )
        publications = [
            api.HistoryPublication(
                data=api.shown_payload(found.data),
                info=_shown_info(found.info) if found.info else None,
                offset=found.offset,
                tags=found.tags,
            )
            for found in page.publications
        ]
        return api.HistoryResult(
            publications=publications, epoch=page.top.epoch, offset=page.top.offset
        )

    async def history_remove(self, request: api.ChannelRequest) -> Result:
        """Forget a stream's publications."""
        _need(request.channel)
        await self._node.admin.history_remove(request.channel)
        return {}

    async def channels(self, request: api.ChannelsRequest) -> Result:
        """Channels with subscribers, on all nodes."""
        pattern = re.compile(fnmatch.translate(request.pattern or "*"))
        found: dict[str, dict[str, int]] = {}
        for state in await self._node.admin.survey():
            for name, count in state.channels.items():
                if pattern.match(name):
                    entry = found.setdefault(name, {"num_clients": 0})
                    entry["num_clients"] += count
        return {"channels": found}

    async def info(self, _: api.InfoRequest) -> Result:
        """All nodes."""
        nodes = [
            api.NodeResult(
                uid=state.info.uid,
                name=state.info.name,
                version=state.info.version,
                num_clients=state.info.num_clients,
                num_users=state.info.num_users,
                num_subs=state.info.num_subs,
                num_channels=state.info.num_channels,
                uptime=state.info.uptime,
                metrics=api.NodeMetrics(interval=0, items={}),
            )
            for state in await self._node.admin.survey()
        ]
        return {"nodes": nodes}

    async def rpc(self, request: api.RPCRequest) -> Result:
        """A method of the application's own."""
        _need(request.method)
        if self._rpc is None:
            raise CommandError(NOT_FOUND)
        return {"data": Raw(await self._rpc(request.method, bytes(request.params)))}


REQUESTS: Final[dict[str, type[api.Request]]] = {
    "publish": api.PublishRequest,
    "broadcast": api.BroadcastRequest,
    "subscribe": api.SubscribeRequest,
    "unsubscribe": api.UnsubscribeRequest,
    "disconnect": api.DisconnectRequest,
    "refresh": api.RefreshRequest,
    "presence": api.ChannelRequest,
    "presence_stats": api.ChannelRequest,
    "history": api.HistoryRequest,
    "history_remove": api.ChannelRequest,
    "channels": api.ChannelsRequest,
    "info": api.InfoRequest,
    "rpc": api.RPCRequest,
}
"""The methods, and what each takes. ``batch`` is the endpoint's own."""


def shown_error(error: ErrorCode) -> dict[str, object]:
    """An error of the API: it has no ``temporary``."""
    return {"code": error.code, "message": error.message}


def _shown_info(info: ClientInfo) -> ClientInfo:
    return ClientInfo(
        user=info.user,
        client=info.client,
        conn_info=api.shown_payload(info.conn_info),
        chan_info=api.shown_payload(info.chan_info),
    )
