"""Trades, tickers and candles as typed values with exact decimals.

Sources: the API's ``Ticker`` and ``Kline``, and the trade payload of market channels.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from cadenza.models import KlineInterval, OrderSide, Venue


class MarketTrade(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A public trade; ``side`` is the aggressor's, ``timestamp`` milliseconds UTC."""

    instrument_id: str
    venue: Venue
    symbol: str
    trade_id: str
    price: Decimal
    quantity: Decimal
    side: OrderSide
    timestamp: int


class MarketTicker(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """The last trade and the best prices of an instrument; ``None``: not known."""

    venue: Venue
    symbol: str
    timestamp: int
    instrument_id: str | None = None
    last_price: Decimal | None = None
    last_quantity: Decimal | None = None
    bid_price: Decimal | None = None
    bid_quantity: Decimal | None = None
    ask_price: Decimal | None = None
    ask_quantity: Decimal | None = None
    price_change_percent: Decimal | None = None


class Bar(NamedTuple):
    """One candle: ``time`` is when it opened, milliseconds UTC; the volume may be unknown."""

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None


class MarketKline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Candles in ascending order; ``is_closed`` once, when the last one has ended."""

    venue: Venue
    symbol: str
    interval: KlineInterval
    candles: list[Bar]
    is_closed: bool
    timestamp: int
    instrument_id: str | None = None

    @property
    def bar(self) -> Bar:
        """The newest candle."""
        return self.candles[-1]
