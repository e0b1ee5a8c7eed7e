"""Backfill from the history of a channel, then follow it live: no gap, and nothing twice.

Usage: ``CADENZA_TOKEN=... python examples/backfill_then_live.py CHANNEL COUNT``. It reads the
stream page by page, goes on live from exactly there, and prints COUNT payloads with their offsets.
``CADENZA_WS`` names another server.
"""

from __future__ import annotations

import asyncio
import os
import sys

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
PAGE = 100


async def main(channel: str, count: int) -> None:
    """Print the past, then the present."""
    async with cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client:
        page = await client.history(channel, PAGE)
        epoch, place = page.position.epoch, 0
        while page.publications and count:
            for publication in page.publications[:count]:
                place = publication.offset
                print(place, publication.data, flush=True)
                count -= 1
            since = cadenza.StreamPosition(place, epoch)
            page = await client.history(channel, PAGE, since=since)
        if not count:
            return
        # What is published from here on is recovered by the subscribe, or it says that it is not.
        subscription = await client.subscribe(channel, since=(place, epoch), recoverable=True)
        if subscription.gaps:
            raise SystemExit("the stream has forgotten what came in between: begin anew")
        async for publication in subscription:
            print(publication.offset, publication.data, flush=True)
            count -= 1
            if not count:
                return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
