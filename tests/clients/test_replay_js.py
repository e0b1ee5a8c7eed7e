"""A centrifuge-js subscriber rebuilds a replayed Binance book and ends with the exact one.

What the book must be at the end is worked out here from the recording alone, by the rule that
Binance gives for its depth stream, and from the best prices told after its last update: none of
Cadenza's own code takes part in it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import operator
import time
from decimal import Decimal

import httpx
import pytest

RECORDING = "data/binance/spot_btcusdt_20240808.jsonl.gz"
BOOK = "market:orderBook:BINANCE:BTC/USDT"
SPEED = "60"
KEPT = 20
CONFIG = {
    "market": {
        "order_book": {"history_size": KEPT, "history_ttl": "60s", "update_interval": "50ms"}
    },
    "prometheus": {"enabled": True},
    "log": {"level": "info"},
}
PATIENCE = 60.0
"""Seconds for a replay of 346 at that speed, on a busy machine."""
SETTLING = 15.0
"""Seconds that a book may take to be complete after the feed's end."""


def messages(path):
    """The recording's messages, without the times at which they were received."""
    with gzip.open(path, "rt") as lines:
        for line in lines:
            yield json.loads(line.partition(" ")[2])


def show_best(side, price, quantity, is_better):
    """Make a level the best: those that are better have gone."""
    for level in [level for level in side if is_better(level, Decimal(price))]:
        del side[level]
    change(side, [(price, quantity)])


def change(side, rows):
    """Set or delete levels; quantities are absolute."""
    for price, quantity in rows:
        if Decimal(quantity):
            side[Decimal(price)] = Decimal(quantity)
        else:
            side.pop(Decimal(price), None)


@pytest.fixture(scope="module")
def recording(shared):
    """The path of the recording."""
    return shared / RECORDING


@pytest.fixture(scope="module")
def expected(recording):
    """The book after the last message: bids and asks by price."""
    bids, asks, last, waiting, best = {}, {}, None, [], None
    for message in messages(recording):
        if "lastUpdateId" in message:
            last = message["lastUpdateId"]
            change(bids, message["bids"])
            change(asks, message["asks"])
        elif message["data"].get("e") == "depthUpdate":
            waiting.append(message["data"])
        elif message["stream"].endswith("@bookTicker"):
            best = message["data"]
        while last is not None and waiting:
            diff = waiting.pop(0)
            if diff["u"] <= last:
                continue
            assert diff["U"] <= last + 1, "the recording has a hole"
            last = diff["u"]
            change(bids, diff["b"])
            change(asks, diff["a"])
    assert best["u"] > last, "no best prices after the last update"
    show_best(bids, best["b"], best["B"], operator.gt)
    show_best(asks, best["a"], best["A"], operator.lt)
    assert len(bids) > 1000
    assert max(bids) < min(asks)
    return bids, asks


@pytest.fixture
def server(start_server, recording):
    """A server of its own for each test, which replays the recording from its start."""
    running = start_server(CONFIG, "--feed", f"replay:{recording}", "--speed", SPEED)
    yield running
    running.stop()


async def until(condition, seconds):
    """Poll a condition of another process; returns whether it came to hold in that time."""
    end = time.monotonic() + seconds
    while not (holds := await condition()) and time.monotonic() < end:  # noqa: ASYNC110 - another process's condition makes no event here
        await asyncio.sleep(0.05)
    return holds


async def published(server):
    """How many publications the book's channel has had."""
    return (await server.api("history", channel=BOOK))["offset"]


async def has_published(server, more):
    """Wait until the channel has had so many publications more."""
    goal = await published(server) + more

    async def reached():
        return await published(server) >= goal

    assert await until(reached, PATIENCE), f"there was no publication {goal}"


async def feed_has_ended(server):
    """Wait for the end of the recording."""

    async def ended():
        return "the market feed has ended" in server.log

    assert await until(ended, PATIENCE), "the recording did not come to its end"


async def final_book(server, client, expected):
    """The client's book, when the recording has ended and the book is right or stays wrong."""
    await feed_has_ended(server)

    async def right():
        return sides(await client.book(BOOK)) == expected

    await until(right, SETTLING)
    return await client.book(BOOK)


def sides(book):
    """A reported book's bids and asks by price."""
    return tuple(
        {Decimal(price): Decimal(size) for price, size in book[side]} for side in ("bids", "asks")
    )


def check(book, expected):
    """The book is exactly the expected one, and every change applied to the state it was for."""
    assert book["faults"] == []
    assert sides(book) == expected
    lengths = len(book["bids"]), len(book["asks"])
    assert lengths == (len(expected[0]), len(expected[1])), "two spellings of one price"


async def test_an_undisturbed_book_is_exact(js, server, token, expected):
    """One SNAPSHOT, then changes only."""
    client = await js.connect(token=token())
    await client.subscribe(BOOK, book=True)
    book = await final_book(server, client, expected)
    check(book, expected)
    assert book["snapshots"] == 1
    assert book["diffs"] > 50


async def test_a_book_is_exact_after_cuts_that_can_be_recovered(js, server, proxy, token, expected):
    """The line is cut over and over for less than the history keeps: no second SNAPSHOT."""
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(BOOK, book=True)
    for _ in range(6):
        await has_published(server, 3)
        async with proxy.broken():
            await client.event("subscribing", BOOK)
            await has_published(server, 3)
        again = await client.event("subscribed", BOOK)
        assert (again["wasRecovering"], again["recovered"]) == (True, True)
    book = await final_book(server, client, expected)
    check(book, expected)
    assert book["snapshots"] == 1


async def test_a_book_is_exact_after_cuts_that_lose_its_place(js, server, proxy, token, expected):
    """Away for longer than the history reaches back: told so, and given a SNAPSHOT."""
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(BOOK, book=True)
    for _ in range(2):
        await has_published(server, 3)
        async with proxy.broken():
            await client.event("subscribing", BOOK)
            await has_published(server, KEPT + 2)
        again = await client.event("subscribed", BOOK)
        assert (again["wasRecovering"], again["recovered"]) == (True, False)
    book = await final_book(server, client, expected)
    check(book, expected)
    assert book["snapshots"] == 3


async def test_a_slow_reader_gets_snapshots_and_ends_exact(js, server, proxy, token, expected):
    """A line too thin for the changes: some are replaced by a SNAPSHOT, none is lost."""
    proxy.chunk, proxy.pause = 2048, 0.05
    client = await js.connect(token=token(), port=proxy.port)
    await client.subscribe(BOOK, book=True)
    await feed_has_ended(server)
    proxy.chunk, proxy.pause = 65536, 0.0
    book = await final_book(server, client, expected)
    check(book, expected)
    assert book["snapshots"] > 1, "the line was not thin enough to matter"
    assert client.unseen("connecting")[1:] == [], "a slow reader of a book was thrown out"
    async with httpx.AsyncClient() as http:
        metrics = (await http.get(f"{server.url}/metrics")).text
    conflations = [line for line in metrics.splitlines() if line.startswith("cadenza_conflations")]
    assert float(conflations[0].split()[-1]) >= book["snapshots"] - 1
