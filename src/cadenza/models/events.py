"""What travels on ``tradingAccount:{accountId}``: one envelope, told apart by ``eventType``."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

import msgspec

from cadenza.models.account import RpcTradingAccount, RpcTradingAccountCredential
from cadenza.models.order import RpcTradeExecution, RpcTradeOrder
from cadenza.models.portfolio import RpcPortfolio
from cadenza.models.scalars import Iso, Millis, Uuid, iso_of, millis_of
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
"""What an account event can carry."""

DATA_TYPES: Final[dict[EventType, type[AccountEventData]]] = {
    EventType.TRADE_ORDER_UPDATED: RpcTradeOrder,
    EventType.EXECUTION_CREATED: RpcTradeExecution,
    EventType.PORTFOLIO_UPDATED: RpcPortfolio,
    EventType.TRADING_ACCOUNT_UPDATED: RpcTradingAccount,
    EventType.TRADING_ACCOUNT_SUBSCRIPTION_UPDATED: RpcSubscription,
    EventType.CREDENTIAL_UPDATED: RpcTradingAccountCredential,
}
"""The events of an account's channel and what their ``data`` is."""


class AccountEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event of one account.

    ``timestamp`` is RFC 3339 like every time of the RPC models; the milliseconds of the older
    envelope are read too. ``event_id`` is a UUID and the same in every delivery of the event.
    """

    event_type: EventType
    event_id: Uuid
    timestamp: Iso | Millis
    data: Any

    @property
    def milliseconds(self) -> int:
        """The time of the event, milliseconds since the Unix epoch."""
        return millis_of(self.timestamp) if isinstance(self.timestamp, str) else self.timestamp


def make_event(
    event_type: EventType, data: AccountEventData, *, event_id: str, time_ms: int
) -> AccountEvent:
    """Wrap ``data`` in its envelope.

    Raises:
        TypeError: The event carries another kind of data.
    """
    kind = DATA_TYPES.get(event_type)
    if kind is None or not isinstance(data, kind):
        wanted = kind.__name__ if kind else "no account's data"
        raise TypeError(f"{event_type} carries {wanted}, not {type(data).__name__}")
    return AccountEvent(
        event_type=event_type, event_id=event_id, timestamp=iso_of(time_ms), data=data
    )


def read_event(raw: bytes | str) -> AccountEvent:
    """Read an event with its ``data`` as the struct its type asks for.

    Raises:
        msgspec.ValidationError: The event does not fit the models.
        msgspec.DecodeError: The bytes are no JSON.
    """
    event = msgspec.json.decode(raw, type=AccountEvent)
    kind = DATA_TYPES.get(event.event_type)
    if kind is None:
        raise msgspec.ValidationError(f"{event.event_type} is not an event of an account")
    return msgspec.structs.replace(event, data=msgspec.convert(event.data, type=kind))
