"""Instrument ids and what their errors tell."""

from __future__ import annotations

import pytest

from cadenza.market.errors import InstrumentIdError
from cadenza.market.instrument import InstrumentId, Listing
from cadenza.models import Venue


@pytest.mark.parametrize(
    "text",
    ["BINANCE:BTC/USDT", "BINANCE:BTC-PERP/USDT", "OKX:BTC-220527/USD", "IBKR:BRK.B/USD"],
)
def test_an_id_is_its_parts_put_together_again(text):
    assert str(InstrumentId.parse(text)) == text


def test_the_parts_of_an_id():
    parsed = InstrumentId.parse("BINANCE:BTC/USDT")
    assert parsed == (Venue.BINANCE, "BTC", "USDT")
    assert parsed.symbol == "BTC/USDT"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("BTC/USDT", "it has no venue"),
        ("BINANCE:BTCUSDT", 'the symbol "BTCUSDT" has no "/"'),
        ("BINANSE:BTC/USDT", 'did you mean "BINANCE:BTC/USDT"?'),
        ("binance:BTC/USDT", 'did you mean "BINANCE:BTC/USDT"?'),
        ("BINANCE:btc/USDT", 'did you mean "BINANCE:BTC/USDT"?'),
        ("BINANCE:/USDT", '"" is no asset name'),
        ("BINANCE:BTC/", '"" is no asset name'),
        ("BINANCE:BTC/USDT:PERP", '"USDT:PERP" is no asset name'),
        ("BINANCE:BTC/US DT", '"US DT" is no asset name'),
        ("", "it has no venue"),
    ],
)
def test_a_wrong_id_is_refused_with_what_is_wrong(text, message):
    with pytest.raises(InstrumentIdError) as caught:
        InstrumentId.parse(text)
    assert message in str(caught.value)
    assert caught.value.text == text


def test_a_listing_counts_in_ticks_and_lots(instrument):
    listing = Listing(instrument)
    assert listing.ticks["61837.63"] == 6183763
    assert listing.lots["0.500"] == 500
    assert str(listing.id) == instrument.instrument_id
