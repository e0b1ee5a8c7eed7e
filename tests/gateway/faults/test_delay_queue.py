"""The delay queue under any sequence of operations."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.gateway.faults.line import DelayQueue

MOMENTS = st.integers(0, 50)
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), MOMENTS),
        st.tuples(st.just("hold"), MOMENTS),
        st.tuples(st.just("pass"), MOMENTS),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(OPERATIONS)
def test_order_is_kept_and_nothing_is_lost_or_early(operations):
    """What leaves is always the next in order, not before its moment nor within a hold."""
    queue, now, held, put, taken, due = DelayQueue(), 0, 0, 0, 0, []
    for name, amount in operations:
        if name == "put":
            due.append(now + amount)
            queue.put(b"%d" % put, now + amount)
            put += 1
        elif name == "hold":
            held = max(held, now + amount)
            queue.hold(now + amount)
        else:
            now += amount
            for data in queue.take(now):
                assert data == b"%d" % taken
                assert now >= max(due[taken], held)
                taken += 1
            # Whatever may leave has left: the first that waits has a reason to.
            if taken < put:
                assert now < max(held, *due[: taken + 1])
                assert queue.next_due() > now
        assert len(queue) == put - taken
        assert queue.size == sum(len(b"%d" % number) for number in range(taken, put))
        assert queue.is_open(now) == (taken == put and now >= held)
    assert queue.take_all() == [b"%d" % number for number in range(taken, put)]
    assert (len(queue), queue.size) == (0, 0)
    assert queue.is_open(0)
