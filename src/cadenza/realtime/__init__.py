"""The realtime engine: a server of the Centrifugo client protocol as a library.

``Node`` is the engine; ``Handlers`` are an application's decisions; ``ChannelRules`` and
``ClientOptions`` are the options of a configuration file. A server brings the transports.
"""

from __future__ import annotations

from cadenza.clock import Clock, LoopClock, VirtualClock
from cadenza.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from cadenza.realtime.access import Access
from cadenza.realtime.claims import (
    ConnectClaims,
    Override,
    SubscribeClaims,
    SubscriptionGrant,
    TokenError,
    TokenExpired,
    TokenInvalid,
    TokenUndecided,
    TokenVerifier,
)
from cadenza.realtime.connection import Connection
from cadenza.realtime.duration import Duration
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.handlers import (
    ConnectEvent,
    ConnectReply,
    Handlers,
    PublishEvent,
    PublishReply,
    RefreshEvent,
    RPCEvent,
    SubscribeEvent,
    SubscribeReply,
)
from cadenza.realtime.node import Node
from cadenza.realtime.options import ChannelOptions, ChannelRules, ClientOptions, Namespace
from cadenza.realtime.stream import HistoryFilter, Page, StreamPosition

__all__ = [
    "Access",
    "ChannelOptions",
    "ChannelRules",
    "ClientOptions",
    "Clock",
    "CommandError",
    "ConnectClaims",
    "ConnectEvent",
    "ConnectReply",
    "Connection",
    "Disconnect",
    "Disconnected",
    "Duration",
    "ErrorCode",
    "Handlers",
    "HistoryFilter",
    "LoopClock",
    "Namespace",
    "Node",
    "Override",
    "Page",
    "PublishEvent",
    "PublishReply",
    "RPCEvent",
    "RefreshEvent",
    "StreamPosition",
    "SubscribeClaims",
    "SubscribeEvent",
    "SubscribeReply",
    "SubscriptionGrant",
    "TokenError",
    "TokenExpired",
    "TokenInvalid",
    "TokenUndecided",
    "TokenVerifier",
    "Unsubscribe",
    "VirtualClock",
]
