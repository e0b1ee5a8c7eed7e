"""The catalog of what a gateway serves: all operations, as one registry.

System, market data and stored subscriptions are always served. Orders, accounts, portfolios and
quotes need a paper venue; in a gateway without one they are answered with `TRADING_OFF`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cadenza import __version__
from cadenza.clock import Clock
from cadenza.config import TradingConfig
from cadenza.gateway.api.operation import Operation
from cadenza.gateway.api.registry import Registry
from cadenza.gateway.market.summaries import MarketSummaries
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.account_history import account_query_operations
from cadenza.gateway.operations.account_subscriptions import account_subscription_operations
from cadenza.gateway.operations.accounts import TradingAccounts, account_command_operations
from cadenza.gateway.operations.books import book_operations
from cadenza.gateway.operations.instruments import listing_operations
from cadenza.gateway.operations.order_queries import trade_order_queries
from cadenza.gateway.operations.orders import (
    Encoded,
    TradeAnswers,
    TradeOrders,
    trade_order_operations,
)
from cadenza.gateway.operations.portfolios import portfolio_operations
from cadenza.gateway.operations.prices import Klines, Tickers, price_operations
from cadenza.gateway.operations.quotes import quote_operations
from cadenza.gateway.operations.subscriptions import market_subscription_operations
from cadenza.gateway.operations.system import Health, system_operations
from cadenza.gateway.operations.unserved import TRADING_OFF, UNSERVED
from cadenza.gateway.trading.trading import Trading
from cadenza.market.market import Market
from cadenza.trading.orders.state import OrderState
from cadenza.trading.venue import PaperVenue


class MarketServices(NamedTuple):
    """The sources of the operations that are always served.

    Attributes:
        market: Instruments and books.
        tickers: Tickers.
        klines: Candles.
        health: How the gateway is.
        time_ms: Milliseconds since the Unix epoch, UTC.
    """

    market: Market
    tickers: Tickers
    klines: Klines
    health: Health
    time_ms: Callable[[], int]


def _nobody(_: str, __: Iterable[OrderState]) -> None:
    """Orders belong to no connection."""


class TradingServices(NamedTuple):
    """The sources of the operations of a paper venue.

    Attributes:
        venue: The paper venue.
        encoded: Encodes an order for RPC as it is at that moment; see `TradeAnswers`.
        clock: Answers that are held back on purpose wait by it.
        submitted: Told which orders a connection has sent.
        currency: What portfolios are summed up in unless a call names another.
        patience: How long ``awaitClosed`` waits, in seconds.
    """

    venue: PaperVenue
    encoded: Encoded
    clock: Clock
    submitted: Callable[[str, Iterable[OrderState]], None] = _nobody
    currency: str = "USDT"
    patience: float = 1.0


def registry_of(
    market: Market,
    summaries: MarketSummaries,
    trading: Trading | None,
    *,
    config: TradingConfig,
    clock: Clock,
    health: Health,
) -> Registry:
    """Every operation of a gateway.

    Args:
        market: Instruments and books.
        summaries: Tickers and candles.
        trading: The paper venue; ``None``: trading is switched off.
        config: Currency of portfolios.
        clock: The time.
        health: How the gateway is.
    """
    services = MarketServices(market, summaries.tickers, summaries.klines, health, clock.time_ms)
    if trading is None:
        return make_registry(services, None)
    return make_registry(
        services,
        TradingServices(
            venue=trading.venue,
            encoded=trading.events.encoded,
            clock=clock,
            submitted=trading.sessions.submitted,
            currency=config.currency,
        ),
    )


def make_registry(market: MarketServices, trading: TradingServices | None) -> Registry:
    """The operations over these services, and the calls that are not served.

    Args:
        market: Of what is always served.
        trading: Of the paper venue; ``None``: trading is switched off.
    """
    if trading is None:
        return Registry(market_operations(market), (*UNSERVED, TRADING_OFF))
    return Registry((*market_operations(market), *trading_operations(trading)), UNSERVED)


def market_operations(services: MarketServices) -> tuple[Operation, ...]:
    """System, market data, and stored subscriptions to market data."""
    market = services.market
    return (
        *system_operations(__version__, services.health, services.time_ms),
        *listing_operations(market),
        *book_operations(market),
        *price_operations(market, services.tickers, services.klines),
        *market_subscription_operations(market, services.time_ms()),
    )


def trading_operations(services: TradingServices) -> tuple[Operation, ...]:
    """Orders, accounts, portfolios and quotes."""
    venue = services.venue
    accounts = AccountsAccess(venue)
    answers = TradeAnswers(venue, services.encoded, services.clock)
    orders = TradeOrders(venue, accounts, submitted=services.submitted, patience=services.patience)
    return (
        *account_subscription_operations(accounts),
        *trade_order_operations(orders, answers),
        *trade_order_queries(venue, accounts, answers),
        *account_command_operations(TradingAccounts(venue, accounts)),
        *account_query_operations(venue, accounts),
        *portfolio_operations(venue, accounts, services.currency),
        *quote_operations(venue, accounts),
    )
