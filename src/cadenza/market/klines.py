"""Klines: the candles of every instrument, as the API shows them.

What time it is decides when a candle is over. Of a recording that is its own time: the latest an
instrument's messages have named, whatever the speed of the replay, so that its last candles stay
open at its end. Everywhere else the clock closes candles as well, a moment (``GRACE_MS``) late, so
that trades on their way still find theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cadenza.clock import Clock
from cadenza.market.candles import NOT_BEGUN, Bar, CandleSeries
from cadenza.market.errors import BookFaultError, UnknownInstrumentError
from cadenza.market.instrument import Listing
from cadenza.market.intervals import DAY_MS, LATEST_MS, open_of
from cadenza.market.order_book import OrderBook, Touched
from cadenza.models import Candle, Kline, KlineInterval, OrderSide

GRACE_MS: Final = 250
"""How long after its end a candle waits for trades that are on their way."""

AHEAD_MS: Final = 10_000
"""Where the clock rules, trades dated further ahead of it count as of that much ahead."""


class Klines:
    """A ``MarketObserver`` that makes candles of the trades it sees.

    Args:
        clock: The time, where it is not a recording's.
        history: Candles that can be read, an interval and instrument, with the forming one.
        is_recorded: Says whether an instrument is a recording's; by default none is.
        grace_ms: See ``GRACE_MS``.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        history: int = 1000,
        is_recorded: Callable[[Listing], bool] = lambda _listing: False,
        grace_ms: int = GRACE_MS,
    ) -> None:
        self.history: Final = history
        self._clock = clock
        self._is_recorded = is_recorded
        self._grace_ms = grace_ms
        self._series: dict[Listing, CandleSeries] = {}
        self._known: dict[str, tuple[Listing, CandleSeries]] = {}
        self._on_second: Callable[[str], None] | None = None

    def listen(self, on_second: Callable[[str], None]) -> None:
        """Call this with the instrument id when a second, and so perhaps a candle, is over."""
        self._on_second = on_second

    # What the market says: see ``MarketObserver``.

    def on_instrument(self, book: OrderBook) -> None:
        """Begin to make candles of an instrument, or go on with them in finer steps."""
        listing = book.listing
        known = self._known.get(listing.instrument.instrument_id)
        if known is None:
            series = CandleSeries(self.history, is_recorded=self._is_recorded(listing))
        else:
            before, series = known
            del self._series[before]
            series.rescale(*listing.finer_than(before))
        self._series[listing] = series
        self._known[listing.instrument.instrument_id] = listing, series

    def on_trade_seen(
        self,
        listing: Listing,
        price: int,
        lots: int,
        side: OrderSide,  # noqa: ARG002 - the observer's signature
        timestamp_ms: int,
    ) -> None:
        """Count a trade."""
        series = self._series[listing]
        if timestamp_ms >= series.end and not series.is_recorded:
            timestamp_ms = min(timestamp_ms, self._clock.time_ms() + AHEAD_MS)
        if series.add(price, lots, timestamp_ms):
            self._tell(listing)

    def on_book_changed(
        self,
        book: OrderBook,
        touched: Touched | None,  # noqa: ARG002 - the observer's signature
        timestamp_ms: int,
    ) -> None:
        """Of a recording, updates of the book move time too."""
        series = self._series[book.listing]
        if not series.is_recorded:
            return
        if series.seen < timestamp_ms < LATEST_MS:
            series.seen = timestamp_ms
            if series.advance(timestamp_ms - self._grace_ms):
                self._tell(book.listing)

    def on_stale(self, listing: Listing, fault: BookFaultError) -> None:
        """Candles are made of trades; the book is not their concern."""

    def _tell(self, listing: Listing) -> None:
        if self._on_second is not None:
            self._on_second(listing.instrument.instrument_id)

    # What anybody may ask.

    def series(self, instrument_id: str) -> CandleSeries | None:
        """The candles of an instrument, up to now; ``None`` for one that nobody declared."""
        known = self._known.get(instrument_id)
        if known is None:
            return None
        listing, series = known
        if not series.is_recorded and series.advance(self._clock.time_ms() - self._grace_ms):
            self._tell(listing)
        return series

    def time_ms(self, instrument_id: str) -> int:
        """What time it is for an instrument; raises ``UnknownInstrumentError``."""
        _, series = self._find(instrument_id)
        return (series.is_recorded and series.seen) or self._clock.time_ms()

    def kline(
        self,
        instrument_id: str,
        interval: KlineInterval,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> Kline:
        """Candles of an instrument, ascending and without a hole since its first trade.

        A candle without a trade has volume 0 and the close before it as its four prices. The
        history goes back ``history`` candles; older ones are not in the answer.

        Args:
            instrument_id: The instrument.
            interval: Of which length.
            start_ms: The earliest open time; the first ``limit`` candles from there. ``None``:
                the newest ``limit``.
            end_ms: The latest open time; ``None``: now.
            limit: At most so many; less than 1 gives none.

        Returns:
            The payload; ``isClosed`` says whether its last candle is over, or without any whether
            the range ended before the candle of now began.

        Raises:
            UnknownInstrumentError: Nobody declared the instrument.
        """
        listing, _ = self._find(instrument_id)
        series = self.series(instrument_id)
        bars: list[Bar] = []
        if series is not None:
            bars = series.bars(interval, first_ms=start_ms, last_ms=end_ms, limit=limit)
        if bars:
            is_closed = bars[-1].at != self.newest_open(instrument_id, interval)
        else:
            now_open = open_of(interval, self.time_ms(instrument_id))
            is_closed = end_ms is not None and end_ms < now_open
        return self._payload(listing, interval, bars, is_closed=is_closed)

    def closed(self, instrument_id: str, interval: KlineInterval, since_ms: int) -> list[Kline]:
        """Every closed candle that opened at or after a time, each as a payload of its own."""
        listing, series = self._find(instrument_id)
        newest = series.newest_open(interval)
        if newest <= since_ms:
            return []
        bars = series.bars(interval, last_ms=newest - 1, limit=self.history)
        return [
            self._payload(listing, interval, [bar], is_closed=True)
            for bar in bars
            if bar.at >= since_ms
        ]

    def newest_open(self, instrument_id: str, interval: KlineInterval) -> int:
        """The open time of the candle that forms; ``NOT_BEGUN`` before the first trade."""
        known = self._known.get(instrument_id)
        return known[1].newest_open(interval) if known else NOT_BEGUN

    def price_change_percent(self, instrument_id: str) -> str | None:
        """How much the last price differs from that of 24 hours ago, such as ``"-1.25"``.

        The earlier price is the open of the candle of that moment: of one of three minutes, with
        the default history. For an instrument whose trades are known for less than a day it is
        the first price known. Two decimals, half a hundredth is rounded away from zero.
        """
        series = self.series(instrument_id)
        if series is None or not series.has_begun:
            return None
        before = series.price_at(self.time_ms(instrument_id) - DAY_MS)
        return percent(series.close - before, before) if before else None

    def _find(self, instrument_id: str) -> tuple[Listing, CandleSeries]:
        known = self._known.get(instrument_id)
        if known is None:
            raise UnknownInstrumentError(instrument_id, self._known)
        return known

    def _payload(
        self, listing: Listing, interval: KlineInterval, bars: list[Bar], *, is_closed: bool
    ) -> Kline:
        instrument = listing.instrument
        return Kline(
            instrument_id=instrument.instrument_id,
            venue=instrument.venue,
            symbol=instrument.symbol,
            interval=interval,
            candles=tuple(_row(listing, bar) for bar in bars),
            is_closed=is_closed,
            timestamp=self.time_ms(instrument.instrument_id),
        )


def percent(change: int, base: int) -> str:
    """A change relative to a positive base, in percent with two decimals."""
    hundredths = (2 * 10_000 * abs(change) + base) // (2 * base)
    whole, fraction = divmod(hundredths, 100)
    sign = "-" if change < 0 and hundredths else ""
    return f"{sign}{whole}.{fraction:02d}"


def _row(listing: Listing, bar: Bar) -> Candle:
    price = listing.ticks.format
    return (
        bar.at,
        price(bar.open),
        price(bar.high),
        price(bar.low),
        price(bar.close),
        listing.lots.format(bar.lots),
    )
