"""Record channels to a file, one JSON object a line; a gap is always reported.

Usage: ``CADENZA_TOKEN=... python examples/recorder.py FILE COUNT CHANNEL...``. It appends COUNT
publications. A break is recovered; where that fails, a line says that publications are missing.
``CADENZA_WS`` names another server.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")


async def main(path: Path, count: int, channels: list[str]) -> None:
    """Write until there is enough."""
    enough = asyncio.Event()
    with path.open("a", encoding="utf-8") as file:

        def write(line: dict[str, object]) -> None:
            if not enough.is_set():
                print(json.dumps(line), file=file)

        def record(publication: cadenza.Publication) -> None:
            nonlocal count
            channel, offset = publication.channel, publication.offset
            write({"channel": channel, "offset": offset, "data": publication.data})
            count -= 1
            if count <= 0:
                enough.set()

        async with cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client:
            for channel in channels:

                def subscribed(event: cadenza.Subscribed, channel: str = channel) -> None:
                    if event.was_recovering and not event.recovered:
                        write({"channel": channel, "gap": True})

                await client.subscribe(
                    channel, on_publication=record, on_subscribed=subscribed, recoverable=True
                )
            await enough.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
