"""Pings of the server: on time, slow, absent, too many; and pongs where they are wanted."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import ClientState, ConnectionLostError
from support.client.conformance.tidiness import HandClock
from support.client.events import Events
from support.client.peer_world import connected, pub, subscribed


@pytest.fixture
def clock():
    """The client's, moved by the test."""
    return HandClock()


@pytest.fixture
def events():
    """What the client tells."""
    return Events()


@pytest.fixture
def pinged(make, peer, clock, events):
    """Makes clients that were promised a ping every 25 s, each with its line."""

    async def make_one(**result):
        client = make(clock=clock, **events.all("connecting"))
        line = await connected(client, peer, **{"ping": 25, **result})
        assert await events.next("connecting") == (0, "connect called")
        return client, line

    return make_one


async def heard(client, line):
    """Everything sent so far has arrived."""
    await asyncio.gather(client.rpc("sync"), line.answer("rpc"))


async def test_absent(pinged, peer, clock, events):
    """25 s and 10 s of patience: not a moment less, not a moment more."""
    client, line = await pinged()
    await clock.advance(34.9)
    assert client.state is ClientState.CONNECTED
    await clock.advance(0.1)
    await line.gone()
    assert await events.next("connecting") == (2, "no ping")
    await clock.advance(0)
    await (await peer.accept()).welcome()
    await client.wait_connected()


async def test_slow(pinged, clock):
    """Each ping comes nine seconds late: the connection lives."""
    client, line = await pinged()
    for _ in range(10):
        await clock.advance(34.0)
        await line.send({})
        await heard(client, line)
    assert (client.state, client.stats.connects) == (ClientState.CONNECTED, 1)


async def test_other_data_is_life_too(pinged, clock):
    """A server that publishes is there, even if its pings are lost in its work."""
    client, line = await pinged()
    await subscribed(client, line)
    for _ in range(10):
        await clock.advance(30.0)
        await line.send(pub("news", 1))
        await heard(client, line)
    assert client.stats.connects == 1


async def test_none_promised(pinged, clock):
    """Without an interval silence means nothing."""
    client, line = await pinged(ping=0)
    await clock.advance(10_000.0)
    await heard(client, line)
    assert client.stats.connects == 1


async def test_pongs(pinged):
    """Where pongs are wanted each ping gets one, and only pings do."""
    client, line = await pinged(pong=True)
    await subscribed(client, line)
    await line.send({}, {}, pub("news", 1), {})
    assert [await line.command() for _ in range(3)] == [{}, {}, {}]
    await heard(client, line)


async def test_no_pongs(pinged):
    """Where they are not wanted none is sent."""
    client, line = await pinged()
    for _ in range(3):
        await line.send({})
    call = asyncio.ensure_future(client.rpc("m"))
    assert "rpc" in await line.command()
    line.cut()
    with pytest.raises(ConnectionLostError):
        await call


async def test_a_ping_before_the_connect_reply(make, peer):
    """Nobody has said yet whether pongs are wanted: there is none, and the connect goes on."""
    client = make()
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.send({})
    await line.welcome(ping=25, pong=True)
    await connecting
    await line.send({})
    assert await line.command() == {}


async def test_a_call_while_a_dead_connection_is_closed(pinged, peer, clock):
    """The peer is silent, also to the close frame: who calls now is not left with the dead line."""
    client, line = await pinged()
    line.is_polite = False
    await clock.advance(35.0)
    call = asyncio.ensure_future(client.rpc("m"))
    await asyncio.sleep(0)
    await line.gone()
    await clock.advance(0)
    second = await peer.accept()
    await second.welcome()
    await client.wait_connected()
    command = asyncio.ensure_future(second.next_command())
    done, _ = await asyncio.wait({call, command}, timeout=1, return_when="FIRST_COMPLETED")
    if command in done:
        await second.send({"id": command.result()["id"], "rpc": {"data": 1}})
        assert await call == 1
        return
    command.cancel()
    await clock.advance(6.0)
    with pytest.raises(ConnectionLostError):
        await call
