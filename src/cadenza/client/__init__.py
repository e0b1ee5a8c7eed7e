"""The client of the Centrifugo protocol, for Cadenza and every other server of it.

async with cadenza.connect(url, token=token) as client:
    async for publication in await client.subscribe("news"):
        print(publication.data)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from cadenza.client.client import Client
from cadenza.client.errors import (
    BufferOverflowError,
    CallTimeoutError,
    ClientError,
    ClosedError,
    ConnectionLostError,
    DisconnectedError,
    Fault,
    ReplyError,
    TokenError,
    TransportError,
    UnauthorizedError,
    UnsubscribedError,
    UsageError,
)
from cadenza.client.market.changes import BookState, Change
from cadenza.client.market.data import Bar, MarketInstrument, MarketKline, MarketTicker, MarketTrade
from cadenza.client.market.errors import BookError, BookFaultError, StaleBookError
from cadenza.client.market.live_book import LiveOrderBook
from cadenza.client.market.order_book import OrderBook
from cadenza.client.market.typed_channel import PayloadError, TypedChannel
from cadenza.client.options import (
    ClientCallbacks,
    ClientOptions,
    ConnectGiven,
    Overflow,
    SubscriptionOptions,
    split,
)
from cadenza.client.states import State, SubscriptionState
from cadenza.client.subscription import Subscription, SubscriptionCallbacks
from cadenza.client.tags import tag
from cadenza.client.trading import (
    Account,
    AccountChoiceError,
    AccountClosedError,
    AccountEvent,
    AccountInfo,
    AccountUpdated,
    Balance,
    EventStream,
    Execution,
    ExecutionReport,
    Order,
    OrderEndedError,
    OrderRejectedError,
    OrderTimeoutError,
    OrderUpdated,
    OutcomeUnknownError,
    Portfolio,
    PortfolioUpdated,
    Resynced,
    Summary,
    TradingError,
)
from cadenza.client.values import (
    Connected,
    HistoryPage,
    Left,
    Position,
    PresenceStats,
    Publication,
    ServerPublication,
    Stats,
    Subscribed,
)
from cadenza.protocol.messages import ClientInfo

__all__ = [
    "Account",
    "AccountChoiceError",
    "AccountClosedError",
    "AccountEvent",
    "AccountInfo",
    "AccountUpdated",
    "Balance",
    "Bar",
    "BookError",
    "BookFaultError",
    "BookState",
    "BufferOverflowError",
    "CallTimeoutError",
    "Change",
    "Client",
    "ClientCallbacks",
    "ClientError",
    "ClientInfo",
    "ClientOptions",
    "ClosedError",
    "Connected",
    "ConnectionLostError",
    "DisconnectedError",
    "EventStream",
    "Execution",
    "ExecutionReport",
    "Fault",
    "HistoryPage",
    "Left",
    "LiveOrderBook",
    "MarketInstrument",
    "MarketKline",
    "MarketTicker",
    "MarketTrade",
    "Order",
    "OrderBook",
    "OrderEndedError",
    "OrderRejectedError",
    "OrderTimeoutError",
    "OrderUpdated",
    "OutcomeUnknownError",
    "Overflow",
    "PayloadError",
    "Portfolio",
    "PortfolioUpdated",
    "Position",
    "PresenceStats",
    "Publication",
    "ReplyError",
    "Resynced",
    "ServerPublication",
    "StaleBookError",
    "State",
    "Stats",
    "Subscribed",
    "Subscription",
    "SubscriptionCallbacks",
    "SubscriptionOptions",
    "SubscriptionState",
    "Summary",
    "TokenError",
    "TradingError",
    "TransportError",
    "TypedChannel",
    "UnauthorizedError",
    "UnsubscribedError",
    "UsageError",
    "connect",
    "tag",
]


def connect(
    url: str, *, options: ClientOptions | None = None, **given: Unpack[ConnectGiven]
) -> Client:
    """A client of the server at ``url``; ``async with`` connects and closes it.

    Args:
        url: The address of the WebSocket endpoint, ``ws://`` or ``wss://``.
        options: Options to start from.
        given: Fields of ``ClientOptions`` (``token``, ``get_token``, ``protocol``, ...) and of
            ``ClientCallbacks`` (``on_connected``, ``on_error``, ...).

    Raises:
        UsageError: An option is unknown or cannot be right.
    """
    chosen, callbacks = split("connect", given, ClientOptions, ClientCallbacks)
    return Client(url, replace(options or ClientOptions(), **chosen), ClientCallbacks(**callbacks))
