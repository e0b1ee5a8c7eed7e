"""Full jitter: bounds, growth and reset."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cadenza.client.backoff import Backoff


def test_growth():
    """Without luck the span doubles until the maximum stops it."""
    backoff = Backoff(0.5, 20, lambda: 1.0)
    assert [backoff.next() for _ in range(7)] == [1.0, 1.5, 2.5, 4.5, 8.5, 16.5, 20]


def test_reset():
    """A success starts the series anew."""
    backoff = Backoff(0.5, 20, lambda: 1.0)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == 1.0


@given(st.floats(0, 1), st.integers(1, 100), st.floats(0.01, 5), st.floats(0, 60))
def test_bounds(luck, attempts, minimum, above):
    """No delay is below the minimum or above the maximum, however many attempts there were."""
    backoff = Backoff(minimum, minimum + above, lambda: luck)
    delays = [backoff.next() for _ in range(attempts)]
    assert all(minimum <= delay <= minimum + above for delay in delays)
    assert delays == sorted(delays)
