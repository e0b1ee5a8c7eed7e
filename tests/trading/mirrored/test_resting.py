"""Orders that rest on a mirrored venue: the queue, trades, displays, and what is counted once."""

from __future__ import annotations

import pytest

from cadenza.models import ContingencyType
from cadenza.trading.matching.commands import SubmitList
from cadenza.trading.mirrored.queue import UNMEASURED
from support.trading.mirrored_venue import Mirrored

BIDS = [(99, 10), (98, 20), (90, 5)]
ASKS = [(101, 10), (102, 20), (110, 5)]


@pytest.fixture
def venue():
    return Mirrored(BIDS, ASKS)


def test_a_trade_eats_what_is_ahead_before_it_fills(venue):
    """10 lots were there first; of 12 traded, 2 reach the order."""
    venue.submit("r", "B", 5, 99)
    assert venue.ahead("r") == 10
    assert venue.trade("S", 99, 4) == []
    assert venue.ahead("r") == 6
    assert venue.trade("S", 99, 8) == [("Trade", "r", "", 99, 2)]


def test_sells_queue_as_buys_do(venue):
    """The mirror image: a buyer's trades at the ask."""
    venue.submit("r", "S", 5, 101)
    assert venue.trade("B", 101, 13) == [("Trade", "r", "", 101, 3)]
    assert venue.trade("S", 101, 13) == []


def test_a_trade_beyond_the_price_fills_at_the_orders_price(venue):
    """Up to the lots traded; nobody is ahead any more."""
    venue.submit("r", "B", 5, 99)
    assert venue.trade("S", 98, 3) == [("Trade", "r", "", 99, 3)]
    assert venue.ahead("r") == 0
    assert venue.trade("S", 99, 1) == [("Trade", "r", "", 99, 1)]


def test_a_lot_fills_one_user_only_the_best_price_first_then_the_earliest(venue):
    """Three orders share nine lots."""
    for name, price in [("first", 99), ("second", 99), ("best", 100)]:
        venue.submit(name, "B", 4, price)
    told = venue.trade("S", 98, 9)
    assert told == [
        ("Trade", "best", "", 100, 4),
        ("Trade", "first", "", 99, 4),
        ("Trade", "second", "", 99, 1),
    ]


def test_users_at_one_price_queue_behind_each_other(venue):
    """Of 17 lots 10 go to those ahead, 5 to the first user, 2 to the second."""
    venue.submit("a", "B", 5, 99)
    venue.submit("b", "B", 5, 99)
    assert venue.trade("S", 99, 17) == [("Trade", "a", "", 99, 5), ("Trade", "b", "", 99, 2)]


def test_what_a_better_priced_user_got_does_not_reach_the_venues_queue(venue):
    """The lots of a trade go down the book once."""
    venue.submit("better", "B", 6, 100)
    venue.submit("r", "B", 5, 99)
    assert venue.trade("S", 99, 12) == [("Trade", "better", "", 100, 6)]
    assert venue.ahead("r") == 4


def test_those_in_front_may_leave(venue):
    """A smaller display lowers what is ahead, a larger one queues behind."""
    venue.submit("r", "B", 5, 99)
    venue.diff(bids=[(99, 4)])
    assert venue.ahead("r") == 4
    venue.diff(bids=[(99, 40)])
    assert venue.ahead("r") == 4
    assert venue.trade("S", 99, 6) == [("Trade", "r", "", 99, 2)]


@pytest.mark.parametrize("is_book_first", [True, False])
def test_a_trade_and_its_update_eat_once(venue, is_book_first):
    """Whichever comes first: 4 of the 10 ahead have traded, 6 are left."""
    venue.submit("r", "B", 5, 99)
    if is_book_first:
        venue.diff(bids=[(99, 6)], at=50)
        venue.trade("S", 99, 4, at=49)
    else:
        venue.trade("S", 99, 4, at=49)
        venue.diff(bids=[(99, 6)], at=50)
    assert venue.ahead("r") == 6


def test_a_trade_that_pays_more_than_is_owed_eats_on(venue):
    """12 traded before an update that shows 6: the 10 ahead are gone, 2 were the order's."""
    venue.submit("r", "B", 5, 99)
    venue.diff(bids=[(99, 6)], at=50)
    assert venue.trade("S", 99, 12, at=50) == [("Trade", "r", "", 99, 2)]


def test_a_later_trade_owes_nothing(venue):
    """The 4 that went were no part of a trade that came after them."""
    venue.submit("r", "B", 5, 99)
    venue.diff(bids=[(99, 6)], at=50)
    venue.trade("S", 99, 4, at=51)
    assert venue.ahead("r") == 2


def test_a_trade_in_the_book_before_the_order_is_none_of_its_business(venue):
    """At its price or beyond: it happened before the order stood there."""
    venue.diff(bids=[(99, 6)], at=50)
    venue.submit("r", "B", 5, 99)
    assert venue.trade("S", 99, 20, at=50) == []
    assert venue.trade("S", 98, 20, at=50) == []
    assert venue.ahead("r") == 6
    assert len(venue.trade("S", 98, 20, at=51)) == 1


def test_a_display_at_the_price_or_beyond_fills_up_to_its_lots(venue):
    """At the order's own price, and what it took is remembered."""
    venue.submit("r", "B", 9, 100)
    assert venue.diff(asks=[(100, 4)]) == [("Trade", "r", "", 100, 4)]
    assert venue.diff(asks=[(100, 4)]) == []
    assert venue.diff(asks=[(100, 6)]) == [("Trade", "r", "", 100, 2)]
    assert venue.diff(bids=[(99, 0), (98, 0)], asks=[(97, 1)]) == [("Trade", "r", "", 100, 1)]


def test_users_share_what_is_displayed(venue):
    """The better price first, whatever came first."""
    venue.submit("a", "S", 5, 100)
    venue.submit("b", "S", 5, (99.5).__ceil__())
    venue.submit("c", "S", 2, 103)
    told = venue.diff(bids=[(100, 7)])
    assert told == [("Trade", "a", "", 100, 5), ("Trade", "b", "", 100, 2)]


def test_a_fill_by_a_display_ends_the_other_order_of_a_list(venue):
    """An order that its list ends in the middle of an update takes nothing more."""
    orders = (
        venue.order("limit", "S", 5, 103, owner="me"),
        venue.order("stop", "S", 5, 103, owner="me", type="STOP_LIMIT", stop=95),
    )
    command = SubmitList(now=1000, list_id="l", contingency=ContingencyType.OCO, orders=orders)
    venue.apply(command)
    told = venue.diff(asks=[(101, 0), (102, 0)], bids=[(103, 2)])
    assert told == [("Trade", "limit", "", 103, 2), ("Cancelled", "stop", 5, "ORDER_LIST")]


def test_an_iceberg_queues_anew_with_each_part(venue):
    """Parts of 3: a trade fills one; the next stands behind all that is displayed."""
    venue.submit("ice", "B", 8, 99, visible=3)
    venue.submit("plain", "B", 2, 99)
    told = venue.trade("S", 99, 30)
    assert told == [("Trade", "ice", "", 99, 3), ("Trade", "plain", "", 99, 2)]
    order = venue.engine.orders["ice"]
    assert (order.shown, order.leaves, order.ahead) == (3, 5, 10)


def test_an_iceberg_hides_nothing_from_a_trade_beyond_its_price(venue):
    """It fills part by part, to the last lot traded."""
    venue.submit("ice", "B", 8, 99, visible=3)
    told = venue.trade("S", 98, 7)
    assert [entry[4] for entry in told] == [3, 3, 1]
    assert venue.engine.orders["ice"].shown == 1


def test_a_smaller_quantity_keeps_the_place(venue):
    """A larger one, or another price, queues anew."""
    venue.submit("r", "B", 5, 99)
    venue.trade("S", 99, 4)
    venue.amend("r", lots=3)
    assert venue.ahead("r") == 6
    venue.amend("r", lots=6)
    assert venue.ahead("r") == 10
    venue.amend("r", limit=98)
    assert venue.ahead("r") == 20
    told = venue.amend("r", limit=101)
    assert told[-1] == ("Trade", "", "r", 101, 6)


def test_beyond_the_worst_displayed_price_nothing_is_known(venue):
    """No trade at such a price fills, until the price has come into sight."""
    venue.submit("far", "B", 5, 80)
    assert venue.ahead("far") == UNMEASURED
    assert venue.trade("S", 80, 1000) == []
    venue.diff(bids=[(80, 7), (70, 1)])
    assert venue.ahead("far") == 7
    assert venue.trade("S", 80, 9) == [("Trade", "far", "", 80, 2)]


def test_a_price_in_sight_is_measured_by_the_trade_at_the_latest(venue):
    """A level further out appears, so nothing is displayed at the order's price."""
    venue.submit("far", "B", 5, 80)
    venue.diff(bids=[(70, 1)], at=50)
    assert venue.trade("S", 80, 9, at=50) == []
    assert venue.trade("S", 80, 3, at=51) == [("Trade", "far", "", 80, 3)]


def test_an_unknown_aggressor_fills_nobody(venue):
    """The trade still triggers, and takes from both sides what was displayed better."""
    venue.submit("r", "B", 5, 99)
    venue.submit("stop", "S", 1, 97, type="STOP_LIMIT", stop=98)
    assert venue.trade("?", 98, 20, at=50) == [("Triggered", "stop", 98)]
    assert venue.ahead("r") == 10


def test_a_trade_without_lots_or_price_fills_nobody(venue):
    """Less than a lot at the price triggers; a price of nothing is passed over."""
    venue.submit("r", "B", 5, 99)
    assert venue.trade("S", 98, 0) == []
    assert venue.trade("S", 0, 5) == []
    assert venue.engine.last == 98
