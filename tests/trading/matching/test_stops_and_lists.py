"""Orders that wait: for a price, or for another order of their list."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.models import ContingencyType, OrderSide, OrderType, TimeInForce
from cadenza.trading.matching.commands import Amend, Cancel, Expire, Mark, Submit, SubmitList
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import Cancelled, Rejected, Trade


def order(order_id, side, lots, kind, **terms):
    terms = {"now": 0, "owner": order_id} | terms
    side = OrderSide.BUY if side == "B" else OrderSide.SELL
    return Submit(order_id=order_id, side=side, lots=lots, type=OrderType(kind), **terms)


def orders_of(contingency, *orders, **terms):
    orders = tuple(msgspec.structs.replace(one, owner="me") for one in orders)
    kind = ContingencyType(contingency)
    return SubmitList(now=0, list_id="list", contingency=kind, orders=orders, **terms)


class Venue:
    """An engine with a last price, whose answers are short."""

    def __init__(self):
        self.engine = MatchingEngine()

    def apply(self, command):
        return [told(event) for event in self.engine.apply(command)]

    def submit(self, *args, **terms):
        return self.apply(order(*args, **terms))

    def trade_at(self, *prices):
        """Let two strangers trade one lot at each price; returns what else happens."""
        found = []
        for price in prices:
            self.submit("stranger", "S", 1, "LIMIT", limit=price)
            found += self.submit("other", "B", 1, "LIMIT", limit=price)[2:]
        return found


def told(event):
    name = type(event).__name__
    if isinstance(event, Trade):
        return (name, event.maker_id, event.taker_id, event.price, event.lots)
    if isinstance(event, Cancelled | Rejected):
        return (name, event.order_id, event.reason.value)
    return (name, event.order_id)


@pytest.fixture
def venue():
    return Venue()


WAITING = [
    ("STOP", "S", [101, 99], 98),
    ("STOP", "B", [99, 101], 102),
    ("STOP_LOSS", "S", [101], 99),
    ("TAKE_PROFIT", "S", [99], 101),
    ("TAKE_PROFIT", "B", [101], 99),
]


@pytest.mark.parametrize(("kind", "side", "calm", "price"), WAITING)
def test_a_trigger_is_reached_from_its_side(venue, kind, side, calm, price):
    """At its price or beyond, and by the last trade only."""
    venue.trade_at(100)
    stop = {98: 98, 102: 102}.get(price, 100 + (price > 100) - (price < 100))
    assert venue.submit("w", side, 1, kind, stop=stop) == [("Accepted", "w")]
    assert venue.trade_at(*calm) == []
    assert venue.trade_at(price) == [("Triggered", "w"), ("Cancelled", "w", "NO_LIQUIDITY")]


def test_a_trigger_that_is_reached_already_goes_at_once(venue):
    venue.trade_at(100)
    assert venue.submit("w", "S", 1, "STOP", stop=100)[:2] == [
        ("Accepted", "w"),
        ("Triggered", "w"),
    ]


def test_before_the_first_trade_nothing_triggers(venue):
    assert venue.submit("w", "S", 1, "STOP", stop=100) == [("Accepted", "w")]


def test_a_stop_limit_rests_once_triggered(venue):
    venue.submit("w", "S", 5, "STOP_LIMIT", stop=99, limit=98)
    assert venue.trade_at(99) == [("Triggered", "w")]
    assert venue.engine.book.asks.best.ticks == 98


def test_a_triggered_post_only_order_that_would_take_is_cancelled(venue):
    venue.submit("bid", "B", 5, "LIMIT", limit=98)
    venue.submit("w", "S", 5, "STOP_LIMIT", stop=99, limit=98, time_in_force=TimeInForce.GTX)
    assert venue.trade_at(99) == [("Triggered", "w"), ("Cancelled", "w", "WOULD_TAKE")]


def test_one_stop_can_set_off_the_next(venue):
    """A cascade ends before the command does."""
    for price in (98, 97, 96):
        venue.submit(f"bid{price}", "B", 1, "LIMIT", limit=price)
    venue.submit("second", "S", 1, "STOP", stop=98)
    venue.submit("first", "S", 1, "STOP", stop=99)
    assert venue.trade_at(99) == [
        ("Triggered", "first"),
        ("Trade", "bid98", "first", 98, 1),
        ("Triggered", "second"),
        ("Trade", "bid97", "second", 97, 1),
    ]


def test_what_one_sweep_triggers_goes_in_order_of_acceptance(venue):
    venue.submit("ask1", "S", 1, "LIMIT", limit=101)
    venue.submit("ask2", "S", 1, "LIMIT", limit=102)
    venue.submit("later trigger", "B", 1, "STOP", stop=102)
    venue.submit("sooner trigger", "B", 1, "STOP", stop=101)
    events = venue.submit("t", "B", 2, "MARKET")
    triggered = [event[1] for event in events if event[0] == "Triggered"]
    assert triggered == ["later trigger", "sooner trigger"]


def test_the_first_price_of_a_sweep_triggers_as_well_as_the_last(venue):
    """A sweep that starts beyond the trigger and ends before it has reached it."""
    venue.trade_at(90)
    venue.submit("bid95", "B", 1, "LIMIT", limit=95)
    venue.submit("bid94", "B", 1, "LIMIT", limit=94)
    venue.submit("w", "B", 1, "STOP", stop=95)
    assert ("Triggered", "w") in venue.submit("t", "S", 2, "MARKET")


def test_a_trailing_sell_follows_upwards_only(venue):
    venue.trade_at(100)
    venue.submit("w", "S", 1, "TRAILING_STOP", trail=3)
    waiting = venue.engine.orders["w"]
    assert waiting.stop == 97
    assert venue.trade_at(105, 103) == []
    assert waiting.stop == 102
    assert venue.trade_at(102)[0] == ("Triggered", "w")


def test_a_trailing_buy_starts_with_the_first_trade_it_sees(venue):
    venue.submit("w", "B", 1, "TRAILING_STOP", trail=3)
    assert venue.engine.orders["w"].stop == 0
    assert venue.trade_at(100, 90, 92) == []
    assert venue.trade_at(93)[0] == ("Triggered", "w")


def test_an_amended_trailing_stop_goes_on_from_where_it_was(venue):
    venue.trade_at(100)
    venue.submit("w", "S", 5, "TRAILING_STOP", trail=3)
    assert venue.apply(Amend(now=0, order_id="w", lots=2)) == [("Replaced", "w")]
    assert venue.trade_at(101) == []
    assert venue.engine.orders["w"].stop == 98
    assert venue.trade_at(98)[0] == ("Triggered", "w")


def test_a_trade_elsewhere_triggers_too(venue):
    venue.submit("w", "B", 1, "STOP", stop=102)
    assert venue.apply(Mark(now=0, price=103))[0] == ("Triggered", "w")


def test_an_amended_stop_waits_for_its_new_price(venue):
    venue.trade_at(100)
    venue.submit("w", "S", 1, "STOP", stop=95)
    assert venue.apply(Amend(now=0, order_id="w", stop=98)) == [("Replaced", "w")]
    assert venue.trade_at(98)[0] == ("Triggered", "w")


def test_a_waiting_order_can_be_cancelled_and_can_expire(venue):
    until = {"time_in_force": TimeInForce.GTD, "expire_at": 10}
    venue.submit("a", "S", 1, "STOP", stop=95)
    venue.submit("b", "S", 1, "TRAILING_STOP", trail=5, **until)
    assert venue.apply(Cancel(now=0, order_id="a")) == [("Cancelled", "a", "BY_OWNER")]
    assert venue.apply(Expire(now=10)) == [("Expired", "b")]
    assert not venue.engine.stops


PROFIT = order("profit", "S", 5, "LIMIT", limit=110)
LOSS = order("loss", "S", 5, "STOP", stop=90)
ENTRY = order("entry", "B", 5, "LIMIT", limit=100)
GONE = [("Cancelled", "loss", "ORDER_LIST")]


@pytest.mark.parametrize(
    ("command", "last"),
    [
        (order("x", "B", 1, "LIMIT", limit=110), ("Cancelled", "loss", "ORDER_LIST")),
        (Mark(now=0, price=90), ("Cancelled", "loss", "NO_LIQUIDITY")),
        (Cancel(now=0, order_id="loss"), ("Cancelled", "profit", "ORDER_LIST")),
        (Cancel(now=0, order_id="profit"), ("Cancelled", "loss", "ORDER_LIST")),
    ],
    ids=["a part traded", "triggered", "stop cancelled", "limit cancelled"],
)
def test_of_an_oco_one_ends_when_the_other_trades_triggers_or_ends(venue, command, last):
    venue.apply(orders_of("OCO", PROFIT, LOSS))
    events = venue.apply(command)
    assert events[-1] == last
    assert {"profit", "loss"} - set(venue.engine.orders) >= {"loss"}
    assert not venue.engine.stops


def test_of_an_oco_that_takes_at_once_only_one_is_left(venue):
    venue.submit("bid", "B", 2, "LIMIT", limit=110)
    assert venue.apply(orders_of("OCO", PROFIT, LOSS)) == [
        ("Accepted", "profit"),
        ("Accepted", "loss"),
        ("Trade", "bid", "profit", 110, 2),
        *GONE,
    ]
    assert venue.engine.orders["profit"].leaves == 3


def test_an_oto_frees_its_held_order_when_the_first_is_filled(venue):
    venue.apply(orders_of("OTO", ENTRY, PROFIT))
    assert venue.submit("s", "S", 4, "LIMIT", limit=100)[-1][0] == "Trade"
    assert len(venue.engine.book.asks) == 0
    assert venue.submit("s", "S", 1, "LIMIT", limit=100)[-1] == ("Released", "profit")
    assert venue.engine.book.asks.best.ticks == 110


def test_an_oto_whose_first_order_ends_takes_the_held_one_along(venue):
    venue.apply(orders_of("OTO", ENTRY, PROFIT))
    assert venue.apply(Cancel(now=0, order_id="entry")) == [
        ("Cancelled", "entry", "BY_OWNER"),
        ("Cancelled", "profit", "ORDER_LIST"),
    ]
    assert venue.engine.orders == {}


def test_an_otoco_is_an_entry_with_profit_and_loss(venue):
    venue.apply(orders_of("OTOCO", ENTRY, PROFIT, LOSS))
    assert venue.submit("s", "S", 5, "LIMIT", limit=100)[2:] == [
        ("Released", "profit"),
        ("Released", "loss"),
    ]
    assert venue.submit("b", "B", 5, "LIMIT", limit=110)[1:] == [
        ("Trade", "profit", "b", 110, 5),
        *GONE,
    ]
    assert venue.engine.orders == {}


def test_a_held_order_can_be_amended_and_cancelled(venue):
    venue.apply(orders_of("OTO", ENTRY, PROFIT))
    assert venue.apply(Amend(now=0, order_id="profit", limit=120)) == [("Replaced", "profit")]
    venue.submit("s", "S", 5, "LIMIT", limit=100)
    assert venue.engine.book.asks.best.ticks == 120


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        (("OCO", PROFIT), "BAD_LIST"),
        (("OCO", PROFIT, PROFIT), "DUPLICATE_ORDER_ID"),
        (("OCO", PROFIT, ENTRY), "BAD_LIST"),
        (("OCO", PROFIT, order("x", "S", 5, "LIMIT", limit=120)), "BAD_LIST"),
        (("OCO", order("x", "S", 5, "MARKET"), LOSS), "BAD_LIST"),
        (("OTOCO", ENTRY, PROFIT), "BAD_LIST"),
        (("OTO", ENTRY, order("x", "S", 5, "LIMIT")), "LIST_REJECTED"),
    ],
)
def test_a_list_is_accepted_as_a_whole_or_not_at_all(venue, orders, reason):
    events = venue.apply(orders_of(*orders))
    assert events[0] == ("Rejected", orders[1].order_id, reason)
    assert {event[0] for event in events} == {"Rejected"}
    assert venue.engine.orders == {}


def test_orders_of_a_list_have_one_owner(venue):
    """Else one could end another's order."""
    mixed = msgspec.structs.replace(orders_of("OCO", PROFIT, LOSS), orders=(PROFIT, LOSS))
    assert [event[2] for event in venue.apply(mixed)] == ["BAD_LIST", "BAD_LIST"]


def test_a_post_only_order_of_a_list_is_judged_when_it_is_matched(venue):
    """The entry now; what is held, when it is released."""
    maker = order("profit", "S", 5, "LIMIT_MAKER", limit=99)
    venue.submit("bid", "B", 9, "LIMIT", limit=99)
    events = venue.apply(orders_of("OTO", ENTRY, maker))
    assert {event[0] for event in events} == {"Accepted"}
    assert venue.submit("s", "S", 5, "LIMIT", limit=100)[2:] == [
        ("Released", "profit"),
        ("Cancelled", "profit", "WOULD_TAKE"),
    ]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["OCO", "OTO", "OTOCO", "one", "one", "mark", "cancel"]),
            st.sampled_from("BS"),
            st.integers(1, 9),
            st.integers(95, 105),
            st.integers(95, 105),
        ),
        max_size=40,
    )
)
def test_rivals_never_both_trade_and_held_orders_never_come_first(steps):
    """Under any sequence of lists, single orders, marks and cancels."""
    engine, rivals, firsts, lots_of, traded = MatchingEngine(), [], {}, {}, Counter()
    for number, (kind, side, lots, price, stop) in enumerate(steps):
        a, b, c = (f"{number}{name}" for name in "abc")
        limit = order(a, side, lots, "LIMIT", limit=price)
        held = order(b, "S" if side == "B" else "B", lots, "LIMIT", limit=stop)
        stops = order(c, "S" if side == "B" else "B", lots, "STOP", stop=price)
        command = limit
        if kind == "OCO":
            command = orders_of("OCO", held, stops)
            rivals.append((b, c))
        elif kind in ("OTO", "OTOCO"):
            command = orders_of(kind, limit, held, stops)
            firsts |= {b: a, c: a}
            lots_of[a] = lots
            rivals += [(b, c)] if kind == "OTOCO" else []
        elif kind == "mark":
            command = Mark(now=0, price=price)
        elif kind == "cancel":
            command = Cancel(now=0, order_id=f"{number - lots}b")
        for event in engine.apply(command):
            if isinstance(event, Trade):
                traded.update({event.maker_id: event.lots, event.taker_id: event.lots})
                for name in {event.maker_id, event.taker_id} & set(firsts):
                    assert traded[firsts[name]] == lots_of[firsts[name]]
        assert not engine.book.is_crossed()
    assert not [pair for pair in rivals if traded[pair[0]] and traded[pair[1]]]
