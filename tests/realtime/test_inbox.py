"""Frames that arrive while a command is waited for."""

from __future__ import annotations

import asyncio

from cadenza.realtime import Handlers, RPCEvent
from support.realtime.engine_world import MakeWorld


async def test_frames_beyond_the_limit_stop_the_reading_until_they_are_worked_off(
    make_world: MakeWorld,
):
    gate, heard = asyncio.Event(), list[bytes]()

    async def rpc(event: RPCEvent) -> bytes:
        await gate.wait()
        heard.append(event.data)
        return event.data

    world = await make_world(handlers=Handlers(rpc=rpc))
    client = await world.connected()
    for number in range(70):
        client.send({"id": number + 2, "rpc": {"data": number}})
        assert client.transport.reading is (number < 64)
    gate.set()
    for _ in range(20):
        await world.turn()
    assert client.transport.reading
    assert heard == [b"%d" % number for number in range(70)]
    assert [one["id"] for one in client.news()] == list(range(2, 72))


async def test_frames_that_wait_are_dropped_when_the_connection_ends(make_world: MakeWorld):
    gate, heard = asyncio.Event(), list[bytes]()

    async def rpc(event: RPCEvent) -> bytes:
        heard.append(event.data)
        await gate.wait()
        return b"1"

    world = await make_world(handlers=Handlers(rpc=rpc))
    client = await world.connected()
    for number in range(3):
        client.send({"id": number + 2, "rpc": {"data": number}})
    await world.turn()
    client.connection.lost()
    gate.set()
    await world.turn()
    assert heard == [b"0"]
    assert client.news() == []


async def test_an_emulated_client_cannot_fill_the_memory(make_world: MakeWorld):
    """Its frames come by other requests, which no transport can hold back."""
    gate = asyncio.Event()

    async def rpc(event: RPCEvent) -> bytes:
        await gate.wait()
        return b"1"

    world = await make_world(handlers=Handlers(rpc=rpc))
    client = await world.connected("ann", transport={"emulated": True})
    for number in range(2000):
        client.send({"id": number + 2, "rpc": {}})
    assert client.code == 3013
    gate.set()
