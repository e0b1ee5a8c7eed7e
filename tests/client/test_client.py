"""The client against a real server: both encodings, everything it can ask, and recovery."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

import cadenza.client
from cadenza.client import (
    CallTimeoutError,
    ClientState,
    DisconnectedError,
    Overflow,
    ReplyError,
    StreamPosition,
    UnauthorizedError,
    UnsubscribedError,
    UsageError,
)
from support.client.events import Events, take

CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "room",
                "allow_subscribe_for_client": True,
                "allow_publish_for_client": True,
                "allow_presence_for_subscriber": True,
                "presence": True,
                "join_leave": True,
            },
            {
                "name": "kept",
                "allow_subscribe_for_client": True,
                "allow_history_for_subscriber": True,
                "force_recovery": True,
                "history_size": 100,
                "history_ttl": "60s",
                "allowed_delta_types": ["fossil"],
                "delta_publish": True,
            },
            {"name": "closed"},
        ]
    },
    "rpc": {"ping": {"enabled": True}},
}
NUMBERS = itertools.count()
RECONNECT = {"code": 3011, "reason": "force reconnect"}


@pytest.fixture(params=["json", "protobuf"])
def protocol(request):
    """Both encodings."""
    return request.param


@pytest.fixture
def kept():
    """A channel with history that no other test uses."""
    return f"kept:{next(NUMBERS)}"


@pytest.fixture
def connect(server, token, protocol):
    """``connect(user, ...)``: a client of the module's server that reconnects at once."""

    def make(user="trader", **options):
        given = {"token": token(user), "protocol": protocol, "min_reconnect_delay": 0.0}
        given |= {"max_reconnect_delay": 0.0, "timeout": 10.0} | options
        return cadenza.client.connect(server.ws, **given)

    return make


async def test_publish_and_iterate(connect):
    """What one client publishes another receives, in order, with the publisher's name."""
    async with connect("ann") as ann, connect("bob") as bob:
        subscription = await ann.subscribe("room:a")
        for number in range(50):
            await bob.publish("room:a", {"n": number})
        found = await take(subscription, 50)
    assert [it.data["n"] for it in found] == list(range(50))
    assert {it.info.user for it in found} == {"bob"}


async def test_async_callback_that_calls_the_client(connect):
    """An async callback may await commands of its own client."""
    events = Events()
    async with connect() as client:

        async def handle(publication):
            stats = await client.presence_stats(publication.channel)
            events.on("seen")((publication.data, stats))

        subscription = await client.subscribe("room:b", on_publication=handle)
        await subscription.publish([1])
        await subscription.publish([2])
        assert await events.next("seen") == ([1], (1, 1))
        assert await events.next("seen") == ([2], (1, 1))


async def test_questions(connect, server, kept):
    """Presence, statistics, history and rpc, of the client and of a subscription."""
    async with connect("ann") as client:
        room = await client.subscribe("room:c")
        present = await room.presence()
        assert [(it.user, it.client) for it in present.values()] == [("ann", client.client_id)]
        stream = await client.subscribe(kept)
        for number in range(3):
            await server.api("publish", channel=kept, data={"n": number})
        page = await stream.history(-1)
        assert [(it.offset, it.data["n"]) for it in page.publications] == [(1, 0), (2, 1), (3, 2)]
        assert page.position == stream.position
        after = await stream.history(10, since=StreamPosition(2, page.position.epoch))
        assert [it.offset for it in after.publications] == [3]
        assert await client.rpc("ping") is None


async def test_errors_say_what_was_refused(connect):
    """A refused command has the server's code; a refused subscription leaves nothing behind."""
    async with connect() as client:
        with pytest.raises(ReplyError, match="rpc was refused: 104") as caught:
            await client.rpc("nothing", {})
        assert (caught.value.code, caught.value.temporary) == (104, False)
        with pytest.raises(UnsubscribedError) as refused:
            await client.subscribe("closed:a")
        assert (refused.value.server_code, refused.value.channel) == (103, "closed:a")
        assert client.subscriptions == {}
        with pytest.raises(UsageError, match="on_publicaton"):
            await client.subscribe("room:a", on_publicaton=print)


async def test_recovered_once_in_order(connect, server, kept):
    """Connections that end while publications come lose none, repeat none, and keep their order."""
    events = Events()
    async with connect("rec") as client:
        names = ("publication", "subscribed")
        subscription = await client.subscribe(kept, **events.all(*names))
        assert not (await events.next("subscribed")).was_recovering
        for number in range(60):
            await server.api("publish", channel=kept, data=number)
            if number % 20 == 10:
                await server.api("disconnect", user="rec", disconnect=RECONNECT)
        found = [await events.next("publication") for _ in range(60)]
        assert [it.data for it in found] == list(range(60))
        assert [it.offset for it in found] == list(range(1, 61))
        again = [await events.next("subscribed") for _ in range(3)]
        assert all(it.was_recovering and it.recovered for it in again)
        assert (subscription.gaps, client.stats.connects) == (0, 4)
        assert events.count("publication") == 0


async def test_delta(connect, server, kept):
    """With patches on the wire the consumer sees whole payloads, also after a reconnect."""
    async with connect("del") as client:
        subscription = await client.subscribe(kept, delta="fossil")
        payload = {"title": "Grüße " * 40}
        for number in range(30):
            await server.api("publish", channel=kept, data=payload | {"n": number})
            if number in (10, 20):
                await server.api("disconnect", user="del", disconnect=RECONNECT)
        found = [it.data for it in await take(subscription, 30)]
        assert found == [payload | {"n": number} for number in range(30)]
        assert subscription.subscriber._deltas.is_on
        assert (subscription.gaps, client.stats.connects) == (0, 3)


async def test_what_cannot_be_recovered_is_told(connect, server, kept):
    """A position that the server does not know is a gap, and said to be one."""
    events = Events()
    async with connect() as client:
        subscription = await client.subscribe(
            kept, since=(5, "nowhere"), on_subscribed=events.on("subscribed")
        )
        event = await events.next("subscribed")
        assert (event.was_recovering, event.recovered, subscription.gaps) == (True, False, 1)


async def test_join_and_leave(connect):
    """Joins and leaves come to who asked for them."""
    events = Events()
    async with connect("ann") as ann:
        await ann.subscribe("room:j", join_leave=True, **events.all("join", "leave"))
        assert (await events.next("join")).user == "ann"
        async with connect("bob") as bob:
            await bob.subscribe("room:j")
            assert (await events.next("join")).user == "bob"
        assert (await events.next("leave")).user == "bob"


async def test_final_disconnect(connect, server):
    """A code that does not reconnect ends the client, its calls and its iterations."""
    async with connect("out") as client:
        subscription = await client.subscribe("room:o")
        iteration = asyncio.ensure_future(take(subscription, 1))
        await server.api("disconnect", user="out")
        with pytest.raises(DisconnectedError) as caught:
            await iteration
        assert caught.value.code == 3503
        assert client.state is ClientState.DISCONNECTED
        with pytest.raises(DisconnectedError):
            await client.publish("room:o", 1)
        await client.connect()
        await subscription.ready()
        await subscription.publish("again")
        assert (await take(subscription, 1))[0].data == "again"


async def test_unsubscribed_by_the_server(connect, server):
    """A final unsubscribe ends the iteration with its code; the channel is free again."""
    async with connect("uns") as client:
        subscription = await client.subscribe("room:u")
        await server.api("unsubscribe", user="uns", channel="room:u")
        with pytest.raises(UnsubscribedError) as caught:
            await take(subscription, 1)
        assert caught.value.server_code == 2000
        await client.subscribe("room:u")


async def test_server_side_subscription(connect, server, token, kept):
    """Publications of the server's subscriptions come, and are recovered after a loss."""
    events = Events()
    mine = token("srv", channels=[kept])
    async with connect(token=mine, **events.all("publication", "connected")) as client:
        await server.api("publish", channel=kept, data=1)
        assert (await events.next("publication")).publication.data == 1
        await server.api("disconnect", user="srv", disconnect=RECONNECT)
        await server.api("publish", channel=kept, data=2)
        event = await events.next("publication")
        assert (event.channel, event.publication.data) == (kept, 2)
        assert client.stats.gaps == 0


async def test_tokens(connect, server, token):
    """An expired token is replaced at connect; one that runs out is refreshed on the way."""
    events = Events()
    now = int(time.time())
    tokens = iter([token("tok", exp=now + 3), token("tok", exp=now + 3600)])

    async def get_token():
        events.on("asked")(True)
        return next(tokens)

    old = token("tok", exp=now - 10)
    async with connect(token=old, get_token=get_token, **events.all("error")) as client:
        await events.next("asked")
        assert (await events.next("error")).code == 109
        await events.next("asked")
        await client.rpc("ping")
        assert (client.stats.connects, events.count("error")) == (1, 0)


async def test_expired_and_no_get_token(connect, token):
    """Nobody can renew the token: the client says so and stays away."""
    client = connect(token=token("tok", exp=int(time.time()) - 10))
    with pytest.raises(DisconnectedError, match="109 token expired"):
        await client.connect()
    await client.close()


async def test_subscription_token(connect, token):
    """A subscription's token is asked for, by channel, and one who has none is unauthorized."""

    async def get_token(channel):
        if channel == "closed:no":
            raise UnauthorizedError
        return token("trader", channel=channel)

    async with connect() as client:
        await client.subscribe("closed:yes", get_token=get_token)
        with pytest.raises(UnsubscribedError, match="unauthorized"):
            await client.subscribe("closed:no", get_token=get_token)


async def test_blocking_consumer_loses_nothing(connect, server, kept):
    """With ``block`` a slow consumer gets everything, however small its buffer."""
    async with connect() as client:
        subscription = await client.subscribe(kept, buffer=1, overflow=Overflow.BLOCK)
        for number in range(40):
            await server.api("publish", channel=kept, data=number)
        assert [it.data for it in await take(subscription, 40)] == list(range(40))


async def test_nobody_listens(connect):
    """A server that is not there: an error in time, and nothing stays behind."""
    before = asyncio.all_tasks()
    with pytest.raises(CallTimeoutError) as caught:
        async with cadenza.client.connect("ws://127.0.0.1:9", start_timeout=0.2):
            pytest.fail("nobody listens there")
    assert isinstance(caught.value.__cause__, cadenza.client.TransportError)
    assert asyncio.all_tasks() == before


async def test_no_task_stays(connect):
    """After close there are as many tasks as before, whatever was going on."""
    before = asyncio.all_tasks()
    async with connect() as client:

        async def never(publication):
            await asyncio.Event().wait()

        stuck = await client.subscribe("room:t", on_publication=never)
        await client.subscribe("room:t2")
        await stuck.publish(1)
        call = asyncio.ensure_future(client.presence_stats("room:t"))
        await asyncio.sleep(0)
    with pytest.raises(cadenza.client.ClientError):
        await call
    assert asyncio.all_tasks() == before
