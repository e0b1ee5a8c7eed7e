"""The errors that an operation can answer with, and the catalogue of all of them.

A code is ``AABBB``: two digits for the module (`MODULES`), three for the error. The same entry
answers over RPC (``code``, ``message``, ``temporary``) and over REST (``errno``, ``error``, the
name in ``details.code``, and the HTTP status). The API publishes no table of its own; its HTTP
statuses are 200, 400, 401, 403, 404, 409, 429, 500 and 503, and what HTTP itself demands (405, 413)
is added.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from cadenza.models import ErrorDetails, RpcError

LONGEST_VALUE: Final = 60
"""Characters of a client's own value that an answer repeats."""
LONGEST_MESSAGE: Final = 600
"""Characters of a sentence about an error."""

_TEMPORARY: Final = frozenset((429, 500, 503))

MODULES: Final[dict[int, str]] = {
    10: "requests in general",
    11: "authentication and permissions",
    20: "market data",
    30: "orders",
    40: "trading accounts",
    50: "portfolios",
    60: "quotes",
    70: "what this gateway does not serve",
}
"""The first two digits of a code."""


class ErrorEntry(NamedTuple):
    """An entry of the catalogue.

    Attributes:
        code: ``AABBB``.
        name: For programs; REST shows it as ``details.code``.
        status: The HTTP status of a REST answer.
        sentence: What it means, for people.
    """

    code: int
    name: str
    status: int
    sentence: str

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _TEMPORARY


def cut(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text, shortened where a client sent too much of it."""
    return text if len(text) <= longest else f"{text[:longest]}..."


class Problem(NamedTuple):
    """The details of an error, beside its entry and sentence.

    Attributes:
        field: The request's field that is to blame, a path such as ``tradeOrder.limitPrice``.
        required: Valid values, or the fields that are missing.
        provided: The values that were given instead.
        facts: Anything else a program may want, JSON values by name.
    """

    field: str = ""
    required: tuple[str, ...] = ()
    provided: tuple[str, ...] = ()
    facts: dict[str, Any] | None = None


class OperationError(Exception):
    """An operation refuses a call, or cannot answer it.

    Args:
        entry: The error, as the catalogue has it.
        message: A sentence about this case; empty: the entry's own.
        field: The request's field that is to blame.
        required: Valid values, or the fields that are missing.
        provided: The values that were given instead; long ones are cut.
        **facts: Anything else a program may want, as JSON values.
    """

    def __init__(
        self,
        entry: ErrorEntry,
        message: str = "",
        *,
        field: str = "",
        required: tuple[str, ...] = (),
        provided: tuple[str, ...] = (),
        **facts: Any,
    ) -> None:
        self.entry = entry
        self.message = cut(message or entry.sentence, LONGEST_MESSAGE)
        self.problem = Problem(field, required, tuple(map(cut, provided)), facts or None)
        super().__init__(f"{entry.code} {entry.name}: {self.message}")

    def rpc(self) -> RpcError:
        """The error as RPC answers it."""
        entry = self.entry
        return RpcError(code=entry.code, message=self.message, temporary=entry.temporary)

    def details(self, action: str) -> ErrorDetails:
        """The ``details`` of a REST answer to the operation ``action``."""
        field, required, provided, facts = self.problem
        given: dict[str, Any] = {"code": self.entry.name}
        pairs = {
            "resource": field,
            "action": action,
            "required": required,
            "provided": provided,
            "metadata": facts,
        }
        given |= {name: value for name, value in pairs.items() if value}
        return ErrorDetails(**given)


_entries: Final[list[ErrorEntry]] = []


def _entry(code: int, name: str, status: int, sentence: str) -> ErrorEntry:
    """Enter an error into the catalogue."""
    entry = ErrorEntry(code, name, status, sentence)
    _entries.append(entry)
    return entry


MALFORMED: Final = _entry(10001, "MALFORMED_REQUEST", 400, "The request is not JSON in UTF-8.")
MISSING_FIELD: Final = _entry(10002, "MISSING_FIELD", 400, "A required field is missing.")
INVALID_FIELD: Final = _entry(10003, "INVALID_FIELD", 400, "A field has the wrong type or value.")
INVALID_REQUEST: Final = _entry(10004, "INVALID_REQUEST", 400, "The fields contradict each other.")
UNKNOWN_PATH: Final = _entry(10005, "NOT_FOUND", 404, "There is nothing at this path.")
WRONG_METHOD: Final = _entry(
    10006, "METHOD_NOT_ALLOWED", 405, "This path takes another HTTP method."
)
TOO_LARGE: Final = _entry(10007, "BODY_TOO_LARGE", 413, "The request's body is too large.")
TOO_MANY_REQUESTS: Final = _entry(10008, "TOO_MANY_REQUESTS", 429, "Too many requests; slow down.")
INTERNAL: Final = _entry(10009, "INTERNAL", 500, "The gateway failed; its log says why.")
UNAVAILABLE: Final = _entry(10010, "UNAVAILABLE", 503, "The gateway cannot do this just now.")
STORE_FAILED: Final = _entry(
    10011, "STORE_FAILED", 503, "The store failed; what was not acknowledged may be lost."
)

NO_TOKEN: Final = _entry(11001, "MISSING_TOKEN", 401, "Send Authorization: Bearer and a token.")
INVALID_TOKEN: Final = _entry(11002, "INVALID_TOKEN", 401, "The token is not accepted.")
EXPIRED_TOKEN: Final = _entry(
    11003, "EXPIRED_TOKEN", 401, "The token is expired, or not valid yet."
)
ACCESS_DENIED: Final = _entry(11004, "ACCESS_DENIED", 403, "You may not do this.")
NO_USER: Final = _entry(11005, "NO_USER", 403, "This needs a token that names a user.")

UNKNOWN_INSTRUMENT: Final = _entry(20001, "UNKNOWN_INSTRUMENT", 404, "There is no such instrument.")
INVALID_INSTRUMENT: Final = _entry(20002, "INVALID_INSTRUMENT_ID", 400, "It is no instrument id.")
BOOK_NOT_READY: Final = _entry(20003, "ORDER_BOOK_NOT_READY", 503, "The book was never published.")
BOOK_STALE: Final = _entry(20004, "ORDER_BOOK_STALE", 503, "The book cannot be trusted just now.")
NO_TICKER: Final = _entry(
    20005, "TICKER_NOT_READY", 503, "Nothing has happened in this instrument."
)
UNKNOWN_SUBSCRIPTION: Final = _entry(20006, "UNKNOWN_SUBSCRIPTION", 404, "No such subscription.")
ALWAYS_ON: Final = _entry(
    20007, "ALWAYS_SUBSCRIBED", 400, "Every instrument is always fed; nobody can end that."
)
BAD_NUMBER: Final = _entry(20008, "INVALID_DECIMAL", 400, "It is no price or quantity.")

UNKNOWN_ORDER: Final = _entry(30001, "UNKNOWN_ORDER", 404, "There is no such order.")
DUPLICATE_ORDER: Final = _entry(30002, "DUPLICATE_ORDER_ID", 409, "The order id is taken.")
KEY_REUSED: Final = _entry(
    30003, "IDEMPOTENCY_KEY_REUSED", 409, "The key was used for a different order."
)
ORDER_ENDED: Final = _entry(30004, "ORDER_ENDED", 409, "The order has ended already.")
TOO_MANY_ORDERS: Final = _entry(30005, "TOO_MANY_ORDERS", 400, "There are too many open orders.")
BAD_SIDE: Final = _entry(30006, "INVALID_SIDE", 400, "An order is BUY or SELL.")
BAD_TYPE: Final = _entry(30007, "INVALID_ORDER_TYPE", 400, "The order type is not possible here.")
BAD_TIME_IN_FORCE: Final = _entry(
    30008, "INVALID_TIME_IN_FORCE", 400, "Not known here, or it contradicts the order type."
)
BAD_QUANTITY: Final = _entry(30009, "INVALID_QUANTITY", 400, "The quantity is not possible.")
BAD_BUDGET: Final = _entry(30010, "INVALID_QUOTE_QUANTITY", 400, "The amount is not possible.")
BAD_LIMIT: Final = _entry(
    30011, "INVALID_LIMIT_PRICE", 400, "Missing, not wanted, or out of range."
)
BAD_STOP: Final = _entry(30012, "INVALID_STOP_PRICE", 400, "Missing, not wanted, or out of range.")
BAD_TRAIL: Final = _entry(30013, "INVALID_TRAIL", 400, "Missing, not wanted, or out of range.")
BAD_PROTECTION: Final = _entry(30014, "INVALID_PROTECTION_PRICE", 400, "It is out of range.")
BAD_VISIBLE: Final = _entry(30015, "INVALID_VISIBLE_QUANTITY", 400, "It is out of range.")
BAD_EXPIRE_AT: Final = _entry(
    30016, "INVALID_EXPIRE_AT", 400, "Missing, not wanted, or in the past."
)
BAD_LIST: Final = _entry(30017, "INVALID_ORDER_LIST", 400, "The orders do not make such a list.")
LIST_REJECTED: Final = _entry(30018, "ORDER_LIST_REJECTED", 400, "Another order of its list was.")
WOULD_TAKE: Final = _entry(30019, "WOULD_TAKE", 400, "Post-only, and it would trade at once.")
BELOW_EXECUTED: Final = _entry(30020, "BELOW_EXECUTED", 400, "More than that is executed already.")
WRONG_VENUE: Final = _entry(30021, "WRONG_VENUE", 400, "The account does not trade at this venue.")
BAD_TERMS: Final = _entry(30022, "INVALID_ORDER", 400, "A field of the order cannot be what it is.")
REFUSED: Final = _entry(30023, "ORDER_REFUSED", 409, "The order cannot be changed as it is now.")
NOT_TRADABLE: Final = _entry(30024, "NOT_TRADABLE", 400, "Nobody matches orders of it here.")

FILTER_STATUS: Final = _entry(30101, "FILTER_STATUS", 400, "The instrument is not traded.")
FILTER_ORDER_TYPE: Final = _entry(30102, "FILTER_ORDER_TYPE", 400, "It does not take such orders.")
FILTER_TIME_IN_FORCE: Final = _entry(30103, "FILTER_TIME_IN_FORCE", 400, "It does not take this.")
FILTER_TICK_SIZE: Final = _entry(30104, "FILTER_TICK_SIZE", 400, "The price is between two ticks.")
FILTER_PRICE_RANGE: Final = _entry(30105, "FILTER_PRICE_RANGE", 400, "The price is out of range.")
FILTER_LOT_SIZE: Final = _entry(30106, "FILTER_LOT_SIZE", 400, "The quantity is between two lots.")
FILTER_MIN_QUANTITY: Final = _entry(30107, "FILTER_MIN_QUANTITY", 400, "The quantity is too small.")
FILTER_MAX_QUANTITY: Final = _entry(30108, "FILTER_MAX_QUANTITY", 400, "The quantity is too large.")
FILTER_MIN_NOTIONAL: Final = _entry(
    30109, "FILTER_MIN_NOTIONAL", 400, "The order is worth too little."
)
FILTER_MAX_NOTIONAL: Final = _entry(
    30110, "FILTER_MAX_NOTIONAL", 400, "The order is worth too much."
)
FILTER_ICEBERG: Final = _entry(30111, "FILTER_ICEBERG", 400, "The visible part is not possible.")

UNKNOWN_ACCOUNT: Final = _entry(40001, "UNKNOWN_ACCOUNT", 404, "You have no such trading account.")
ACCOUNT_INACTIVE: Final = _entry(40002, "ACCOUNT_INACTIVE", 400, "The account is not ACTIVE.")
TOO_MANY_ACCOUNTS: Final = _entry(
    40003, "TOO_MANY_ACCOUNTS", 400, "You have the most one may have."
)
BAD_NICKNAME: Final = _entry(40004, "INVALID_NICKNAME", 400, "The nickname cannot be used.")
INSUFFICIENT_FUNDS: Final = _entry(40005, "INSUFFICIENT_FUNDS", 400, "The account has too little.")
OPEN_ORDERS: Final = _entry(40006, "OPEN_ORDERS", 409, "The account has open orders.")
UNKNOWN_ASSET: Final = _entry(40007, "UNKNOWN_ASSET", 400, "There is no such asset.")
BAD_AMOUNT: Final = _entry(40008, "INVALID_AMOUNT", 400, "It is no amount of the asset.")

NO_PRICE: Final = _entry(50001, "NO_PRICE", 503, "An asset has no price in this currency yet.")
UNKNOWN_CURRENCY: Final = _entry(50002, "UNKNOWN_CURRENCY", 400, "There is no such currency.")

UNKNOWN_QUOTE: Final = _entry(60001, "UNKNOWN_QUOTE", 404, "There is no such quote.")
QUOTE_EXPIRED: Final = _entry(60002, "QUOTE_EXPIRED", 400, "The quote is no longer good.")
QUOTE_USED: Final = _entry(60003, "QUOTE_USED", 409, "The quote was taken already.")
QUOTE_MISMATCH: Final = _entry(60004, "QUOTE_MISMATCH", 400, "The order differs from the quote.")
NO_QUOTE: Final = _entry(60005, "NO_QUOTE", 503, "Nobody quotes this quantity just now.")

NOT_SERVED: Final = _entry(
    70001, "NOT_SERVED", 404, "The API has this call, and this gateway does not serve it."
)

CATALOGUE: Final = tuple(_entries)
"""Every entry, by rising code."""
