"""The matching engine, rule by rule."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.models import OrderSide, OrderStatus, OrderType, TimeInForce
from cadenza.trading.matching.book import Depth
from cadenza.trading.matching.commands import (
    Amend,
    Cancel,
    CancelAll,
    Expire,
    Mark,
    SelfTrade,
    Submit,
)
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import AnyEvent, Cancelled, Rejected, Trade
from cadenza.trading.matching.order import DAY_MS


class Venue:
    """An engine that is talked to in few words and answers in tuples."""

    def __init__(self, **options):
        self.engine = MatchingEngine(**options)

    def order(self, order_id, side, lots, limit=0, **terms):
        kind = "LIMIT" if limit else "MARKET"
        terms = {"now": 0, "owner": order_id, "type": kind} | terms
        terms["type"] = OrderType(terms["type"])
        if "time_in_force" in terms:
            terms["time_in_force"] = TimeInForce(terms["time_in_force"])
        side = OrderSide.BUY if side == "B" else OrderSide.SELL
        return Submit(order_id=order_id, side=side, lots=lots, limit=limit, **terms)

    def submit(self, *args, **terms):
        return self.apply(self.order(*args, **terms))

    def apply(self, command):
        """What happened: the event's name and what matters of it."""
        return [told(event) for event in self.engine.apply(command)]

    def queue(self, side="bids"):
        book = getattr(self.engine.book, side)
        return [(o.order_id, o.limit, o.leaves) for level in book for o in level]


def told(event):
    name = type(event).__name__
    if isinstance(event, Trade):
        return (name, event.maker_id, event.taker_id, event.price, event.lots)
    if isinstance(event, Rejected):
        return (name, event.order_id, event.reason.value)
    if isinstance(event, Cancelled):
        return (name, event.order_id, event.lots, event.reason.value)
    values = [value for value in msgspec.structs.astuple(event)[1:] if value != ""]
    return (name, *values)


@pytest.fixture
def venue():
    return Venue()


def test_time_decides_among_equal_prices_and_price_above_all(venue):
    for name, price in [("late", 100), ("later", 100), ("better", 101)]:
        venue.submit(name, "B", 5, price)
    assert venue.submit("s", "S", 12, 100) == [
        ("Accepted", "s"),
        ("Trade", "better", "s", 101, 5),
        ("Trade", "late", "s", 100, 5),
        ("Trade", "later", "s", 100, 2),
    ]
    assert venue.queue() == [("later", 100, 3)]


def test_a_trade_tells_both_sides_and_what_is_left():
    venue = Venue(first_trade_id=7)
    venue.submit("m", "S", 5, 100, owner="maker")
    _, trade = venue.engine.apply(venue.order("t", "B", 8, 100, owner="taker", now=9))
    assert trade == Trade(9, 7, 100, 5, OrderSide.BUY, "m", "t", "maker", "taker", 0, 3)
    assert venue.engine.orders["t"].status is OrderStatus.PARTIALLY_FILLED
    assert venue.engine.next_trade_id == 8


def test_what_a_market_order_does_not_get_is_cancelled(venue):
    venue.submit("m", "S", 5, 100)
    assert venue.submit("t", "B", 8)[1:] == [
        ("Trade", "m", "t", 100, 5),
        ("Cancelled", "t", 3, "NO_LIQUIDITY"),
    ]


def test_a_protection_price_bounds_a_market_order(venue):
    venue.submit("near", "S", 5, 100)
    venue.submit("far", "S", 5, 110)
    assert venue.submit("t", "B", 8, protection=105)[1:] == [
        ("Trade", "near", "t", 100, 5),
        ("Cancelled", "t", 3, "NO_LIQUIDITY"),
    ]


def test_ioc_takes_what_is_there_and_ends(venue):
    venue.submit("m", "S", 5, 100)
    assert venue.submit("t", "B", 8, 100, time_in_force="IOC")[1:] == [
        ("Trade", "m", "t", 100, 5),
        ("Cancelled", "t", 3, "NOT_FILLED_AT_ONCE"),
    ]
    assert venue.queue() == []


@pytest.mark.parametrize(("lots", "is_filled"), [(10, True), (11, False)])
def test_fok_is_all_or_nothing(venue, lots, is_filled):
    """Hidden lots count, orders beyond the limit do not."""
    venue.submit("a", "S", 7, 100, visible=2)
    venue.submit("b", "S", 3, 101)
    venue.submit("c", "S", 9, 102)
    events = venue.submit("t", "B", lots, 101, time_in_force="FOK")
    traded = sum(event[4] for event in events if event[0] == "Trade")
    assert traded == (lots if is_filled else 0)
    ended = ("Cancelled", "t", lots, "NOT_FILLED_AT_ONCE")
    assert (ended in events) is not is_filled


def test_fok_does_not_count_what_hides_behind_its_own_order(venue):
    """The hidden part would queue behind the order that self-trade prevention stops at."""
    venue.submit("ice", "S", 9, 100, visible=4)
    venue.submit("mine", "S", 1, 100, owner="me")
    fok = {"owner": "me", "time_in_force": "FOK"}
    assert venue.submit("5", "B", 5, 100, **fok)[1:] == [
        ("Cancelled", "5", 5, "NOT_FILLED_AT_ONCE")
    ]
    assert venue.submit("4", "B", 4, 100, **fok)[1:] == [("Trade", "ice", "4", 100, 4)]


@pytest.mark.parametrize(
    "terms", [{"type": "LIMIT_MAKER"}, {"time_in_force": "GTX"}], ids=["LIMIT_MAKER", "GTX"]
)
def test_post_only_is_rejected_if_it_would_take(venue, terms):
    venue.submit("m", "S", 5, 100)
    assert venue.submit("t", "B", 5, 100, **terms) == [("Rejected", "t", "WOULD_TAKE")]
    assert venue.submit("t", "B", 5, 99, **terms) == [("Accepted", "t")]


def test_an_iceberg_shows_a_part_and_queues_anew_for_each(venue):
    venue.submit("ice", "S", 10, 100, visible=4)
    venue.submit("plain", "S", 5, 100)
    assert venue.engine.book.asks.depth() == [Depth(100, 9, 2)]
    assert venue.submit("t", "B", 11)[1:] == [
        ("Trade", "ice", "t", 100, 4),
        ("Trade", "plain", "t", 100, 5),
        ("Trade", "ice", "t", 100, 2),
    ]
    assert venue.engine.book.asks.depth() == [Depth(100, 2, 1)]
    assert venue.queue("asks") == [("ice", 100, 4)]


def test_less_quantity_keeps_the_place_more_or_another_price_loses_it(venue):
    for name in "abc":
        venue.submit(name, "B", 5, 100)
    assert venue.apply(Amend(now=1, order_id="a", lots=3)) == [
        ("Replaced", "a", 3, 3, 100, 0, True)
    ]
    assert venue.queue() == [("a", 100, 3), ("b", 100, 5), ("c", 100, 5)]
    assert venue.apply(Amend(now=1, order_id="a", lots=4))[0][-1] is False
    assert venue.apply(Amend(now=1, order_id="b", limit=99))[0][-1] is False
    assert venue.queue() == [("c", 100, 5), ("a", 100, 4), ("b", 99, 5)]
    assert venue.engine.orders["a"].status is OrderStatus.REPLACED


def test_an_amended_price_may_take_at_once(venue):
    venue.submit("m", "S", 5, 101)
    venue.submit("b", "B", 3, 100)
    assert venue.apply(Amend(now=1, order_id="b", limit=101)) == [
        ("Replaced", "b", 3, 3, 101, 0, False),
        ("Trade", "m", "b", 101, 3),
    ]
    assert list(venue.engine.orders) == ["m"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"order_id": "nobody", "lots": 1}, "UNKNOWN_ORDER"),
        ({"order_id": "b", "lots": 2}, "BELOW_EXECUTED"),
        ({"order_id": "b", "lots": -1}, "BAD_QUANTITY"),
        ({"order_id": "b", "limit": -1}, "BAD_LIMIT"),
        ({"order_id": "b", "stop": 99}, "BAD_STOP"),
        ({"order_id": "maker", "limit": 105}, "WOULD_TAKE"),
    ],
)
def test_amendments_that_cannot_be_are_refused(venue, change, reason):
    """And nothing is changed by them."""
    venue.submit("b", "B", 5, 100)
    venue.submit("s", "S", 2, 100)
    venue.submit("maker", "B", 5, 90, type="LIMIT_MAKER")
    venue.submit("ask", "S", 5, 105)
    before = venue.queue()
    assert venue.apply(Amend(now=1, **change)) == [("Refused", change["order_id"], reason)]
    assert venue.queue() == before


def test_cancel_takes_an_order_from_the_middle_of_its_queue(venue):
    for name in "abc":
        venue.submit(name, "B", 5, 100)
    assert venue.apply(Cancel(now=1, order_id="b")) == [("Cancelled", "b", 5, "BY_OWNER")]
    assert venue.apply(Cancel(now=1, order_id="b")) == [("Refused", "b", "UNKNOWN_ORDER")]
    assert [name for name, _, _ in venue.queue()] == ["a", "c"]


def test_cancel_all_takes_one_owners_orders_wherever_they_stand(venue):
    venue.submit("1", "B", 5, 100, owner="me")
    venue.submit("2", "S", 5, 110, owner="me")
    venue.submit("3", "S", 5, type="STOP", stop=90, owner="me")
    venue.submit("4", "B", 5, 100, owner="you")
    sells = venue.apply(CancelAll(now=1, owner="me", side=OrderSide.SELL))
    assert [event[:2] for event in sells] == [("Cancelled", "2"), ("Cancelled", "3")]
    assert venue.apply(CancelAll(now=1, owner="me")) == [("Cancelled", "1", 5, "CANCEL_ALL")]
    assert list(venue.engine.orders) == ["4"]


def test_time_ends_orders_the_earliest_first_and_before_anything_else(venue):
    venue.submit("day", "S", 5, 100, time_in_force="DAY", now=5)
    venue.submit("gtd", "S", 5, 100, time_in_force="GTD", expire_at=50)
    assert venue.apply(Expire(now=49)) == []
    assert venue.apply(Expire(now=50)) == [("Expired", "gtd", 5)]
    assert venue.submit("t", "B", 5, 100, now=DAY_MS)[0] == ("Expired", "day", 5)
    assert venue.queue() == [("t", 100, 5)]


def test_the_clock_never_goes_back(venue):
    venue.submit("a", "B", 5, 100, now=50)
    (event,) = venue.engine.apply(Cancel(now=10, order_id="a"))
    assert event.at == 50


MODES = {
    "CANCEL_NEWEST": [("Cancelled", "new", 5, "SELF_TRADE")],
    "CANCEL_OLDEST": [
        ("Cancelled", "old", 3, "SELF_TRADE"),
        ("Trade", "other", "new", 100, 5),
    ],
    "CANCEL_BOTH": [
        ("Cancelled", "old", 3, "SELF_TRADE"),
        ("Cancelled", "new", 5, "SELF_TRADE"),
    ],
    "DECREMENT": [
        ("Reduced", "old", 3, 0),
        ("Reduced", "new", 3, 2),
        ("Cancelled", "old", 0, "SELF_TRADE"),
        ("Trade", "other", "new", 100, 2),
        ("Cancelled", "new", 0, "SELF_TRADE"),
    ],
    "ALLOW": [("Trade", "old", "new", 100, 3), ("Trade", "other", "new", 100, 2)],
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("by", ["engine", "order"])
def test_self_trade_prevention(mode, by):
    """By the engine's mode, or by the incoming order's own."""
    venue = Venue(self_trade=SelfTrade(mode)) if by == "engine" else Venue()
    terms = {} if by == "engine" else {"self_trade": SelfTrade(mode)}
    venue.submit("old", "S", 3, 100, owner="me")
    venue.submit("other", "S", 9, 100)
    assert venue.submit("new", "B", 5, 100, owner="me", **terms)[1:] == MODES[mode]


def test_decrement_takes_the_hidden_lots_first(venue):
    venue.submit("old", "S", 10, 100, owner="me", visible=4)
    mode = {"self_trade": SelfTrade.DECREMENT}
    venue.submit("new", "B", 5, 100, owner="me", **mode)
    assert venue.engine.book.asks.depth() == [Depth(100, 4, 1)]
    venue.submit("newer", "B", 2, 100, owner="me", **mode)
    assert venue.engine.book.asks.depth() == [Depth(100, 3, 1)]


def test_a_budget_buys_whole_lots_and_tells_the_rest(venue):
    venue.submit("a", "S", 2, 100)
    venue.submit("b", "S", 9, 110)
    assert venue.submit("t", "B", 0, budget=450)[1:] == [
        ("Trade", "a", "t", 100, 2),
        ("Trade", "b", "t", 110, 2),
        ("Spent", "t", 4, 30),
    ]


def test_a_budget_without_takers_or_too_small_is_cancelled(venue):
    venue.submit("a", "S", 2, 100)
    (_, small) = venue.engine.apply(venue.order("t", "B", 0, budget=99))
    assert (small.reason, small.rest, small.lots) == ("BUDGET_TOO_SMALL", 99, 0)
    *_, big = venue.engine.apply(venue.order("t", "B", 0, budget=350))
    assert (big.reason, big.rest, big.lots) == ("NO_LIQUIDITY", 150, 0)


def test_touched_levels_are_told_once_with_what_they_show_now(venue):
    venue.submit("a", "B", 5, 100)
    venue.submit("b", "B", 5, 99)
    assert venue.engine.book.bids.changes() == [Depth(100, 5, 1), Depth(99, 5, 1)]
    venue.submit("t", "S", 7, 99)
    assert venue.engine.book.bids.changes() == [Depth(100, 0, 0), Depth(99, 3, 1)]
    assert venue.engine.book.bids.changes() == []


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"lots": 0}, "BAD_QUANTITY"),
        ({"lots": -1}, "BAD_QUANTITY"),
        ({"lots": 10**18 + 1}, "BAD_QUANTITY"),
        ({"limit": 0, "type": "LIMIT"}, "BAD_LIMIT"),
        ({"limit": -5}, "BAD_LIMIT"),
        ({"type": "MARKET"}, "BAD_LIMIT"),
        ({"type": "QUOTED"}, "BAD_TYPE"),
        ({"type": "UNKNOWN"}, "BAD_TYPE"),
        ({"side": OrderSide.UNKNOWN}, "BAD_SIDE"),
        ({"time_in_force": "OPG"}, "BAD_TIME_IN_FORCE"),
        ({"type": "LIMIT_MAKER", "time_in_force": "IOC"}, "BAD_TIME_IN_FORCE"),
        ({"budget": 5}, "BAD_BUDGET"),
        ({"type": "MARKET", "limit": 0, "budget": 5}, "BAD_BUDGET"),
        ({"type": "MARKET", "limit": 0, "lots": 0, "budget": -5}, "BAD_BUDGET"),
        ({"stop": 5}, "BAD_STOP"),
        ({"type": "STOP_LIMIT"}, "BAD_STOP"),
        ({"trail": 5}, "BAD_TRAIL"),
        ({"type": "TRAILING_STOP", "limit": 0}, "BAD_TRAIL"),
        ({"protection": 5}, "BAD_PROTECTION"),
        ({"visible": 6}, "BAD_VISIBLE"),
        ({"visible": 2, "time_in_force": "IOC"}, "BAD_VISIBLE"),
        ({"time_in_force": "GTD"}, "BAD_EXPIRE_AT"),
        ({"time_in_force": "GTD", "expire_at": 1, "now": 1}, "BAD_EXPIRE_AT"),
        ({"expire_at": 5}, "BAD_EXPIRE_AT"),
    ],
)
def test_senseless_terms_are_rejected(venue, terms, reason):
    """With the field that is wrong, and nothing is kept."""
    command = msgspec.structs.replace(
        venue.order("o", "B", 5, 100),
        **{key: convert(key, value) for key, value in terms.items()},
    )
    assert venue.apply(command) == [("Rejected", "o", reason)]
    assert venue.engine.orders == {}


def convert(key, value):
    kinds = {"type": OrderType, "time_in_force": TimeInForce}
    return kinds[key](value) if key in kinds else value


def test_an_open_order_id_is_taken_and_the_number_of_orders_is_bounded():
    venue = Venue(max_orders=1)
    venue.submit("a", "B", 5, 100)
    assert venue.submit("a", "B", 5, 100) == [("Rejected", "a", "DUPLICATE_ORDER_ID")]
    assert venue.submit("b", "B", 5, 100) == [("Rejected", "b", "TOO_MANY_ORDERS")]


def test_events_survive_their_encoding(venue):
    events = venue.engine.apply(venue.order("a", "B", 5, 100))
    events += venue.engine.apply(venue.order("b", "S", 9, 100, time_in_force="IOC"))
    assert msgspec.json.decode(msgspec.json.encode(events), type=list[AnyEvent]) == events


def test_a_mark_without_a_price_is_nothing(venue):
    assert venue.apply(Mark(now=1, price=0)) == []
    assert venue.engine.last == 0
