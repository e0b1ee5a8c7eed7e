"""One side of a local book: many updates at once leave what the same ones leave one by one."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cadenza.client.market import book_side
from cadenza.client.market.book_side import BookSide
from cadenza.client.market.errors import BadLevelError
from cadenza.client.market.price_scale import CACHE_LIMIT, PriceScale

SPELLINGS = ("{}", "{}.0", "{}.00", "0{}", "{}.5")
QUANTITIES = ("0", "0.0", "000", "1", "1.50", "0.25", "7")

rows = st.tuples(
    st.builds(str.format, st.sampled_from(SPELLINGS), st.integers(1, 60)),
    st.sampled_from(QUANTITIES),
)
usual_rows = st.tuples(st.integers(1, 60).map(str), st.sampled_from(QUANTITIES))
batches = st.lists(st.lists(rows, max_size=8) | st.lists(usual_rows, max_size=30), max_size=6)


@pytest.fixture(autouse=True, scope="module")
def _all_at_once():
    """Few updates are many, so that small examples are taken at once."""
    with mock.patch.object(book_side, "MANY", 2):
        yield


def side(sign=1):
    return BookSide(PriceScale("X:A/B"), sign)


@pytest.mark.parametrize("sign", [1, -1])
@given(batches=batches, posted_together=st.integers(1, 3))
@settings(max_examples=500, deadline=None)
@example(batches=[[("1.0", "5"), ("1.00", "0")]], posted_together=1)
@example(batches=[[("1.00", "0"), ("1.0", "5")]], posted_together=1)
@example(batches=[[("1.0", "5"), ("2", "1")], [("1", "7"), ("1.0", "0")]], posted_together=1)
@example(batches=[[("1.0", "5"), ("2", "1")], [("1.0", "7"), ("1", "0")]], posted_together=1)
def test_posted_is_as_applied(sign, batches, posted_together):
    """Prices in several spellings, zeros in several, levels that come and go."""
    at_once, one_by_one = side(sign), side(sign)
    for number, batch in enumerate(batches, 1):
        at_once.post(batch)
        if number % posted_together == 0:
            at_once.settle()
        for row in batch:
            one_by_one.apply([row], [])
    at_once.settle()
    assert list(at_once.rows()) == list(one_by_one.rows())
    assert at_once.best_key == one_by_one.best_key
    assert len(at_once) == len(one_by_one)


@pytest.mark.parametrize("bad", ["x", "1e3", "", " 1", "1 2", "1.", "-", "\u0661"])
def test_a_malformed_price_among_many(bad):
    """What came before it is in place, as if each had come alone."""
    levels = side()
    before = [(str(number), "1") for number in range(100)]
    levels.post([*before, (bad, "1"), ("500", "1")])
    with pytest.raises(BadLevelError, match="price"):
        levels.settle()
    assert len(levels) == 100


@pytest.mark.parametrize("bad", ["", "-1", "1e3", "1 2", "x"])
def test_a_malformed_quantity_among_many(bad):
    levels = side()
    levels.post([*((str(number), "1") for number in range(100)), ("200", bad)])
    with pytest.raises(BadLevelError, match="quantity"):
        levels.settle()
    assert len(levels) == 0


def test_finer_prices_among_many():
    """The scale grows in the middle of a batch, and the side with it."""
    levels = side()
    levels.apply([("3", "1"), ("10", "1")], [])
    levels.post([(f"{number}.25", "2") for number in range(11, 60)])
    levels.settle()
    assert [price for price, _ in levels.rows()][-3:] == ["11.25", "10", "3"]
    assert levels.best_row == ("59.25", "2")


def test_the_memory_for_prices_is_bounded():
    """A price that was forgotten is parsed again."""
    scale = PriceScale("X:A/B")
    levels = BookSide(scale, 1)
    rows = [(str(number), "1") for number in range(CACHE_LIMIT + 10)]
    levels.apply(rows, [])
    assert len(scale) <= CACHE_LIMIT
    levels.apply([("0", "0")], changed := [])
    assert (len(changed), len(levels), levels.best_row) == (1, len(rows) - 1, rows[-1])
