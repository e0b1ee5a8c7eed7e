"""A scripted peer that serves one order book, and what a market channel carries."""

from __future__ import annotations

import asyncio

from support.client.peer_world import pub

BTC = "BINANCE:BTC/USDT"
CHANNEL = f"market:orderBook:{BTC}"
WATCHED = {"recoverable": True, "positioned": True, "epoch": "e"}
LOST = WATCHED | {"was_recovering": True}
RECOVERED = LOST | {"recovered": True}

TRADE = {
    "instrumentId": BTC,
    "venue": "BINANCE",
    "symbol": "BTC/USDT",
    "tradeId": "1",
    "price": "60000.10",
    "quantity": "0.5",
    "side": "BUY",
    "timestamp": 1700000000000,
}


def payload(kind, bids, asks, sequence):
    return {
        "updateType": kind,
        "instrumentId": BTC,
        "venue": "BINANCE",
        "symbol": "BTC/USDT",
        "bids": bids,
        "asks": asks,
        "timestamp": 1000 + sequence,
        "sequence": sequence,
        "prevSequence": sequence - 1,
        "orderBookType": "L2",
        "columns": ["price", "quantity"],
    }


def snapshot(sequence, bid="99", **fields):
    return pub(CHANNEL, payload("SNAPSHOT", [[bid, "1"]], [["101", "1"]], sequence), **fields)


def diff(sequence, bids=(), **fields):
    return pub(CHANNEL, payload("DIFF", list(bids), [], sequence), **fields)


async def opened(client, line, *first, **given):
    """The book is subscribed, and has had what came first."""
    opening = asyncio.ensure_future(client.order_book(BTC, **given))
    command = await line.command("subscribe")
    assert command["subscribe"]["channel"] == CHANNEL
    await line.send({"id": command["id"], "subscribe": WATCHED | {"offset": 1}}, *first)
    return await opening


async def resubscribed(line, result, *more):
    """The client asks anew, and is answered."""
    left = await line.command("unsubscribe")
    await line.send({"id": left["id"], "unsubscribe": {}})
    return await line.answer("subscribe", result, *more)


async def synced(client, line):
    """Everything that the peer has sent so far has been delivered."""
    calling = asyncio.ensure_future(client.rpc("sync"))
    await line.answer("rpc", {"data": 1})
    await calling
