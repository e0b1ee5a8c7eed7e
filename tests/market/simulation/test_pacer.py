"""Who is next and when, on a clock that takes no time and on one that loses some."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.simulation.pacer import MAX_BURST, MAX_LAG_SECONDS, Pacer


def every(us):
    return lambda: us


async def test_sources_come_in_the_order_of_their_times():
    """Three seconds of two sources, one three times as fast."""
    clock = VirtualClock()
    pacer = Pacer(clock, [every(900_000), every(300_000)])
    seen = [(await pacer.next(), round(clock.monotonic() * 10)) for _ in range(8)]
    fast = [(1, 3), (1, 6), (0, 9), (1, 9), (1, 12), (1, 15), (0, 18), (1, 18)]
    assert seen == fast


async def test_events_closer_than_a_timer_come_in_bursts_at_the_same_rate():
    """Ten thousand a second."""
    clock = VirtualClock()
    pacer = Pacer(clock, [every(100)])
    for _ in range(10_000):
        await pacer.next()
    assert clock.monotonic() == pytest.approx(1, abs=0.01)


async def test_bursts_give_way_to_others():
    """A source faster than the machine does not hold the loop."""
    clock = VirtualClock()
    pacer = Pacer(clock, [every(1)])
    others = asyncio.ensure_future(asyncio.sleep(0))
    for _ in range(2 * MAX_BURST):
        await pacer.next()
    assert others.done()


class Lossy(VirtualClock):
    """A machine that was suspended."""

    def __init__(self):
        super().__init__()
        self.lost = 0.0

    def monotonic(self):
        return super().monotonic() + self.lost


async def test_what_a_standstill_lost_is_made_up_for_only_in_part():
    """After a minute's sleep, a second's events come at once, and then the pace is as before."""
    clock = Lossy()
    pacer = Pacer(clock, [every(10_000)])
    await pacer.next()
    clock.lost = 60.0
    await pacer.next()
    assert pacer.lag_ms == pytest.approx(MAX_LAG_SECONDS * 1000)
    late = 0
    while pacer.lag_ms:
        await pacer.next()
        late += 1
    assert late == pytest.approx(MAX_LAG_SECONDS * 100, abs=3)
