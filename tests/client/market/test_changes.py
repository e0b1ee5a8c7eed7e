"""Merged changes: whatever the pace of the reader, they add up to the book."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.client.errors import BufferOverflowError
from cadenza.client.market.changes import MOST_LEVELS, BookChanges, BookState
from cadenza.client.market.order_book import OrderBook
from support.client.book_peer import BTC, payload

PRICES = [str(price) for price in range(90, 100)]
LEVELS = st.lists(
    st.tuples(st.sampled_from(PRICES), st.sampled_from(["0", "1", "2.50"])), max_size=5
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["DIFF", "DIFF", "SNAPSHOT", "gap", "crossed"]), LEVELS),
        st.just(("read", [])),
        st.just(("break", [])),
    ),
    max_size=40,
)


def applied(book, kind, levels, sequence):
    """One step; gives the number of the state after it."""
    if kind == "break":
        book.invalidate("the line is down")
        return sequence
    sequence += 2 if kind == "gap" else 1
    if kind == "SNAPSHOT":
        data = payload(kind, list(dict(levels).items()), [["101", "1"]], sequence)
    else:
        rows = [*levels, ("102", "1")] if kind == "crossed" else levels
        data = payload("DIFF", rows, [], sequence)
    book.apply(msgspec.json.encode(data))
    return sequence


@settings(max_examples=200, deadline=None)
@given(steps=STEPS)
def test_merged_changes_add_up(steps):
    """At every reading: the same levels, state, number and fault; each level named once."""

    async def play():
        book, changes = OrderBook(BTC, allow_stale=True), BookChanges(BTC)
        copy, sequence, pending, touch = ({}, {}), 0, 0, (None, None)
        book.on_change(changes.put)
        for kind, levels in [("SNAPSHOT", [("90", "1")]), *steps, ("SNAPSHOT", []), ("read", [])]:
            if kind != "read":
                sequence = applied(book, kind, levels, sequence)
                pending += 1
                continue
            if not pending:
                continue
            change, pending = await anext(changes), 0
            for side, rows in zip(copy, (change.bid_rows, change.ask_rows), strict=True):
                assert len({price for price, _ in rows}) == len(rows)
                side.update(rows)
                for price in [price for price, held in side.items() if held == "0"]:
                    del side[price]
            assert copy == tuple(map(dict, book.rows()))
            assert (change.state, change.sequence, change.fault) == (
                book.state,
                book.sequence,
                book.fault,
            )
            now = tuple(side[0] if side else None for side in book.rows(1))
            for moved, old, new in zip(
                (change.best_bid_moved, change.best_ask_moved), touch, now, strict=True
            ):
                assert moved or old == new
            touch = now
        assert book.state is BookState.LIVE

    asyncio.run(play())


@given(puts=st.integers(0, 5))
def test_the_end_comes_after_what_waits(puts):
    """One merged change at most, then the end, again and again."""

    async def play():
        book, changes = OrderBook(BTC), BookChanges(BTC)
        book.on_change(changes.put)
        for number in range(puts):
            book.apply(msgspec.json.encode(payload("SNAPSHOT", [], [], number + 1)))
        changes.end(None)
        assert len([it async for it in changes]) == min(puts, 1)
        assert [it async for it in changes] == []

    asyncio.run(play())


async def test_one_change_may_be_larger_than_what_is_merged():
    """A SNAPSHOT of a huge book is one change; it is what comes on top that is too much."""
    book, changes = OrderBook(BTC), BookChanges(BTC)
    book.on_change(changes.put)
    huge = [[str(price), "1"] for price in range(1, MOST_LEVELS + 10)]
    book.apply(msgspec.json.encode(payload("SNAPSHOT", huge, [], 1)))
    assert len((await anext(changes)).bid_rows) == len(huge)
    book.apply(msgspec.json.encode(payload("SNAPSHOT", [], [], 2)))
    book.apply(msgspec.json.encode(payload("SNAPSHOT", [["1", "1"]], [], 3)))
    with pytest.raises(BufferOverflowError):
        await anext(changes)
