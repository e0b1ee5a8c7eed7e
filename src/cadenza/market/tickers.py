"""Tickers: the last trade and the best prices of every instrument, at any moment."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from cadenza.market.candles import CandleSeries
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.market.order_book import OrderBook
from cadenza.models import Row, Ticker

TickerState = tuple[int, Row | None, Row | None]
"""What a ticker shows, to be compared: the number of trades, the best bid, the best ask."""


class Tickers:
    """Tickers read from the market's books and the candles' last trades; it keeps nothing.

    Args:
        market: Has the books.
        klines: Counts the trades; an observer of the same market.
    """

    def __init__(self, market: Market, klines: Klines) -> None:
        self._market = market
        self._klines = klines

    def ticker(self, instrument_id: str) -> Ticker | None:
        """The ticker now; ``None`` while there is neither a trade nor a level in the book.

        A stale book has no best prices. ``priceChangePercent`` is over the last 24 hours, see
        ``Klines.price_change_percent``; before the first trade it is left out.

        Raises:
            UnknownInstrumentError: Nobody declared the instrument.
        """
        book = self._market.book(instrument_id)
        series = self._klines.series(instrument_id)
        bid, ask = self._best(book)
        if series is None or not (series.has_begun or bid or ask):
            return None
        instrument = book.listing.instrument
        last_price, last_quantity = _last(book, series)
        bid_price, bid_quantity = _canonical(book, bid)
        ask_price, ask_quantity = _canonical(book, ask)
        return Ticker(
            instrument_id=instrument_id,
            venue=instrument.venue,
            symbol=instrument.symbol,
            last_price=last_price,
            last_quantity=last_quantity,
            bid_price=bid_price,
            bid_quantity=bid_quantity,
            ask_price=ask_price,
            ask_quantity=ask_quantity,
            price_change_percent=self._klines.price_change_percent(instrument_id) or UNSET,
            timestamp=self._klines.time_ms(instrument_id),
        )

    def state(self, instrument_id: str) -> TickerState:
        """What tells whether the ticker has changed; raises as ``ticker`` does."""
        book = self._market.book(instrument_id)
        series = self._klines.series(instrument_id)
        return (series.trades if series else 0, *self._best(book))

    def _best(self, book: OrderBook) -> tuple[Row | None, Row | None]:
        if self._market.fault(book.listing.instrument.instrument_id):
            return None, None
        bid, ask = book.bids.best_key(), book.asks.best_key()
        return (
            None if bid is None else book.bids.rows[bid],
            None if ask is None else book.asks.rows[ask],
        )


Text = str | UnsetType


def _last(book: OrderBook, series: CandleSeries) -> tuple[Text, Text]:
    if not series.has_begun:
        return UNSET, UNSET
    listing = book.listing
    return listing.ticks.format(series.close), listing.lots.format(series.last_lots)


def _canonical(book: OrderBook, row: Row | None) -> tuple[Text, Text]:
    """A level's price and quantity with as many decimals as the instrument has."""
    if row is None:
        return UNSET, UNSET
    listing = book.listing
    return listing.ticks.format(listing.ticks[row[0]]), listing.lots.format(listing.lots[row[1]])
