"""The ends of a live book: nobody who iterates or waits is left waiting."""

from __future__ import annotations

import asyncio

import pytest

import cadenza.client
from cadenza.client import (
    BookState,
    CallTimeoutError,
    DisconnectedError,
    StaleBookError,
    UnsubscribedError,
)
from support.client.book_peer import BTC, CHANNEL, WATCHED, diff, opened, snapshot, synced
from support.client.peer_world import connected, quick

FIRST = snapshot(1)
PUSHED_OUT = {"channel": CHANNEL, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}


async def user_closes_book(client, book, line):
    book.close()


async def user_disconnects(client, book, line):
    await client.disconnect()


async def user_closes_client(client, book, line):
    await client.close()


async def server_unsubscribes(client, book, line):
    await line.send({"push": PUSHED_OUT})


async def server_disconnects(client, book, line):
    await line.close(3500, "invalid token")


async def server_disconnects_in_a_break(client, book, line):
    """The subscription waits for the connection when the last word comes."""
    line.cut()
    again = await line.peer.accept()
    await again.refuse("connect", 101, "unauthorized")


ENDS = [
    (user_closes_book, None, UnsubscribedError),
    (user_disconnects, None, UnsubscribedError),
    (user_closes_client, None, UnsubscribedError),
    (server_unsubscribes, UnsubscribedError, UnsubscribedError),
    (server_disconnects, DisconnectedError, DisconnectedError),
    (server_disconnects_in_a_break, DisconnectedError, DisconnectedError),
]


@pytest.mark.parametrize(("end", "told", "waited"), ENDS, ids=[it[0].__name__ for it in ENDS])
async def test_every_end(client, peer, end, told, waited):
    """Iterations end, or raise if it was not the user's wish; waiting raises; nothing is read."""
    line = await connected(client, peer)
    line.peer = peer
    book = await opened(client, line, FIRST)
    states = []

    async def follow():
        async with book.changes() as changes:
            async for change in changes:
                states.append(change.state)  # noqa: PERF401 - kept when the iteration raises

    async def wait():
        await book.wait_for(lambda it: it.sequence == 1000)

    consumers = [asyncio.ensure_future(it()) for it in (follow, wait)]
    await synced(client, line)  # both wait by now
    await end(client, book, line)
    async with asyncio.timeout(10):
        iteration, waiting = await asyncio.gather(*consumers, return_exceptions=True)
    assert type(iteration) is (told or type(None))
    assert type(waiting) is waited
    assert states == [BookState.STALE]
    with pytest.raises(StaleBookError):
        _ = book.best_bid
    with pytest.raises(waited):
        await book.wait_live()


async def test_changes_of_a_book_that_is_closed(client, peer):
    """There are none."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    book.close()
    async with book.changes() as changes:
        assert [it async for it in changes] == []


async def test_connected_again(client, peer):
    """After the user's own disconnect and connect the book goes on where it was."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    await client.disconnect()
    line = await connected(client, peer)
    waiting = asyncio.ensure_future(book.wait_live())
    result = WATCHED | {"was_recovering": True, "recovered": True, "offset": 1}
    await line.answer("subscribe", result)
    await waiting
    assert book.best_bid == (99, 1)
    await line.send(diff(2, [["100", "1"]], offset=2))
    await book.wait_for(lambda it: it.sequence == 2)
    assert book.best_bid == (100, 1)


async def test_waiting_for_something(client, peer):
    """Until it is so, through a time in which the book cannot be read."""
    line = await connected(client, peer)
    book = await opened(client, line, FIRST)
    waiting = asyncio.ensure_future(book.wait_for(lambda it: it.best_bid[0] == 98))
    await line.send(diff(9, offset=2))
    await line.command("unsubscribe")
    await line.answer("subscribe", WATCHED, snapshot(9, "98"))
    async with asyncio.timeout(10):
        await waiting
    with pytest.raises(CallTimeoutError, match="waiting for the book of BINANCE:BTC/USDT"):
        await book.wait_for(lambda it: it.best_bid[0] == 1, timeout=0.05)
    with pytest.raises(ZeroDivisionError):
        await book.wait_for(lambda _: 1 // 0)


@pytest.mark.parametrize("when", ["subscribing", "waiting for the snapshot", "waiting for a price"])
async def test_cancelled(client, peer, when):
    """Who is cancelled leaves nothing subscribed, no reader, and no task."""
    line = await connected(client, peer)
    if when == "waiting for a price":
        book = await opened(client, line, FIRST)
        waiting = asyncio.ensure_future(book.wait_for(lambda _: False))
        await synced(client, line)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (book._readers, book._callbacks) == (set(), ())
        book.close()
    else:
        opening = asyncio.ensure_future(client.order_book(BTC))
        command = await line.command("subscribe")
        if when == "waiting for the snapshot":
            await line.send({"id": command["id"], "subscribe": WATCHED})
            await synced(client, line)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    await line.command("unsubscribe")
    assert client.subscriptions == {}
    await client.close()
    names = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if "the end of" in name]


async def test_a_timeout_of_its_own(peer):
    """``timeout`` counts for the subscribe and the SNAPSHOT together."""
    client = cadenza.client.connect(peer.url, **quick())
    line = await connected(client, peer)
    opening = asyncio.ensure_future(client.order_book(BTC, timeout=0.2))
    await line.answer("subscribe", WATCHED)
    with pytest.raises(CallTimeoutError):
        await opening
    assert client.subscriptions == {}
    await client.close()
