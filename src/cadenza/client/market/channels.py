"""The market side of a client: books, trades, tickers, candles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, Unpack, cast

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

if TYPE_CHECKING:
    from cadenza.client.client import Client

T = TypeVar("T")

INSTRUMENTS: Final = "query.instrument.list"
TICKER: Final = "query.ticker.get"
KLINES: Final = "query.kline.list"


class MarketReads:
    """Questions over ``rpc``, with typed answers.

    Raises:
        ApiError: The gateway refused; its number and words are in the error.
        ReplyError: The server has no such call, or its answer does not fit.
        ClientError: As ``Client.rpc``.
    """

    async def instruments(
        self: ClientHost, venue: str | None = None, symbols: Iterable[str] | None = None
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

    async def ticker(self: ClientHost, instrument_id: str) -> MarketTicker:
        """The last trade and the best prices of an instrument, as they are now."""
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


async def _ask(host: ClientHost, method: str, kind: type[T], params: dict[str, Any]) -> T:
    return converted(method, await ApiCalls(host).call(method, **params), kind)


class MarketChannels:
    """Typed channels of markets; ``Client`` is one of these.

    Each call waits until it is subscribed, and raises as ``Client.subscribe``. Further arguments
    are options and callbacks of a subscription.
    """

    async def order_book(
        self,
        instrument_id: str,
        *,
        allow_stale: bool = False,
        delta_is_diff: bool = False,
        delta: Literal["", "fossil"] = "",
        get_token: GetSubscriptionToken | None = None,
        wait: bool = True,
        timeout: float | None = None,  # noqa: ASYNC109  on the client's clock
    ) -> LiveOrderBook:
        """A local book that is kept current.

        Args:
            instrument_id: As ``BINANCE:BTC/USDT``.
            allow_stale: Whether it may be read while it cannot be trusted.
            delta_is_diff: Whether a DELTA of this server means what a DIFF does.
            delta: ``fossil`` asks for patches on the line; the book sees whole payloads.
            get_token: Called with the channel, where the server wants a token for it.
            wait: Whether to wait for the first SNAPSHOT.
            timeout: For how long; by default ``start_timeout``.

        Raises:
            UnsubscribedError: The server refused.
            CallTimeoutError: No SNAPSHOT in time.
        """
        book = LiveOrderBook(
            cast("Client", self),
            instrument_id,
            allow_stale=allow_stale,
            delta_is_diff=delta_is_diff,
            delta=delta,
            get_token=get_token,
        )
        await book.start(wait=wait, timeout=timeout)
        return book

    async def trades(
        self,
        instrument_id: str,
        on_trade: OnItem[MarketTrade] | None = None,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketTrade]:
        """Public trades of an instrument."""
        return await self._typed(f"market:trade:{instrument_id}", MarketTrade, on_trade, given)

    async def tickers(
        self,
        venue_or_instrument: str,
        on_ticker: OnItem[MarketTicker] | None = None,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketTicker]:
        """Tickers of an instrument, or of all instruments of a venue."""
        channel = f"market:ticker:{venue_or_instrument}"
        return await self._typed(channel, MarketTicker, on_ticker, given)

    async def klines(
        self,
        instrument_id: str,
        interval: KlineInterval | str,
        on_kline: OnItem[MarketKline] | None = None,
        *,
        closed_only: bool = False,
        **given: Unpack[SubscribeArguments],
    ) -> TypedChannel[MarketKline]:
        """Candles of an instrument while they form, ``is_closed`` when they have ended.

        With ``closed_only`` those that have ended are all that is given.
        """
        name = interval.value if isinstance(interval, KlineInterval) else interval
        channel = f"market:kline:{instrument_id}:{name}"
        wanted = _is_closed if closed_only else None
        return await self._typed(channel, MarketKline, on_kline, given, wanted=wanted)

    async def order_books(self, instrument_ids: Iterable[str]) -> dict[str, LiveOrderBook]:
        """Several books, by instrument; when one cannot be had, none stays subscribed."""
        books: dict[str, LiveOrderBook] = {}
        try:
            for instrument_id in instrument_ids:
                books[instrument_id] = await self.order_book(instrument_id)
        except BaseException:
            for book in books.values():
                book.close()
            raise
        return books

    async def _typed(
        self,
        channel: str,
        kind: type[T],
        on_item: OnItem[T] | None,
        given: Any,
        *,
        wanted: Callable[[T], bool] | None = None,
    ) -> TypedChannel[T]:
        typed = TypedChannel(
            cast("Client", self), channel, kind, on_item, dict(given), wanted=wanted
        )
        await typed.start()
        return typed


def _is_closed(kline: MarketKline) -> bool:
    return kline.is_closed
