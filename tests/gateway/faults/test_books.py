"""Faults of books: what subscribers see, and that they find the true book again."""

from __future__ import annotations

import random

import msgspec
import pytest

from cadenza.gateway.faults.errors import FaultInjectedError
from cadenza.market.errors import CrossedBookError, NoSnapshotError, SequenceGapError

BTC, ETH = "BINANCE:BTC/USDT", "BINANCE:ETH/USDT"
BOOK = f"market:orderBook:{BTC}"
NEWER = f"market:orderbook:{BTC}"


class Walk:
    """Drives books from a seed, by way of the sink that a feed would have."""

    def __init__(self, running, seed=5):
        self.sink = running.sink
        self._chance = random.Random(seed)
        self._now = 1_700_000_000_000
        for instrument in (BTC, ETH):
            self.snapshot(instrument)

    def snapshot(self, instrument=BTC):
        self._now += 1
        rows = [[(f"{base + n}.00", "1.000") for n in range(10)] for base in (90, 101)]
        self.sink.book_snapshot(instrument, *rows, self._now)

    def diffs(self, count, instrument=BTC):
        for _ in range(count):
            self._now += 1
            price, quantity = self._chance.randrange(10), self._chance.randrange(1, 10_000)
            rows = [(f"{price + 90}.00", f"{quantity / 1000:.3f}")]
            other = [(f"{price + 101}.00", f"{self._chance.randrange(2) * quantity / 1000:.3f}")]
            self.sink.book_diff(instrument, rows, other, self._now)


class Copy:
    """A book as a careful subscriber keeps it: it stops trusting itself at a gap."""

    def __init__(self):
        self.sides = {"bids": {}, "asks": {}}
        self.sequence = None
        self.gaps = []

    def apply(self, payload):
        if payload["updateType"] == "SNAPSHOT":
            self.sides = {"bids": {}, "asks": {}}
        elif payload["prevSequence"] != self.sequence:
            self.gaps.append((self.sequence, payload["prevSequence"]))
        self.sequence = payload["sequence"]
        for name, side in self.sides.items():
            for price, quantity in payload[name]:
                side[price] = quantity
                if not float(quantity):
                    del side[price]


def true_book(running, instrument=BTC):
    """The market's own."""
    book = running.gateway.market.book(instrument)
    return {
        "bids": {row[0]: row[1] for _, row in book.bids.top()},
        "asks": {row[0]: row[1] for _, row in book.asks.top()},
    }


async def subscribe(client, channel=BOOK):
    """Subscribe to a book: the copy, and where the channel stood."""
    copy = Copy()
    reply = await client.ask(subscribe={"channel": channel})
    assert "subscribe" in reply, reply
    copy.apply(await client.publication())
    copy.offset = reply["subscribe"]["offset"]
    return copy


async def follow(client, copy, count):
    """Apply the next publications, whose offsets must be without a hole; their types."""
    types = []
    for _ in range(count):
        publication = (await client.next())["push"]["pub"]
        copy.offset += 1
        assert publication["offset"] == copy.offset
        copy.apply(publication["data"])
        types.append(publication["data"]["updateType"])
    return types


@pytest.fixture
async def market(running):
    """A gateway and the walk that drives its books."""
    gateway = await running()
    return gateway, Walk(gateway)


async def test_a_gap_shows_and_a_new_subscription_mends_it(market, dial):
    """The sequence has a hole, offsets have none, and the other book knows of nothing."""
    gateway, walk = market
    client, other = await dial(gateway), await dial(gateway, "bob")
    copy, untouched = await subscribe(client), await subscribe(other, f"market:orderBook:{ETH}")
    walk.diffs(3)
    await follow(client, copy, 3)
    fault = await gateway.fault("book_gap", target={"instrument": BTC}, count=2)
    walk.diffs(4)
    walk.diffs(4, ETH)
    before = copy.sequence
    await follow(client, copy, 2)
    assert copy.gaps == [(before, before + 2)]
    await client.ask(unsubscribe={"channel": BOOK})
    copy = await subscribe(client)
    walk.diffs(3)
    await follow(client, copy, 3)
    assert copy.gaps == []
    assert copy.sides == true_book(gateway)
    await follow(other, untouched, 4)
    assert untouched.gaps == []
    assert untouched.sides == true_book(gateway, ETH)
    (ended,) = (await gateway.call("faults.list"))["result"]["data"]["ended"]
    assert (ended["id"], ended["hits"], ended["ended"]) == (fault["id"], 2, "spent")


async def test_both_names_of_a_book_have_the_gap(market, dial):
    """They are one stream, and the target may be either channel."""
    gateway, walk = market
    client = await dial(gateway)
    copies = [await subscribe(client, name) for name in (BOOK, NEWER)]
    await gateway.fault("book_gap", target={"channel": NEWER})
    walk.diffs(2)
    for _ in copies:
        push = (await client.next())["push"]
        copies[push["channel"] == NEWER].apply(push["pub"]["data"])
    assert [len(copy.gaps) for copy in copies] == [1, 1]


async def test_a_real_client_notices_the_gap_and_resyncs(market, js, token):
    """centrifuge-js, with a book that checks prevSequence."""
    gateway, walk = market
    client = await js(gateway).connect(token=token())
    await client.event("connected")
    await client.subscribe(BOOK, book=True)
    await gateway.fault("book_gap", target={"instrument": BTC})
    walk.diffs(3)
    market_book = gateway.gateway.market
    sequence = market_book.snapshot(BTC)

    async def book():
        while (found := await client.book(BOOK))["sequence"] < walk_sequence(sequence):
            pass
        return found

    found = await book()
    assert len(found["faults"]) == 1
    await client.call("unsubscribe", channel=BOOK)
    await client.call("subscribe", channel=BOOK)
    await client.event("subscribed", BOOK)
    walk.diffs(5)
    sequence = market_book.snapshot(BTC)
    found = await book()
    assert len(found["faults"]) == 1
    assert {"bids": dict(found["bids"]), "asks": dict(found["asks"])} == true_book(gateway)


def walk_sequence(payload):
    """The sequence of a payload."""
    return msgspec.json.decode(payload)["sequence"]


async def test_snapshots_can_stand_for_diffs(market, dial):
    """Every publication holds the whole book; afterwards DIFFs follow on without a gap."""
    gateway, walk = market
    client = await dial(gateway)
    copy = await subscribe(client)
    await gateway.fault("book_snapshots", target={"instrument": BTC}, count=3)
    walk.diffs(5)
    assert await follow(client, copy, 5) == ["SNAPSHOT"] * 3 + ["DIFF"] * 2
    assert copy.gaps == []
    assert copy.sides == true_book(gateway)


async def test_an_unhealthy_feed_is_silent_and_comes_back_with_a_snapshot(market, dial):
    """Books are stale until it is cleared; what happened meanwhile is in the snapshot."""
    gateway, walk = market
    client = await dial(gateway)
    copy = await subscribe(client)
    await gateway.fault("feed_unhealthy")
    fault = gateway.gateway.market.fault(BTC)
    assert isinstance(fault, FaultInjectedError)
    assert str(fault) == f"{BTC}: injected by fault-1"
    assert gateway.gateway.market.fault(ETH) is not None
    walk.diffs(20)
    walk.snapshot()
    walk.diffs(20)
    await gateway.call("faults.clear")
    assert gateway.gateway.market.fault(BTC) is None
    walk.diffs(2)
    assert await follow(client, copy, 3) == ["SNAPSHOT", "DIFF", "DIFF"]
    assert copy.gaps == []
    assert copy.sides == true_book(gateway)


async def test_a_book_stays_stale_until_the_last_such_fault_is_over(market):
    """And one instrument's fault leaves the others alone."""
    gateway, _ = market
    books = gateway.gateway.market
    await gateway.fault("feed_unhealthy", target={"instrument": BTC})
    assert books.fault(ETH) is None
    await gateway.fault("feed_unhealthy")
    await gateway.call("faults.clear", {"id": "fault-1"})
    assert (books.fault(BTC) is None, books.fault(ETH) is None) == (False, False)
    await gateway.call("faults.clear", {"id": "fault-2"})
    assert (books.fault(BTC), books.fault(ETH)) == (None, None)


async def test_a_fault_of_the_feed_itself_outlives_the_injected_one(market):
    """The feed is told of what is wrong as ever, and its next snapshot mends it."""
    gateway, walk = market
    books = gateway.gateway.market
    await gateway.fault("feed_unhealthy")
    with pytest.raises(CrossedBookError):
        walk.sink.book_diff(BTC, [("200.00", "1.000")], [], 1)
    with pytest.raises(NoSnapshotError):
        walk.diffs(1)
    gap = SequenceGapError(ETH, 3, 5)
    walk.sink.book_stale(gap)
    await gateway.call("faults.clear")
    assert isinstance(books.fault(BTC), CrossedBookError)
    assert books.fault(ETH) is gap
    walk.snapshot(BTC)
    walk.diffs(1)
    assert books.fault(BTC) is None


async def test_instruments_declared_meanwhile_are_stale_too(running, instruments):
    """A feed that knows its instruments late is as unhealthy as any."""
    gateway = await running()
    await gateway.fault("feed_unhealthy")
    late = msgspec.structs.replace(
        instruments[0], instrument_id="BINANCE:NEW/USDT", symbol="NEW/USDT"
    )
    gateway.sink.instrument(late)
    books = gateway.gateway.market
    assert isinstance(books.fault("BINANCE:NEW/USDT"), FaultInjectedError)
    gateway.sink.book_snapshot("BINANCE:NEW/USDT", [("1.00", "1.000")], [("2.00", "1.000")], 7)
    assert books.snapshot("BINANCE:NEW/USDT") is None
    await gateway.call("faults.clear")
    assert books.fault("BINANCE:NEW/USDT") is None
    assert walk_sequence(books.snapshot("BINANCE:NEW/USDT")) == 1


async def test_a_book_that_does_not_exist_is_refused(market):
    """With the one that was probably meant."""
    gateway, _ = market
    for target in (
        {"instrument": "BINANCE:BTC/USD"},
        {"channel": "market:orderBook:BINANCE:BTC/USD"},
    ):
        error = (await gateway.call("faults.set", {"kind": "book_gap", "target": target}))["error"]
        assert error["code"] == 107
        assert (
            'there is no instrument "BINANCE:BTC/USD"; did you mean "BINANCE:BTC/USDT"?'
            in (error["message"])
        )
