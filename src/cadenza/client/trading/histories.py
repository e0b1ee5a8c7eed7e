"""The histories of an account: its fills and its orders, asked from the venue page by page."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from cadenza.client.api_calls import ApiCalls, converted
from cadenza.client.errors import UsageError
from cadenza.client.records import Records
from cadenza.client.trading.order import Order
from cadenza.client.trading.resync import EXECUTIONS, LIST
from cadenza.client.trading.values import Execution, execution_of
from cadenza.models import RpcTradeExecution, RpcTradeOrder, iso_of

FILL_COLUMNS: Final[dict[str, type]] = {
    "at": int,
    "instrument": str,
    "side": str,
    "quantity": Decimal,
    "price": Decimal,
    "cost": Decimal,
    "fees": Decimal,
    "is_maker": bool,
    "order_id": str,
    "client_order_id": str,
    "execution_id": str,
}
ORDER_COLUMNS: Final[dict[str, type]] = {
    "created_at": int,
    "updated_at": int,
    "instrument": str,
    "side": str,
    "type": str,
    "status": str,
    "price": Decimal,
    "stop_price": Decimal,
    "quantity": Decimal,
    "filled_quantity": Decimal,
    "average_price": Decimal,
    "fees": Decimal,
    "order_id": str,
    "client_order_id": str,
}


async def read_fills(
    calls: ApiCalls, account_id: str, since: int | None, instrument: str | None
) -> Records[Execution]:
    """See ``Account.fills``."""
    found = [
        execution_of(converted(EXECUTIONS, raw, RpcTradeExecution), raw)
        async for page in calls.pages(EXECUTIONS, **_asked(account_id, since, instrument))
        for raw in page
    ]
    return Records(found, FILL_COLUMNS)


async def read_orders(
    calls: ApiCalls,
    account_id: str,
    since: int | None,
    instrument: str | None,
    make: Callable[[RpcTradeOrder, Any], Order],
) -> Records[Order]:
    """See ``Account.order_history``."""
    found = [
        make(converted(LIST, raw, RpcTradeOrder), raw)
        async for page in calls.pages(LIST, **_asked(account_id, since, instrument))
        for raw in page
    ]
    return Records(found, ORDER_COLUMNS)


def _asked(account_id: str, since: int | None, instrument: str | None) -> dict[str, Any]:
    asked: dict[str, Any] = {"tradingAccountId": account_id, "ascending": True}
    if since is not None:
        try:
            asked["startTime"] = iso_of(operator.index(since))
        except (TypeError, ValueError, OverflowError):
            wrong = f"since is milliseconds since the epoch, not {since!r}"
            raise UsageError(wrong) from None
    if instrument is not None:
        asked["instrumentId"] = instrument
    return asked
