"""The client of the Centrifugo protocol, for Cadenza and every other server of it.

::

    async with cadenza.connect(url, token=token) as client:
        async for publication in await client.subscribe("news"):
            print(publication.data)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Unpack

from cadenza.client.client import Client
from cadenza.client.errors import (
    ApiError,
    BufferOverflowError,
    CallTimeoutError,
    ClientError,
    ClosedError,
    ConnectionLostError,
    DisconnectedError,
    Fault,
    OutcomeUnknownError,
    ReplyError,
    TokenError,
    TransportError,
    UnauthorizedError,
    UnsubscribedError,
    UsageError,
)
from cadenza.client.market.book_side import Level
from cadenza.client.market.changes import BookChange, BookChanges, BookState
from cadenza.client.market.data import (
    Candle,
    MarketInstrument,
    MarketKline,
    MarketTicker,
    MarketTrade,
)
from cadenza.client.market.data_frame import Depth
from cadenza.client.market.errors import (
    BookError,
    BookFaultError,
    InsufficientDepthError,
    StaleBookError,
    WrongInstrumentError,
)
from cadenza.client.market.live_book import LiveOrderBook
from cadenza.client.market.order_book import OrderBook
from cadenza.client.market.typed_channel import PayloadError, TypedChannel
from cadenza.client.options import (
    ClientCallbacks,
    ClientOptions,
    ConnectArguments,
    Overflow,
    SubscriptionCallbacks,
    SubscriptionOptions,
    split,
)
from cadenza.client.states import ClientState, SubscriptionState
from cadenza.client.subscription import Subscription
from cadenza.client.tags import tag
from cadenza.client.trading import (
    Account,
    AccountChoiceError,
    AccountClosedError,
    AccountEvent,
    AccountInfo,
    AccountState,
    AccountSummary,
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
    Portfolio,
    PortfolioUpdated,
    Position,
    Resynced,
    UnknownEvent,
)
from cadenza.client.values import (
    Cause,
    ClientStats,
    Connected,
    HistoryPage,
    PresenceStats,
    Publication,
    ServerPublication,
    StreamPosition,
    Subscribed,
)
from cadenza.protocol.messages import ClientInfo

__all__ = [
    "Account",
    "AccountChoiceError",
    "AccountClosedError",
    "AccountEvent",
    "AccountInfo",
    "AccountState",
    "AccountSummary",
    "AccountUpdated",
    "ApiError",
    "Balance",
    "BookChange",
    "BookChanges",
    "BookError",
    "BookFaultError",
    "BookState",
    "BufferOverflowError",
    "CallTimeoutError",
    "Candle",
    "Cause",
    "Client",
    "ClientCallbacks",
    "ClientError",
    "ClientInfo",
    "ClientOptions",
    "ClientState",
    "ClientStats",
    "ClosedError",
    "Connected",
    "ConnectionLostError",
    "Depth",
    "DisconnectedError",
    "EventStream",
    "Execution",
    "ExecutionReport",
    "Fault",
    "HistoryPage",
    "InsufficientDepthError",
    "Level",
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
    "StreamPosition",
    "Subscribed",
    "Subscription",
    "SubscriptionCallbacks",
    "SubscriptionOptions",
    "SubscriptionState",
    "TokenError",
    "TransportError",
    "TypedChannel",
    "UnauthorizedError",
    "UnknownEvent",
    "UnsubscribedError",
    "UsageError",
    "WrongInstrumentError",
    "connect",
    "tag",
]


def connect(
    url: str, *, options: ClientOptions | None = None, **given: Unpack[ConnectArguments]
) -> Client:
    """Make a client of a server; ``async with`` connects and closes it.

    Args:
        url: The address of the WebSocket endpoint, ``ws://`` or ``wss://``.
        options: Options to start from.
        given: Fields of ``ClientOptions`` (``token``, ``get_token``, ``protocol``, ...) and of
            ``ClientCallbacks`` (``on_connected``, ``on_error``, ...), which override ``options``.

    Raises:
        UsageError: The address is not that of a WebSocket, or an option is unknown or cannot be
            right.
    """
    chosen, callbacks = split("connect", given, ClientOptions, ClientCallbacks)
    return Client(url, replace(options or ClientOptions(), **chosen), ClientCallbacks(**callbacks))
