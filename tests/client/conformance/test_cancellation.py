"""Whoever waits for the client may be cancelled, at every single point where it waits."""

from __future__ import annotations

import asyncio
import contextlib
import itertools

import pytest

from cadenza.client import ClientState, ClosedError
from support.client.conformance.flow_worlds import PlainWorld
from support.client.conformance.tidiness import tidy
from support.client.events import take
from support.client.peer_world import connected

NUMBERS = itertools.count()
MOST_TURNS = 300


async def connecting(client, _):
    await client.connect()


async def entering(client, _):
    async with client:
        await client.rpc("ping")


async def subscribing(client, channel):
    await client.connect()
    await client.subscribe(f"{channel}-other", recoverable=True)


async def waiting_until_ready(client, channel):
    await client.connect()
    subscription = client.subscription(f"{channel}-other")
    subscription.subscribe()
    await subscription.ready()


async def asking(client, channel):
    await client.connect()
    await client.rpc("ping")
    await client.publish(channel, 1)
    await client.history(channel, 10)
    await client.presence(channel)


async def asking_a_subscription(client, channel):
    await client.connect()
    subscription = await client.subscribe(f"{channel}-other")
    await subscription.publish(1)
    await subscription.history(1)


async def iterating(client, channel):
    await client.connect()
    subscription = await client.subscribe(f"{channel}-other")
    await subscription.publish(1)
    await take(subscription, 1)


async def disconnecting(client, _):
    await client.connect()
    await client.disconnect()


async def reconnecting(client, _):
    await client.connect()
    await client.disconnect()
    await client.connect()
    await client.rpc("ping")


USES = [
    connecting,
    subscribing,
    waiting_until_ready,
    asking,
    asking_a_subscription,
    iterating,
    disconnecting,
    reconnecting,
]


async def cancelled_after(turns, coroutine):
    """Run a coroutine for some turns of the loop, then cancel it; whether it had ended before."""
    task = asyncio.create_task(coroutine)
    for _ in range(turns):
        await asyncio.sleep(0)
    if task.done():
        await task
        return True
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return False


async def assert_usable(client):
    """The client connects, subscribes, publishes, asks."""
    await client.connect()
    subscription = await client.subscribe(f"kept:usable-{next(NUMBERS)}")
    await subscription.publish("still here")
    assert [it.data for it in await take(subscription, 1)] == ["still here"]
    assert await client.rpc("ping") is None
    assert client.stats.errors == 0


def no_tasks():
    """Nothing of a client runs any more."""
    return not [it for it in asyncio.all_tasks() if it.get_name().startswith("cadenza")]


@pytest.mark.parametrize("use", USES)
async def test_a_cancelled_caller(protocol, use):
    """Wherever it waited, the client is as usable afterwards as before, and leaves nothing."""
    async with tidy(), PlainWorld(protocol).running() as world:
        for turns in range(MOST_TURNS):
            client = world.connect()
            is_over = await cancelled_after(turns, use(client, f"kept:{next(NUMBERS)}"))
            if use is subscribing and not is_over:
                assert client.subscriptions == {}, f"cancelled after {turns} turns"
            await assert_usable(client)
            await client.close()
            assert no_tasks(), f"cancelled after {turns} turns"
            if is_over:
                break
        assert 3 < turns < MOST_TURNS - 1, "this was every point"


@pytest.mark.parametrize("is_busy", [False, True])
async def test_a_cancelled_close(protocol, is_busy):
    """A close that is cancelled has closed all the same, or is done again; nothing is left."""
    async with tidy(), PlainWorld(protocol).running() as world:
        for turns in range(MOST_TURNS):
            client = world.connect()
            await client.connect()
            calls = []
            if is_busy:
                await client.subscribe(f"kept:{next(NUMBERS)}", on_publication=never)
                calls = [asyncio.create_task(client.rpc("ping")) for _ in range(3)]
            is_over = await cancelled_after(turns, client.close())
            await client.close()
            await asyncio.gather(*calls, return_exceptions=True)
            assert client.state is ClientState.DISCONNECTED
            assert no_tasks(), f"cancelled after {turns} turns"
            with pytest.raises(ClosedError):
                await client.connect()
            if is_over:
                break
        assert turns < MOST_TURNS - 1


async def test_a_cancelled_context(protocol):
    """``async with`` closes what it has opened, also when it is cancelled on its way in or out."""
    async with tidy(), PlainWorld(protocol).running() as world:
        for turns in range(MOST_TURNS):
            client = world.connect()
            is_over = await cancelled_after(turns, entering(client, ""))
            assert client.state is ClientState.DISCONNECTED
            assert no_tasks(), f"cancelled after {turns} turns"
            if is_over:
                break
        assert 3 < turns < MOST_TURNS - 1


async def test_cancelled_among_others(protocol):
    """Of many who wait for the same client, the one that is cancelled takes nobody along."""
    async with tidy(), PlainWorld(protocol).running() as world, world.connect() as client:
        for turns in range(12):
            calls = [asyncio.create_task(client.rpc("ping")) for _ in range(10)]
            for _ in range(turns):
                await asyncio.sleep(0)
            calls[3].cancel()
            calls[7].cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            others = [it for number, it in enumerate(results) if number not in (3, 7)]
            assert others == [None] * 8


async def test_a_cancelled_call_is_forgotten(peer, client):
    """No timer waits for an answer that nobody wants, and the answer is nobody's."""
    line = await connected(client, peer)
    timers = client.options.clock.pending
    before = set(timers)
    call = asyncio.create_task(client.rpc("m"))
    command = await line.command("rpc")
    assert len(timers) == len(before) + 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert timers == before
    await line.send({"id": command["id"], "rpc": {"data": "late"}})
    again = asyncio.create_task(client.rpc("m"))
    await line.answer("rpc", {"data": "mine"})
    assert await again == "mine"


async def test_a_reader_that_is_cancelled_loses_nothing(protocol):
    """What comes while nobody reads waits for the next reader."""
    async with tidy(), PlainWorld(protocol).running() as world, world.connect() as client:
        channel = f"kept:{next(NUMBERS)}"
        subscription = await client.subscribe(channel)
        found = []

        async def read():
            async for publication in subscription:
                found.append(publication.data)

        for number in range(60):
            reader = asyncio.create_task(read())
            await world.publish(channel, number)
            for _ in range(number % 12):
                await asyncio.sleep(0)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
        if missing := 60 - len(found):
            found += [it.data for it in await take(subscription, missing)]
        assert found == list(range(60))


async def never(_):
    """A callback that does not come back."""
    await asyncio.Event().wait()
