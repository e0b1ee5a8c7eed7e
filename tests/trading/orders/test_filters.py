"""Instrument filters: what passes, what does not, and the nearest value that would."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import InstrumentStatus, OrderType, QuantityRounding, TimeInForce, Venue
from cadenza.trading.matching.rules import MAX_UNITS
from cadenza.trading.orders.filters import FilterError, FilterName, InstrumentFilters

INSTRUMENT = msgspec.structs.replace(
    make_instrument(
        venue=Venue.PAPER,
        base="BTC",
        quote="USDT",
        tick="0.25",
        lot="0.002",
        external_symbol="BTCUSDT",
        description="for tests",
    ),
    min_quantity="0.01",
    max_quantity="5",
    min_notional="10",
    max_notional="1000",
    order_types=(OrderType.LIMIT, OrderType.MARKET),
    time_in_force_options=(TimeInForce.GTC, TimeInForce.IOC),
    is_iceberg_allowed=True,
    iceberg_min_quantity="0.1",
)


def filters(**changes):
    return InstrumentFilters(Listing(msgspec.structs.replace(INSTRUMENT, **changes)))


def refused(call, *args, **kwargs):
    with pytest.raises(FilterError) as caught:
        call(*args, **kwargs)
    error = caught.value
    assert str(error.filter) in str(error)
    assert error.field in str(error)
    assert error.nearest is None or error.nearest in str(error)
    return error.filter, error.nearest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("100.3", (FilterName.TICK_SIZE, "100.25")),
        ("0.01", (FilterName.TICK_SIZE, "0.25")),
        ("0", (FilterName.PRICE_RANGE, "0.25")),
        ("-1", (FilterName.PRICE_RANGE, None)),
        ("1e3", (FilterName.PRICE_RANGE, None)),
        ("NaN", (FilterName.PRICE_RANGE, None)),
        ("", (FilterName.PRICE_RANGE, None)),
        ("9" * 41, (FilterName.PRICE_RANGE, "250000000000000000.00")),
        ("9" * 40, (FilterName.PRICE_RANGE, "250000000000000000.00")),
    ],
)
def test_prices_are_refused_with_the_nearest(text, expected):
    assert refused(filters().price, text) == expected


def test_a_price_on_the_tick_passes():
    assert filters().price("100.50") == 402


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.011", (FilterName.LOT_SIZE, "0.012")),
        ("0.001", (FilterName.LOT_SIZE, "0.010")),
        ("0.008", (FilterName.MIN_QUANTITY, "0.010")),
        ("0", (FilterName.MIN_QUANTITY, "0.010")),
        ("5.002", (FilterName.MAX_QUANTITY, "5.000")),
        ("-0.01", (FilterName.LOT_SIZE, None)),
        ("Infinity", (FilterName.LOT_SIZE, None)),
    ],
)
def test_quantities_are_refused_with_the_nearest(text, expected):
    assert refused(filters().quantity, text) == expected


@pytest.mark.parametrize(
    ("rounding", "text", "lots"),
    [
        ("DOWN", "0.0139", 6),
        ("FLOOR", "0.0139", 6),
        ("UP", "0.0121", 7),
        ("CEIL", "0.0121", 7),
        ("NEAREST", "0.0131", 7),
        ("NEAREST", "0.013", 7),
        ("HALF_UP", "0.013", 7),
        ("HALF_DOWN", "0.013", 6),
        ("HALF_DOWN", "0.0131", 7),
        ("HALF_EVEN", "0.013", 6),
        ("HALF_EVEN", "0.015", 8),
        ("HALF_UP", "0.0129", 6),
    ],
)
def test_quantities_are_rounded_as_asked(rounding, text, lots):
    assert filters().quantity(text, QuantityRounding[rounding]) == lots


def test_rounding_does_not_get_around_the_limits():
    """What rounds to less than the minimum is refused."""
    assert refused(filters().quantity, "0.0099", QuantityRounding.DOWN)[0] == "MIN_QUANTITY"


def test_notional_limits_name_the_nearest_quantity():
    """At a price of 100: at least 0.1, at most 10, which is more than the largest quantity."""
    check = filters().notional
    check(400, 50)
    check(400, 2500)
    assert refused(check, 400, 49) == (FilterName.MIN_NOTIONAL, "0.100")
    assert refused(check, 4000, 501) == (FilterName.MAX_NOTIONAL, "1.000")
    assert refused(check, 1, 2500) == (FilterName.MIN_NOTIONAL, None)


def test_without_a_greatest_notional_everything_passes():
    filters(max_notional=msgspec.UNSET).notional(10**9, 10**9)


def test_a_budget_is_counted_in_lots_times_ticks():
    """One lot at one tick costs 0.0005."""
    check = filters()
    assert check.budget("100.0009") == 200_001
    assert check.cost(200_001) == "100.0005"
    assert refused(check.budget, "9.99") == (FilterName.MIN_NOTIONAL, "10.0000")
    assert refused(check.budget, "1000.01") == (FilterName.MAX_NOTIONAL, "1000.0000")
    assert refused(check.budget, "ten") == (FilterName.MIN_NOTIONAL, None)
    assert refused(filters(max_notional=msgspec.UNSET).budget, "9" * 39)[0] == "MAX_NOTIONAL"


def test_types_and_times_are_those_of_the_instrument():
    check = filters()
    assert check.order_type(OrderType.LIMIT) is OrderType.LIMIT
    assert check.time_in_force(TimeInForce.IOC) is TimeInForce.IOC
    assert refused(check.order_type, OrderType.LIMIT_MAKER) == (FilterName.ORDER_TYPE, "LIMIT")
    assert refused(check.time_in_force, TimeInForce.GTD) == (FilterName.TIME_IN_FORCE, "GTC")


def test_icebergs_need_leave_and_a_sensible_size():
    check = filters()
    assert check.iceberg("0.2", 500) == 100
    assert refused(check.iceberg, "0.05", 500) == (FilterName.ICEBERG, "0.100")
    assert refused(check.iceberg, "2", 500) == (FilterName.ICEBERG, "1.000")
    forbidden = filters(is_iceberg_allowed=msgspec.UNSET)
    assert refused(forbidden.iceberg, "0.2", 500) == (FilterName.ICEBERG, None)


def test_only_active_instruments_are_traded():
    filters().status()
    halted = filters(status=InstrumentStatus.INACTIVE)
    assert refused(halted.status) == (FilterName.STATUS, None)


def outcome(convert, text):
    """The number, or the error."""
    try:
        return convert(text)
    except FilterError as error:
        return error


@given(st.decimals(0, 20, places=5, allow_nan=False).map(lambda value: f"{value:f}"))
def test_the_nearest_value_always_passes(text):
    """Whatever is refused, what the error suggests is another value, and accepted."""
    check = filters()
    for convert in (check.price, check.quantity):
        found = outcome(convert, text)
        if isinstance(found, FilterError) and found.nearest is not None:
            assert convert(found.nearest) > 0
            assert Decimal(found.nearest) != Decimal(text)


@given(st.text(max_size=50))
def test_any_text_gives_a_number_or_a_filter_error(text):
    check = filters()
    for convert in (check.price, check.quantity, check.budget):
        found = outcome(convert, text)
        assert found.value == text if isinstance(found, FilterError) else 0 < found <= MAX_UNITS


@pytest.mark.parametrize("digits", [41, 60, 400])
def test_a_number_with_many_digits_is_too_large_and_not_no_number(digits):
    found = filters()
    with pytest.raises(FilterError, match="is above") as quantity:
        found.quantity("9" * digits)
    assert quantity.value.filter is FilterName.MAX_QUANTITY
    assert quantity.value.nearest == found.listing.lots.format(found.max_lots)
    with pytest.raises(FilterError, match="out of range") as price:
        found.price("9" * digits)
    assert (price.value.filter, price.value.nearest is None) == (FilterName.PRICE_RANGE, False)
    with pytest.raises(FilterError, match="is above") as budget:
        found.budget("9" * digits)
    assert budget.value.filter is FilterName.MAX_NOTIONAL


def test_many_digits_behind_the_point_are_named():
    with pytest.raises(FilterError, match="more than 40 digits"):
        filters().quantity("0." + "1" * 41)
