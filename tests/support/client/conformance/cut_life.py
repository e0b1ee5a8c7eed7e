"""A client that lives through a cut of its connection."""

from __future__ import annotations

import asyncio

import cadenza.client
from cadenza.client import ConnectionLostError
from support.client.conformance.recording import (
    CHANNEL,
    EPOCH,
    FIRST,
    STREAM,
)
from support.client.conformance.tidiness import CountingClock
from support.client.peer_world import quick


class Life:
    """One client that lives through a cut; ``outcome`` is what its rpc came to."""

    def __init__(self, peer, protocol):
        self.clock = CountingClock()
        self.seen = []
        self.gaps = []
        self.all_seen = asyncio.Event()
        self.outcome = None
        self.client = cadenza.client.connect(
            peer.url, clock=self.clock, protocol=protocol, **quick()
        )

    def on_publication(self, publication):
        self.seen.append((publication.offset, publication.data))
        if publication.offset == STREAM[-1]["offset"]:
            self.all_seen.set()

    async def run(self):
        """Connect, subscribe, ask, and read on to the end of the stream."""
        async with self.client as client:
            subscription = await client.subscribe(
                CHANNEL, since=(FIRST, EPOCH), on_publication=self.on_publication
            )
            try:
                self.outcome = await client.rpc("count", [1])
            except ConnectionLostError as error:
                self.outcome = error
            await self.all_seen.wait()
            self.gaps.append(subscription.gaps)
            assert subscription.position == (STREAM[-1]["offset"], EPOCH)
