"""Trading with the SDK: accounts that are kept current, and live orders."""

from __future__ import annotations

from cadenza.client.errors import ApiError, OutcomeUnknownError
from cadenza.client.fields import Number
from cadenza.client.trading.account import Account
from cadenza.client.trading.account_callbacks import AccountCallbacks
from cadenza.client.trading.channels import AccountArguments, TradingChannels
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
from cadenza.client.trading.order_request import OrderTerms
from cadenza.client.trading.states import AccountState
from cadenza.client.trading.streams import EventStream
from cadenza.client.trading.values import (
    AccountInfo,
    AccountSummary,
    Balance,
    Execution,
    Portfolio,
    Position,
)

__all__ = [
    "Account",
    "AccountArguments",
    "AccountCallbacks",
    "AccountChoiceError",
    "AccountClosedError",
    "AccountEvent",
    "AccountInfo",
    "AccountState",
    "AccountSummary",
    "AccountUpdated",
    "ApiError",
    "Balance",
    "EventStream",
    "Execution",
    "ExecutionReport",
    "Number",
    "Order",
    "OrderEndedError",
    "OrderRejectedError",
    "OrderTerms",
    "OrderTimeoutError",
    "OrderUpdated",
    "OutcomeUnknownError",
    "Portfolio",
    "PortfolioUpdated",
    "Position",
    "Resynced",
    "TradingChannels",
    "UnknownEvent",
]
