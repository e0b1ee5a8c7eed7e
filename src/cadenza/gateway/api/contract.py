"""What the published API says of its REST calls: their names, groups and error statuses.

The API's clients are generated from it: a method of theirs is named after the ``operationId``, and
an error's body has a type only where its status is listed. So an answer whose status an operation
does not list becomes one that it does; its ``errno`` stays.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Documented(NamedTuple):
    """A call of the API, or an addition to it in the API's manner.

    Attributes:
        operation_id: Unique; clients name a method after it.
        tag: The group it belongs to.
        errors: The HTTP statuses of its errors.
    """

    operation_id: str
    tag: str
    errors: tuple[int, ...]

    def status(self, wanted: int) -> int:
        """The listed status that comes nearest to one that an error would like to have.

        A failure of the gateway stays 500 everywhere: it is nothing that a program could handle.
        """
        return wanted if wanted in self.errors or wanted in _ANYWHERE else 400


_ANYWHERE: Final = frozenset((200, 500))
_COMMON: Final = (400, 401, 403, 404, 500)
_UNCHECKED: Final = (400, 401)

TAGS: Final = (
    "Utility",
    "Authentication",
    "Trading",
    "Trading Account",
    "Trading Account Credential",
    "Trading Account Subscription",
    "Trading Account Portfolio",
    "Market",
    "Market Subscription",
    "Fermata",
    "WebSocket",
)
"""The groups, in the API's order."""

_CALLS: Final[dict[str, tuple[tuple[str, str, str, tuple[int, ...]], ...]]] = {
    "Utility": (
        ("GET", "", "root", _COMMON),
        ("GET", "health", "health", (400, 503)),
    ),
    "Authentication": (
        ("POST", "auth/signup", "authSignup", (400, 429, 500)),
        ("POST", "auth/login", "authLogin", (400, 401, 429, 500)),
        ("POST", "auth/logout", "authLogout", (401, 500)),
        ("POST", "auth/token/refresh", "authRefreshToken", (400, 401, 500)),
        ("GET", "auth/user", "authGetUser", (401, 500)),
        ("PUT", "auth/user", "authUpdateUser", (400, 401, 500)),
        ("POST", "auth/recover", "authRecover", (400, 429, 500)),
    ),
    "Trading": (
        ("POST", "tradeOrder/submit", "submitTradeOrder", _COMMON),
        ("POST", "tradeOrder/cancel", "cancelTradeOrder", _COMMON),
        ("GET", "tradeOrder/list", "listTradeOrders", _COMMON),
        ("POST", "quote/rfq", "quoteRfq", _COMMON),
    ),
    "Trading Account Credential": (
        ("GET", "credential/list", "listTradingAccountCredentials", _UNCHECKED),
        ("POST", "credential/create", "createTradingAccountCredential", _COMMON),
        ("POST", "credential/revoke", "revokeTradingAccountCredential", _COMMON),
        ("POST", "credential/rotate", "rotateTradingAccountCredential", _COMMON),
        ("POST", "credential/verify", "verifyTradingAccountCredential", _COMMON),
    ),
    "Trading Account": (
        ("POST", "tradingAccount/connect", "connectTradingAccount", (400, 401, 403, 404, 409, 500)),
        ("POST", "tradingAccount/disconnect", "disconnectTradingAccount", _COMMON),
        ("POST", "tradingAccount/update", "updateTradingAccount", _COMMON),
        ("GET", "tradingAccount/list", "listTradingAccounts", _COMMON),
        ("POST", "tradingAccount/disable", "disableTradingAccount", _COMMON),
        ("POST", "tradingAccount/enable", "enableTradingAccount", _COMMON),
        ("GET", "tradingAccount/operation/list", "listTradingAccountOperations", _COMMON),
    ),
    "Trading Account Subscription": (
        ("POST", "tradingAccount/subscription/subscribe", "subscribeTradingAccount", _COMMON),
        (
            "POST",
            "tradingAccount/subscription/unsubscribe",
            "unsubscribeTradingAccount",
            _UNCHECKED,
        ),
        ("GET", "tradingAccount/subscription/list", "listTradingAccountSubscriptions", _UNCHECKED),
    ),
    "Trading Account Portfolio": (
        ("GET", "tradingAccount/portfolio/list", "listTradingAccountPortfolios", _COMMON),
    ),
    "Market Subscription": (
        ("POST", "market/subscription/orderBook/subscribe", "subscribeMarketOrderBook", _COMMON),
        (
            "POST",
            "market/subscription/orderBook/unsubscribe",
            "unsubscribeMarketOrderBook",
            _COMMON,
        ),
        ("GET", "market/subscription/orderBook/list", "listMarketOrderBookSubscriptions", _COMMON),
    ),
    "Market": (
        ("GET", "market/venue/list", "listMarketVenues", _COMMON),
        ("POST", "market/instrument/sync", "syncMarketInstruments", _COMMON),
        ("DELETE", "market/instrument/delete", "deleteMarketInstrument", _COMMON),
        ("POST", "market/instrument/enable", "enableMarketInstrument", _COMMON),
        ("POST", "market/instrument/disable", "disableMarketInstrument", _COMMON),
        ("GET", "market/instrument/list", "listMarketInstruments", _COMMON),
        ("POST", "market/security/sync", "syncMarketSecurities", _COMMON),
        ("DELETE", "market/security/delete", "deleteMarketSecurity", _COMMON),
        ("GET", "market/security/list", "listMarketSecurities", _COMMON),
        ("GET", "market/orderBook/get", "getMarketOrderBook", _COMMON),
        ("GET", "market/orderBook/list", "listMarketOrderBooks", _COMMON),
        ("GET", "market/ticker/get", "getMarketTicker", _COMMON),
        ("GET", "market/ticker/list", "listMarketTickers", _COMMON),
        ("GET", "market/kline/get", "getMarketKline", _COMMON),
    ),
    "Fermata": (
        ("POST", "fermata/dealer/create", "fermataCreateDealer", (400, 401, 403, 500)),
        ("GET", "fermata/dealer/get", "fermataGetDealer", _COMMON),
        ("GET", "fermata/dealer/list", "fermataListDealers", (400, 401, 403, 500)),
        ("POST", "fermata/dealer/pause", "fermataPauseDealer", _COMMON),
        ("POST", "fermata/dealer/resume", "fermataResumeDealer", _COMMON),
        ("POST", "fermata/dealer/archive", "fermataArchiveDealer", _COMMON),
        ("POST", "fermata/dealer/link", "fermataLinkDealer", _COMMON),
        ("POST", "fermata/dealer/unlink", "fermataUnlinkDealer", _COMMON),
        ("POST", "fermata/wallet/create", "fermataCreateWallet", _COMMON),
        ("GET", "fermata/wallet/get", "fermataGetWallet", _COMMON),
        ("GET", "fermata/wallet/list", "fermataListWallets", _COMMON),
        ("POST", "fermata/wallet/transfer", "fermataTransferWallet", _COMMON),
        ("POST", "fermata/wallet/freeze", "fermataFreezeWallet", _COMMON),
        ("POST", "fermata/wallet/unfreeze", "fermataUnfreezeWallet", _COMMON),
        ("POST", "fermata/wallet/close", "fermataCloseWallet", _COMMON),
    ),
}
"""Every REST call of the API by group: HTTP method, path, operationId, statuses of errors."""

_ADDED: Final[dict[str, tuple[tuple[str, str, str, tuple[int, ...]], ...]]] = {
    "Trading": (
        ("POST", "tradeOrder/amend", "amendTradeOrder", _COMMON),
        ("POST", "tradeOrder/cancelAll", "cancelAllTradeOrders", _COMMON),
        ("GET", "tradeOrder/execution/list", "listTradeExecutions", _COMMON),
    ),
    "Trading Account": (
        ("POST", "tradingAccount/fund", "fundTradingAccount", _COMMON),
        ("POST", "tradingAccount/reset", "resetTradingAccount", _COMMON),
        ("POST", "tradingAccount/clone", "cloneTradingAccount", _COMMON),
    ),
    "Market": (("GET", "market/kline/list", "listMarketKlines", _COMMON),),
}
"""What this gateway has beside."""

DOCUMENTED: Final[dict[tuple[str, str], Documented]] = {
    (http, path): Documented(operation_id, tag, statuses)
    for calls in (_CALLS, _ADDED)
    for tag, found in calls.items()
    for http, path, operation_id, statuses in found
}
"""Everything under ``/api/v3`` by HTTP method and path."""

PUBLISHED: Final[frozenset[tuple[str, str]]] = frozenset(
    (http, path) for found in _CALLS.values() for http, path, _, _ in found
)
"""Those of them that the API has."""


def documented(http: str, path: str) -> Documented:
    """What is known of a call; one without an entry is named after its path."""
    found = DOCUMENTED.get((http, path))
    if found is not None:
        return found
    words = re.findall(r"[A-Za-z0-9]+", path)
    name = http.lower() + "".join(word[0].upper() + word[1:] for word in words)
    return Documented(name, "Utility", _COMMON)
