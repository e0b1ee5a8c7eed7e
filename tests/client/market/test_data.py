"""Typed values of market channels: what is no number is no price."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.client import MarketKline, MarketTicker, MarketTrade
from support.client.book_peer import TRADE

TICKER = {
    "venue": "BINANCE",
    "symbol": "BTC/USDT",
    "timestamp": 1700000000000,
    "lastPrice": "1",
    "lastQuantity": "1",
    "bidPrice": "1",
    "bidQuantity": "1",
    "askPrice": "2",
    "askQuantity": "1",
    "priceChangePercent": "-0.1",
}
BAR = [1700000000000, "1", "2", "0.5", "1.5", "10"]
KLINE = {
    "venue": "BINANCE",
    "symbol": "BTC/USDT",
    "interval": "1m",
    "candles": [BAR],
    "isClosed": False,
    "timestamp": 1700000000000,
}
NUMBERS = [
    *((MarketTrade, TRADE, name) for name in ("price", "quantity")),
    *(
        (MarketTicker, TICKER, name)
        for name in TICKER
        if isinstance(TICKER[name], str) and name not in ("venue", "symbol")
    ),
]


@pytest.mark.parametrize("text", ["NaN", "-NaN", "Infinity", "-Infinity", "sNaN", "1,5", ""])
@pytest.mark.parametrize(("kind", "fields", "name"), NUMBERS)
def test_what_is_no_number_is_refused(kind, fields, name, text):
    assert msgspec.convert(fields, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({**fields, name: text}), type=kind)


@pytest.mark.parametrize("at", range(1, 6))
def test_a_candle_is_of_numbers(at):
    bar = [*BAR[:at], "NaN", *BAR[at + 1 :]]
    with pytest.raises(msgspec.ValidationError, match="not finite"):
        msgspec.convert({**KLINE, "candles": [BAR, bar]}, MarketKline)


def test_the_newest_of_no_candles():
    """Says whose, not that an index is out of range."""
    assert msgspec.convert(KLINE, MarketKline).latest.time == BAR[0]
    empty = msgspec.convert({**KLINE, "candles": []}, MarketKline)
    with pytest.raises(LookupError, match=r"no candles of BTC/USDT"):
        _ = empty.latest
