"""What a client asks about markets once: instruments, tickers, candles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar

from cadenza.client.api_calls import TradingCalls, converted
from cadenza.client.errors import ReplyError
from cadenza.client.host import TradingHost
from cadenza.client.market.data import Bar, MarketKline, MarketTicker
from cadenza.client.market_instrument import MarketInstrument
from cadenza.models import KlineInterval

T = TypeVar("T")

INSTRUMENTS: Final = "query.instrument.list"
TICKER: Final = "query.ticker.get"
KLINES: Final = "query.kline.list"


class MarketReads:
    """Questions over ``rpc``, with typed answers.

    Raises:
        TradingError: The gateway refused; its number and words are in the error.
        ReplyError: The server has no such call, or its answer does not fit.
        ClientError: As ``Client.rpc``.
    """

    async def instruments(
        self: TradingHost, venue: str | None = None, symbols: Iterable[str] | None = None
    ) -> list[MarketInstrument]:
        """What can be traded, in which steps and within which limits.

        Args:
            venue: Those of one venue, as ``BINANCE``.
            symbols: Those of these symbols, as ``BTC/USDT``.
        """
        params: dict[str, Any] = {} if venue is None else {"venue": venue}
        if symbols is not None:
            params["symbols"] = list(symbols)
        return await _ask(self, INSTRUMENTS, list[MarketInstrument], params)

    async def ticker(self: TradingHost, instrument_id: str) -> MarketTicker:
        """The last trade and the best prices of an instrument, as they are now."""
        return await _ask(self, TICKER, MarketTicker, {"instrumentId": instrument_id})

    async def candles(
        self: TradingHost,
        instrument_id: str,
        interval: KlineInterval | str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 50,
    ) -> list[Bar]:
        """Candles of an instrument, the oldest first; the last may be the one that forms.

        Args:
            instrument_id: As ``BINANCE:BTC/USDT``.
            interval: As ``1m``.
            start: The least open time, milliseconds UTC; without one the newest ``limit`` are
                given.
            end: The greatest open time.
            limit: How many at most, 1 to 1000.
        """
        name = interval.value if isinstance(interval, KlineInterval) else interval
        params = {"instrumentIds": [instrument_id], "interval": name, "limit": limit}
        bounds = {"from": start, "to": end}
        params |= {key: moment for key, moment in bounds.items() if moment is not None}
        found = await _ask(self, KLINES, list[MarketKline], params)
        if len(found) != 1:
            wrong = f"{len(found)} klines came, not 1"
            raise ReplyError(KLINES, 0, wrong, temporary=False)
        return found[0].candles


async def _ask(host: TradingHost, method: str, kind: type[T], params: dict[str, Any]) -> T:
    return converted(method, await TradingCalls(host).call(method, **params), kind)
