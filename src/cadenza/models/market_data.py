"""The ``OrderBook`` payload, in the new shape that contains the old one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import KlineInterval, OrderBookType, OrderSide, UpdateType, Venue
from cadenza.models.scalars import Dec, Iso, Millis, millis_of

Row = tuple[str, str]
"""A level as ``(price, quantity)``, both decimal strings as the venue spelled them."""

L2_COLUMNS = ("price", "quantity")


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


class OldTicker(msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True):
    """The ticker of older clients (``RpcTicker``): read, never sent."""

    exchange: Venue
    symbol: str
    time: Iso
    instrument_id: str | UnsetType = UNSET
    exchange_time: Iso | UnsetType = UNSET
    ask: Dec | UnsetType = UNSET
    ask_quantity: Dec | UnsetType = UNSET
    bid: Dec | UnsetType = UNSET
    bid_quantity: Dec | UnsetType = UNSET
    last: Dec | UnsetType = UNSET
    last_quantity: Dec | UnsetType = UNSET

    def renewed(self) -> Ticker:
        """The same facts in today's shape.

        Raises:
            ValueError: ``time`` is no RFC 3339 time.
        """
        return Ticker(
            venue=self.exchange,
            symbol=self.symbol,
            timestamp=millis_of(self.time),
            instrument_id=self.instrument_id,
            last_price=self.last,
            last_quantity=self.last_quantity,
            bid_price=self.bid,
            bid_quantity=self.bid_quantity,
            ask_price=self.ask,
            ask_quantity=self.ask_quantity,
        )


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


class OldCandle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A candle of older clients (``RpcOhlcv``)."""

    t: Iso
    o: Dec
    h: Dec
    l: Dec  # noqa: E741 - the API's name for the low
    c: Dec
    v: Dec | None = None
    interval: KlineInterval | UnsetType = UNSET


class OldKline(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The kline of older clients (``RpcKline``): read, never sent."""

    instrument_id: str
    symbol: str
    interval: KlineInterval
    candles: tuple[OldCandle, ...]

    def renewed(self, *, venue: Venue, timestamp: Millis) -> Kline:
        """The same candles in today's shape, as closed ones.

        Args:
            venue: The venue, which the old shape does not name.
            timestamp: When this was read.

        Raises:
            ValueError: The time of a candle is no RFC 3339 time.
        """
        candles = tuple(
            (millis_of(old.t), old.o, old.h, old.l, old.c, old.v) for old in self.candles
        )
        return Kline(
            venue=venue,
            symbol=self.symbol,
            interval=self.interval,
            candles=candles,
            is_closed=True,
            timestamp=timestamp,
            instrument_id=self.instrument_id,
        )
