"""Everything that is served without trading, as one registry."""

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
from cadenza.gateway.operations.account_subscriptions import (
    Accounts,
    account_subscription_operations,
)
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
from cadenza.gateway.trading.trading import Trading, ppm_of
from cadenza.market.market import Market
from cadenza.trading.exchange.quotes import QuoteDesk
from cadenza.trading.ids import RisingIds
from cadenza.trading.orders.state import OrderState
from cadenza.trading.venue import PaperVenue


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


def _nobody(_: str, __: Iterable[OrderState]) -> None:
    """Orders belong to no connection."""


class TradingServices(NamedTuple):
    """What the operations of trading answer from.

    Attributes:
        venue: The paper venue.
        market: Displayed books, for quotes.
        encoded: Encodes an order for RPC as it is at that moment; see `TradeAnswers`.
        clock: The time; orders that are delayed on purpose wait by it.
        submitted: Told which orders a connection has sent.
        currency: What portfolios are summed up in unless a call names another.
        quote_spread_ppm: What the dealer takes, in millionths of the price.
        patience: How long ``awaitClosed`` waits, in seconds.
        new_id: Makes the ids of quotes; by default UUIDs that rise with time.
    """

    venue: PaperVenue
    market: Market
    encoded: Encoded
    clock: Clock
    submitted: Callable[[str, Iterable[OrderState]], None] = _nobody
    currency: str = "USDT"
    quote_spread_ppm: int = 500
    patience: float = 1.0
    new_id: Callable[[], str] | None = None


def trading_operations(services: TradingServices) -> tuple[Operation, ...]:
    """Orders, accounts, portfolios and quotes; from here on the venue's exchange takes quotes."""
    venue = services.venue
    accounts = AccountsAccess(venue)
    answers = TradeAnswers(venue, services.encoded)
    orders = TradeOrders(
        venue,
        accounts,
        answers,
        clock=services.clock,
        submitted=services.submitted,
        patience=services.patience,
    )
    quotes = QuoteDesk(
        venue.exchange.desks,
        services.market.book,
        services.market.fault,
        services.new_id or RisingIds(venue.now),
        venue.now,
        spread_ppm=services.quote_spread_ppm,
    )
    venue.exchange.quotes = quotes
    return (
        *trade_order_operations(orders),
        *trade_order_queries(venue, accounts, answers),
        *account_command_operations(TradingAccounts(venue, accounts)),
        *account_query_operations(venue, accounts),
        *portfolio_operations(venue, accounts, services.currency),
        *quote_operations(venue, accounts, quotes),
    )


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
        config: Currency of portfolios, and spread of quotes.
        clock: The time.
        health: How the gateway is.
    """
    registry = market_registry(
        Services(
            market=market,
            tickers=summaries.tickers,
            klines=summaries.klines,
            accounts=AccountsAccess(trading.venue) if trading is not None else None,
            health=health,
            time_ms=clock.time_ms,
        )
    )
    if trading is not None:
        services = TradingServices(
            venue=trading.venue,
            market=market,
            encoded=trading.events.encoded,
            clock=clock,
            submitted=trading.sessions.submitted,
            currency=config.currency,
            quote_spread_ppm=ppm_of(config.paper.quote_spread),
        )
        for operation in trading_operations(services):
            registry.add(operation)
    return registry
