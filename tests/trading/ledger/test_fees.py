"""Fees: rates, the one rounding, and holds that never fall short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.trading.ledger.fees import MILLION, FeeRateError, FeeSchedule, charge

RATES = st.integers(-5_000, 5_000)
COSTS = st.lists(st.integers(1, 10**12), min_size=1, max_size=12)


def test_a_fee_is_rounded_up_and_the_excess_is_carried():
    assert charge(1000, 1) == (1, 999_000)
    assert charge(1000, 999, carry=999_000) == (0, 0)
    assert charge(1000, 1000) == (1, 0)


def test_a_rebate_is_rounded_in_favour_of_the_venue():
    assert charge(-1000, 1999) == (-1, 999_000)
    assert charge(-1000, 1) == (0, 1000)


@settings(deadline=None)
@given(st.lists(st.tuples(RATES, st.integers(1, 10**12)), max_size=12))
def test_an_order_is_rounded_once_however_many_fills_it_has(fills):
    total, carry = 0, 0
    for ppm, cost in fills:
        fee, carry = charge(ppm, cost, carry)
        total += fee
        assert 0 <= carry < MILLION
    assert total == -(-sum(ppm * cost for ppm, cost in fills) // MILLION)


@settings(deadline=None)
@given(maker=RATES, taker=RATES, costs=COSTS, data=st.data())
def test_a_hold_covers_every_way_to_be_filled(maker, taker, costs, data):
    """After each fill what is left is at least the hold of the rest."""
    schedule = FeeSchedule(maker_ppm=maker, taker_ppm=taker)
    left, carry = sum(costs), 0
    held = schedule.hold(left)
    for cost in costs:
        rate = schedule.rate(is_maker=data.draw(st.booleans()))
        fee, carry = charge(rate, cost, carry)
        left -= cost
        held -= cost + fee
        assert held >= schedule.hold(left, carry) >= 0
        held = schedule.hold(left, carry)


@settings(deadline=None)
@given(st.integers(0, MILLION - 1), st.integers(1, 10**6), st.integers(0, MILLION - 1))
def test_a_fee_is_never_more_than_the_cost(ppm, cost, carry):
    assert charge(ppm, cost, carry).fee <= cost


@pytest.mark.parametrize(("ppm", "nearest"), [(MILLION, 999_999), (-MILLION, -999_999)])
def test_a_rate_of_everything_is_refused_and_the_nearest_named(ppm, nearest):
    with pytest.raises(FeeRateError, match=f"nearest is {nearest}"):
        FeeSchedule(taker_ppm=ppm)
