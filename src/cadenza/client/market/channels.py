"""The market methods of a client: books, trades, tickers and candles, followed or read once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Literal, TypeVar, Unpack

from cadenza.client.api_calls import ApiCalls, converted
from cadenza.client.errors import ReplyError
from cadenza.client.host import ClientHost
from cadenza.client.market.data import (
    Candle,
    MarketInstrument,
    MarketKline,
    MarketTicker,
    MarketTrade,
)
from cadenza.client.market.live_book import LiveOrderBook
from cadenza.client.market.typed_channel import OnItem, TypedChannel
from cadenza.client.options import GetSubscriptionToken, SubscribeArguments
from cadenza.models import KlineInterval
from cadenza.models.channels import kline_channel, ticker_channel, trade_channel

T = TypeVar("T")

INSTRUMENTS: Final = "query.instrument.list"
TICKER: Final = "query.ticker.get"
KLINES: Final = "query.kline.list"


class MarketChannels:
    """The market methods of ``Client``.

    ``order_book``, ``order_books``, ``trades``, ``tickers`` and ``klines`` subscribe to channels.
    They return once they are subscribed, and raise as ``Client.subscribe``.

    ``instruments``, ``ticker`` and ``candles`` ask the API once. Each of them raises:

    - ``ApiError``: The API refused; its number and words are in the error.
    - ``ReplyError``: The server has no such method, or its answer does not fit.
    - Any other ``ClientError``: As ``Client.rpc``.
    """

    async def order_book(
        self: ClientHost,
        instrument_id: str,
        *,
        allow_stale: bool = False,
        delta_is_diff: bool = False,
        delta: Literal["", "fossil"] = "",
        get_token: GetSubscriptionToken | None = None,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109 - on the client's clock
    ) -> LiveOrderBook:
        """Follow the order book of an instrument.

        Args:
            instrument_id: The instrument, such as ``BINANCE:BTC/USDT``.
            allow_stale: Whether the book may be read while it cannot be trusted.
            delta_is_diff: Whether a DELTA of this server means what a DIFF does.
            delta: ``fossil`` asks for patches on the line; the book sees whole payloads.
            get_token: Called with the channel, where the server wants a token for it.
            wait: Whether to wait for the first SNAPSHOT.
            timeout: Seconds to wait; by default ``start_timeout``.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: No SNAPSHOT came in time. Nothing stays subscribed.
            UsageError: The channel has a subscription already.
        """
        book = LiveOrderBook(
            self,
            instrument_id,
            allow_stale=allow_stale,
            delta_is_diff=delta_is_diff,
            delta=delta,
            get_token=get_token,
        )
        await book.start(wait=wait, timeout=timeout)
        return book

    async def order_books(
        self: ClientHost, instrument_ids: Iterable[str]
    ) -> dict[str, LiveOrderBook]:
        """Follow several books, one after another; if one fails, none stays subscribed.

        Args:
            instrument_ids: The instruments.

        Returns:
            The books by instrument.
        """
        books: dict[str, LiveOrderBook] = {}
        try:
            for instrument_id in instrument_ids:
                book = LiveOrderBook(self, instrument_id)
                await book.start()
                books[instrument_id] = book
        except BaseException:
            for book in books.values():
                book.close()
            raise
        return books

    async def trades(
        self: ClientHost,
        instrument_id: str,
        on_trade: OnItem[MarketTrade] | None = None,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketTrade]:
        """Follow the public trades of an instrument.

        Args:
            instrument_id: The instrument, such as ``BINANCE:BTC/USDT``.
            on_trade: Called with each trade; without it the channel is iterated over.
            given: Options and callbacks of a subscription.
        """
        channel = trade_channel(instrument_id)
        return await _started(TypedChannel(self, channel, MarketTrade, on_trade, dict(given)))

    async def tickers(
        self: ClientHost,
        venue_or_instrument: str,
        on_ticker: OnItem[MarketTicker] | None = None,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketTicker]:
        """Follow the tickers of an instrument, or of all instruments of a venue.

        Args:
            venue_or_instrument: Such as ``BINANCE`` or ``BINANCE:BTC/USDT``.
            on_ticker: Called with each ticker; without it the channel is iterated over.
            given: Options and callbacks of a subscription.
        """
        channel = ticker_channel(venue_or_instrument)
        return await _started(TypedChannel(self, channel, MarketTicker, on_ticker, dict(given)))

    async def klines(
        self: ClientHost,
        instrument_id: str,
        interval: KlineInterval | str,
        on_kline: OnItem[MarketKline] | None = None,
        *,
        closed_only: bool = False,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketKline]:
        """Follow the candles of an instrument while they form.

        Args:
            instrument_id: The instrument, such as ``BINANCE:BTC/USDT``.
            interval: The length of a candle, such as ``1m``.
            on_kline: Called with each kline; without it the channel is iterated over.
            closed_only: Whether to give candles that have ended alone.
            given: Options and callbacks of a subscription.
        """
        channel = kline_channel(instrument_id, interval)
        wanted = _is_closed if closed_only else None
        return await _started(
            TypedChannel(self, channel, MarketKline, on_kline, dict(given), wanted=wanted)
        )

    async def instruments(
        self: ClientHost, venue: str | None = None, symbols: Iterable[str] | None = None
    ) -> list[MarketInstrument]:
        """The instruments that can be traded, with their steps and limits.

        Args:
            venue: Only those of this venue, such as ``BINANCE``.
            symbols: Only those with one of these symbols, such as ``BTC/USDT``.
        """
        params: dict[str, Any] = {} if venue is None else {"venue": venue}
        if symbols is not None:
            params["symbols"] = list(symbols)
        return await _ask(self, INSTRUMENTS, list[MarketInstrument], params)

    async def ticker(self: ClientHost, instrument_id: str) -> MarketTicker:
        """The last trade and the best prices of an instrument, as they are now.

        Args:
            instrument_id: The instrument, such as ``BINANCE:BTC/USDT``.
        """
        return await _ask(self, TICKER, MarketTicker, {"instrumentId": instrument_id})

    async def candles(
        self: ClientHost,
        instrument_id: str,
        interval: KlineInterval | str,
        *,
        start: int | None = None,
        end: int | None = None,
        limit: int = 50,
    ) -> list[Candle]:
        """Candles of an instrument, the oldest first; the last may still be forming.

        Args:
            instrument_id: The instrument, such as ``BINANCE:BTC/USDT``.
            interval: The length of a candle, such as ``1m``.
            start: The least open time, milliseconds since the epoch, UTC; without it the newest
                ``limit`` candles are given.
            end: The greatest open time, milliseconds since the epoch, UTC.
            limit: The most candles to give, 1 to 1000.
        """
        params = {
            "instrumentIds": [instrument_id],
            "interval": _name_of(interval),
            "limit": limit,
        }
        bounds = {"from": start, "to": end}
        params |= {key: moment for key, moment in bounds.items() if moment is not None}
        found = await _ask(self, KLINES, list[MarketKline], params)
        if len(found) != 1:
            wrong = f"{len(found)} klines came, not 1"
            raise ReplyError(KLINES, 0, wrong, temporary=False)
        return found[0].candles


async def _started(typed: TypedChannel[T]) -> TypedChannel[T]:
    await typed.start()
    return typed


async def _ask(host: ClientHost, method: str, kind: type[T], params: dict[str, Any]) -> T:
    return converted(method, await ApiCalls(host).call(method, **params), kind)


def _name_of(interval: KlineInterval | str) -> str:
    return interval.value if isinstance(interval, KlineInterval) else interval


def _is_closed(kline: MarketKline) -> bool:
    return kline.is_closed
