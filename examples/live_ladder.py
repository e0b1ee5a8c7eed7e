"""A local order book that keeps itself current, printed as it changes.

Usage: ``CADENZA_TOKEN=... python examples/live_ladder.py [CHANGES]``. It prints the touch for so
many (10) changes, then the ladder, and ends. ``CADENZA_WS`` and ``CADENZA_INSTRUMENT`` name another
server and instrument.
"""

from __future__ import annotations

import asyncio
import os
import sys

import cadenza

URL = os.environ.get("CADENZA_WS", "ws://127.0.0.1:8000/connection/websocket")
INSTRUMENT = os.environ.get("CADENZA_INSTRUMENT", "BINANCE:BTC/USDT")


async def main(count: int) -> None:
    """Follow the book."""
    async with (
        cadenza.connect(URL, token=os.environ["CADENZA_TOKEN"]) as client,
        await client.order_book(INSTRUMENT) as book,
        book.changes() as changes,
    ):
        async for change in changes:
            if change.fault is not None:
                print("not to be trusted for now:", change.fault)
                continue
            print(book.sequence, "mid", book.mid, "spread", book.spread)
            count -= 1
            if count <= 0:
                break
        bids, asks = book.depth(5)
        for level in [*reversed(asks), *bids]:
            print(f"{level.price:>12} {level.quantity:>12}")
        print("1 BTC would cost", book.vwap("BUY", "1"))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
