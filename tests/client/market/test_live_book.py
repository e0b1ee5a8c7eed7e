"""A book that keeps itself, against a peer that lies and breaks, and against the real server."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from decimal import Decimal

import msgspec
import pytest

import cadenza.client
from cadenza.client import (
    BookState,
    BufferOverflowError,
    CallTimeoutError,
    StaleBookError,
    UnsubscribedError,
)
from cadenza.client.market.changes import MOST_LEVELS
from support.client.book_peer import BTC, CHANNEL, WATCHED, diff, opened, payload, snapshot
from support.client.peer_world import connected, pub, quick

CONFIG = {"market": {"simulated": {"seed": 7, "rate": 100}}, "faults": {"enabled": True}}
OPTIONS = ("--feed", "simulated")


SNAPSHOT = snapshot(1)


async def changed(book, predicate):
    """Wait until the book is as a test needs it."""
    async with asyncio.timeout(10), book.changes() as changes:
        if not predicate():
            async for _ in changes:
                if predicate():
                    return


async def test_live_from_the_first_snapshot(client, peer):
    """The call returns with a book that can be read."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    assert (book.state, book.best_bid, book.resyncs) == (BookState.LIVE, (99, 1), 0)
    await line.send(diff(2, [["100", "0.5"]], offset=2))
    await changed(book, lambda: book.sequence == 2)
    assert book.best_bid == (Decimal(100), Decimal("0.5"))
    assert book.mid == Decimal("100.5")


async def test_what_is_asked_for(client, peer):
    """A recoverable, positioned subscription; a delta and a token for it where they are wanted."""
    line = await connected(client, peer)
    asked = []

    async def get_token(channel):
        asked.append(channel)
        return "a token"

    opening = asyncio.ensure_future(client.order_book(BTC, delta="fossil", get_token=get_token))
    command = await line.command("subscribe")
    await line.send({"id": command["id"], "subscribe": WATCHED | {"offset": 1}}, SNAPSHOT)
    await opening
    wanted = {"recoverable": True, "positioned": True, "delta": "fossil", "token": "a token"}
    assert wanted.items() <= command["subscribe"].items()
    assert asked == [CHANNEL]


async def test_no_snapshot(peer):
    """A server that sends none: an error that says so, and nothing stays subscribed."""
    client = cadenza.client.connect(peer.url, **quick(start_timeout=0.3))
    line = await connected(client, peer)
    opening = asyncio.ensure_future(client.order_book(BTC))
    await line.answer("subscribe", WATCHED)
    with pytest.raises(CallTimeoutError, match="the first SNAPSHOT of BINANCE:BTC/USDT"):
        await opening
    assert client.subscriptions == {}
    await client.close()


async def test_refused(client, peer):
    """The server's words are in the error."""
    line = await connected(client, peer)
    opening = asyncio.ensure_future(client.order_book(BTC))
    await line.refuse("subscribe", 102, "unknown channel")
    with pytest.raises(UnsubscribedError, match="unknown channel"):
        await opening


async def test_a_gap_is_healed(client, peer):
    """Nothing is shown from the gap on; the next SNAPSHOT comes by subscribing anew."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    await line.send(diff(9, [["100", "0.5"]], offset=2))
    assert (await line.command("unsubscribe"))["unsubscribe"]["channel"] == CHANNEL
    again = await line.command("subscribe")
    with pytest.raises(StaleBookError):
        _ = book.best_bid
    assert again["subscribe"]["recover"] is True
    assert again["subscribe"]["epoch"] == "_"
    await line.send(
        {"id": again["id"], "subscribe": WATCHED | {"was_recovering": True, "offset": 9}},
        pub(CHANNEL, payload("SNAPSHOT", [["98", "3"]], [["101", "1"]], 9)),
    )
    await book.wait_live()
    assert (book.best_bid, book.resyncs) == ((98, 3), 1)


async def test_a_server_that_never_fits_is_not_hammered(peer):
    """From the second gap in a row on there are growing pauses, on the client's clock."""
    pauses = []

    class Clock(cadenza.clock.LoopClock):
        def call_later(self, delay, callback):
            if getattr(callback, "__name__", "") == "_resync":
                pauses.append(delay)
            return super().call_later(0 if delay < 5 else delay, callback)

    client = cadenza.client.connect(
        peer.url, clock=Clock(), random=lambda: 1.0, min_resubscribe_delay=0.1
    )
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    for number in range(4):
        await line.send(diff(100 * number + 50, offset=2))
        await line.command("unsubscribe")
        await line.answer("subscribe", WATCHED, SNAPSHOT)
    await book.wait_live()
    assert pauses == [0.0, *(pytest.approx(0.1 + 0.1 * 2**it) for it in (1, 2, 3))]
    await client.close()


async def test_a_break_that_is_recovered(client, peer):
    """While the line is down nothing is shown; what was missed makes it whole again."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    line.cut()
    line = await peer.accept()
    with pytest.raises(StaleBookError):
        _ = book.best_bid
    await line.welcome()
    again = await line.command("subscribe")
    assert (again["subscribe"]["recover"], again["subscribe"]["offset"]) == (True, 1)
    missed = payload("DIFF", [["100", "2"]], [], 2)
    result = WATCHED | {"was_recovering": True, "recovered": True, "offset": 1}
    result["publications"] = [{"data": missed, "offset": 2}]
    await line.send({"id": again["id"], "subscribe": result})
    await book.wait_live()
    await changed(book, lambda: book.sequence == 2)
    assert (book.best_bid, book.resyncs) == ((100, 2), 0)


async def test_a_break_that_is_not_recovered(client, peer):
    """The book waits for the SNAPSHOT that the server sends then."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    line.cut()
    line = await peer.accept()
    await line.welcome()
    await line.answer("subscribe", WATCHED | {"was_recovering": True, "offset": 7})
    assert book.state is BookState.STALE
    await line.send(snapshot(7, "97"))
    await book.wait_live()
    assert book.best_bid == (97, 1)


async def test_the_end_of_the_subscription(client, peer):
    """When the server ends it, waiting raises and reading does."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    push = {"channel": CHANNEL, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    await line.send({"push": push})
    await changed(book, lambda: book.state is BookState.STALE)
    with pytest.raises(UnsubscribedError, match="2000 server unsubscribe"):
        await book.wait_live()


async def test_changes_are_merged_for_a_slow_reader(client, peer):
    """What was not taken is one change, and applying the changes gives the book."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    async with book.changes() as changes:
        for number in range(2, 6):
            await line.send(diff(number, [[str(90 + number), str(number)], ["99", "0"]]))
        done = asyncio.Event()
        leave = book.on_change(lambda it: it.sequence == 5 and done.set())
        async with asyncio.timeout(10):
            await done.wait()
        leave()
        change = await anext(changes)
        assert change.sequence == 5
        assert dict(change.bid_rows) == {"92": "2", "93": "3", "94": "4", "95": "5", "99": "0"}
        assert change.best_bid_moved


async def test_changes_are_bounded(client, peer):
    """A reader that stops is told what it has lost, once, and then gets what comes."""
    line = await connected(client, peer)
    book = await opened(client, line, SNAPSHOT)
    async with book.changes() as changes:
        for at in range(0, MOST_LEVELS + 1000, 1000):
            rows = [[str(number + 200), "1"] for number in range(at, at + 1000)]
            sequence = 2 + at // 1000
            book.apply(msgspec.json.encode(payload("DIFF", [], rows, sequence)))
        with pytest.raises(BufferOverflowError):
            await anext(changes)
        last = sequence + 1
        book.apply(msgspec.json.encode(payload("DIFF", [["98", "1"]], [], last)))
        assert (await anext(changes)).bid_rows == [("98", "1")]


def inject(server, **params):
    """Switch a fault on."""
    body = json.dumps({"method": "faults.set", "params": params}).encode()
    request = urllib.request.Request(f"{server.url}/api/rpc", body, {"X-API-Key": server.api_key})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert "error" not in json.load(answer)


@pytest.mark.parametrize("protocol", ["json", "protobuf"])
async def test_the_real_book_through_gaps_and_drops(server, token, protocol):
    """Gaps and broken connections on demand: what the book shows is what the server answers."""
    shown, compared = {}, 0
    options = quick(protocol=protocol)
    async with (
        asyncio.timeout(60),
        cadenza.client.connect(server.ws, token=token("witness"), **options) as witness,
        cadenza.client.connect(server.ws, token=token("victim"), **options) as client,
    ):
        book = await client.order_book(BTC)

        def keep(change):
            if change.state is BookState.LIVE:
                shown[book.sequence] = book.rows()

        async def compare():
            """Ask the server until its answer is a state that the book has shown, too."""
            while True:
                query = {"instrumentId": BTC, "depth": 1000}
                answer = (await witness.rpc("query.orderbook.get", query))["data"]
                if answer["sequence"] > max(shown):
                    newest = answer["sequence"]
                    await changed(book, lambda n=newest: max(shown) >= n)
                if answer["sequence"] in shown:
                    sides = [[tuple(row) for row in answer[it]] for it in ("bids", "asks")]
                    assert list(shown[answer["sequence"]]) == sides
                    return

        book.on_change(keep)
        await changed(book, lambda: shown)
        for turn in range(6):
            seen, resyncs, connects = len(shown), book.resyncs, client.stats.connects
            inject(server, kind="book_gap", target={"channel": CHANNEL}, count=2)
            if turn % 3 == 1:  # a break, which may come before the gap is noticed, or after it
                inject(server, kind="drop", target={"user": "victim"}, code=0)
                await changed(book, lambda n=connects: client.stats.connects > n)
            else:
                await changed(book, lambda n=resyncs: book.resyncs > n)
            await book.wait_live()
            await changed(book, lambda n=seen: len(shown) > n + 5)
            await compare()
            compared += 1
        assert client.stats.connects == 3
    assert compared == 6
