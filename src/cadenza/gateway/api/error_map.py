"""The table from the errors of the rooms below to the entries of the catalogue.

An error that is not in the table is a fault of the gateway: it is logged with its cause, and the
client learns no more than ``INTERNAL``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import ErrorEntry, OperationError
from cadenza.gateway.api.views import MissingFieldsError
from cadenza.market.errors import (
    BookFaultError,
    DecimalError,
    InstrumentIdError,
    UnknownInstrumentError,
)
from cadenza.trading.accounts.errors import (
    AccountInactiveError,
    NicknameError,
    TooManyAccountsError,
    UnknownAccountError,
)
from cadenza.trading.errors import (
    DealerError,
    HaltedError,
    InsufficientBalanceError,
    KeyReusedError,
    NoQuoteError,
    NotTradableError,
    OpenOrderLimitError,
    OrderNotFoundError,
    OrderRefusedError,
    OrderTermsError,
    QuoteExpiredError,
    QuoteMismatchError,
    QuoteUsedError,
    RateLimitError,
    UnknownQuoteError,
    VenueMismatchError,
)
from cadenza.trading.ledger.errors import (
    AmountError,
    AmountTextError,
    InsufficientFundsError,
    OpenReservationsError,
    UnknownAssetError,
)
from cadenza.trading.matching.events import RejectReason
from cadenza.trading.orders.filters import FilterError, FilterName
from cadenza.trading.store.errors import StoreError

logger: Final = logging.getLogger("cadenza.gateway")

ENTRIES: Final[dict[type[Exception], ErrorEntry]] = {
    UnknownInstrumentError: errors.UNKNOWN_INSTRUMENT,
    InstrumentIdError: errors.INVALID_INSTRUMENT,
    BookFaultError: errors.BOOK_STALE,
    DecimalError: errors.BAD_NUMBER,
    MissingFieldsError: errors.MISSING_FIELD,
    UnknownAccountError: errors.UNKNOWN_ACCOUNT,
    AccountInactiveError: errors.ACCOUNT_INACTIVE,
    TooManyAccountsError: errors.TOO_MANY_ACCOUNTS,
    NicknameError: errors.BAD_NICKNAME,
    InsufficientFundsError: errors.INSUFFICIENT_FUNDS,
    OpenReservationsError: errors.OPEN_ORDERS,
    UnknownAssetError: errors.UNKNOWN_ASSET,
    AmountError: errors.BAD_AMOUNT,
    AmountTextError: errors.BAD_AMOUNT,
    OrderTermsError: errors.BAD_TERMS,
    OrderNotFoundError: errors.UNKNOWN_ORDER,
    OrderRefusedError: errors.REFUSED,
    InsufficientBalanceError: errors.INSUFFICIENT_FUNDS,
    KeyReusedError: errors.KEY_REUSED,
    VenueMismatchError: errors.WRONG_VENUE,
    NotTradableError: errors.NOT_TRADABLE,
    OpenOrderLimitError: errors.TOO_MANY_ORDERS,
    RateLimitError: errors.TOO_MANY_REQUESTS,
    HaltedError: errors.STORE_FAILED,
    StoreError: errors.STORE_FAILED,
    DealerError: errors.INVALID_FIELD,
    NoQuoteError: errors.NO_QUOTE,
    UnknownQuoteError: errors.UNKNOWN_QUOTE,
    QuoteExpiredError: errors.QUOTE_EXPIRED,
    QuoteUsedError: errors.QUOTE_USED,
    QuoteMismatchError: errors.QUOTE_MISMATCH,
}
"""The errors that are a client's or of the moment; subclasses are found under their base."""

FILTERS: Final[dict[FilterName, ErrorEntry]] = {
    FilterName.STATUS: errors.FILTER_STATUS,
    FilterName.ORDER_TYPE: errors.FILTER_ORDER_TYPE,
    FilterName.TIME_IN_FORCE: errors.FILTER_TIME_IN_FORCE,
    FilterName.TICK_SIZE: errors.FILTER_TICK_SIZE,
    FilterName.PRICE_RANGE: errors.FILTER_PRICE_RANGE,
    FilterName.LOT_SIZE: errors.FILTER_LOT_SIZE,
    FilterName.MIN_QUANTITY: errors.FILTER_MIN_QUANTITY,
    FilterName.MAX_QUANTITY: errors.FILTER_MAX_QUANTITY,
    FilterName.MIN_NOTIONAL: errors.FILTER_MIN_NOTIONAL,
    FilterName.MAX_NOTIONAL: errors.FILTER_MAX_NOTIONAL,
    FilterName.ICEBERG: errors.FILTER_ICEBERG,
}

REASONS: Final[dict[RejectReason, ErrorEntry]] = {
    RejectReason.DUPLICATE_ORDER_ID: errors.DUPLICATE_ORDER,
    RejectReason.UNKNOWN_ORDER: errors.UNKNOWN_ORDER,
    RejectReason.TOO_MANY_ORDERS: errors.TOO_MANY_ORDERS,
    RejectReason.BAD_SIDE: errors.BAD_SIDE,
    RejectReason.BAD_TYPE: errors.BAD_TYPE,
    RejectReason.BAD_TIME_IN_FORCE: errors.BAD_TIME_IN_FORCE,
    RejectReason.BAD_QUANTITY: errors.BAD_QUANTITY,
    RejectReason.BAD_BUDGET: errors.BAD_BUDGET,
    RejectReason.BAD_LIMIT: errors.BAD_LIMIT,
    RejectReason.BAD_STOP: errors.BAD_STOP,
    RejectReason.BAD_TRAIL: errors.BAD_TRAIL,
    RejectReason.BAD_PROTECTION: errors.BAD_PROTECTION,
    RejectReason.BAD_VISIBLE: errors.BAD_VISIBLE,
    RejectReason.BAD_EXPIRE_AT: errors.BAD_EXPIRE_AT,
    RejectReason.BAD_LIST: errors.BAD_LIST,
    RejectReason.LIST_REJECTED: errors.LIST_REJECTED,
    RejectReason.WOULD_TAKE: errors.WOULD_TAKE,
    RejectReason.BELOW_EXECUTED: errors.BELOW_EXECUTED,
    RejectReason.BOOK_STALE: errors.BOOK_STALE,
}
"""Refusals of the matching engine, where they answer a call instead of an order's status."""

_FIELDS: Final[dict[type[Exception], str]] = {
    UnknownInstrumentError: "instrumentId",
    InstrumentIdError: "instrumentId",
    UnknownAccountError: "tradingAccountId",
    AccountInactiveError: "tradingAccountId",
    NicknameError: "nickname",
    OrderNotFoundError: "tradeOrderId",
    KeyReusedError: "idempotencyKey",
    VenueMismatchError: "instrumentId",
    NotTradableError: "instrumentId",
    UnknownAssetError: "asset",
    AmountError: "quantity",
    AmountTextError: "quantity",
    UnknownQuoteError: "quoteId",
    QuoteExpiredError: "quoteId",
    QuoteUsedError: "quoteId",
}
"""The request's field that is to blame, where an error is always about one."""

_TERMS: Final = {
    "orderSide": errors.BAD_SIDE,
    "orderType": errors.BAD_TYPE,
    "timeInForce": errors.BAD_TIME_IN_FORCE,
    "takeProfitTimeInForce": errors.BAD_TIME_IN_FORCE,
    "stopLossTimeInForce": errors.BAD_TIME_IN_FORCE,
    "quantity": errors.BAD_QUANTITY,
    "limitPrice": errors.BAD_LIMIT,
    "stopPrice": errors.BAD_STOP,
    "trailingDistance": errors.BAD_TRAIL,
    "visibleQuantity": errors.BAD_VISIBLE,
    "expireAt": errors.BAD_EXPIRE_AT,
    "contingencyType": errors.BAD_LIST,
}
"""The errors of single fields, the same whether the engine or its doorkeeper finds them."""

_REFUSALS: Final[dict[str, ErrorEntry]] = {
    **{reason.value: entry for reason, entry in REASONS.items()},
    # The venue knows the order: the engine, which does not, has let go of it.
    RejectReason.UNKNOWN_ORDER.value: errors.ORDER_ENDED,
}
"""Refusals of the matching engine as the venue tells them, by their words."""


def explain(error: Exception, action: str) -> OperationError:
    """The answer to an error that came out of a handler or a form.

    Args:
        error: What was raised.
        action: The operation's name, for the log.
    """
    if isinstance(error, OperationError):
        return error
    for kind in type(error).__mro__:
        special = _SPECIAL.get(kind)
        if special is not None:
            return special(error)
        entry = ENTRIES.get(kind)
        if entry is not None:
            return OperationError(entry, str(error), field=_FIELDS.get(kind, ""))
    logger.error("operation %s failed", action, exc_info=error)
    return OperationError(errors.INTERNAL)


def _of_filter(error: FilterError) -> OperationError:
    near = () if error.nearest is None else (error.nearest,)
    facts: dict[str, Any] = {} if error.nearest is None else {"nearest": error.nearest}
    return OperationError(
        FILTERS[error.filter],
        str(error),
        field=error.field,
        required=near,
        provided=(error.value,),
        filter=error.filter.value,
        instrumentId=error.instrument_id,
        **facts,
    )


def _of_missing(error: MissingFieldsError) -> OperationError:
    names = ", ".join(error.fields)
    verb = "is" if len(error.fields) == 1 else "are"
    return OperationError(
        errors.MISSING_FIELD,
        f"{names} {verb} missing",
        field=error.fields[0],
        required=error.fields,
    )


def _of_terms(error: OrderTermsError) -> OperationError:
    return OperationError(_TERMS.get(error.field, errors.BAD_TERMS), str(error), field=error.field)


def _of_refusal(error: OrderRefusedError) -> OperationError:
    entry = _REFUSALS.get(error.reason, errors.REFUSED)
    return OperationError(entry, str(error), field="tradeOrderId", reason=error.reason)


def _of_balance(error: InsufficientBalanceError) -> OperationError:
    return OperationError(
        errors.INSUFFICIENT_FUNDS,
        str(error),
        required=(error.needed,),
        provided=(error.free,),
        asset=error.asset,
    )


def _of_rate(error: RateLimitError) -> OperationError:
    return OperationError(errors.TOO_MANY_REQUESTS, str(error), retryMs=error.retry_ms)


def _of_dealer(error: DealerError) -> OperationError:
    return OperationError(
        errors.INVALID_FIELD,
        str(error),
        field="dealerAccountId",
        required=(error.dealer_id,),
        provided=(error.asked,),
        nearest=error.dealer_id,
    )


def _of_no_quote(error: NoQuoteError) -> OperationError:
    facts: dict[str, Any] = {"nearest": error.nearest} if error.nearest else {}
    return OperationError(errors.NO_QUOTE, str(error), field="quantity", **facts)


def _of_quote_terms(error: QuoteMismatchError) -> OperationError:
    return OperationError(
        errors.QUOTE_MISMATCH,
        str(error),
        field=error.field,
        required=(error.offered,),
        provided=(error.asked,),
        nearest=error.offered,
    )


_SPECIAL: Final[dict[type[Exception], Callable[[Any], OperationError]]] = {
    FilterError: _of_filter,
    MissingFieldsError: _of_missing,
    OrderTermsError: _of_terms,
    OrderRefusedError: _of_refusal,
    InsufficientBalanceError: _of_balance,
    RateLimitError: _of_rate,
    # The cause that the two name, such as the path of a file, is for the log.
    HaltedError: lambda _: OperationError(errors.STORE_FAILED),
    StoreError: lambda _: OperationError(errors.STORE_FAILED),
    DealerError: _of_dealer,
    NoQuoteError: _of_no_quote,
    QuoteMismatchError: _of_quote_terms,
}
