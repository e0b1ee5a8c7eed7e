"""The names of the channels of the Cadenza API."""

from __future__ import annotations

import pytest

from cadenza.models import KlineInterval
from cadenza.models.channels import (
    account_channel,
    account_of,
    book_channel,
    book_channels,
    kline_channel,
    parse,
    ticker_channel,
    trade_channel,
)

BTC = "BINANCE:BTC/USDT"


@pytest.mark.parametrize(
    ("channel", "kind", "instrument_id", "is_book", "is_known"),
    [
        (f"market:orderBook:{BTC}", "orderBook", BTC, True, True),
        (f"market:orderbook:{BTC}", "orderbook", BTC, True, True),
        (f"market:trade:{BTC}", "trade", BTC, False, True),
        (f"market:ticker:{BTC}", "ticker", BTC, False, True),
        ("market:ticker:BINANCE", "ticker", "", False, True),
        (f"market:kline:{BTC}:1m", "kline", BTC, False, True),
        (f"market:kline:{BTC}:2m", "kline", BTC, False, False),
        (f"market:kline:{BTC}", "kline", "BINANCE", False, False),
        ("market:kline:X", "kline", "", False, False),
        ("market:candles:X", "candles", "X", False, False),
        ("market:", "", "", False, False),
        ("market:orderBook", "orderBook", "", True, True),
        ("market:trade:A:B:C", "trade", "A:B:C", False, True),
    ],
)
def test_names_of_the_market(channel, kind, instrument_id, is_book, is_known):
    """Read from the left; the instrument id has a colon of its own."""
    found = parse(channel)
    assert (found.kind, found.instrument_id) == (kind, instrument_id)
    assert (found.is_book, found.is_known) == (is_book, is_known)


@pytest.mark.parametrize("channel", ["", "market", "Market:trade:X", "news", "tradingAccount:1"])
def test_other_names(channel):
    """What is not of the market is none of its business."""
    assert parse(channel) is None


def test_names_are_read_as_they_are_made():
    """Every name of an instrument leads back to it."""
    for name in (*book_channels(BTC), book_channel(BTC), trade_channel(BTC)):
        assert parse(name).instrument_id == BTC
    assert parse(ticker_channel(BTC)) == ("ticker", BTC, "", None)
    assert parse(ticker_channel("BINANCE")) == ("ticker", "", "BINANCE", None)


@pytest.mark.parametrize("interval", KlineInterval)
def test_every_interval_has_a_channel(interval):
    """A minute and a month differ by case."""
    assert parse(kline_channel(BTC, interval)) == ("kline", BTC, "", interval)


def test_names_of_accounts():
    """An account leads to its channel and back; other channels are no account's."""
    assert account_channel("a") == "tradingAccount:a"
    assert account_of("tradingAccount:a:b") == "a:b"
    assert account_of("tradingAccount:") == ""
    assert account_of("tradingAccount") is None
    assert account_of("market:trade:X") is None
