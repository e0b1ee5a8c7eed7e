"""Books that a backend publishes on a server without a feed: everything is decided by the test."""

from __future__ import annotations

import asyncio

import pytest

import cadenza.client
from cadenza.client import BookState
from support.client.book_peer import BTC, CHANNEL, payload
from support.client.peer_world import quick

OPTIONS = ("--feed", "none")
CONFIG = {
    "channel": {
        "namespaces": [
            {
                "name": "market",
                "allow_subscribe_for_client": True,
                "history_size": 100,
                "history_ttl": "60s",
                "force_recovery": True,
                "allowed_delta_types": ["fossil"],
            }
        ]
    }
}
"""As a plain server: no SNAPSHOT comes by itself."""


@pytest.fixture(params=["json", "protobuf"])
async def client(request, server, token):
    """A client of the real server."""
    options = quick(protocol=request.param)
    async with cadenza.client.connect(server.ws, token=token("reader"), **options) as client:
        yield client


async def told(server, kind, bids, sequence):
    data = payload(kind, bids, [["101", "1"]] if kind == "SNAPSHOT" else [], sequence)
    await server.api("publish", channel=CHANNEL, data=data)


async def reached(book, sequence):
    async with asyncio.timeout(20):
        await book.wait_for(lambda it: it.sequence == sequence)


@pytest.mark.parametrize("delta", ["", "fossil"])
async def test_a_server_that_sends_no_snapshot(server, client, delta):
    """EMPTY until one is published, STALE from a gap to the next; whole after a break."""
    book = await client.order_book(BTC, wait=False, delta=delta)
    assert book.state is BookState.EMPTY
    await told(server, "SNAPSHOT", [["99", "1"]], 1)
    await told(server, "DIFF", [["99.5", "2"]], 2)
    await reached(book, 2)
    assert book.rows() == ([("99.5", "2"), ("99", "1")], [("101", "1")])

    await server.api("disconnect", user="reader", disconnect={"code": 3000, "reason": "again"})
    await told(server, "DIFF", [["99", "0"]], 3)
    await reached(book, 3)
    assert (book.rows()[0], book.resyncs) == ([("99.5", "2")], 0)

    gap = asyncio.Event()
    leave = book.on_change(lambda _: gap.set())
    await told(server, "DIFF", [["99", "7"]], 5)
    async with asyncio.timeout(20):
        await gap.wait()
    leave()
    for _ in range(2):  # the first leaves after the new subscribe, the second after its answer
        await client.rpc("query.venue.list")
    assert (book.state, book.resyncs) == (BookState.STALE, 1)
    await told(server, "SNAPSHOT", [["98", "3"]], 6)
    await reached(book, 6)
    assert book.rows() == ([("98", "3")], [("101", "1")])
