"""Trading with the SDK: accounts that are kept current, and orders that live."""

from __future__ import annotations

from cadenza.client.errors import OutcomeUnknownError, TradingError
from cadenza.client.fields import Number
from cadenza.client.trading.account import Account
from cadenza.client.trading.account_callbacks import AccountCallbacks
from cadenza.client.trading.channels import AccountGiven, TradingChannels
from cadenza.client.trading.errors import AccountChoiceError, AccountClosedError, OrderRejectedError
from cadenza.client.trading.events import (
    AccountEvent,
    AccountUpdated,
    ExecutionReport,
    OrderUpdated,
    PortfolioUpdated,
    Resynced,
    UnknownEvent,
)
from cadenza.client.trading.order import Order, OrderEndedError, OrderTimeoutError
from cadenza.client.trading.order_request import OrderGiven
from cadenza.client.trading.states import Following
from cadenza.client.trading.streams import EventStream
from cadenza.client.trading.values import (
    AccountInfo,
    Balance,
    Execution,
    Portfolio,
    Position,
    Summary,
)

__all__ = [
    "Account",
    "AccountCallbacks",
    "AccountChoiceError",
    "AccountClosedError",
    "AccountEvent",
    "AccountGiven",
    "AccountInfo",
    "AccountUpdated",
    "Balance",
    "EventStream",
    "Execution",
    "ExecutionReport",
    "Following",
    "Number",
    "Order",
    "OrderEndedError",
    "OrderGiven",
    "OrderRejectedError",
    "OrderTimeoutError",
    "OrderUpdated",
    "OutcomeUnknownError",
    "Portfolio",
    "PortfolioUpdated",
    "Position",
    "Resynced",
    "Summary",
    "TradingChannels",
    "TradingError",
    "UnknownEvent",
]
