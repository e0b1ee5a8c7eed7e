"""What the trading side adds to the one tree of errors: who said no, to which order, and why.

::

    ClientError
    |-- ApiError             the venue answered a call with an error
    |   `-- OrderRejectedError   ... a submit, or took the order and rejected it
    |-- OrderEndedError          an order ended otherwise than was waited or asked for
    |-- OrderTimeoutError        it has not ended in time
    |-- OutcomeUnknownError      no answer came: whether the venue did it is not known
    |-- AccountClosedError       the copy of the account is kept no longer
    `-- UsageError
        `-- AccountChoiceError   which account is meant is not clear
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from cadenza.client.errors import (
    CLIENT_CLOSED,
    ApiError,
    ClientError,
    UsageError,
)

if TYPE_CHECKING:
    from cadenza.client.trading.order import Order

UNKNOWN_ORDER: Final = 30001
ORDER_ENDED: Final = 30004
"""Errors of the venue that the SDK acts upon."""

_FIELD: Final = re.compile(
    r"\b(instrumentId|orderSide|orderType|quantity|quantityType|quantityRounding|limitPrice"
    r"|stopPrice|timeInForce|expireAt|trailingDistance|visibleQuantity|clientOrderId"
    r"|idempotencyKey|contingencyType|quoteId|takeProfitPrice|takeProfitLimitPrice"
    r"|takeProfitTimeInForce|stopLossPrice|stopLossLimitPrice|stopLossTimeInForce"
    r"|tradingAccountId)\b"
)
"""The fields of a submit, as the venue's sentences name them."""


class OrderRejectedError(ApiError):
    """An order was not taken (``order`` is ``None``), or taken and rejected by its book.

    Attributes:
        reason: The venue's ``rejectReason``, or its words where no order exists.
        field: The field that the venue's words name; ``None`` if they name none.
        order: The order with the status REJECTED, where one exists.
        client_order_id: How the order would have been called.
    """

    def __init__(
        self,
        method: str,
        errno: int,
        message: str,
        *,
        client_order_id: str,
        temporary: bool = False,
        order: Order | None = None,
    ) -> None:
        super().__init__(method, errno, message, temporary=temporary)
        named = _FIELD.search(message) if order is None else None
        self.reason = message
        self.field = named and named[0]
        self.order = order
        self.client_order_id = client_order_id

    @classmethod
    def of_order(cls, method: str, order: Order) -> OrderRejectedError:
        """The error of an order that exists, and was rejected; ``errno`` is 0."""
        reason = order.reject_reason or "REJECTED"
        return cls(method, 0, reason, client_order_id=order.client_order_id, order=order)


class AccountClosedError(ClientError):
    """The copy of ``account_id`` is kept no longer; where something failed, that is the cause."""

    def __init__(self, account_id: str, why: str) -> None:
        super().__init__(f"account {account_id} is followed no longer: {why}", code=CLIENT_CLOSED)
        self.account_id = account_id


class AccountChoiceError(UsageError):
    """No account was named, and the user has none or several.

    Attributes:
        choices: The ids there are.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        found = f"name one of {', '.join(choices)}" if choices else "the user has none"
        super().__init__(f"which account is meant is not clear: {found}")
        self.choices = tuple(choices)
