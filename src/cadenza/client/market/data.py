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
    """A public trade.

    Attributes:
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``.
        venue: The venue.
        symbol: The symbol, ``BASE/QUOTE``.
        trade_id: The venue's id of the trade.
        price: The price, in the quote asset.
        quantity: The quantity, in the base asset.
        side: The side of the aggressor.
        timestamp: The time of the trade, milliseconds since the epoch, UTC.
    """

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
    """The last trade and the best prices of an instrument; ``None`` is not known.

    Attributes:
        venue: The venue.
        symbol: The symbol, ``BASE/QUOTE``.
        timestamp: The time of the ticker, milliseconds since the epoch, UTC.
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``.
        last_price: The price of the last trade, in the quote asset.
        last_quantity: The quantity of the last trade, in the base asset.
        bid_price: The best bid, in the quote asset.
        bid_quantity: The quantity at the best bid, in the base asset.
        ask_price: The best ask, in the quote asset.
        ask_quantity: The quantity at the best ask, in the base asset.
        price_change_percent: The change of the price over 24 hours, in percent.
    """

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
    """One candle; prices are in the quote asset.

    Attributes:
        time: The time it opened, milliseconds since the epoch, UTC.
        open: The first price.
        high: The highest price.
        low: The lowest price.
        close: The last price.
        volume: The quantity traded, in the base asset; ``None`` if it is not known.
    """

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal | None


class MarketKline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Candles of one instrument and interval.

    Attributes:
        venue: The venue.
        symbol: The symbol, ``BASE/QUOTE``.
        interval: The length of a candle.
        candles: The candles, the oldest first.
        is_closed: Whether the last candle has ended; true once for each candle.
        timestamp: The time of this message, milliseconds since the epoch, UTC.
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``; ``None`` if the server does not say.
    """

    venue: Venue
    symbol: str
    interval: KlineInterval
    candles: list[Candle]
    is_closed: bool
    timestamp: int
    instrument_id: str | None = None

    def __post_init__(self) -> None:
        for candle in self.candles:
            _check_finite(*candle[1:])

    @property
    def latest(self) -> Candle:
        """The newest candle.

        Raises:
            LookupError: There are no candles, as in the answer to a query that found none.
        """
        if not self.candles:
            raise LookupError(f"no candles of {self.instrument_id or self.symbol}")
        return self.candles[-1]


class MarketInstrument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An instrument that can be traded; ``None`` is what the server does not say.

    Attributes:
        instrument_id: The instrument, ``VENUE:BASE/QUOTE``.
        venue: The venue.
        symbol: The symbol, ``BASE/QUOTE``.
        external_symbol: The venue's own symbol.
        description: A description for people.
        instrument_type: The type, such as SPOT.
        status: Whether it is traded.
        base_asset: The asset that is bought and sold.
        quote_asset: The asset of prices.
        base_security_type: The type of the base asset.
        quote_security_type: The type of the quote asset.
        base_precision: The decimals of the base asset.
        quote_precision: The decimals of the quote asset.
        lot_size: The step of quantities, in the base asset.
        pip_size: The step of prices, in the quote asset.
        min_quantity: The least quantity of an order, in the base asset.
        max_quantity: The greatest quantity of an order, in the base asset.
        min_notional: The least value of an order, in the quote asset.
        max_notional: The greatest value of an order, in the quote asset.
        order_types: The types of orders that it takes.
        time_in_force_options: The times in force that it takes.
        is_iceberg_allowed: Whether it takes icebergs.
        fee: The fee, as the API gives it.
        contract_size: The size of a contract, for derivatives.
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


def _check_finite(*numbers: Decimal | None) -> None:
    """Refuse "NaN" and "Infinity", which cannot be compared and spoil every sum."""
    for number in numbers:
        if number is not None and not number.is_finite():
            raise ValueError(f"{number} is not finite")
