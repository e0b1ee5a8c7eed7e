"""The client against a peer that does what servers should not, or seldom do."""

from __future__ import annotations

import asyncio

import pytest

import cadenza.client
from cadenza.client import (
    CallTimeoutError,
    ClientState,
    ConnectionLostError,
    DisconnectedError,
    ReplyError,
    UsageError,
)
from support.client.events import Events, FastClock, take
from support.client.peer_world import connected, pub, quick, subscribed


async def test_calls_in_flight_fail_when_the_line_breaks(client, peer):
    """A call that may or may not have been carried out raises, and is not repeated."""
    line = await connected(client, peer)
    call = asyncio.ensure_future(client.publish("news", 1))
    await line.command("publish")
    line.cut()
    with pytest.raises(ConnectionLostError):
        await call
    line = await peer.accept()
    await line.welcome()
    again = asyncio.ensure_future(client.rpc("m"))
    assert (await line.answer("rpc", {"data": 5}))["rpc"]["method"] == "m"
    assert await again == 5


async def test_late_reply(peer):
    """A reply after the timeout goes to nobody, not to the next call."""
    async with asyncio.timeout(10):
        client = cadenza.client.connect(peer.url, **quick(timeout=0.3))
        line = await connected(client, peer)
        call = asyncio.ensure_future(client.rpc("slow"))
        late = await line.command("rpc")
        with pytest.raises(CallTimeoutError, match="rpc: no answer within"):
            await call
        second = asyncio.ensure_future(client.rpc("quick"))
        command = await line.command("rpc")
        await line.send(
            {"id": late["id"], "rpc": {"data": "late"}},
            {"id": command["id"], "rpc": {"data": "quick"}},
        )
        assert await second == "quick"
        await client.close()


async def test_wrong_ids_and_unknown_channels(client, peer):
    """Replies that nobody asked for and pushes for nobody change nothing."""
    line = await connected(client, peer)
    call = asyncio.ensure_future(client.rpc("m"))
    command = await line.command("rpc")
    await line.send(
        {"id": 4711, "rpc": {"data": "wrong"}},
        pub("elsewhere", 1),
        {"push": {"channel": "elsewhere", "unsubscribe": {"code": 2000}}},
        {"id": command["id"], "rpc": {"data": "right"}},
    )
    assert await call == "right"


async def test_a_reply_of_another_kind(client, peer):
    """An answer without the result that was asked for is an error, not a crash."""
    line = await connected(client, peer)
    call = asyncio.ensure_future(client.rpc("m"))
    command = await line.command("rpc")
    await line.send({"id": command["id"], "publish": {}})
    with pytest.raises(ReplyError, match="no result"):
        await call


@pytest.mark.parametrize("code", [3500, 3503, 3999, 4500, 4999])
async def test_final_codes(client, peer, code):
    """The client stays away after these."""
    events = Events()
    client = cadenza.client.connect(peer.url, **quick(), **events.all("disconnected"))
    line = await connected(client, peer)
    await line.close(code, "enough")
    assert await events.next("disconnected") == (code, "enough")
    with pytest.raises(DisconnectedError, match=f"{code} enough"):
        await client.publish("news", 1)
    assert client.state is ClientState.DISCONNECTED
    await client.close()


@pytest.mark.parametrize("code", [1000, 1001, 3000, 3499, 4000, 4499])
async def test_codes_that_reconnect(client, peer, code):
    """The client comes back after these."""
    line = await connected(client, peer)
    await line.close(code, "later")
    await (await peer.accept()).welcome()
    await client.wait_connected()
    assert client.stats.connects == 2


async def test_too_large_a_message(peer):
    """A message over the limit would come again: the client stays away and says why."""
    client = cadenza.client.connect(peer.url, **quick(max_message_bytes=100))
    line = await connected(client, peer)
    subscription = await subscribed(client, line)
    await line.send(pub("news", "x" * 200))
    with pytest.raises(DisconnectedError, match="message size limit"):
        await take(subscription, 1)
    await client.close()


async def test_refused_connects(client, peer):
    """A temporary error is tried again, any other is final."""
    connecting = asyncio.ensure_future(client.connect())
    await (await peer.accept()).refuse("connect", 100, "internal", temporary=True)
    await (await peer.accept()).refuse("connect", 103, "permission denied")
    with pytest.raises(DisconnectedError, match="103 permission denied"):
        await connecting


async def test_no_ping(peer):
    """Silence longer than the server promised: another connection."""
    events = Events()
    given = quick(clock=FastClock(20), timeout=100.0, start_timeout=200.0)
    client = cadenza.client.connect(peer.url, **given, **events.all("connecting"))
    line = await connected(client, peer, ping=1, pong=True)
    await line.send_text("{}")
    assert await line.command() == {}
    await line.gone()
    assert await events.next("connecting") == (0, "connect called")
    assert await events.next("connecting") == (2, "no ping")
    await peer.accept()
    await client.close()


async def test_not_the_protocol(client, peer):
    """Bytes that are no reply end the connection, not the client; what stood before counts."""
    events = Events()
    line = await connected(client, peer)
    await subscribed(client, line, on_publication=events.on("publication"))
    await line.send_text('{"push":{"channel":"news","pub":{"data":1}}}\n{"push":')
    assert (await events.next("publication")).data == 1
    await (await peer.accept()).welcome()


async def test_commands_of_a_tick_share_a_frame(client, peer):
    """Ten calls made at once leave as one frame."""
    line = await connected(client, peer)
    calls = [asyncio.ensure_future(client.rpc("m", number)) for number in range(10)]
    commands = [await line.answer("rpc", {"data": 1}) for _ in range(10)]
    assert await asyncio.gather(*calls) == [1] * 10
    assert [it["rpc"]["data"] for it in commands] == list(range(10))
    assert len(line.frames) == 2


async def test_refresh_is_repeated(peer):
    """A failed get_token and a temporary refusal are tried again; a refusal that stays is final."""
    events = Events()
    answers = iter(["t1", OSError("away"), "t2", "t3"])

    async def get_token():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    given = quick(get_token=get_token, refresh_retry=(0.0, 0.0), **events.all("error"))
    client = cadenza.client.connect(peer.url, **given)
    line = await connected(client, peer, expires=True, ttl=0)
    first = await line.refuse("refresh", 100, "internal", temporary=True)
    second = await line.refuse("refresh", 107, "bad request")
    assert [it["refresh"]["token"] for it in (first, second)] == ["t2", "t3"]
    assert isinstance(await events.next("error"), cadenza.client.TokenError)
    assert (await events.next("error")).code == 100
    await line.gone()
    with pytest.raises(DisconnectedError, match="107"):
        await client.publish("news", 1)
    await client.close()


async def test_close_while_connecting(peer):
    """Closing in every early phase leaves no task."""
    before = asyncio.all_tasks()
    client = cadenza.client.connect(peer.url, **quick())
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.command("connect")
    await client.close()
    with pytest.raises(DisconnectedError):
        await connecting
    await line.gone()
    with pytest.raises(cadenza.client.ClosedError):
        await client.connect()
    left = {it for it in asyncio.all_tasks() - before if "cadenza" in it.get_name()}
    assert left == set()


async def test_close_from_a_callback(client, peer):
    """A callback may close its own client."""
    events = Events()
    line = await connected(client, peer)

    async def handle(publication):
        await client.close()
        events.on("closed")(True)

    await subscribed(client, line, on_publication=handle)
    await line.send(pub("news", 1))
    assert await events.next("closed")
    await line.gone()


async def test_wrong_options():
    """Options that cannot be right are refused at once, by name."""
    with pytest.raises(UsageError, match="tokn"):
        cadenza.client.connect("ws://127.0.0.1", tokn="x")
    with pytest.raises(UsageError, match="ws://"):
        cadenza.client.connect("http://127.0.0.1")
    with pytest.raises(UsageError, match="min_reconnect_delay"):
        cadenza.client.connect("ws://127.0.0.1", min_reconnect_delay=30.0)
