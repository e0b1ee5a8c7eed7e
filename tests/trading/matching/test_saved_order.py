"""Orders written down and had back: a restored engine goes on as if nothing had happened."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.models import ContingencyType, OrderSide, OrderStatus, OrderType, TimeInForce
from cadenza.trading.matching.book import Depth
from cadenza.trading.matching.commands import Amend, Cancel, Expire, Mark, Submit, SubmitList
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import Trade
from cadenza.trading.matching.order import DAY_MS
from cadenza.trading.matching.saved_order import RestoreError, SavedOrder, saved_of
from support.trading.naive_matching import ANY, LOTS, OWNERS, PRICES, limits, submits

IDS = st.builds(str.__add__, st.integers(0, 40).map(str), st.sampled_from(["", "a", "b", "c"]))


@st.composite
def lists(draw):
    """An order list that is mostly sound: an entry and what it holds, or two rivals."""
    kind = draw(st.sampled_from(list(ContingencyType)))
    side = draw(st.sampled_from([OrderSide.BUY, OrderSide.SELL]))
    profit = msgspec.structs.replace(draw(limits()), side=side)
    loss = Submit(
        now=0, order_id="", owner="", side=side, type=OrderType.STOP, lots=draw(LOTS),
        stop=draw(PRICES),
    )  # fmt: skip
    entry = draw(st.one_of(limits(), submits()))
    orders = {
        ContingencyType.OCO: (profit, loss),
        ContingencyType.OTO: (entry, draw(submits())),
        ContingencyType.OTOCO: (entry, profit, loss),
    }[kind]
    return SubmitList(now=0, list_id=draw(st.sampled_from("xy")), contingency=kind, orders=orders)


COMMANDS = st.one_of(
    ANY,
    ANY,
    limits(),
    lists(),
    st.builds(Cancel, now=st.just(0), order_id=IDS),
    st.builds(Amend, now=st.just(0), order_id=IDS, lots=st.integers(0, 12)),
)
STEPS = st.lists(
    st.tuples(COMMANDS, st.sampled_from([0, 1, 1, 7]), OWNERS, st.integers(0, 3)),
    min_size=5,
    max_size=40,
)
SOUND = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def numbered(number, now, command, owner):
    """The command with its time, and with ids and owner where it has orders."""
    replace = msgspec.structs.replace
    if isinstance(command, SubmitList):
        orders = tuple(
            replace(one, order_id=f"{number}{letter}", owner=owner, now=now, expire_at=until)
            for letter, one in zip("abc", command.orders, strict=False)
            for until in [now + one.expire_at if one.expire_at else 0]
        )
        return replace(command, now=now, orders=orders)
    if isinstance(command, Submit):
        until = now + command.expire_at if command.expire_at else 0
        return replace(command, now=now, order_id=str(number), expire_at=until)
    return replace(command, now=now)


def note(kept, engine, events):
    """Keep what a store keeps: the orders that events name, and the stops that moved."""
    named = {order.order_id for order in engine.moved()}
    for event in events:
        named |= {event.maker_id, event.taker_id} if isinstance(event, Trade) else {event.order_id}
    for order_id in named:
        if order_id in engine.orders:
            kept[order_id] = saved_of(engine.orders[order_id])
        else:
            kept.pop(order_id, None)


def after_restart(engine, kept, seed=0):
    """A fresh engine with the orders of another, which went through their encoding unordered."""
    saved = msgspec.json.decode(msgspec.json.encode(list(kept.values())), type=list[SavedOrder])
    assert saved == list(kept.values())
    random.Random(seed).shuffle(saved)
    fresh = MatchingEngine(first_trade_id=engine.next_trade_id)
    fresh.restore(saved, last=engine.last, now=engine.now)
    return fresh


def stands(engine):
    """All that an engine has, but for the numbers that only order it."""
    book = [
        [(o.order_id, o.limit, o.leaves, o.shown, o.status) for level in side for o in level]
        for side in (engine.book.bids, engine.book.asks)
    ]
    depths = [engine.book.bids.depth(), engine.book.asks.depth()]
    return book, depths, [(o.order_id, o.stop) for o in engine.stops.orders()], set(engine.orders)


@SOUND
@given(STEPS)
def test_an_engine_that_restarts_now_and_then_tells_the_same(steps):
    """To every command, byte for byte, from what a store has that only listens to events."""
    steady, restarted, kept, now = MatchingEngine(), MatchingEngine(), {}, 0
    for number, (command, step, owner, pause) in enumerate(steps):
        now += step
        command = numbered(number, now, command, owner)  # noqa: PLW2901 - the same, completed
        expected = steady.apply(command)
        events = restarted.apply(command)
        assert msgspec.json.encode(events) == msgspec.json.encode(expected)
        note(kept, restarted, events)
        assert set(kept) == set(restarted.orders)
        if pause == 0:
            restarted = after_restart(restarted, kept, seed=number)
        assert stands(restarted) == stands(steady)


def order(order_id, side, lots, limit=0, **terms):
    side = OrderSide.BUY if side == "B" else OrderSide.SELL
    kind = OrderType(terms.pop("type", "LIMIT"))
    owner = terms.pop("owner", "me")
    return Submit(
        now=0, order_id=order_id, owner=owner, side=side, type=kind, lots=lots, limit=limit, **terms
    )


def oco(*orders):
    return SubmitList(now=0, list_id="l", contingency=ContingencyType.OCO, orders=orders)


def restart(engine):
    return after_restart(engine, {name: saved_of(one) for name, one in engine.orders.items()})


def names(side):
    return [one.order_id for level in side for one in level]


def test_an_iceberg_queues_where_its_last_part_was_shown():
    """The rank is of the part, not of the order; who comes later queues behind it."""
    engine = MatchingEngine()
    for terms in [("ice", "S", 6, 100, 2), ("a", "S", 2, 100, 0), ("b", "S", 2, 100, 0)]:
        engine.apply(order(*terms[:4], visible=terms[4]))
    engine.apply(order("t", "B", 2, 100, owner="you"))
    again = restart(restart(engine))
    again.apply(order("c", "S", 1, 100))
    again = restart(again)
    assert names(again.book.asks) == ["a", "b", "ice", "c"]
    assert again.orders["ice"].shown == 2
    assert again.orders["ice"].status is OrderStatus.PARTIALLY_FILLED


def test_who_comes_after_a_restart_queues_behind_records_from_before_it():
    """Nothing happened to those, so nobody wrote them down again: their ranks still hold."""
    engine, kept = MatchingEngine(), {}
    for name in "abcd":
        note(kept, engine, engine.apply(order(name, "B", 1, 100)))
    for name in "ab":
        note(kept, engine, engine.apply(Cancel(now=0, order_id=name)))
    again = after_restart(engine, kept)
    note(kept, again, again.apply(order("e", "B", 1, 100)))
    assert names(after_restart(again, kept).book.bids) == ["c", "d", "e"]


def test_a_trailing_stop_stands_where_it_was_and_the_move_was_told():
    engine = MatchingEngine()
    engine.apply(Mark(now=0, price=100))
    engine.apply(order("w", "S", 1, type="TRAILING_STOP", trail=5))
    assert [one.order_id for one in engine.moved()] == ["w"]
    engine.apply(Mark(now=0, price=110))
    assert [saved_of(one).stop for one in engine.moved()] == [105]
    assert engine.apply(Mark(now=0, price=107)) == []
    assert engine.moved() == []
    again = restart(engine)
    assert again.orders["w"].stop == 105
    assert again.moved() == []
    assert again.apply(Mark(now=0, price=105))[0].order_id == "w"
    assert again.moved() == []


def test_the_survivor_of_an_oco_has_no_list_any_more():
    engine = MatchingEngine()
    engine.apply(oco(order("profit", "S", 5, 110), order("loss", "S", 5, type="STOP", stop=90)))
    both = {name: saved_of(one) for name, one in engine.orders.items()}
    assert [(one.list_id, one.leg) for one in both.values()] == [("l", 0), ("l", 1)]
    engine.apply(order("t", "B", 1, 110, owner="you"))
    alone = saved_of(engine.orders["profit"])
    assert (alone.list_id, alone.contingency, alone.leg) == ("", None, 0)
    assert restart(engine).orders["profit"].order_list is None


def test_two_lists_of_one_name_stay_two():
    engine = MatchingEngine()
    for number in "12":
        loss = order(f"loss{number}", "S", 5, type="STOP", stop=90)
        engine.apply(oco(order(f"profit{number}", "S", 5, 110), loss))
    again = restart(engine)
    again.apply(Cancel(now=0, order_id="loss2"))
    assert set(again.orders) == {"profit1", "loss1"}


def test_what_fell_due_meanwhile_ends_with_the_first_command():
    engine = MatchingEngine()
    engine.apply(order("gtd", "B", 1, 100, time_in_force=TimeInForce.GTD, expire_at=50))
    engine.apply(order("day", "B", 1, 100, time_in_force=TimeInForce.DAY))
    again = restart(engine)
    assert set(again.orders) == {"gtd", "day"}
    assert [event.order_id for event in again.apply(Expire(now=DAY_MS))] == ["gtd", "day"]
    assert again.apply(Expire(now=DAY_MS + 1)) == []


def test_to_the_market_the_whole_book_is_new():
    engine = MatchingEngine()
    engine.apply(order("a", "B", 5, 100))
    engine.apply(order("b", "B", 5, 99))
    engine.book.bids.changes()
    assert restart(engine).book.bids.changes() == [Depth(100, 5, 1), Depth(99, 5, 1)]


def saved(order_id="a", side="B", limit=100, sequence=1, **changes):
    """A sound order of the book, changed."""
    made = SavedOrder(
        terms=order(order_id, side, 5, limit), sequence=sequence, queued=sequence,
        status=OrderStatus.ACCEPTED, place="book", lots=5, leaves=5, shown=5, limit=limit,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def part(kind, leg, **changes):
    """A part of a list whose first order was the tenth of its engine."""
    contingency = ContingencyType(kind)
    sequence = 10 + leg
    return saved(f"leg{leg}", sequence=sequence, contingency=contingency, leg=leg, **changes)


HELD = {"place": "held", "queued": 0}
STOP = {"terms": order("leg1", "B", 5, type="STOP", stop=110), "stop": 110, "place": "stops"}
UNSOUND = {
    "an id is there twice": [saved(), saved(sequence=2, limit=99)],
    "two orders are number 1": [saved(), saved("b", limit=99)],
    "two orders have one place in a queue": [saved(), saved("b", sequence=2, queued=1)],
    "the book would be crossed": [saved(), saved("b", "S", sequence=2)],
    "no MARKET order is GTX": [
        saved(terms=order("a", "B", 5, type="MARKET", time_in_force=TimeInForce.GTX))
    ],
    "no order was accepted as number 0": [saved(sequence=0)],
    "it has no side": [
        saved(terms=msgspec.structs.replace(order("a", "B", 5, 1), side=OrderSide.UNKNOWN))
    ],
    'no open order stands in "gone"': [saved(place="gone")],
    "it is FILLED": [saved(status=OrderStatus.FILLED)],
    "it has a negative quantity": [saved(executed=-1, leaves=6)],
    "what is left, executed and cancelled is not": [saved(executed=1)],
    "nothing is left of it": [saved(leaves=0, executed=5)],
    "it cannot rest in the book": [saved(queued=0)],
    "it shows 6 of 5 lots": [saved(shown=6)],
    "it has no trigger price": [saved(place="stops")],
    "it is held by no other order": [saved(place="held")],
    "is of two kinds": [part("OTO", 0), part("OTOCO", 1, **HELD)],
    "has more orders than": [part("OTO", 0), part("OTO", 3, **HELD)],
    "has two owners": [
        part("OTO", 0),
        part("OTO", 1, terms=order("b", "B", 5, 100, owner="you"), **HELD),
    ],
    "lacks the order that would set": [part("OTO", 1, **HELD)],
    "holds what it should not": [part("OTO", 0), part("OTO", 1)],
    "lacks one of the two": [part("OCO", 1, **STOP)],
    "(leg1)": [part("OTOCO", 1)],
    "(leg0, leg1)": [part("OTOCO", 0), part("OTOCO", 1, **HELD)],
}


@pytest.mark.parametrize("fault", UNSOUND)
def test_orders_that_cannot_stand_are_not_restored(fault):
    """The error says why, and nothing of them is kept."""
    engine = MatchingEngine()
    with pytest.raises(RestoreError) as caught:
        engine.restore(UNSOUND[fault])
    assert fault in str(caught.value)
    assert caught.value.order_ids
    assert engine.orders == {}
    assert engine.apply(order("a", "B", 5, 100))


def test_only_a_fresh_engine_takes_orders_back():
    engine = MatchingEngine()
    engine.restore([saved()])
    with pytest.raises(RestoreError, match="in use"):
        engine.restore([saved("b", sequence=2)])
    assert set(engine.orders) == {"a"}


def test_a_first_order_whose_held_ones_are_gone_stands_alone():
    """The record of it may be older than their end, which does not concern it."""
    engine = MatchingEngine()
    engine.restore([part("OTOCO", 0)])
    assert engine.orders["leg0"].order_list is None
