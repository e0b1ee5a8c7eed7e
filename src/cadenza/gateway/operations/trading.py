"""All operations of trading, as one list."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from cadenza.gateway.api.operation import Operation
from cadenza.gateway.operations.account_access import AccountsAccess
from cadenza.gateway.operations.account_forms import account_command_operations
from cadenza.gateway.operations.account_history import account_query_operations
from cadenza.gateway.operations.accounts import TradingAccounts
from cadenza.gateway.operations.order_queries import trade_order_queries
from cadenza.gateway.operations.orders import TradeOrders, trade_order_operations
from cadenza.gateway.operations.portfolios import portfolio_operations
from cadenza.gateway.operations.quotes import quote_operations
from cadenza.gateway.operations.trade_answers import Encoded, TradeAnswers
from cadenza.market.clock import Clock
from cadenza.market.market import Market
from cadenza.trading.exchange.quotes import QuoteDesk
from cadenza.trading.ids import RisingIds
from cadenza.trading.orders.state import OrderState
from cadenza.trading.venue import PaperVenue


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
