"""Clocks: the virtual one is quick, ordered and repeatable."""

from __future__ import annotations

import asyncio

from cadenza.market.clock import SystemClock, VirtualClock
from cadenza.market.market import Market, publish_every


async def test_a_day_of_sleep_takes_no_time_and_moves_both_readings():
    clock = VirtualClock(start_ms=1000)
    await clock.sleep(86_400)
    assert clock.monotonic() == 86_400
    assert clock.time_ms() == 86_401_000


async def test_sleepers_wake_in_the_order_of_their_times_and_then_of_their_calls():
    clock = VirtualClock()
    woken = []

    async def sleeper(name, *delays):
        for delay in delays:
            await clock.sleep(delay)
            woken.append((name, clock.monotonic()))

    await asyncio.gather(sleeper("a", 3), sleeper("b", 1, 1, 1), sleeper("c", 1))
    assert woken == [("b", 1), ("c", 1), ("b", 2), ("a", 3), ("b", 3)]


async def test_a_cancelled_sleeper_does_not_move_the_clock():
    clock = VirtualClock()
    task = asyncio.create_task(clock.sleep(50))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await clock.sleep(1)
    assert clock.monotonic() == 1


async def test_a_sleep_of_zero_lets_others_run():
    for clock in (VirtualClock(), SystemClock()):
        others = []
        task = asyncio.create_task(asyncio.sleep(0, others.append("ran")))
        await clock.sleep(0)
        await task
        assert others == ["ran"]


async def test_the_system_clock_measures_time():
    clock = SystemClock()
    before = clock.monotonic(), clock.time_ms()
    await clock.sleep(0.001)
    assert clock.monotonic() > before[0]
    assert clock.time_ms() >= before[1]


async def test_the_publisher_keeps_its_beat_and_leaves_out_missed_ones():
    clock = VirtualClock()
    beats = []

    class Busy(Market):
        def publish_pending(self):
            beats.append(clock.time_ms() - start)
            if len(beats) == 2:
                # The work of this beat takes longer than two intervals.
                clock._elapsed += 0.25

    start = clock.time_ms()
    task = asyncio.create_task(publish_every(Busy(), clock, 100))
    await clock.sleep(0.65)
    task.cancel()
    assert beats == [100, 200, 500, 600]
