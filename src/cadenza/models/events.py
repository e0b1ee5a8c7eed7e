"""The events of an account's channel: one envelope, whose ``eventType`` tells what it carries."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from cadenza.models.account import RpcTradingAccount, RpcTradingAccountCredential
from cadenza.models.order import RpcTradeExecution, RpcTradeOrder
from cadenza.models.portfolio import RpcPortfolio
from cadenza.models.scalars import Iso, Millis, Uuid
from cadenza.models.subscription import RpcSubscription


class EventType(StrEnum):
    """The names of events.

    ``EXECUTION_CREATED`` is an extension: the API names no event for a single execution. Changed
    balances travel as ``PORTFOLIO_UPDATED`` with ``updateMode`` DELTA.
    """

    TRADING_ACCOUNT_UPDATED = "event.trading_account.updated"
    TRADING_ACCOUNT_SUBSCRIPTION_UPDATED = "event.trading_account.subscription.updated"
    CREDENTIAL_UPDATED = "event.credential.updated"
    TRADE_ORDER_UPDATED = "event.trade_order.updated"
    PORTFOLIO_UPDATED = "event.portfolio.updated"
    INSTRUMENT_UPDATED = "event.instrument.updated"
    SECURITY_UPDATED = "event.security.updated"
    ORDERBOOK_UPDATED = "event.orderbook.updated"
    SUBSCRIPTION_UPDATED = "event.subscription.updated"
    EXECUTION_CREATED = "event.trade_execution.created"


AccountEventData = (
    RpcTradeOrder
    | RpcTradeExecution
    | RpcPortfolio
    | RpcTradingAccount
    | RpcTradingAccountCredential
    | RpcSubscription
)
"""The data that an account event can carry."""

DATA_TYPES: Final[dict[EventType, type[AccountEventData]]] = {
    EventType.TRADE_ORDER_UPDATED: RpcTradeOrder,
    EventType.EXECUTION_CREATED: RpcTradeExecution,
    EventType.PORTFOLIO_UPDATED: RpcPortfolio,
    EventType.TRADING_ACCOUNT_UPDATED: RpcTradingAccount,
    EventType.TRADING_ACCOUNT_SUBSCRIPTION_UPDATED: RpcSubscription,
    EventType.CREDENTIAL_UPDATED: RpcTradingAccountCredential,
}
"""The events of an account's channel, and the types of their ``data``."""


class AccountEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event of one account.

    ``timestamp`` is RFC 3339 like every time of the RPC models; the milliseconds of the older
    envelope are read too. ``event_id`` is a UUID and the same in every delivery of the event.
    """

    event_type: EventType
    event_id: Uuid
    timestamp: Iso | Millis
    data: Any
