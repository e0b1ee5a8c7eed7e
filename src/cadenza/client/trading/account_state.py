"""What a subscribe result tells of an account that asked for its state first."""

from __future__ import annotations

from typing import Any

import msgspec

from cadenza.client.errors import ClientError
from cadenza.models import RpcPortfolio, RpcTradeOrder


class AccountState(msgspec.Struct, frozen=True):
    """The account as of one offset of its stream.

    Attributes:
        orders: The open ones, in the order they came.
        portfolio: All balances and open positions.
        raw_orders: The orders as they came.
        offset: Of the newest event that is in it.
    """

    orders: tuple[RpcTradeOrder, ...]
    portfolio: RpcPortfolio
    raw_orders: tuple[Any, ...]
    offset: int = 0

    @property
    def order_ids(self) -> set[Any]:
        """Of the open orders."""
        return {order.trade_order_id for order in self.orders}


class _Data(msgspec.Struct):
    orders: tuple[Any, ...]
    portfolio: RpcPortfolio


def read_state(data: Any, offset: int) -> AccountState:
    """The state in the data of a subscribe result.

    Raises:
        ClientError: The server sent none, or one that cannot be read.
    """
    if data is None:
        raise ClientError("the server sends no state of the account with its channel")
    try:
        found = msgspec.convert(data, _Data)
        orders = msgspec.convert(found.orders, tuple[RpcTradeOrder, ...])
    except msgspec.ValidationError as error:
        raise ClientError(f"the state of the account cannot be read: {error}") from error
    return AccountState(orders, found.portfolio, found.orders, offset)
