"""Keeps a local order book over plain WebSocket, and prints its best prices.

Usage: ``CADENZA_TOKEN=... python examples/local_book.py BINANCE:BTC/USDT [UPDATES]``. With a number
it ends after so many updates. The token is one that the server accepts; a sandbox prints one.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from decimal import Decimal
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

URL = os.environ.get("CADENZA_URL", "ws://127.0.0.1:8000/connection/websocket")


class GapError(Exception):
    """An update does not continue the book: it needs a SNAPSHOT."""


class Book:
    """Bids and asks by price; the server's strings stay as they are."""

    def __init__(self) -> None:
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.sequence = 0

    def apply(self, update: dict[str, Any]) -> None:
        """Take a SNAPSHOT or a DIFF, in the order in which they come."""
        if update["updateType"] == "SNAPSHOT":
            self.bids, self.asks = dict(update["bids"]), dict(update["asks"])
        elif update["prevSequence"] != self.sequence:
            raise GapError(f"have {self.sequence}, the update follows {update['prevSequence']}")
        else:
            for side, changes in ((self.bids, update["bids"]), (self.asks, update["asks"])):
                for price, quantity in changes:
                    if quantity == "0":
                        side.pop(price, None)
                    else:
                        side[price] = quantity
        self.sequence = update["sequence"]

    def best(self) -> tuple[str, str]:
        """The best bid and the best ask; prices are compared as numbers, never as text."""
        return max(self.bids, key=Decimal), min(self.asks, key=Decimal)


async def messages(socket: ClientConnection) -> Any:
    """Every message: a frame may hold several, one a line; ``{}`` is a ping."""
    async for frame in socket:
        for line in str(frame).split("\n"):
            message = json.loads(line)
            if message:
                yield message
            else:
                await socket.send("{}")


async def follow(instrument: str, updates: int | None) -> None:
    """Connect, subscribe, and keep the book."""
    channel = f"market:orderBook:{instrument}"
    commands = [
        {"id": 1, "connect": {"token": os.environ["CADENZA_TOKEN"]}},
        {"id": 2, "subscribe": {"channel": channel}},
    ]
    book, seen = Book(), 0
    async with connect(URL, max_size=16 * 2**20) as socket:
        await socket.send("\n".join(map(json.dumps, commands)))
        async for message in messages(socket):
            if "error" in message:
                raise SystemExit(f"refused: {message['error']}")
            publication = message.get("push", {}).get("pub")
            if publication is None:
                continue
            book.apply(publication["data"])
            bid, ask = book.best()
            print(f"{book.sequence:8} {bid:>14} {ask:>14} {len(book.bids)}+{len(book.asks)} levels")
            seen += 1
            if seen == updates:
                return


if __name__ == "__main__":
    asyncio.run(follow(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
