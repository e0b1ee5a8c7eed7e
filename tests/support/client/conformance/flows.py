"""What a program does with a server, each as one function: the same for every kind of server.

A flow gets a ``FlowWorld`` and says by assertions what must be seen.
"""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import (
    ClientState,
    DisconnectedError,
    Overflow,
    ReplyError,
    StreamPosition,
    UnauthorizedError,
    UnsubscribedError,
)
from support.client.events import Events, take

MANY = 60


async def connecting(world):
    """States and events of a client that comes, is cut off, and goes."""
    events = Events()
    client = world.connect(**events.all("connecting", "connected", "disconnected"))
    assert client.state is ClientState.DISCONNECTED
    async with client:
        first = await events.next("connected")
        assert (client.state, client.client_id) == (ClientState.CONNECTED, first.client)
        assert await events.next("connecting") == (0, "connect called")
        world.cut()
        assert await events.next("connecting") == (1, "transport closed")
        second = await events.next("connected")
        assert second.client != first.client
    assert await events.next("disconnected") == (0, "disconnect called")
    assert (client.state, client.client_id) == (ClientState.DISCONNECTED, "")


async def publishing(world):
    """What one client publishes another one gets, in order, with the name of who did."""
    channel = f"room:{world.name}"
    async with world.connect("ann") as ann, world.connect("bob") as bob:
        subscription = await ann.subscribe(channel)
        for number in range(MANY):
            await bob.publish(channel, {"n": number})
        found = await take(subscription, MANY)
    assert [it.data for it in found] == [{"n": number} for number in range(MANY)]
    assert {it.info.user for it in found} == {world.user("bob")}


async def calling_back(world):
    """Callbacks, plain and async, of two subscriptions of one client; an async one may ask."""
    events = Events()
    kept, room = f"kept:{world.name}", f"room:{world.name}"
    async with world.connect() as client:

        async def slow(publication):
            events.on("slow")((publication.data, await client.presence_stats(room)))

        await client.subscribe(kept, on_publication=events.on("plain"))
        await client.subscribe(room, on_publication=slow)
        for number in range(5):
            await world.publish(kept, number)
            await world.publish(room, number)
        assert [(await events.next("plain")).data for _ in range(5)] == list(range(5))
        assert [await events.next("slow") for _ in range(5)] == [(it, (1, 1)) for it in range(5)]
        assert client.stats.errors == 0


async def history(world):
    """A stream in pages, forwards and backwards."""
    async with world.connect() as client:
        stream = await client.subscribe(f"kept:{world.name}")
        for number in range(1, 8):
            await world.publish(stream.channel, {"n": number})
        empty = await stream.history()
        assert (empty.publications, empty.position.offset) == ([], 7)
        epoch = empty.position.epoch
        pages, since = [], StreamPosition(0, epoch)
        while page := (await stream.history(3, since=since)).publications:
            pages.append([it.data["n"] for it in page])
            since = StreamPosition(page[-1].offset, epoch)
        assert pages == [[1, 2, 3], [4, 5, 6], [7]]
        backwards = await stream.history(3, since=StreamPosition(7, epoch), reverse=True)
        assert [it.offset for it in backwards.publications] == [6, 5, 4]
        assert [it.offset for it in (await stream.history(-1)).publications] == list(range(1, 8))
        await take(stream, 7)
        assert stream.position == (7, epoch)


async def presence(world):
    """Who is there, and how many, as clients come and go."""
    room = f"room:{world.name}"
    async with world.connect("ann") as ann:
        subscription = await ann.subscribe(room)
        async with world.connect("ann") as second, world.connect("bob") as bob:
            await second.subscribe(room)
            await bob.subscribe(room)
            assert await subscription.presence_stats() == (3, 2)
            present = await subscription.presence()
            assert {it: info.user for it, info in present.items()} == {
                ann.client_id: world.user("ann"),
                second.client_id: world.user("ann"),
                bob.client_id: world.user("bob"),
            }


async def joining_and_leaving(world):
    """A subscriber sees others join and leave."""
    events = Events()
    room = f"room:{world.name}"
    async with world.connect("ann") as ann:
        await ann.subscribe(room, join_leave=True, **events.all("join", "leave"))
        assert (await events.next("join")).user == world.user("ann")
        async with world.connect("bob") as bob:
            subscription = await bob.subscribe(room)
            assert (await events.next("join")).client == bob.client_id
            subscription.unsubscribe()
            assert (await events.next("leave")).user == world.user("bob")
            await bob.subscribe(room)
            assert (await events.next("join")).user == world.user("bob")
        assert (await events.next("leave")).user == world.user("bob")


async def calling(world):
    """Calls: many at once, an unknown method, a refused subscription."""
    async with world.connect() as client:
        assert await asyncio.gather(*(client.rpc("ping") for _ in range(MANY))) == [None] * MANY
        with pytest.raises(ReplyError, match="rpc was refused: 104") as caught:
            await client.rpc("no such method", {"a": 1})
        assert (caught.value.code, caught.value.temporary) == (104, False)
        with pytest.raises(UnsubscribedError) as refused:
            await client.subscribe("closed:door")
        assert (refused.value.server_code, refused.value.channel) == (103, "closed:door")
        assert client.subscriptions == {}


async def recovering_after_cuts(world):
    """Lines break while things are published: all of them come, once, in order."""
    events = Events()
    channel = f"kept:{world.name}"
    async with world.connect() as client, world.connect("bob") as bob:
        subscription = await client.subscribe(channel, **events.all("subscribed"))
        assert not (await events.next("subscribed")).was_recovering
        for number in range(MANY):
            await world.publish(channel, number)
            if number % 20 == 10:
                world.cut()
            if number % 20 == 15:
                event = await events.next("subscribed")
                assert (event.was_recovering, event.recovered) == (True, True)
        assert [it.data for it in await take(subscription, MANY)] == list(range(MANY))
        assert (subscription.gaps, subscription.position.offset) == (0, MANY)
        assert client.stats.connects == 4
        await bob.rpc("ping")


async def reconnecting_when_told(world):
    """The server asks for a reconnect: the same, without a broken line."""
    events = Events()
    channel = f"kept:{world.name}"
    async with world.connect("ann", **events.all("connecting")) as client:
        subscription = await client.subscribe(channel)
        await events.next("connecting")
        for number in range(20):
            await world.publish(channel, number)
            if number == 10:
                await world.disconnect("ann")
        assert [it.data for it in await take(subscription, 20)] == list(range(20))
        assert await events.next("connecting") == (3011, "force reconnect")
        assert (subscription.gaps, client.stats.connects) == (0, 2)


async def beginning_in_the_past(world):
    """``since`` begins where a program stopped once; a place that is not known is a gap."""
    channel = f"kept:{world.name}"
    async with world.connect() as client:
        first = await client.subscribe(channel)
        for number in range(5):
            await world.publish(channel, number)
        place = (await take(first, 2))[-1].offset
    async with world.connect() as client:
        events = Events()
        second = await client.subscribe(channel, since=(place, first.position.epoch))
        assert [it.data for it in await take(second, 3)] == [2, 3, 4]
        second.unsubscribe()
        await client.subscribe(channel, since=(3, "elsewhere"), **events.all("subscribed"))
        event = await events.next("subscribed")
        assert (event.was_recovering, event.recovered, event.position.offset) == (True, False, 5)


async def leaving_and_coming_back(world):
    """Unsubscribed by itself and by the server; disconnected for good, and connected again."""
    room = f"room:{world.name}"
    async with world.connect("ann") as client:
        subscription = await client.subscribe(room)
        subscription.unsubscribe()
        assert [it async for it in subscription] == []
        subscription = await client.subscribe(room)
        await world.unsubscribe("ann", room)
        with pytest.raises(UnsubscribedError) as ended:
            await take(subscription, 1)
        assert ended.value.server_code == 2000
        subscription = await client.subscribe(room)
        await world.disconnect("ann", 3503, "force disconnect")
        with pytest.raises(DisconnectedError, match="3503 force disconnect"):
            await take(subscription, 1)
        with pytest.raises(DisconnectedError):
            await client.rpc("ping")
        await client.connect()
        await subscription.ready()
        await subscription.publish("again")
        assert [it.data for it in await take(subscription, 1)] == ["again"]


async def server_side(world):
    """Channels of the token: publications come without a subscribe, and are recovered."""
    events = Events()
    channel = f"kept:{world.name}"
    given = events.all("publication", "connected")
    async with world.connect("ann", channels=[channel], **given) as client:
        await events.next("connected")
        await world.publish(channel, 1)
        assert (await events.next("publication")).publication.data == 1
        world.cut()
        await world.publish(channel, 2)
        await events.next("connected")
        await world.publish(channel, 3)
        found = [await events.next("publication") for _ in range(2)]
        assert [(it.channel, it.publication.data) for it in found] == [(channel, 2), (channel, 3)]
        assert (client.stats.gaps, events.count("publication")) == (0, 0)


async def renewing_tokens(world):
    """A token that has expired is replaced at connect, and one that runs out on the way."""
    events = Events()
    given = iter([-10, 1, 3600])

    async def get_token():
        seconds = next(given)
        events.on("asked")(seconds)
        return world.token("ann", seconds=seconds)

    async with world.connect(get_token=get_token, **events.all("error")) as client:
        assert [await events.next("asked") for _ in range(3)] == [-10, 1, 3600]
        assert (await events.next("error")).code == 109
        await client.rpc("ping")
        assert (client.stats.connects, events.count("error")) == (1, 0)


async def unauthorized(world):
    """``get_token`` says no: final, and told so."""

    async def get_token():
        raise UnauthorizedError

    client = world.connect(get_token=get_token)
    with pytest.raises(DisconnectedError, match="unauthorized"):
        await client.connect()


async def blocking(world):
    """With a buffer of one and a slow reader nothing is lost."""
    async with world.connect() as client:
        channel = f"kept:{world.name}"
        subscription = await client.subscribe(channel, buffer=1, overflow=Overflow.BLOCK)
        for number in range(MANY):
            await world.publish(channel, number)
        found = []
        async for publication in subscription:
            await asyncio.sleep(0)
            found.append(publication.data)
            if len(found) == MANY:
                break
        assert found == list(range(MANY))
        assert subscription.dropped == 0


async def patching(world):
    """With deltas on the wire the consumer sees whole payloads, over cuts too."""
    channel = f"kept:{world.name}"
    payload = {"title": "Grüße " * 40}
    events = Events()
    async with world.connect(**events.all("connected")) as client:
        subscription = await client.subscribe(channel, delta="fossil")
        for number in range(30):
            await world.publish(channel, payload | {"n": number})
            if number in (10, 20):
                await events.next("connected")
                world.cut()
        found = [it.data for it in await take(subscription, 30)]
        assert found == [payload | {"n": number} for number in range(30)]
        assert subscription.gaps == 0


EVERYWHERE = (
    connecting,
    publishing,
    calling_back,
    history,
    presence,
    joining_and_leaving,
    calling,
    recovering_after_cuts,
    reconnecting_when_told,
    beginning_in_the_past,
    leaving_and_coming_back,
    server_side,
    renewing_tokens,
    unauthorized,
    blocking,
)
WITH_DELTA = (*EVERYWHERE, patching)
"""The plain peer makes no patches: see test_misbehaving_subscription for wrong ones."""
