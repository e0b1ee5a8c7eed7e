"""Orders on a mirrored venue: taking what is displayed, and how commands work there."""

from __future__ import annotations

import pytest

from cadenza.models import ContingencyType, OrderSide
from cadenza.trading.matching.commands import CancelAll, Expire, Mark, SubmitList
from cadenza.trading.matching.events import Spent, Trade
from support.trading.mirrored_venue import Mirrored

BIDS = [(99, 10), (98, 20)]
ASKS = [(101, 10), (102, 20), (104, 30)]


@pytest.fixture
def venue():
    return Mirrored(BIDS, ASKS)


def fills(told):
    return [entry[1:] for entry in told if entry[0] == "Trade"]


def test_an_order_takes_what_is_displayed_best_price_first(venue):
    """It pays the displayed prices, and what is beyond its limit stays."""
    told = venue.submit("b", "B", 40, 103)
    assert fills(told) == [("", "b", 101, 10), ("", "b", 102, 20)]
    assert venue.engine.orders["b"].leaves == 10


def test_a_trade_names_the_market_as_the_other_side(venue):
    """Owner "@market" and no order id, whichever side the user is on."""
    venue.engine.next_trade_id = 7
    _, took = venue.engine.apply(venue.order("b", "B", 4, 101, owner="me"))
    buy, sell = OrderSide.BUY, OrderSide.SELL
    assert took == Trade(1000, 7, 101, 4, buy, "", "b", "@market", "me", 0, 0)
    venue.submit("r", "B", 5, 100, owner="me")
    venue.trade("S", 100, 3)
    assert venue.events == [Trade(1000, 8, 100, 3, sell, "r", "", "me", "@market", 2, 0)]
    assert venue.engine.next_trade_id == 9


def test_what_was_taken_is_not_there_for_the_next(venue):
    """Two users together get what is displayed, once."""
    assert fills(venue.submit("a", "B", 7, 101)) == [("", "a", 101, 7)]
    assert fills(venue.submit("b", "B", 7, 101)) == [("", "b", 101, 3)]
    assert fills(venue.submit("c", "B", 7, 101)) == []


@pytest.mark.parametrize(
    ("shows", "got"),
    [((10,), 3), ((14,), 7), ((5,), 0), ((5, 9), 4), ((0, 6), 6), ((8,), 1)],
    ids=["same", "more", "less", "less then more", "gone and back", "little less"],
)
def test_only_what_is_displayed_anew_can_be_taken_again(venue, shows, got):
    """Of 10 lots 7 are taken; an increase is new, a decrease is taken from what was left."""
    venue.submit("a", "B", 7, 101)
    for lots in shows:
        venue.diff(asks=[(101, lots)])
    told = venue.submit("b", "B", 100, 101, time_in_force="IOC")
    assert sum(fill[3] for fill in fills(told)) == got


def test_what_the_venues_aggressors_took_is_gone_before_the_update_shows_it(venue):
    """A trade above the best ask empties it, and eats at its own price, until the next update."""
    venue.trade("B", 102, 5, at=50)
    told = venue.submit("a", "B", 100, 102, time_in_force="IOC")
    assert fills(told) == [("", "a", 102, 15)]
    venue.diff(asks=[(101, 0), (102, 16)], at=60)
    told = venue.submit("b", "B", 100, 102, time_in_force="IOC")
    assert fills(told) == [("", "b", 102, 1)]


def test_a_trade_that_the_book_holds_already_takes_nothing_away(venue):
    """It is not later than the update, by the venue's own clock."""
    venue.diff(asks=[(101, 6)], at=50)
    venue.trade("B", 101, 4, at=50)
    assert fills(venue.submit("a", "B", 9, 101)) == [("", "a", 101, 6)]


def test_a_market_order_never_rests(venue):
    """It takes up to its protection, and what is left ends."""
    told = venue.submit("m", "B", 40, protection=102)
    assert fills(told) == [("", "m", 101, 10), ("", "m", 102, 20)]
    assert told[-1] == ("Cancelled", "m", 10, "NO_LIQUIDITY")
    assert not venue.engine.orders


def test_fill_or_kill_gets_all_or_nothing(venue):
    """What others took counts against it."""
    venue.submit("a", "B", 1, 101)
    told = venue.submit("k", "B", 30, 102, time_in_force="FOK")
    assert told == [("Accepted", "k"), ("Cancelled", "k", 30, "NOT_FILLED_AT_ONCE")]
    assert len(fills(venue.submit("l", "B", 29, 102, time_in_force="FOK"))) == 2
    told = venue.submit("m", "S", 31, time_in_force="FOK")
    assert told[-1] == ("Cancelled", "m", 31, "NOT_FILLED_AT_ONCE")


def test_immediate_or_cancel_leaves_nothing_behind(venue):
    """It takes what is there and ends."""
    told = venue.submit("i", "S", 15, 99, time_in_force="IOC")
    assert told[1:] == [("Trade", "", "i", 99, 10), ("Cancelled", "i", 5, "NOT_FILLED_AT_ONCE")]


def test_a_budget_buys_level_by_level(venue):
    """10 at 101 and 4 at 102 cost 1418 of 1500; the rest buys no lot."""
    events = venue.engine.apply(venue.order("q", "B", 0, budget=1500))
    assert [event.lots for event in events if isinstance(event, Trade)] == [10, 4]
    assert events[-1] == Spent(1000, "q", 14, 82)
    told = venue.submit("r", "B", 0, budget=50)
    assert told[-1] == ("Cancelled", "r", 0, "BUDGET_TOO_SMALL")
    told = venue.submit("s", "B", 0, budget=10**9)
    assert told[-1] == ("Cancelled", "s", 0, "NO_LIQUIDITY")
    told = venue.submit("t", "B", 0, budget=102, protection=104)
    assert told[-1] == ("Cancelled", "t", 0, "NO_LIQUIDITY")


def test_a_budget_may_be_all_or_nothing(venue):
    """FOK with a budget that the protection does not let be spent."""
    told = venue.submit("k", "B", 0, budget=2000, protection=101, time_in_force="FOK")
    assert told[-1] == ("Cancelled", "k", 0, "NOT_FILLED_AT_ONCE")
    told = venue.submit("l", "B", 0, budget=2000, protection=102, time_in_force="FOK")
    assert told[-1][0] == "Spent"


def test_post_only_is_refused_if_the_venue_displays_the_other_side(venue):
    """At the displayed price or through it, even if users have taken all of it."""
    told = venue.submit("p", "B", 1, 101, type="LIMIT_MAKER")
    assert told == [("Rejected", "p", "WOULD_TAKE")]
    venue.submit("a", "B", 10, 101)
    assert venue.submit("q", "B", 1, 101, time_in_force="GTX") == [("Rejected", "q", "WOULD_TAKE")]
    assert venue.submit("r", "B", 1, 100, type="LIMIT_MAKER") == [("Accepted", "r")]
    assert venue.amend("r", limit=101) == [("Refused", "r", "WOULD_TAKE")]


def test_users_never_trade_with_each_other(venue):
    """Their orders may cross: each waits for the venue."""
    venue.submit("b", "B", 5, 100)
    assert venue.submit("s", "S", 5, 100) == [("Accepted", "s")]
    assert venue.engine.book.is_crossed()
    assert venue.trade("S", 100, 5) == [("Trade", "b", "", 100, 5)]
    assert venue.trade("B", 100, 5) == [("Trade", "s", "", 100, 5)]


def test_stops_go_by_the_venues_trades_and_not_by_users_fills(venue):
    """A user's own fill at the stop price wakes nobody; a trade there does."""
    venue.submit("stop", "B", 5, type="STOP", stop=101)
    assert len(fills(venue.submit("a", "B", 3, 101))) == 1
    assert venue.trade("B", 101, 1) == [("Triggered", "stop", 101), ("Trade", "", "stop", 101, 5)]
    venue.submit("mark", "S", 1, type="STOP", stop=90)
    told = venue.apply(Mark(now=venue.now, price=89))
    assert told == [("Triggered", "mark", 89), ("Trade", "", "mark", 99, 1)]


def test_a_trailing_stop_follows_the_venues_trades(venue):
    """It sells when the price has fallen by its distance from the best seen."""
    venue.trade("B", 101, 1)
    venue.submit("t", "S", 2, type="TRAILING_STOP", trail=2)
    venue.trade("B", 105, 1)
    told = venue.trade("S", 103, 1)
    assert told == [("Triggered", "t", 103), ("Trade", "", "t", 99, 2)]


def test_one_order_of_a_list_ends_the_other_and_frees_the_held(venue):
    """OTOCO: the entry fills from a trade, then the target fills and the stop ends."""
    orders = (
        venue.order("in", "B", 5, 100, owner="me"),
        venue.order("target", "S", 5, 103, owner="me"),
        venue.order("loss", "S", 5, owner="me", type="STOP", stop=95),
    )
    command = SubmitList(now=1000, list_id="l", contingency=ContingencyType.OTOCO, orders=orders)
    venue.apply(command)
    told = venue.trade("S", 100, 5)
    assert told == [("Trade", "in", "", 100, 5), ("Released", "target"), ("Released", "loss")]
    told = venue.trade("B", 104, 9)
    assert told == [("Trade", "target", "", 103, 5), ("Cancelled", "loss", 5, "ORDER_LIST")]
    assert not venue.engine.orders
    assert not venue.engine._queue


def test_time_passes_with_the_feed(venue):
    """What is due ends before the trade that would have filled it."""
    venue.submit("d", "B", 5, 100, time_in_force="GTD", expire_at=2_000)
    venue.now = 2_000
    assert venue.trade("S", 100, 5) == [("Expired", "d", 5)]
    venue.submit("e", "B", 5, 100, time_in_force="GTD", expire_at=3_000)
    assert venue.apply(Expire(now=3_000)) == [("Expired", "e", 5)]


def test_orders_can_be_taken_back(venue):
    """One by one, or all of an owner; nothing of them is left behind."""
    venue.submit("a", "B", 5, 100, owner="me")
    venue.submit("b", "S", 5, 105, owner="me")
    assert venue.cancel("a") == [("Cancelled", "a", 5, "BY_OWNER")]
    told = venue.apply(CancelAll(now=venue.now, owner="me"))
    assert told == [("Cancelled", "b", 5, "CANCEL_ALL")]
    assert venue.cancel("a") == [("Refused", "a", "UNKNOWN_ORDER")]
    assert not venue.engine._queue
