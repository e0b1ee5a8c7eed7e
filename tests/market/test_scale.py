"""Decimal strings to steps and back."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.errors import DecimalError, OffStepError
from cadenza.market.scale import CACHE_LIMIT, DecimalScale

STEPS = ["1", "10", "0.1", "0.01", "0.05", "0.25", "0.00000001", "2.5", "0.10"]


@given(step=st.sampled_from(STEPS), count=st.integers(0, 10**15))
def test_a_number_of_steps_survives_the_way_to_text_and_back(step, count):
    scale = DecimalScale(step, "price")
    text = scale.format(count)
    assert Decimal(text) == count * Decimal(step)
    assert scale[text] == count


@given(step=st.sampled_from(STEPS), units=st.integers(0, 10**12), places=st.integers(0, 10))
def test_any_decimal_is_either_exact_or_refused_with_a_valid_neighbour(step, units, places):
    text = f"{Decimal(units).scaleb(-places):f}"
    scale = DecimalScale(step, "price")
    steps, rest = divmod(Decimal(text), Decimal(step))
    if rest:
        with pytest.raises(OffStepError) as caught:
            scale[text]
        assert abs(Decimal(caught.value.nearest) - Decimal(text)) <= Decimal(step) / 2
        assert caught.value.nearest in str(caught.value)
    else:
        assert scale[text] == steps


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1e3", ".5", "5.", "1 ", " 1", "٣", "1_0", "NaN", "9" * 41]
)
def test_text_that_is_no_plain_decimal_is_refused(text):
    with pytest.raises(DecimalError, match="plain non-negative decimal"):
        DecimalScale("1", "quantity")[text]


@pytest.mark.parametrize("step", ["0", "0.00", "-1", "1e-8", ""])
def test_a_step_must_be_a_positive_decimal(step):
    with pytest.raises(DecimalError):
        DecimalScale(step, "price")


def test_trailing_zeros_do_not_matter():
    scale = DecimalScale("0.01", "price")
    assert scale["61837.63000000"] == scale["61837.63"] == 6183763


def test_a_negated_scale_gives_negative_steps():
    assert DecimalScale("0.5", "price").negated()["2.5"] == -5


def test_the_memory_of_seen_strings_is_bounded():
    scale = DecimalScale("1", "price")
    for number in range(CACHE_LIMIT * 2 + 10):
        assert scale[str(number)] == number
    assert len(scale) <= CACHE_LIMIT
