"""What the server says in the documented WebSocket API: ``WsReply`` and its pushes.

Source: WebSocketApi.md, and the WebSocket schemas of the API.
"""

from __future__ import annotations

from typing import Any

from cadenza.client.websocket_api.models import (
    WsClientInfo,
    WsConnectResult,
    WsError,
    WsHistoryResult,
    WsModel,
    WsPresenceResult,
    WsPresenceStatsResult,
    WsPublication,
    WsRefreshResult,
    WsRPCResult,
    WsSubRefreshResult,
    WsSubscribeResult,
)


class WsJoin(WsModel):
    """A client joined."""

    info: WsClientInfo | None = None


class WsLeave(WsModel):
    """A client left."""

    info: WsClientInfo | None = None


class WsUnsubscribePush(WsModel):
    """The server ended a subscription: from 2500 on subscribe again."""

    code: int | None = None
    reason: str | None = None


class WsMessage(WsModel):
    """Data outside of any channel."""

    data: Any = None


class WsSubscribePush(WsModel):
    """The server subscribed the connection."""

    recoverable: bool | None = None
    epoch: str | None = None
    offset: int | None = None
    positioned: bool | None = None
    data: Any = None


class WsConnectPush(WsModel):
    """Connected, on a one-way transport."""

    client: str | None = None
    version: str | None = None
    data: Any = None


class WsDisconnect(WsModel):
    """The server is about to disconnect."""

    code: int | None = None
    reason: str | None = None
    reconnect: bool | None = None


class WsRefreshPush(WsModel):
    """When the connection expires now."""

    expires: bool | None = None
    ttl: int | None = None


class WsPush(WsModel):
    """Something that nobody asked for: one of these, of a channel."""

    channel: str | None = None
    pub: WsPublication | None = None
    join: WsJoin | None = None
    leave: WsLeave | None = None
    unsubscribe: WsUnsubscribePush | None = None
    message: WsMessage | None = None
    subscribe: WsSubscribePush | None = None
    connect: WsConnectPush | None = None
    disconnect: WsDisconnect | None = None
    refresh: WsRefreshPush | None = None


class WsReply(WsModel):
    """An answer, with the id of its command; a push, without; or a ping, with neither."""

    id: int | None = None
    error: WsError | None = None
    push: WsPush | None = None
    connect: WsConnectResult | None = None
    subscribe: WsSubscribeResult | None = None
    unsubscribe: dict[str, Any] | None = None
    publish: dict[str, Any] | None = None
    presence: WsPresenceResult | None = None
    presence_stats: WsPresenceStatsResult | None = None
    history: WsHistoryResult | None = None
    ping: dict[str, Any] | None = None
    rpc: WsRPCResult | None = None
    refresh: WsRefreshResult | None = None
    sub_refresh: WsSubRefreshResult | None = None

    @property
    def is_ping(self) -> bool:
        """Whether it is the server's ping, which the connection answers by itself."""
        return self == WsReply()
