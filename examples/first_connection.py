"""Connect and follow the trades of one instrument; the client reconnects by itself.

Usage: ``CADENZA_TOKEN=... python examples/first_connection.py [COUNT]``. It prints COUNT (5) trades
and ends. ``CADENZA_WS`` and ``CADENZA_INSTRUMENT`` name another server and instrument.
"""

from __future__ import annotations

import asyncio
import os
import sys

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
INSTRUMENT = os.environ.get("CADENZA_INSTRUMENT", "BINANCE:BTC/USDT")


async def main(count: int) -> None:
    """Print some trades."""
    async with cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client:
        print(f"connected as {client.client_id}")
        async for publication in await client.subscribe(f"market:trade:{INSTRUMENT}"):
            trade = publication.data
            print(trade["side"], trade["quantity"], "at", trade["price"])
            count -= 1
            if not count:
                return


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
