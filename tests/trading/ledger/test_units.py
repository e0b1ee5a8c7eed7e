"""Decimal strings to minor units and back, and what lots and ticks are worth."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import Venue
from cadenza.trading.ledger.errors import AmountTextError, UnknownAssetError
from cadenza.trading.ledger.units import AssetScales, InstrumentUnits, decimal_text


def listing(base, quote, tick, lot):
    return Listing(
        make_instrument(
            venue=Venue.PAPER,
            base=base,
            quote=quote,
            tick=tick,
            lot=lot,
            external_symbol=base + quote,
            description="for tests",
        )
    )


BTC = listing("BTC", "USDT", "0.01", "0.00001")
FINE = listing("PEPE", "USDT", "0.00000001", "0.01")
COARSE = listing("EUR", "JPY", "5", "1000")
SCALES = AssetScales.of([BTC, FINE, COARSE], {"GBP": 2})


def test_scales_are_as_fine_as_the_finest_instrument_needs():
    assert dict(SCALES) == {"BTC": 8, "USDT": 10, "PEPE": 8, "EUR": 8, "JPY": 8, "GBP": 2}


@settings(deadline=None)
@given(st.integers(-(10**20), 10**20))
def test_amounts_are_written_with_all_decimals_and_read_back(amount):
    text = SCALES.format("USDT", amount)
    assert Decimal(text).scaleb(10) == amount
    if amount >= 0:
        assert SCALES.parse("USDT", text) == amount


@pytest.mark.parametrize("text", ["-1", "1e5", "", "NaN", "+1", " 1", "1.", "0x1"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(AmountTextError) as caught:
        SCALES.parse("GBP", text)
    assert (caught.value.asset, caught.value.text) == ("GBP", text)


def test_too_many_decimals_name_the_nearest_amount():
    with pytest.raises(AmountTextError, match=r"more than 2 decimals; the nearest is 1\.23"):
        SCALES.parse("GBP", "1.234")


def test_an_unknown_asset_names_the_nearest():
    with pytest.raises(UnknownAssetError, match='did you mean "USDT"'):
        SCALES.parse("USTD", "1")
    with pytest.raises(UnknownAssetError):
        SCALES.decimals("XYZ")


@pytest.mark.parametrize("listed", [BTC, FINE, COARSE], ids=str)
@settings(deadline=None)
@given(ticks=st.integers(1, 10**9), lots=st.integers(1, 10**9))
def test_costs_and_quantities_are_exact(listed, ticks, lots):
    units = InstrumentUnits(listed, SCALES)
    price, quantity = ticks * Decimal(listed.ticks.step), lots * Decimal(listed.lots.step)
    assert Decimal(SCALES.format(listed.id.base, units.quantity(lots))) == quantity
    assert Decimal(SCALES.format(listed.id.quote, units.cost(ticks, lots))) == price * quantity
    assert Decimal(units.price(units.cost(ticks, lots), lots)) == price


def test_a_scale_too_coarse_for_the_instrument_is_refused():
    with pytest.raises(AmountTextError):
        InstrumentUnits(BTC, AssetScales({"BTC": 2, "USDT": 8}))


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (Fraction(1, 3), 4, "0.3333"),
        (Fraction(1, 8), 2, "0.12"),
        (Fraction(3, 8), 2, "0.38"),
        (Fraction(-1, 8), 2, "-0.12"),
        (Fraction(-1, 1000), 2, "0.00"),
        (Fraction(5, 2), 0, "2"),
    ],
)
def test_numbers_are_rounded_half_to_even(value, decimals, expected):
    assert decimal_text(value, decimals) == expected


def test_zeros_at_the_end_can_be_left_out():
    assert decimal_text(Fraction(5), 4, trim=True) == "5"
    assert decimal_text(Fraction(100), 0, trim=True) == "100"
    assert decimal_text(Fraction(5, 2), 4, trim=True) == "2.5"
