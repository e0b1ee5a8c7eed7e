"""The fair price: whole numbers that wander, on a tether."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.simulation.fair import FRACTION, TETHER, FairPrice


@given(
    seed=st.integers(0, 2**32),
    home=st.integers(20, 10**8),
    us=st.integers(1, 10**11),
    percent=st.integers(1, 1000),
)
def test_it_never_strays_beyond_its_tether(seed, home, us, percent):
    """Whatever the volatility and however long the steps."""
    fair = FairPrice(random.Random(seed), home, 300, home)
    for _ in range(50):
        fair.advance(us, percent)
        assert isinstance(fair.value, int)
        assert abs(fair.value - home * FRACTION) <= home * FRACTION // TETHER
        assert fair.ticks == fair.value // FRACTION


@pytest.mark.parametrize(
    ("start", "begun"), [(1, 95_000), (97_000, 97_000), (103_000, 103_000), (10**9, 105_000)]
)
def test_it_begins_where_asked_or_at_the_end_of_its_tether(start, begun):
    """A last price far away was a sweep."""
    assert FairPrice(random.Random(1), 100_000, 30, start).ticks == begun


def test_its_volatility_is_the_one_asked_for():
    """Standard deviation of a second, however many events make it."""
    for us in (10_000, 1_000_000):
        rng = random.Random(2)
        squares = []
        for _ in range(1500):
            fair = FairPrice(rng, 1_000_000, 30, 1_000_000)
            for _ in range(1_000_000 // us):
                fair.advance(us, 200)
            squares.append((fair.value / FRACTION - 1_000_000) ** 2)
        assert (sum(squares) / len(squares)) ** 0.5 == pytest.approx(60, rel=0.06)
