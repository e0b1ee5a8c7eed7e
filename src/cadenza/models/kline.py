"""The kline payload, and the old one for reading."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums import KlineInterval, Venue
from cadenza.models.instants import Iso, millis_of
from cadenza.models.scalars import Dec, Millis

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
