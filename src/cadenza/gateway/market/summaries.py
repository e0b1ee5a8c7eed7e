"""Tickers and klines of a market, and the one timer that publishes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cadenza.clock import Clock
from cadenza.config import MarketConfig
from cadenza.gateway.market.klines import KlineChannels
from cadenza.gateway.market.tickers import TickerChannels
from cadenza.gateway.outlet import Outlet
from cadenza.market.errors import BookFaultError
from cadenza.market.instrument import Listing
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook, Touched
from cadenza.market.tickers import Tickers
from cadenza.models import OrderSide, Venue
from cadenza.models.channels import KLINE, TICKER, MarketChannel
from cadenza.realtime import ChannelOptions
from cadenza.realtime.subscription import Snapshot

BEAT_SECONDS: Final = 0.1
"""How often the timer looks, unless a shorter update interval is configured."""

SHORTEST_BEAT: Final = 0.005


class MarketSummaries:
    """Tickers and klines, with their channels.

    Make it before the first instrument is declared, so that it sees every trade.

    Args:
        market: Its trades and books are summed up.
        config: The ``market`` section: intervals and history.
        clock: The time.
        outlet: Publishes the payloads.
        kinds: Channel options by kind of market channel.

    Attributes:
        klines: Answers queries for candles.
        tickers: Answers queries for tickers.
    """

    def __init__(
        self,
        market: Market,
        config: MarketConfig,
        clock: Clock,
        outlet: Outlet,
        kinds: Mapping[str, ChannelOptions],
    ) -> None:
        replays = config.feed == "replay"
        kline_options = kinds[KLINE]
        self.klines: Final = Klines(
            clock,
            # More can be caught up with than a channel keeps: see ``KlineChannels``.
            history=max(config.kline.history, kline_options.history_size + 2),
            is_recorded=lambda listing: replays and listing.id.venue is not Venue.PAPER,
        )
        self.tickers: Final = Tickers(market, self.klines)
        self._market = market
        self._clock = clock
        intervals = (float(config.ticker.update_interval), float(config.kline.update_interval))
        self._is_immediate = (not intervals[0], not intervals[1])
        self._beat = max(SHORTEST_BEAT, min(BEAT_SECONDS, *filter(None, intervals), BEAT_SECONDS))
        self._tickers = TickerChannels(market, self.tickers, outlet, kinds[TICKER], intervals[0])
        self._klines = KlineChannels(self.klines, outlet, kline_options, intervals[1])
        market.add_observer(self.klines)
        if any(self._is_immediate):
            market.add_observer(self)

    def subscribed(self, name: str, about: MarketChannel) -> Snapshot | None:
        """Somebody is about to subscribe to a ticker or kline channel: how its state is read."""
        channels = self._tickers if about.kind == TICKER else self._klines
        return channels.subscribed(name, about)

    async def run(self) -> None:
        """Publish what is due, until cancelled."""
        due = self._clock.monotonic() + self._beat
        while True:
            await self._clock.sleep(due - self._clock.monotonic())
            self.beat()
            now = self._clock.monotonic()
            due += self._beat * max(1, 1 + int((now - due) / self._beat))

    def beat(self) -> None:
        """Publish what is due now."""
        now = self._clock.monotonic()
        self._klines.beat(now)
        self._tickers.beat(now)

    # What the market says, heard only where each change is to be published: ``MarketObserver``.

    def on_instrument(self, book: OrderBook) -> None:
        """Nothing has changed that anybody could see."""

    def on_trade_seen(
        self,
        listing: Listing,
        price: int,  # noqa: ARG002 - the observer's signature
        lots: int,  # noqa: ARG002 - the observer's signature
        side: OrderSide,  # noqa: ARG002 - the observer's signature
        timestamp_ms: int,  # noqa: ARG002 - the observer's signature
    ) -> None:
        """The klines, which observe before, have counted it."""
        self._changed(listing, *self._is_immediate)

    def on_book_changed(
        self,
        book: OrderBook,
        touched: Touched | None,  # noqa: ARG002 - the observer's signature
        timestamp_ms: int,  # noqa: ARG002 - the observer's signature
    ) -> None:
        """Perhaps the best prices have changed."""
        self._changed(book.listing, self._is_immediate[0], False)

    def on_stale(self, listing: Listing, fault: BookFaultError) -> None:
        """The best prices are not known any more: the next beat says so."""

    def _changed(self, listing: Listing, tickers: bool, klines: bool) -> None:
        now, instrument_id = self._clock.monotonic(), listing.instrument.instrument_id
        if klines:
            self._klines.on_trade(instrument_id, now)
        if tickers:
            self._tickers.on_change(instrument_id, now)
