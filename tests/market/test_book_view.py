"""A subscriber that applies SNAPSHOT and DIFFs always holds the top of the true book."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.market.book_view import BookView
from cadenza.market.instrument import Listing
from cadenza.market.order_book import OrderBook

QUANTITIES = st.sampled_from(["0", "0.001", "0.002", "5"])
BIDS = st.tuples(st.integers(9980, 9999).map(lambda t: f"{t / 100:.2f}"), QUANTITIES)
ASKS = st.tuples(st.integers(10000, 10019).map(lambda t: f"{t / 100:.2f}"), QUANTITIES)
UPDATE = st.tuples(st.lists(BIDS, max_size=8), st.lists(ASKS, max_size=8))
# An action applies an update, and publishes (None: not yet, False: a DIFF, True: a SNAPSHOT).
ACTIONS = st.lists(st.tuples(UPDATE, st.sampled_from([None, False, False, True])), max_size=30)


class Subscriber:
    """Keeps its copy by the price strings, and insists on an unbroken sequence."""

    def __init__(self, snapshot):
        self.sides = {}
        self.sequence = None
        self.take(snapshot)

    def take(self, payload):
        message = msgspec.json.decode(payload)
        if message["updateType"] == "SNAPSHOT":
            self.sides = {side: dict(message[side]) for side in ("bids", "asks")}
        else:
            assert message["prevSequence"] == self.sequence
            for side in ("bids", "asks"):
                for price, quantity in message[side]:
                    if quantity == "0":
                        # Only what the subscriber has is ever removed.
                        del self.sides[side][price]
                    else:
                        assert self.sides[side].get(price) != quantity
                        self.sides[side][price] = quantity
        self.sequence = message["sequence"]


def top(book, depth):
    return {
        "bids": dict(row for _, row in book.bids.top(depth)),
        "asks": dict(row for _, row in book.asks.top(depth)),
    }


@settings(max_examples=200)
@given(actions=ACTIONS, depth=st.sampled_from([0, 1, 2, 5]))
def test_every_subscriber_holds_the_published_top_of_the_book(instrument, actions, depth):
    book = OrderBook(Listing(instrument))
    view = BookView(book, depth=depth)
    first = Subscriber(view.publish_snapshot(1))
    expected = top(book, depth)
    for update, publish in actions:
        view.touch(book.apply(*update), 2)
        late = Subscriber(view.snapshot())
        assert late.sides == expected == first.sides
        assert late.sequence == first.sequence == view.sequence
        if publish is None:
            continue
        payload = view.publish_snapshot(3) if publish else view.publish_diff()
        expected = top(book, depth)
        for subscriber in (first, late):
            if payload:
                subscriber.take(payload)
            assert subscriber.sides == expected
            assert subscriber.sequence == view.sequence


@pytest.fixture
def book(instrument):
    book = OrderBook(Listing(instrument))
    book.replace([("99.50", "1"), ("99.40", "2")], [("100.00", "3"), ("100.10", "4")])
    return book


def test_nothing_is_published_when_nothing_visible_has_changed(book):
    view = BookView(book, depth=1)
    view.publish_snapshot(1)
    view.touch(book.apply([("99.40", "7"), ("99.50", "1"), ("98.00", "0")], []), 2)
    assert view.publish_diff() is None
    assert view.sequence == 1


def test_rows_of_a_diff_are_in_book_order(book):
    view = BookView(book)
    view.publish_snapshot(1)
    view.touch(book.apply([("99.10", "1"), ("99.60", "1")], [("100.30", "1"), ("99.90", "1")]), 2)
    diff = msgspec.json.decode(view.publish_diff())
    assert diff["bids"] == [["99.60", "1"], ["99.10", "1"]]
    assert diff["asks"] == [["99.90", "1"], ["100.30", "1"]]


def test_one_price_keeps_the_spelling_it_was_published_with(book):
    view = BookView(book)
    view.publish_snapshot(1)
    view.touch(book.apply([("99.5", "9")], []), 2)
    assert msgspec.json.decode(view.publish_diff())["bids"] == [["99.50", "9"]]


def test_there_is_no_snapshot_before_the_first_publication(book):
    assert BookView(book).snapshot() is None


def test_a_snapshot_has_the_time_of_the_state_it_shows(book):
    view = BookView(book)
    published = view.publish_snapshot(1)
    view.touch(book.apply([("99.10", "1")], []), 2)
    assert view.snapshot() == published
