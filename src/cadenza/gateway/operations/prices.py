"""Operations about tickers and klines."""

from __future__ import annotations

from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.gateway.api import errors
from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import Caller, Operation, Reply, RestForm, RpcForm
from cadenza.gateway.api.results import after, page
from cadenza.gateway.operations.instruments import instrument_of, instruments_of
from cadenza.market.market import Market
from cadenza.models import (
    GetKlineQuery,
    GetTickerParams,
    InstrumentFilter,
    Kline,
    KlineInterval,
    ListTickersQuery,
    RpcListKlinesParams,
    Ticker,
)


class Tickers(Protocol):
    """A source of tickers."""

    def ticker(self, instrument_id: str) -> Ticker | None:
        """The ticker of a declared instrument; ``None`` before anything has happened in it."""


class Klines(Protocol):
    """A source of candles."""

    def kline(
        self,
        instrument_id: str,
        interval: KlineInterval,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> Kline:
        """Candles of a declared instrument by open time, ascending, both bounds included.

        Without a start they are the newest ``limit``, with one the oldest from there; there may be
        none at all.
        """


class TickerPage(InstrumentFilter, frozen=True, kw_only=True, rename="camel"):
    """A question for tickers, as both surfaces ask it; RPC has no pages."""

    limit: int | UnsetType = UNSET
    offset: int = 0
    cursor: str | UnsetType = UNSET


class Prices:
    """Answers from tickers and klines.

    Args:
        market: The instruments.
        tickers: Their tickers.
        klines: Their candles.
    """

    def __init__(self, market: Market, tickers: Tickers, klines: Klines) -> None:
        self._market = market
        self._tickers = tickers
        self._klines = klines

    def ticker(self, _: Caller, wanted: GetTickerParams) -> Reply:
        """One ticker."""
        instrument_id = instrument_of(self._market, wanted.instrument_id).instrument_id
        found = self._tickers.ticker(instrument_id)
        if found is None:
            message = f"nothing has happened in {instrument_id} yet"
            raise OperationError(errors.NO_TICKER, message, instrumentId=instrument_id)
        return Reply(found)

    def tickers(self, _: Caller, wanted: TickerPage) -> Reply:
        """Tickers of the instruments asked for; those without one yet are left out."""
        names = [one.instrument_id for one in instruments_of(self._market, wanted)]
        offset = after(names, wanted.cursor, wanted.offset)
        part, pagination = page(names, wanted.limit, offset)
        found = [ticker for name in part if (ticker := self._tickers.ticker(name)) is not None]
        if pagination.has_next:
            pagination = msgspec.structs.replace(pagination, cursor=part[-1])
        return Reply(tuple(found), pagination)

    def kline(self, _: Caller, wanted: GetKlineQuery) -> Reply:
        """Candles of one instrument."""
        instrument_id = instrument_of(self._market, wanted.instrument_id).instrument_id
        return Reply(self._kline(instrument_id, wanted))

    def klines(self, _: Caller, wanted: RpcListKlinesParams) -> Reply:
        """Candles of the instruments asked for."""
        found = instruments_of(self._market, wanted)
        return Reply(tuple(self._kline(one.instrument_id, wanted) for one in found))

    def _kline(self, instrument_id: str, wanted: GetKlineQuery | RpcListKlinesParams) -> Kline:
        start = None if wanted.start is UNSET else wanted.start
        end = None if wanted.end is UNSET else wanted.end
        if start is not None and end is not None and end < start:
            message = f"to is {end}, before from, which is {start}"
            raise OperationError(errors.INVALID_FIELD, message, field="to", provided=(str(end),))
        return self._klines.kline(
            instrument_id, wanted.interval, start_ms=start, end_ms=end, limit=wanted.limit
        )


def price_operations(market: Market, tickers: Tickers, klines: Klines) -> tuple[Operation, ...]:
    """Tickers and klines."""
    prices = Prices(market, tickers, klines)
    return (
        Operation(
            name="query.ticker.get",
            doc="The last trade and the best prices of one instrument.",
            run=prices.ticker,
            request=GetTickerParams,
            rpc=RpcForm(method="query.ticker.get", params=GetTickerParams, result=Ticker),
            rest=RestForm(
                http="GET", path="market/ticker/get", params=GetTickerParams, result=Ticker
            ),
        ),
        Operation(
            name="query.ticker.list",
            doc="The last trade and the best prices of many instruments.",
            run=prices.tickers,
            request=TickerPage,
            rpc=RpcForm(
                method="query.ticker.list", params=InstrumentFilter, result=tuple[Ticker, ...]
            ),
            rest=RestForm(
                http="GET",
                path="market/ticker/list",
                params=ListTickersQuery,
                result=tuple[Ticker, ...],
                paginated=True,
            ),
        ),
        Operation(
            name="query.kline.get",
            doc="Candles of one instrument by open time, both ends included.",
            run=prices.kline,
            request=GetKlineQuery,
            rest=RestForm(
                http="GET",
                path="market/kline/get",
                aliases=("market/kline/list",),
                params=GetKlineQuery,
                result=Kline,
            ),
        ),
        Operation(
            name="query.kline.list",
            doc="Candles of many instruments.",
            run=prices.klines,
            request=RpcListKlinesParams,
            rpc=RpcForm(
                method="query.kline.list", params=RpcListKlinesParams, result=tuple[Kline, ...]
            ),
        ),
    )
