"""The closed vocabularies of accounts, portfolios, quotes and the system, with every value.

A member's value is its spelling on the wire. Where the API has two names for the same values
(``TradingAccountType`` is ``AccountType``, ``TradingAccountCredentialStatus`` is
``CredentialStatus``) there is one enumeration here.
"""

from __future__ import annotations

from enum import StrEnum


class QuoteStatus(StrEnum):
    """Where a dealer's quote is in its life."""

    CREATED = "CREATED"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    REPLACED = "REPLACED"


class PositionSide(StrEnum):
    """Which way a position gains: LONG with a rising price."""

    LONG = "LONG"
    SHORT = "SHORT"


class PositionStatus(StrEnum):
    """Whether a position still holds a quantity."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class PositionMode(StrEnum):
    """Whether long and short are kept apart (HEDGE) or set off (NETTING)."""

    HEDGE = "HEDGE"
    NETTING = "NETTING"


class CollateralMode(StrEnum):
    """Whether positions share their collateral."""

    CROSS = "CROSS"
    ISOLATED = "ISOLATED"


class MarginMode(StrEnum):
    """Whether positions share their margin."""

    ISOLATED = "ISOLATED"
    CROSS = "CROSS"


class BalanceStatus(StrEnum):
    """Whether a balance can be used."""

    ACTIVE = "ACTIVE"
    LOCKED = "LOCKED"


class UpdateMode(StrEnum):
    """Whether a portfolio payload holds everything or only what changed."""

    DELTA = "DELTA"
    SNAPSHOT = "SNAPSHOT"


class AccountType(StrEnum):
    """What a trading account may do with borrowed money (also ``TradingAccountType``)."""

    SPOT = "SPOT"
    MARGIN = "MARGIN"
    CREDIT = "CREDIT"


class TradingAccountStatus(StrEnum):
    """Whether a trading account can be used."""

    NEW = "NEW"
    CREATED = "CREATED"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    LOCKED = "LOCKED"
    DISCONNECTED = "DISCONNECTED"
    UNAVAILABLE = "UNAVAILABLE"


class OperationType(StrEnum):
    """What was done with an account, in the words of the REST history."""

    CONNECT = "CONNECT"
    DISCONNECT = "DISCONNECT"
    ENABLE = "ENABLE"
    DISABLE = "DISABLE"
    UPDATE = "UPDATE"
    CREDENTIAL_REVOKE = "CREDENTIAL_REVOKE"
    CREDENTIAL_ROTATE = "CREDENTIAL_ROTATE"


class OperationStatus(StrEnum):
    """How an operation on an account ended."""

    PENDING = "PENDING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class TradingAccountOperationType(StrEnum):
    """What was done with an account, in the words of the RPC history."""

    CONNECT = "CONNECT"
    CONNECTED = "CONNECTED"
    DISCONNECT = "DISCONNECT"
    DISCONNECTED = "DISCONNECTED"
    ENABLE = "ENABLE"
    ENABLED = "ENABLED"
    DISABLE = "DISABLE"
    DISABLED = "DISABLED"
    DELETED = "DELETED"


class CredentialType(StrEnum):
    """How a venue knows its customer."""

    API_KEY = "API_KEY"
    TOKEN = "TOKEN"  # noqa: S105 - the API's word for a kind of credential, not a secret
    HMAC = "HMAC"
    OAUTH = "OAUTH"
    RSA = "RSA"
    ED25519 = "ED25519"


class CredentialStatus(StrEnum):
    """Whether a credential is good (also ``TradingAccountCredentialStatus``)."""

    CREATED = "CREATED"
    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


class SubscriptionType(StrEnum):
    """What a stored subscription delivers.

    ``USER_DATA`` is ``PORTFOLIO`` and ``EXECUTION_REPORT``; ``TRADING_ACCOUNT`` is deprecated.
    """

    ORDERBOOK = "MARKET.SUBSCRIPTION.ORDERBOOK"
    TRADE = "MARKET.SUBSCRIPTION.TRADE"
    TICKER = "MARKET.SUBSCRIPTION.TICKER"
    KLINE = "MARKET.SUBSCRIPTION.KLINE"
    USER_DATA = "TRADING_ACCOUNT.SUBSCRIPTION.USER_DATA"
    PORTFOLIO = "TRADING_ACCOUNT.SUBSCRIPTION.PORTFOLIO"
    EXECUTION_REPORT = "TRADING_ACCOUNT.SUBSCRIPTION.EXECUTION_REPORT"
    TRADING_ACCOUNT = "TRADING_ACCOUNT.SUBSCRIPTION.TRADING_ACCOUNT"


class SubscriptionStatus(StrEnum):
    """Whether a stored subscription delivers."""

    INACTIVE = "INACTIVE"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    TERMINATED = "TERMINATED"


class ServiceName(StrEnum):
    """The services that the API's message metadata names."""

    TRADE_ORDER_SERVICE = "TRADE_ORDER_SERVICE"
    TRADING_ACCOUNT_SERVICE = "TRADING_ACCOUNT_SERVICE"
    MARKET_SERVICE = "MARKET_SERVICE"
    PORTFOLIO_SERVICE = "PORTFOLIO_SERVICE"
    EXECUTION_ENGINE = "EXECUTION_ENGINE"
    HTTP_SERVER = "HTTP_SERVER"
    MARKET_QUERY = "MARKET_QUERY"
    MARKET_REALTIME = "MARKET_REALTIME"


class HealthStatus(StrEnum):
    """How the system is; lower case, unlike all others."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class WalletType(StrEnum):
    """Whose wallet it is at a dealer."""

    DEALER = "DEALER"
    CLIENT = "CLIENT"
    EXCHANGE = "EXCHANGE"
    ACCOUNTING = "ACCOUNTING"


class WalletStatus(StrEnum):
    """Whether a wallet can be used."""

    ACTIVE = "ACTIVE"
    FROZEN = "FROZEN"
    CLOSED = "CLOSED"


class DealerStatus(StrEnum):
    """Whether a dealer quotes."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    ARCHIVED = "ARCHIVED"
