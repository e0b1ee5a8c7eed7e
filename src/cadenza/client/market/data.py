"""Trades, tickers and candles as typed values with exact decimals.

Sources: the API's ``Ticker`` and ``Kline``, and the trade payload of market channels.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from cadenza.models import (
    InstrumentStatus,
    InstrumentType,
    KlineInterval,
    OrderSide,
    OrderType,
    SecurityType,
    TimeInForce,
    Venue,
)


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

    def __post_init__(self) -> None:
        _check_finite(self.price, self.quantity)


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

    def __post_init__(self) -> None:
        _check_finite(self.last_price, self.last_quantity, self.price_change_percent)
        _check_finite(self.bid_price, self.bid_quantity, self.ask_price, self.ask_quantity)


class Candle(NamedTuple):
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
    candles: list[Candle]
    is_closed: bool
    timestamp: int
    instrument_id: str | None = None

    def __post_init__(self) -> None:
        for bar in self.candles:
            _check_finite(*bar[1:])

    @property
    def latest(self) -> Candle:
        """The newest candle.

        Raises:
            LookupError: It has none, as what a question found may be.
        """
        if not self.candles:
            raise LookupError(f"no candles of {self.instrument_id or self.symbol}")
        return self.candles[-1]


def _check_finite(*numbers: Decimal | None) -> None:
    """Refuse "NaN" and "Infinity": they compare with nothing, and spread from sum to sum."""
    for number in numbers:
        if number is not None and not number.is_finite():
            raise ValueError(f"{number} is not finite")


class MarketInstrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What can be traded; ``None`` is what the server does not say.

    ``pip_size`` is the step of prices, ``lot_size`` that of quantities.
    """

    instrument_id: str
    venue: Venue
    symbol: str
    external_symbol: str | None = None
    description: str | None = None
    instrument_type: InstrumentType | None = None
    status: InstrumentStatus | None = None
    base_asset: str | None = None
    quote_asset: str | None = None
    base_security_type: SecurityType | None = None
    quote_security_type: SecurityType | None = None
    base_precision: int | None = None
    quote_precision: int | None = None
    lot_size: Decimal | None = None
    pip_size: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    max_notional: Decimal | None = None
    order_types: tuple[OrderType, ...] = ()
    time_in_force_options: tuple[TimeInForce, ...] = ()
    is_iceberg_allowed: bool | None = None
    fee: Decimal | None = None
    contract_size: Decimal | None = None
