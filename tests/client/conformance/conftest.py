"""Fixtures of the conformance suite: a peer that decides every byte, clients that leave nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

import cadenza.client

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "trading")]  # the model of a venue is there
pytest.register_assert_rewrite("byte_peer", "tidiness", "plain_peer", "flows", "flow_worlds")

from byte_peer import byte_peer  # noqa: E402  only now on the path
from peer_world import quick  # noqa: E402  only now on the path
from tidiness import CountingClock, tidy  # noqa: E402  only now on the path


@pytest.fixture(params=["json", "protobuf"])
def protocol(request):
    """Both encodings."""
    return request.param


@pytest.fixture
async def tidy_loop():
    """Fails a test that leaves tasks, timers or unseen exceptions."""
    async with tidy():
        yield


@pytest.fixture
async def peer(tidy_loop):
    """A server that does what the test says, byte by byte."""
    async with byte_peer() as running:
        yield running


@pytest.fixture
async def make(peer, protocol):
    """``make(**options)``: a client of the peer that reconnects at once; closed at the end."""
    clients = []
    clock = CountingClock()

    def made(**options):
        given = {"clock": clock, "protocol": protocol, **quick(), **options}
        clients.append(cadenza.client.connect(peer.url, **given))
        return clients[-1]

    yield made
    polite = [asyncio.ensure_future(line.farewell()) for line in peer.lines]
    await asyncio.gather(*(client.close() for client in clients))
    for line in peer.lines:
        line.end()
    await asyncio.gather(*polite)
    for client in clients:
        left = getattr(client.options.clock, "pending", set())
        assert left == set(), "timers of a closed client"


@pytest.fixture
def client(make):
    """One client with the usual options."""
    return make()
