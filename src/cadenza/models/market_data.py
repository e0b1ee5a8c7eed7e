"""The payloads of market data: order books, trades, tickers and klines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import KlineInterval, OrderBookType, OrderSide, UpdateType, Venue
from cadenza.models.scalars import Dec, Millis

Row = tuple[str, str]
"""A level as ``(price, quantity)``, both decimal strings as the venue spelled them."""

L2_COLUMNS: Final = ("price", "quantity")


class OrderBook(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A book or a change to one: bids descend, asks ascend, quantities are absolute.

    ``sequence`` and ``prev_sequence`` are Cadenza's additions to the API's model: a DIFF applies to
    exactly the state whose ``sequence`` its ``prev_sequence`` names.
    """

    update_type: UpdateType
    instrument_id: str
    venue: Venue
    symbol: str
    bids: Sequence[Row]
    asks: Sequence[Row]
    timestamp: Millis
    sequence: int
    prev_sequence: int
    order_book_type: OrderBookType = OrderBookType.L2
    columns: tuple[str, ...] = L2_COLUMNS


class Trade(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One public trade; ``side`` is the side of the aggressor."""

    instrument_id: str
    venue: Venue
    symbol: str
    trade_id: str
    price: Dec
    quantity: Dec
    side: OrderSide
    timestamp: Millis


class Ticker(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The last trade and the best prices of an instrument; unknown ones are left out."""

    venue: Venue
    symbol: str
    timestamp: Millis
    instrument_id: str | UnsetType = UNSET
    last_price: Dec | UnsetType = UNSET
    last_quantity: Dec | UnsetType = UNSET
    bid_price: Dec | UnsetType = UNSET
    bid_quantity: Dec | UnsetType = UNSET
    ask_price: Dec | UnsetType = UNSET
    ask_quantity: Dec | UnsetType = UNSET
    price_change_percent: Dec | UnsetType = UNSET


Candle = tuple[Millis, Dec, Dec, Dec, Dec, Dec | None]
"""Open time, open, high, low, close, volume; the volume may be unknown."""


class Kline(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """Candles in ascending order; ``is_closed`` is true once, when the last one has ended.

    ``timestamp`` is when the payload was made.
    """

    venue: Venue
    symbol: str
    interval: KlineInterval
    candles: tuple[Candle, ...]
    is_closed: bool
    timestamp: Millis
    instrument_id: str | UnsetType = UNSET
