"""The errors of trading, a part of the one tree of the SDK.

::

    ClientError
    |-- ApiError                 the API answered a call with an error
    |   `-- OrderRejectedError   the venue did not take an order, or rejected it
    |-- OrderEndedError          an order ended in another way than the one waited or asked for
    |-- OrderTimeoutError        an order has not ended in time
    |-- OutcomeUnknownError      no answer came: whether the call was carried out is not known
    |-- AccountClosedError       the account is not followed any more
    `-- UsageError
        `-- AccountChoiceError   no account was named, and the user has none or several

``OrderEndedError`` and ``OrderTimeoutError`` stand with ``Order``, ``ApiError`` and
``OutcomeUnknownError`` with the errors of the client.
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
"""Numbers of ``ApiError`` that the SDK acts upon."""

_FIELD: Final = re.compile(
    r"\b(instrumentId|orderSide|orderType|quantity|quantityType|quantityRounding|limitPrice"
    r"|stopPrice|timeInForce|expireAt|trailingDistance|visibleQuantity|clientOrderId"
    r"|idempotencyKey|contingencyType|quoteId|takeProfitPrice|takeProfitLimitPrice"
    r"|takeProfitTimeInForce|stopLossPrice|stopLossLimitPrice|stopLossTimeInForce"
    r"|tradingAccountId)\b"
)
"""The fields of a submit, as the venue's sentences name them."""


class OrderRejectedError(ApiError):
    """The venue did not take an order, or took and rejected it.

    Attributes:
        reason: The venue's ``rejectReason``, or its words where no order exists.
        field: The field that the venue's words name; ``None`` if they name none.
        order: The order with the status REJECTED; ``None`` where no order exists.
        client_order_id: The owner's name for the order.
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
        """The error for an order that exists and was rejected; ``errno`` is 0."""
        reason = order.reject_reason or "REJECTED"
        return cls(method, 0, reason, client_order_id=order.client_order_id, order=order)


class AccountClosedError(ClientError):
    """The account is not followed any more; an error that led to it is the cause.

    Attributes:
        account_id: The account.
    """

    def __init__(self, account_id: str, why: str) -> None:
        super().__init__(f"account {account_id} is followed no longer: {why}", code=CLIENT_CLOSED)
        self.account_id = account_id


class AccountChoiceError(UsageError):
    """No account was named, and the user has none or several.

    Attributes:
        choices: The ids of the user's accounts.
    """

    def __init__(self, choices: Sequence[str]) -> None:
        found = f"name one of {', '.join(choices)}" if choices else "the user has none"
        super().__init__(f"which account is meant is not clear: {found}")
        self.choices = tuple(choices)
