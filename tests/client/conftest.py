"""Fixtures of the client's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import cadenza.client

sys.path.insert(0, str(Path(__file__).parent))

from peer_world import quick
from scripted_peer import scripted_peer


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
