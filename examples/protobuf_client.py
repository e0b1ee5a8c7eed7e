"""A client over Protobuf that publishes bytes which are not JSON.

Usage: ``CADENZA_TOKEN=... python examples/protobuf_client.py CHANNEL``. The channel's namespace
must let clients publish, and all its clients must use Protobuf: bytes that are not JSON
cannot travel in JSON. ``CADENZA_WS`` names another server.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
READING = struct.Struct("<qd")


async def main(channel: str) -> None:
    """Send a reading to oneself."""
    token = os.environ["CADENZA_TOKEN"]
    async with cadenza.connect(URL, token=token, protocol="protobuf") as client:
        subscription = await client.subscribe(channel)
        await client.publish(channel, READING.pack(1_700_000_000_000, 21.5))
        async for publication in subscription:
            moment, degrees = READING.unpack(publication.raw)
            print(f"{degrees} degrees at {moment} ms, {len(publication.raw)} bytes")
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
