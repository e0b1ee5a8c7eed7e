"""A mirrored venue whose book is not known for a while, and one that starts again."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.models import ContingencyType
from cadenza.trading.matching.commands import SubmitList
from cadenza.trading.matching.saved_order import SavedOrder, saved_of
from cadenza.trading.mirrored.queue import UNMEASURED
from support.trading.mirrored_venue import Mirrored

BIDS = [(99, 10), (98, 20), (90, 5)]
ASKS = [(101, 10), (102, 20), (110, 5)]


@pytest.fixture
def venue():
    return Mirrored(BIDS, ASKS)


@pytest.fixture
def stale(venue):
    venue.gap()
    return venue


@pytest.mark.parametrize(
    "terms",
    [
        {"limit": 0},
        {"limit": 95, "time_in_force": "IOC"},
        {"limit": 95, "time_in_force": "FOK"},
        {"limit": 101},
    ],
    ids=["market", "IOC", "FOK", "crossing"],
)
def test_a_stale_book_refuses_what_would_take(stale, terms):
    """Nobody can say what there is to take."""
    assert stale.submit("b", "B", 5, **terms) == [("Rejected", "b", "BOOK_STALE")]
    stale.snapshot(BIDS, ASKS)
    assert stale.submit("b", "B", 5, **terms)[0] == ("Accepted", "b")


def test_before_the_first_snapshot_a_book_is_stale():
    """An order that can only rest is taken, and measured by the snapshot."""
    venue = Mirrored()
    assert venue.submit("m", "B", 5) == [("Rejected", "m", "BOOK_STALE")]
    assert venue.submit("r", "B", 5, 99) == [("Accepted", "r")]
    assert venue.trade("S", 99, 100) == []
    venue.snapshot(BIDS, ASKS)
    assert venue.ahead("r") == 10


def test_resting_orders_keep_their_places(venue):
    """The fresh snapshot can only move them forward."""
    venue.submit("near", "B", 5, 99)
    venue.submit("deep", "B", 5, 98)
    venue.gap()
    venue.snapshot([(99, 30), (98, 8), (90, 5)], ASKS)
    assert (venue.ahead("near"), venue.ahead("deep")) == (10, 8)


def test_trades_fill_while_the_book_is_stale(stale):
    """They are facts; an order that came meanwhile is reached by those beyond its price only."""
    stale.submit("late", "B", 5, 99)
    assert stale.ahead("late") == UNMEASURED
    assert stale.trade("S", 99, 50) == []
    assert stale.trade("S", 98, 2) == [("Trade", "late", "", 99, 2)]


def test_an_amendment_to_a_price_that_would_take_is_refused(stale):
    """Another price queues anew, and is measured by the snapshot."""
    stale.submit("r", "B", 5, 98)
    assert stale.amend("r", limit=102) == [("Refused", "r", "BOOK_STALE")]
    assert stale.amend("r", limit=99)[0][0] == "Replaced"
    stale.snapshot(BIDS, ASKS)
    assert stale.ahead("r") == 10


def test_what_is_triggered_waits_for_the_book(stale):
    """A stop that a trade reached is matched with the fresh book, though the price went back."""
    stale.submit("low", "S", 5, type="STOP", stop=95)
    stale.submit("lower", "S", 5, type="STOP", stop=90)
    assert stale.trade("S", 94, 1) == []
    assert stale.trade("S", 98, 1) == []
    assert stale.submit("reached", "S", 1, type="STOP", stop=98) == [("Accepted", "reached")]
    told = stale.snapshot(BIDS, ASKS)
    assert told == [
        ("Triggered", "low", 98),
        ("Trade", "", "low", 99, 5),
        ("Triggered", "reached", 98),
        ("Trade", "", "reached", 99, 1),
    ]


def test_a_triggered_order_can_still_be_taken_back_or_changed(stale):
    """Until the book is fresh it waits like any other."""
    for name in ("gone", "moved", "again"):
        stale.submit(name, "S", 5, type="STOP", stop=95)
    stale.trade("S", 94, 1)
    assert stale.cancel("gone") == [("Cancelled", "gone", 5, "BY_OWNER")]
    assert stale.amend("moved", stop=80)[0][0] == "Replaced"
    assert stale.amend("again", lots=4)[0][0] == "Replaced"
    told = stale.snapshot(BIDS, ASKS)
    assert told == [("Triggered", "again", 94), ("Trade", "", "again", 99, 4)]


def test_a_list_is_taken_if_only_its_held_orders_would_take(stale):
    """By the time they are free the book may be fresh; if not, a market order ends."""
    orders = (
        stale.order("in", "B", 5, 99, owner="me"),
        stale.order("out", "S", 5, owner="me"),
    )
    command = SubmitList(now=1000, list_id="l", contingency=ContingencyType.OTO, orders=orders)
    assert stale.apply(command) == [("Accepted", "in"), ("Accepted", "out")]
    assert stale.trade("S", 98, 5) == [
        ("Trade", "in", "", 99, 5),
        ("Released", "out"),
        ("Cancelled", "out", 5, "NO_LIQUIDITY"),
    ]
    refused = SubmitList(
        now=1000, list_id="m", contingency=ContingencyType.OTO, orders=orders[::-1]
    )
    told = stale.apply(refused)
    assert told == [("Rejected", "out", "BOOK_STALE"), ("Rejected", "in", "LIST_REJECTED")]


def test_a_feed_that_begins_again_begins_its_times_again(venue):
    """A looping recording: its snapshot is older than the orders, and its trades count again."""
    venue.diff(bids=[(99, 10)], at=50_000)
    venue.submit("r", "B", 5, 99)
    venue.trade("B", 101, 4, at=50_001)
    venue.gap()
    venue.snapshot(BIDS, ASKS, at=100)
    assert venue.trade("S", 99, 11, at=101) == [("Trade", "r", "", 99, 1)]
    told = venue.submit("all", "B", 50, 101, time_in_force="IOC")
    assert told[1] == ("Trade", "", "all", 101, 10)


def test_a_snapshot_is_an_update_like_any_other(venue):
    """A trade that it holds pays what it took away, and one that it does not hold is not undone."""
    venue.submit("r", "B", 5, 99)
    venue.diff(bids=[(99, 6)], at=50)
    venue.trade("B", 101, 4, at=60)
    venue.snapshot([(99, 5), (90, 5)], ASKS, at=55)
    assert venue.trade("S", 99, 5, at=50) == []
    assert venue.ahead("r") == 5
    told = venue.submit("all", "B", 50, 101, time_in_force="IOC")
    assert told[1] == ("Trade", "", "all", 101, 6)


def reborn(venue):
    """Another engine with the open orders of this one, by way of bytes."""
    saved = [saved_of(order) for order in venue.engine.orders.values()]
    body = msgspec.json.encode(saved)
    again = Mirrored()
    again.now = venue.now
    again.engine.restore(
        msgspec.json.decode(body, type=list[SavedOrder]), last=venue.engine.last, now=venue.now
    )
    return again


def test_orders_come_back_with_what_was_ahead_of_them(venue):
    """Crossing each other or not; the snapshot moves them forward at most."""
    venue.submit("a", "B", 5, 99)
    venue.trade("S", 99, 4)
    venue.submit("b", "B", 5, 99)
    venue.submit("cross", "B", 1, 100)
    venue.submit("ed", "S", 1, 100)
    venue.submit("stop", "S", 1, type="STOP", stop=90)
    again = reborn(venue)
    assert (again.ahead("a"), again.ahead("b")) == (6, 10)
    again.snapshot([(99, 8), (90, 1)], ASKS)
    assert (again.ahead("a"), again.ahead("b")) == (6, 8)
    told = again.trade("S", 99, 16)
    assert told == [
        ("Trade", "cross", "", 100, 1),
        ("Trade", "a", "", 99, 5),
        ("Trade", "b", "", 99, 2),
    ]
    assert again.trade("S", 89, 1) == [
        ("Trade", "b", "", 99, 1),
        ("Triggered", "stop", 89),
        ("Cancelled", "stop", 1, "NO_LIQUIDITY"),
    ]


def test_a_fresh_book_measures_what_is_restored_into_it(venue):
    """The feed may have begun before the orders are back."""
    venue.submit("a", "B", 5, 99)
    saved = [saved_of(venue.engine.orders["a"])]
    again = Mirrored([(99, 3), (90, 1)], ASKS)
    again.engine.restore(saved)
    assert again.ahead("a") == 3
