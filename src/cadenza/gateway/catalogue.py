"""Which operations a gateway serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.gateway.api import Registry, Services, market_registry
from cadenza.gateway.health import GatewayHealth
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.trading import TradingServices, trading_operations
from cadenza.gateway.trading.trading import ppm_of

if TYPE_CHECKING:
    from cadenza.gateway.gateway import Gateway


def registry_of(gateway: Gateway) -> Registry:
    """The operations of a gateway: market and system always, trading where it is on."""
    trading = gateway.trading
    registry = market_registry(
        Services(
            market=gateway.market,
            tickers=gateway.summaries.tickers,
            klines=gateway.summaries.klines,
            accounts=AccountsAccess(trading.venue) if trading is not None else None,
            health=GatewayHealth(gateway),
            time_ms=gateway.clock.time_ms,
        )
    )
    if trading is not None:
        services = TradingServices(
            venue=trading.venue,
            market=gateway.market,
            encoded=trading.events.encoded,
            clock=gateway.clock,
            submitted=trading.sessions.submitted,
            currency=gateway.config.trading.currency,
            quote_spread_ppm=ppm_of(gateway.config.trading.paper.quote_spread),
        )
        for operation in trading_operations(services):
            registry.add(operation)
    return registry
