"""Requests for market data: parameters of RPC calls and of REST queries."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cadenza.models.enums import InstrumentStatus, KlineInterval, SecurityType, Venue
from cadenza.models.scalars import Moment, Offset, PageSize

Depth = Annotated[int, Meta(ge=1, le=10_000)]
"""How many levels of a side of a book are asked for."""


class RpcListInstrumentsParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Instruments that fit every filter given; without a limit all of them."""

    venue: Venue | UnsetType = UNSET
    symbols: tuple[str, ...] | UnsetType = UNSET
    security_type: SecurityType | UnsetType = UNSET
    instrument_status: InstrumentStatus | UnsetType = UNSET
    limit: PageSize | UnsetType = UNSET
    offset: Offset = 0


class ListInstrumentsQuery(RpcListInstrumentsParams, frozen=True, kw_only=True, rename="camel"):
    """The same over REST, in pages of 50 unless asked otherwise."""

    limit: PageSize = 50


class RpcListSecuritiesParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Securities that fit every filter given.

    ``securities`` are symbols (``BTC``) or ids (``BINANCE:BTC``).
    """

    venue: Venue | UnsetType = UNSET
    securities: tuple[str, ...] | UnsetType = UNSET
    external_symbols: tuple[str, ...] | UnsetType = UNSET


class ListSecuritiesQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Securities that fit every filter given, in pages."""

    venue: Venue | UnsetType = UNSET
    security_id: str | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0


class GetOrderBookParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The best ``depth`` levels a side of one book."""

    instrument_id: str
    depth: Depth = 10


class InstrumentFilter(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Instruments by id, or by venue and symbol; nothing given means all.

    An id that does not exist is an error; a venue or symbol without instruments finds none.
    """

    instrument_ids: tuple[str, ...] | UnsetType = UNSET
    venue: Venue | UnsetType = UNSET
    symbols: tuple[str, ...] | UnsetType = UNSET


class ListOrderBooksParams(InstrumentFilter, frozen=True, kw_only=True, rename="camel"):
    """The best ``depth`` levels a side of many books."""

    depth: Depth = 10


class GetTickerParams(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The ticker of one instrument."""

    instrument_id: str


class ListTickersQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Tickers in pages; a ``cursor`` is what the page before answered, and rules out ``offset``."""

    instrument_ids: tuple[str, ...] | UnsetType = UNSET
    limit: PageSize = 50
    offset: Offset = 0
    cursor: str | UnsetType = UNSET


class GetKlineQuery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Candles of one instrument by open time, both ends included.

    Without ``from`` they are the newest ``limit`` up to ``to``.
    """

    interval: KlineInterval
    instrument_id: str
    start: Moment | UnsetType = msgspec.field(name="from", default=UNSET)
    end: Moment | UnsetType = msgspec.field(name="to", default=UNSET)
    limit: PageSize = 50


class RpcListKlinesParams(InstrumentFilter, frozen=True, kw_only=True, rename="camel"):
    """Candles of many instruments; ``from``, ``to`` and ``limit`` are Cadenza's addition."""

    interval: KlineInterval = KlineInterval.MINUTE_1
    start: Moment | UnsetType = msgspec.field(name="from", default=UNSET)
    end: Moment | UnsetType = msgspec.field(name="to", default=UNSET)
    limit: PageSize = 50
