"""Order rate limits: a bucket for each user."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from cadenza.trading.errors import RateLimitError
from cadenza.trading.exchange.limiter import MOST_USERS, OrderLimiter


def refusal(limiter, now):
    """The error that an order would get, or nothing; then it is counted."""
    try:
        limiter.take("ann", now)
    except RateLimitError as error:
        return error
    return None


@given(rate=st.integers(1, 50), gaps=st.lists(st.integers(0, 400), min_size=1, max_size=200))
def test_no_second_has_more_than_twice_the_rate_and_no_long_time_more_than_the_rate(rate, gaps):
    """What is taken never runs ahead of the clock by more than a second's worth."""
    limiter, now, taken = OrderLimiter(rate), 10_000, []
    for gap in gaps:
        now += gap
        error = refusal(limiter, now)
        if error is not None:
            assert error.retry_ms > 0
            assert refusal(limiter, now + error.retry_ms - 1) is not None
            now += error.retry_ms
            limiter.take("ann", now)
        taken.append(now)
    for index, start in enumerate(taken):
        for later in range(index, len(taken)):
            seconds = (taken[later] - start) / 1000
            assert later - index + 1 <= rate + rate * seconds + 1e-9


def test_users_do_not_share_and_zero_means_no_limit():
    """One that is out has no effect on another."""
    limiter = OrderLimiter(1)
    limiter.take("ann", 0)
    limiter.take("bob", 0)
    with pytest.raises(RateLimitError, match="in 1000 ms"):
        limiter.take("ann", 0)
    free = OrderLimiter(0)
    for _ in range(1000):
        free.take("ann", 0)


def test_users_that_are_quiet_are_forgotten():
    """So that memory is bounded."""
    limiter = OrderLimiter(1)
    for number in range(3 * MOST_USERS):
        limiter.take(f"user {number}", number * 10)
    assert len(limiter._full_at) <= MOST_USERS
