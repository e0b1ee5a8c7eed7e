"""Clocks: the virtual one is quick, ordered and repeatable, by itself and by hand."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.clock import LoopClock, VirtualClock


@pytest.fixture
def clock():
    return VirtualClock(start_ms=1000)


async def test_a_day_of_sleep_takes_no_time_and_moves_every_reading(clock):
    """Seconds, milliseconds and the monotonic reading tell the same time."""
    await clock.sleep(86_400)
    assert clock.monotonic() == 86_400
    assert clock.time_ms() == 86_401_000
    assert clock.time() == 86_401.0


async def test_sleepers_wake_in_the_order_of_their_times_and_then_of_their_calls(clock):
    """Each finds the time for which it asked."""
    woken = []

    async def sleeper(name, *delays):
        for delay in delays:
            await clock.sleep(delay)
            woken.append((name, clock.monotonic()))

    await asyncio.gather(sleeper("a", 3), sleeper("b", 1, 1, 1), sleeper("c", 1))
    assert woken == [("b", 1), ("c", 1), ("b", 2), ("a", 3), ("b", 3)]


async def test_callbacks_and_sleepers_share_one_order(clock):
    """An hour of sleep lets everything happen that falls due in it, and nothing after it."""
    seen = []

    def tick():
        seen.append(clock.monotonic())
        clock.call_later(900, tick)

    clock.call_later(900, tick)
    clock.call_soon(lambda: seen.append("soon"))
    await clock.sleep(3600)
    assert seen == ["soon", 900, 1800, 2700]
    assert clock.monotonic() == 3600


async def test_without_sleepers_time_stands_still(clock):
    """Timers alone do not move it: a test that works with real sockets keeps its time."""
    clock.call_later(1, lambda: pytest.fail("nobody asked for that"))
    await clock.sleep(0.5)
    for _ in range(10):
        await asyncio.sleep(0)
    assert clock.monotonic() == 0.5


async def test_a_cancelled_sleeper_does_not_move_the_clock(clock):
    """Neither at once nor with the next sleeper."""
    task = asyncio.create_task(clock.sleep(50))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await clock.sleep(1)
    assert clock.monotonic() == 1


async def test_a_sleeper_that_is_cancelled_in_the_last_turn_before_its_time(clock):
    """The jump looks at who still waits at that moment."""
    task = asyncio.create_task(clock.sleep(50))
    await asyncio.sleep(0)
    clock.call_later(49, task.cancel)
    await asyncio.gather(task, return_exceptions=True)
    await clock.sleep(2)
    assert clock.monotonic() == 51


async def test_by_hand_sleepers_find_the_time_at_the_end(clock):
    """``advance`` runs callbacks at their times; tasks come when the loop has its turn."""
    seen = []
    clock.call_later(1, lambda: seen.append(clock.monotonic()))
    clock.call_later(2, lambda: seen.append("cancelled")).cancel()
    task = asyncio.create_task(clock.sleep(1.5))
    await asyncio.sleep(0)
    clock.advance(5)
    assert seen == [1]
    await task
    assert clock.monotonic() == 5


def test_one_virtual_clock_outlives_its_loops():
    """A loop that ends in the middle of a sleep leaves nothing behind."""
    clock = VirtualClock()

    async def sleeps(seconds):
        other = asyncio.create_task(clock.sleep(100))
        await clock.sleep(seconds)
        other.cancel()

    asyncio.run(sleeps(1))
    asyncio.run(sleeps(2))
    assert clock.monotonic() == 3


async def test_a_sleep_of_zero_lets_others_run():
    """On either clock."""
    for clock in (VirtualClock(), LoopClock()):
        others = []
        task = asyncio.create_task(asyncio.sleep(0, others.append("ran")))
        await clock.sleep(0)
        await task
        assert others == ["ran"]


async def test_the_clock_of_the_loop_measures_time():
    """Its readings go on, and its callbacks come."""
    clock = LoopClock()
    before = clock.monotonic(), clock.time_ms(), clock.time()
    await clock.sleep(0.001)
    assert clock.monotonic() > before[0]
    assert clock.time_ms() >= before[1]
    assert clock.time() >= before[2]
    came = []
    clock.call_later(0, lambda: came.append("later"))
    clock.call_soon(lambda: came.append("soon"))
    clock.call_soon(lambda: came.append("cancelled")).cancel()
    await clock.sleep(0.001)
    assert sorted(came) == ["later", "soon"]
