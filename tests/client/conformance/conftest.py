"""Fixtures of the conformance suite: a peer that decides every byte, clients that leave nothing."""

from __future__ import annotations

import asyncio

import pytest

import cadenza.client
from support.client.conformance.byte_peer import byte_peer
from support.client.conformance.tidiness import CountingClock, tidy
from support.client.peer_world import quick


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
