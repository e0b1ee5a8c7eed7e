"""Coroutines that begin without a task, and the way they go on with one."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.realtime import eager


async def test_what_waits_for_nothing_is_over_at_once():
    done = []

    async def work() -> None:
        done.append(await eager.settle(1))

    assert eager.start(work()) is None
    assert done == [1]


async def test_the_rest_goes_on_in_a_task():
    gate, done = asyncio.Event(), list[str]()

    async def work() -> None:
        done.append("began")
        await gate.wait()
        done.append("ended")

    task = eager.start(work())
    assert task is not None
    assert done == ["began"]
    gate.set()
    await task
    assert done == ["began", "ended"]


async def test_a_bare_turn_of_the_loop_is_waited_for():
    done = []

    async def work() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            done.append(number)

    task = eager.start(work())
    assert task is not None
    await task
    assert done == [0, 1, 2]


def test_an_exception_before_the_first_wait_is_the_callers():
    async def work() -> None:
        raise KeyError("early")

    with pytest.raises(KeyError, match="early"):
        eager.start(work())


async def test_an_exception_after_it_is_the_tasks():
    async def work() -> None:
        await asyncio.sleep(0)
        raise KeyError("late")

    task = eager.start(work())
    assert task is not None
    with pytest.raises(KeyError, match="late"):
        await task


async def test_the_exception_of_what_is_waited_for_reaches_the_coroutine():
    future = asyncio.get_running_loop().create_future()
    caught = []

    async def work() -> None:
        try:
            await future
        except KeyError as error:
            caught.append(error)
        await asyncio.sleep(0)
        caught.append("went on")

    task = eager.start(work())
    assert task is not None
    error = KeyError("x")
    future.set_exception(error)
    await task
    assert caught == [error, "went on"]


async def test_cancelling_the_task_cancels_the_coroutine():
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    task = eager.start(work())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_what_is_awaited_may_use_timeouts():
    """Though the caller runs in no task."""

    async def slow() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "never"

    found = []

    async def work() -> None:
        found.append(await eager.settle(slow()))

    loop = asyncio.get_running_loop()
    started: asyncio.Future[object] = loop.create_future()
    loop.call_soon(lambda: started.set_result(eager.start(work())))
    task = await started
    assert isinstance(task, asyncio.Task)
    await task
    assert found == ["timed out"]


def test_only_awaitables_wait():
    async def work() -> None: ...

    coroutine = work()
    assert eager.waits(coroutine)
    assert not eager.waits(None)
    assert not eager.waits([1])
    coroutine.close()
