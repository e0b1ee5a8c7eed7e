"""The bounded queue between reader and consumer."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client.buffer import FRAME_RESERVE, Buffer
from cadenza.client.errors import BufferOverflowError, UnsubscribedError
from cadenza.client.options import Overflow


async def taken(buffer, count):
    return [await buffer.take() for _ in range(count)]


async def test_drop_oldest():
    """The newest stay, what is dropped is counted."""
    buffer = Buffer("news", 2, Overflow.DROP_OLDEST)
    for number in range(5):
        buffer.put(number)
    assert await taken(buffer, 2) == [3, 4]
    assert buffer.dropped == 3


async def test_fail():
    """The consumer gets what waits, then one error with the number of the lost, then new items."""
    buffer = Buffer("news", 2, Overflow.FAIL)
    for number in range(5):
        buffer.put(number)
    assert await taken(buffer, 2) == [0, 1]
    with pytest.raises(BufferOverflowError) as caught:
        await buffer.take()
    assert (caught.value.size, caught.value.dropped, buffer.dropped) == (2, 3, 3)
    buffer.put(5)
    assert await buffer.take() == 5


async def test_block():
    """Nothing is dropped; ``room`` waits for the consumer."""
    buffer = Buffer("news", 2, Overflow.BLOCK)
    for number in range(3):
        buffer.put(number)
    waiting = asyncio.ensure_future(buffer.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    assert await taken(buffer, 3) == [0, 1, 2]
    await waiting
    assert buffer.dropped == 0


async def test_end_of_a_blocked_buffer():
    """A reader does not wait for a consumer that is gone."""
    buffer = Buffer("news", 1, Overflow.BLOCK)
    buffer.put(1)
    waiting = asyncio.ensure_future(buffer.room())
    await asyncio.sleep(0)
    buffer.end()
    await waiting


async def test_end():
    """What waits is still given, then the end, with its error where there is one."""
    buffer = Buffer("news", 2, Overflow.FAIL)
    buffer.put(1)
    buffer.end()
    assert await buffer.take() == 1
    with pytest.raises(StopAsyncIteration):
        await buffer.take()
    buffer.reopen()
    buffer.end(UnsubscribedError("news", 2000, "server unsubscribe"))
    with pytest.raises(UnsubscribedError, match="2000"):
        await buffer.take()


async def test_a_cancelled_taker_takes_nothing():
    """An item that comes after a cancelled ``take`` goes to the next one."""
    buffer = Buffer("news", 2, Overflow.FAIL)
    first, second = (asyncio.ensure_future(buffer.take()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    buffer.put(1)
    assert await second == 1
    assert first.cancelled()


async def test_conflate():
    """Of each key the newest waits, in the place of the first; too many keys drop the oldest."""
    buffer = Buffer("news", 2, Overflow.CONFLATE, lambda item: item[0])
    for item in ("a1", "b1", "a2", "c1", "c2"):
        buffer.put(item)
    assert (buffer.conflated, buffer.dropped) == (2, 1)
    assert await taken(buffer, 2) == ["b1", "c2"]


async def test_conflate_without_a_key():
    """Only the newest waits."""
    buffer = Buffer("news", 2, Overflow.CONFLATE)
    for number in range(5):
        buffer.put(number)
    assert await buffer.take() == 4
    assert (len(buffer), buffer.conflated, buffer.dropped) == (0, 4, 0)


async def test_the_reserve_of_a_blocked_buffer():
    """A buffer that is over takes as many items again, and a frame more, before it is full."""
    buffer = Buffer("news", 2, Overflow.BLOCK)
    seen = []
    for number in range(4 + FRAME_RESERVE):
        buffer.put(number)
        seen.append((buffer.is_over, buffer.is_full))
    assert seen == [(False, False), *[(True, False)] * (2 + FRAME_RESERVE), (True, True)]
