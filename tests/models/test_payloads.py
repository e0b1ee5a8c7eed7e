"""The payloads as they stand on the wire."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.market.instrument import make_instrument
from cadenza.models import (
    Dec,
    KlineInterval,
    OrderBook,
    OrderSide,
    PositiveDec,
    Trade,
    UpdateType,
    Venue,
)


def wire(payload):
    return msgspec.json.decode(msgspec.json.encode(payload))


def test_an_order_book_has_exactly_the_documented_fields_and_the_two_sequences():
    book = OrderBook(
        update_type=UpdateType.DIFF,
        instrument_id="BINANCE:BTC/USDT",
        venue=Venue.BINANCE,
        symbol="BTC/USDT",
        bids=[("61837.63", "0.5")],
        asks=[("61837.64", "0")],
        timestamp=1723161255408,
        sequence=8,
        prev_sequence=7,
    )
    assert wire(book) == {
        "updateType": "DIFF",
        "instrumentId": "BINANCE:BTC/USDT",
        "venue": "BINANCE",
        "symbol": "BTC/USDT",
        "orderBookType": "L2",
        "columns": ["price", "quantity"],
        "bids": [["61837.63", "0.5"]],
        "asks": [["61837.64", "0"]],
        "timestamp": 1723161255408,
        "sequence": 8,
        "prevSequence": 7,
    }


def test_a_trade_has_exactly_the_documented_fields():
    trade = Trade(
        instrument_id="OKX:BTC/USDT",
        venue=Venue.OKX,
        symbol="BTC/USDT",
        trade_id="338476373",
        price="30227.6",
        quantity="1.21",
        side=OrderSide.BUY,
        timestamp=1652459235575,
    )
    assert wire(trade) == {
        "instrumentId": "OKX:BTC/USDT",
        "venue": "OKX",
        "symbol": "BTC/USDT",
        "tradeId": "338476373",
        "price": "30227.6",
        "quantity": "1.21",
        "side": "BUY",
        "timestamp": 1652459235575,
    }


def test_an_instrument_always_has_every_required_field_and_leaves_out_unset_ones():
    instrument = make_instrument(
        venue=Venue.MOCK,
        base="EUR",
        quote="USD",
        tick="0.00001",
        lot="1000",
        external_symbol="EURUSD",
        description="for tests",
    )
    required = {
        "instrumentId",
        "venue",
        "symbol",
        "externalSymbol",
        "instrumentType",
        "status",
        "baseAsset",
        "quoteAsset",
        "basePrecision",
        "quotePrecision",
        "baseMaxSignificant",
        "quoteMaxSignificant",
        "lotSize",
        "pipSize",
        "baseScale",
        "quoteScale",
        "minQuantity",
        "maxQuantity",
        "minNotional",
        "orderTypes",
        "timeInForceOptions",
    }
    sent = wire(instrument)
    assert required <= sent.keys()
    assert sent["baseMaxSignificant"] is None
    assert sent.keys() - required == {"description", "baseSecurityType", "quoteSecurityType"}
    assert msgspec.convert(sent, type(instrument)) == instrument


@pytest.mark.parametrize("text", ["1E-8", ".5", "+1", "1.", "", "1,5", "0x10", "NaN"])
def test_what_the_api_refuses_as_a_decimal_is_refused(text):
    for kind in (Dec, PositiveDec):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, kind)


def test_only_dec_takes_a_minus_sign():
    assert msgspec.convert("-0.25", Dec) == "-0.25"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("-0.25", PositiveDec)


def test_a_minute_and_a_month_are_different_intervals():
    assert KlineInterval("1m") is not KlineInterval("1M")
    assert len(KlineInterval) == 16


def test_the_enumerations_have_as_many_values_as_the_api_names():
    assert len(Venue) == 28
    assert {"MOCK", "PAPER", "FERMATA", "BINANCE_UAT"} <= set(Venue)
