"""Tickers: what they show, and when they have changed."""

from __future__ import annotations

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.errors import SequenceGapError, UnknownInstrumentError
from cadenza.market.klines import Klines
from cadenza.market.market import Market
from cadenza.market.tickers import Tickers
from cadenza.models import OrderSide

BTC = "BINANCE:BTC/USDT"
START = 1_700_000_000_000


@pytest.fixture
def market(instrument):
    market = Market()
    market.klines = Klines(VirtualClock(START))
    market.add_observer(market.klines)
    market.instrument(instrument)
    return market


@pytest.fixture
def tickers(market):
    return Tickers(market, market.klines)


def trade(market, price="100.5", quantity="0.1", time_ms=START):
    market.trade(
        BTC, trade_id="1", price=price, quantity=quantity, side=OrderSide.SELL, timestamp_ms=time_ms
    )


def fields(ticker):
    names = ("last_price", "last_quantity", "bid_price", "bid_quantity", "ask_price")
    return [getattr(ticker, name) or None for name in names]


def test_nothing_is_known_before_there_is_anything(market, tickers):
    """No ticker, rather than an empty one; then what there is."""
    assert tickers.ticker(BTC) is None
    market.book_snapshot(BTC, [("99.5", "2")], [], 1)
    assert fields(tickers.ticker(BTC)) == [None, None, "99.50", "2.000", None]
    trade(market)
    assert fields(tickers.ticker(BTC)) == ["100.50", "0.100", "99.50", "2.000", None]


def test_the_best_of_the_book(market, tickers):
    """The venue's spelling does not matter: every price has the instrument's decimals."""
    market.book_snapshot(BTC, [("99.5", "2"), ("99.6", "1")], [("100.1", "3"), ("100", "4")], 1)
    ticker = tickers.ticker(BTC)
    assert (ticker.bid_price, ticker.ask_price, ticker.ask_quantity) == ("99.60", "100.00", "4.000")
    assert (ticker.venue, ticker.symbol, ticker.timestamp) == ("BINANCE", "BTC/USDT", START)


def test_a_stale_book_has_no_best_prices(market, tickers):
    """The last trade is still true."""
    market.book_snapshot(BTC, [("99.5", "2")], [], 1)
    trade(market)
    before = tickers.state(BTC)
    market.book_stale(SequenceGapError(BTC, 1, 9))
    assert tickers.state(BTC) != before
    assert fields(tickers.ticker(BTC)) == ["100.50", "0.100", None, None, None]


def test_the_change_of_price(market, tickers):
    """From the first price known, while that is younger than a day."""
    trade(market, "200.00")
    trade(market, "199.00", time_ms=START + 1)
    assert tickers.ticker(BTC).price_change_percent == "-0.50"


def test_what_changes_a_ticker(market, tickers):
    """A trade, even one like the last; the best price or quantity; no level behind it."""
    market.book_snapshot(BTC, [("99.50", "2"), ("99.40", "2")], [("100.00", "1")], 1)
    states = [tickers.state(BTC)]
    for change in (
        lambda: trade(market),
        lambda: trade(market),
        lambda: market.book_diff(BTC, [("99.50", "1")], [], 2),
        lambda: market.book_diff(BTC, [], [("99.90", "1")], 3),
    ):
        change()
        states.append(tickers.state(BTC))
    assert len(set(states)) == len(states)
    market.book_diff(BTC, [("99.40", "9")], [("101.00", "1")], 4)
    assert tickers.state(BTC) == states[-1]


def test_unknown_instruments(tickers):
    """The market's error."""
    with pytest.raises(UnknownInstrumentError):
        tickers.ticker("BINANCE:NO/NO")
