"""Deadlines behind one timer, with a clock that is moved by hand."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.realtime import LoopClock, VirtualClock
from cadenza.realtime.timers import Deadline, Timers


def test_deadlines_come_in_order_of_time_then_of_making():
    clock, rung = VirtualClock(), list[str]()
    timers = Timers(clock)
    for name, delay in (("late", 2.0), ("first", 1.0), ("second", 1.0)):
        timers.after(delay, lambda name=name: rung.append(name))
    clock.advance(1.5)
    assert rung == ["first", "second"]
    clock.advance(1)
    assert rung == ["first", "second", "late"]
    assert len(timers) == 0


def test_one_alarm_serves_all():
    clock = VirtualClock()
    timers = Timers(clock)
    for delay in (5, 4, 3, 2, 1, 6, 7):
        timers.after(delay, lambda: None)
    assert clock.pending == 1


def test_a_cancelled_deadline_never_comes():
    clock, rung = VirtualClock(), list[int]()
    timers = Timers(clock)
    deadline = timers.after(1, lambda: rung.append(1))
    deadline.cancel()
    deadline.cancel()
    clock.advance(2)
    deadline.cancel()
    assert rung == []
    assert len(timers) == 0


def test_a_callback_may_set_and_cancel_deadlines():
    clock, rung = VirtualClock(), list[float]()
    timers = Timers(clock)
    doomed = timers.after(1.0, lambda: rung.append(-1.0))

    def again() -> None:
        rung.append(clock.monotonic())
        doomed.cancel()
        if len(rung) < 3:
            timers.after(0.5, again)

    timers.after(0.5, again)
    clock.advance(10)
    assert rung == [0.5, 1.0, 1.5]
    assert len(timers) == 0


def test_a_failing_callback_does_not_stop_the_others():
    clock, rung = VirtualClock(), list[int]()
    timers = Timers(clock)
    timers.after(1, lambda: {}[0])
    timers.after(1, lambda: rung.append(1))
    with pytest.raises(KeyError):
        clock.advance(1)
    clock.advance(1)
    assert rung == [1]


def test_cancelled_deadlines_do_not_pile_up():
    timers = Timers(VirtualClock())
    for _ in range(1000):
        timers.after(1000, lambda: None).cancel()
    assert len(timers) == 0
    assert len(timers._heap) < 200


def test_closing_forgets_everything():
    clock, rung = VirtualClock(), list[int]()
    timers = Timers(clock)
    deadline = timers.after(1, lambda: rung.append(1))
    timers.close()
    deadline.cancel()
    clock.advance(5)
    assert rung == []
    assert len(timers) == 0


@given(
    st.lists(
        st.tuples(st.sampled_from(["after", "cancel", "advance"]), st.integers(0, 20)),
        max_size=60,
    )
)
def test_deadlines_ring_once_when_due(steps: list[tuple[str, int]]):
    """Random deadlines, cancellations and passing time, against a list."""
    clock, rung = VirtualClock(), list[int]()
    timers = Timers(clock)
    made: list[tuple[Deadline, float]] = []
    wanted: dict[int, float] = {}
    for step, value in steps:
        if step == "after":
            number = len(made)
            when = clock.monotonic() + value
            made.append((timers.after(value, lambda number=number: rung.append(number)), when))
            wanted[number] = when
        elif step == "cancel" and made:
            number = value % len(made)
            made[number][0].cancel()
            wanted.pop(number, None)
        elif step == "advance":
            rung.clear()
            clock.advance(value)
            due = [number for number, when in wanted.items() if when <= clock.monotonic()]
            assert rung == sorted(due, key=lambda number: (wanted[number], number))
            for number in due:
                del wanted[number]
        assert len(timers) == len(wanted)


async def test_the_loop_clock_rings():
    clock, rung = LoopClock(), asyncio.Event()
    Timers(clock).after(0.001, rung.set)
    await rung.wait()
    assert clock.time() > 1_600_000_000
