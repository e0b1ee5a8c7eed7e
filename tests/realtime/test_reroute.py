"""A connection can be written to by way of another transport than the one it began with."""

from __future__ import annotations

import pytest

from cadenza.protocol import codes
from support.realtime.engine_world import JSON_WIRE, Transport


@pytest.fixture
def detour():
    """Another transport."""
    return Transport(JSON_WIRE)


async def test_what_is_written_goes_the_new_way(make_world, detour):
    """Also what was sent before but had not left yet."""
    client = await (await make_world()).connected()
    client.transport.written.clear()
    client.connection.write(b"one")
    client.connection.reroute(detour)
    client.connection.write(b"two")
    assert client.transport.written == [b"one"]
    assert detour.written == [b"two"]


async def test_what_is_held_back_goes_the_new_way_later(make_world, detour):
    """A full transport stays full, and what waits keeps its order."""
    client = await (await make_world()).connected()
    client.transport.written.clear()
    client.connection.pause_writing()
    client.connection.write(b"one")
    client.connection.reroute(detour)
    client.connection.write(b"two")
    assert detour.written == []
    client.connection.resume_writing()
    assert detour.written == [b"one", b"two"]
    assert client.transport.written == []


async def test_the_end_takes_the_new_way(make_world, detour):
    """The one that it began with is no longer spoken to."""
    client = await (await make_world()).connected()
    client.connection.reroute(detour)
    client.connection.disconnect(codes.FORCE_RECONNECT)
    assert detour.closed == codes.FORCE_RECONNECT
    assert client.transport.closed is None


async def test_after_the_end_nothing_is_written(make_world, detour):
    """Rerouting does not bring a connection back."""
    client = await (await make_world()).connected()
    client.connection.lost()
    client.connection.reroute(detour)
    client.connection.write(b"late")
    assert detour.written == []
