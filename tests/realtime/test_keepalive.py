"""Pings, pongs, and what happens without them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.realtime import ClientOptions
from cadenza.realtime.duration import Duration
from cadenza.realtime.wire import Wire
from support.realtime.engine_world import JSON_WIRE, PROTOBUF_WIRE, UNI_WIRE, MakeWorld, World

INTERVAL, TIMEOUT = 25.0, 8.0


@pytest.mark.parametrize("wire", [JSON_WIRE, PROTOBUF_WIRE])
async def test_a_client_that_answers_lives(make_world: MakeWorld, wire: Wire):
    world = await make_world()
    client = await world.connected("ann", wire)
    pings = 0
    for _ in range(200):
        await world.advance(1)
        for _ in client.news():
            client.send({})
            pings += 1
    assert pings == pytest.approx(200 / INTERVAL, abs=1)
    assert client.code is None


def test_pings_are_empty_messages():
    assert (JSON_WIRE.ping, PROTOBUF_WIRE.ping) == (b"{}\n", b"\x00")


async def test_without_a_pong_in_time_the_connection_ends(make_world: MakeWorld):
    world = await make_world()
    client = await world.connected()
    await world.advance(INTERVAL / 2 - 0.1)
    assert client.news() == []
    while not client.news():
        await world.advance(0.5)
        assert world.clock.monotonic() <= INTERVAL + 1
    await world.advance(TIMEOUT - 1)
    assert client.code is None
    client.send({"id": 9, "presence": {"channel": "c"}})
    await world.advance(1.1)
    assert client.code == 3012


@given(seed=st.integers(0, 2**32))
def test_the_first_ping_comes_between_half_and_a_whole_interval(seed: int):
    async def scenario() -> None:
        world = World(seed=seed)
        await world.start()
        client = world.open()
        client.send({"id": 1, "connect": {}})
        world.clock.advance(INTERVAL / 2 - 0.001)
        assert len(client.messages) == 1
        world.clock.advance(INTERVAL / 2 + 0.001)
        assert client.messages[1:] == [{}]
        await world.end()

    asyncio.run(scenario())


async def test_first_pings_of_many_are_spread(make_world: MakeWorld):
    world = await make_world()
    clients = [await world.connected() for _ in range(40)]
    world.clock.advance(INTERVAL * 0.75)
    pinged = sum(1 for client in clients if client.news())
    assert 5 < pinged < 35


async def test_an_unasked_pong_ends_the_connection(make_world: MakeWorld):
    client = await (await make_world()).connected()
    client.send({})
    assert client.code == 3501


async def test_a_second_pong_for_one_ping_ends_it_too(make_world: MakeWorld):
    world = await make_world()
    client = await world.connected()
    while not client.news():
        await world.advance(0.5)
    client.send({})
    assert client.code is None
    client.send({})
    assert client.code == 3501


@pytest.mark.parametrize("kind", ["off", "frame", "unidirectional"])
async def test_where_no_pongs_are_wanted_none_are_missed(make_world: MakeWorld, kind: str):
    off = ClientOptions(ping_interval=Duration(0)) if kind == "off" else ClientOptions()
    world = await make_world(client=off)
    wire = UNI_WIRE if kind == "unidirectional" else JSON_WIRE
    client = world.open(wire, frame_ping=kind == "frame")
    client.send({"id": 1, "connect": {"name": "ann"}})
    await world.turn()
    (first,) = client.news()
    result = first["connect"]
    assert "pong" not in result
    assert ("ping" in result) is (kind == "unidirectional")
    await world.advance(INTERVAL * 3)
    assert client.code is None
    assert client.news() == ([{}] * 3 if kind == "unidirectional" else [])


async def test_pings_without_pongs(make_world: MakeWorld):
    world = await make_world(client=ClientOptions(pong_timeout=Duration(0)))
    client = world.open()
    result = (await client.ask(connect={}))["connect"]
    assert (result["ping"], result.get("pong", False)) == (25, False)
    client.news()
    await world.advance(INTERVAL * 4)
    assert len(client.news()) in {3, 4}
    assert client.code is None


async def test_a_ping_into_a_broken_transport_leaves_no_timer(make_world: MakeWorld):
    world = await make_world()
    client = await world.connected()
    client.transport.on_write = client.connection.lost
    await world.advance(INTERVAL)
    assert not client.connection.is_open
    assert len(world.node.timers) == 0


async def test_timers_of_a_lost_connection_are_released(make_world: MakeWorld):
    world = await make_world()
    clients = [await world.connected() for _ in range(5)]
    await world.advance(30)
    for client in clients:
        client.connection.lost()
    assert len(world.node.timers) == 0
