"""Fixtures of the client's tests."""

from __future__ import annotations

import pytest

import cadenza.client
from support.client.peer_world import quick
from support.client.scripted_peer import scripted_peer


@pytest.fixture
async def peer():
    """A server that does what the test says."""
    async with scripted_peer() as running:
        yield running


@pytest.fixture
async def client(peer):
    """A client that reconnects at once; closed at the end."""
    made = cadenza.client.connect(peer.url, **quick())
    yield made
    await made.close()


@pytest.fixture
async def make_client(peer):
    """Makes clients with options; closed at the end."""
    made = []

    def make(**options):
        made.append(cadenza.client.connect(peer.url, **quick(**options)))
        return made[-1]

    yield make
    for it in made:
        await it.close()
