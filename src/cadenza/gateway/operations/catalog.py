"""Everything that is served without trading, as one registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cadenza import __version__
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.operations.account_subscriptions import (
    Accounts,
    account_subscription_operations,
)
from cadenza.gateway.operations.books import book_operations
from cadenza.gateway.operations.instruments import listing_operations
from cadenza.gateway.operations.prices import Klines, Tickers, price_operations
from cadenza.gateway.operations.subscriptions import market_subscription_operations
from cadenza.gateway.operations.system import Health, system_operations
from cadenza.gateway.operations.unserved import TRADING_OFF, UNSERVED
from cadenza.market.market import Market


class Services(NamedTuple):
    """What the operations answer from.

    Attributes:
        market: Instruments and books.
        tickers: Tickers.
        klines: Candles.
        accounts: Whose trading accounts are whose; ``None``: trading is switched off, and all of
            its calls are answered so.
        health: How the gateway is.
        time_ms: Milliseconds since the Unix epoch.
    """

    market: Market
    tickers: Tickers
    klines: Klines
    accounts: Accounts | None
    health: Health
    time_ms: Callable[[], int]


def market_registry(services: Services) -> Registry:
    """System, market data and subscriptions; the caller adds the operations of trading."""
    market = services.market
    registry = Registry(unserved=UNSERVED)
    operations = [
        *system_operations(__version__, services.health, services.time_ms),
        *listing_operations(market),
        *book_operations(market),
        *price_operations(market, services.tickers, services.klines),
        *market_subscription_operations(market, services.time_ms()),
    ]
    if services.accounts is None:
        registry.leave_out(TRADING_OFF)
    else:
        operations += account_subscription_operations(services.accounts)
    for operation in operations:
        registry.add(operation)
    return registry
