"""The matching engine against a naive one, under random commands: same trades, same book."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from cadenza.models import TimeInForce
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
from cadenza.trading.matching.events import (
    Accepted,
    Cancelled,
    Expired,
    Reduced,
    Replaced,
    Spent,
    Trade,
)
from cadenza.trading.matching.rules import SHAPES
from support.trading.naive_matching import QUICK, STREAMS, Naive


def book_of(side):
    return [(o.order_id, o.limit, o.leaves, o.shown) for level in side for o in level]


@QUICK
@given(STREAMS)
def test_trades_book_and_priority_equal_the_naive_ones(commands):
    """After every command: the same trades, the same queues, the same waiting orders."""
    engine, naive = MatchingEngine(), Naive()
    for command in commands:
        naive.trades.clear()
        naive.apply(command)
        events = engine.apply(command)
        trades = [e for e in events if isinstance(e, Trade)]
        assert [(t.price, t.lots, t.maker_id, t.taker_id) for t in trades] == naive.trades
        assert book_of(engine.book.bids) == naive.book(buy=True)
        assert book_of(engine.book.asks) == naive.book(buy=False)
        waiting = sorted(naive.waiting, key=lambda o: o.number)
        assert [(o.order_id, o.stop) for o in engine.stops.orders()] == [
            (o.id, o.stop) for o in waiting
        ]
        assert engine.last == naive.last


@QUICK
@given(STREAMS)
def test_the_book_is_sound_after_every_command(commands):
    """Never crossed, levels and best prices true, no order without something left."""
    engine = MatchingEngine()
    for command in commands:
        engine.apply(command)
        assert not engine.book.is_crossed()
        for order in engine.orders.values():
            assert order.leaves + order.executed + order.cancelled == order.lots
            assert order.leaves > 0
        for side in (engine.book.bids, engine.book.asks):
            assert side.best is next(iter(side), None)
            for level in side:
                assert level.lots == sum(order.shown for order in level) > 0


@QUICK
@given(STREAMS)
def test_nothing_is_lost(commands):
    """By the events alone: every lot of an order is executed, cancelled, or still there."""
    engine = MatchingEngine()
    events = [event for command in commands for event in engine.apply(command)]
    accepted = {event.order_id for event in events if isinstance(event, Accepted)}
    executed, cancelled = Counter(), Counter()
    for event in events:
        if isinstance(event, Trade):
            executed.update({event.maker_id: event.lots, event.taker_id: event.lots})
        elif isinstance(event, Reduced | Cancelled | Expired):
            cancelled[event.order_id] += event.lots
    quantities = {c.order_id: c.lots for c in commands if isinstance(c, Submit) and c.lots}
    quantities |= {event.order_id: event.lots for event in events if isinstance(event, Replaced)}
    for order_id in accepted & set(quantities):
        order = engine.orders.get(order_id)
        leaves = order.leaves if order else 0
        assert leaves + executed[order_id] + cancelled[order_id] == quantities[order_id]
    ends = [e.order_id for e in events if isinstance(e, Cancelled | Expired | Spent)]
    assert len(ends) == len(set(ends))
    assert not set(ends) & set(engine.orders)


@QUICK
@given(STREAMS, st.lists(st.integers(1, 5), min_size=1))
def test_told_changes_make_a_copy_of_the_book(commands, pauses):
    """Whoever applies them, whenever it asks, has the book's levels."""
    engine, copies = MatchingEngine(), {"bids": {}, "asks": {}}
    for number, command in enumerate(commands):
        engine.apply(command)
        if number % pauses[number % len(pauses)]:
            continue
        for name, levels in copies.items():
            side = getattr(engine.book, name)
            for depth in side.changes():
                levels[depth.ticks] = depth
                if not depth.lots:
                    del levels[depth.ticks]
            assert levels == {depth.ticks: depth for depth in side.depth()}


def replay(commands):
    engine = MatchingEngine()
    return [event for command in commands for event in engine.apply(command)]


@QUICK
@given(STREAMS)
def test_the_same_commands_give_the_same_bytes(commands):
    """Also after the commands went through a journal."""
    journal = msgspec.json.encode(commands)
    again = msgspec.json.decode(
        journal, type=list[Submit | Cancel | Amend | CancelAll | Expire | Mark]
    )
    assert again == commands
    assert msgspec.json.encode(replay(again)) == msgspec.json.encode(replay(commands))


@QUICK
@given(STREAMS)
def test_no_owner_trades_with_itself_unless_it_says_so(commands):
    """Only ALLOW lets it."""
    modes = {c.order_id: c.self_trade for c in commands if isinstance(c, Submit)}
    for event in replay(commands):
        if isinstance(event, Trade) and event.maker_owner == event.taker_owner:
            assert modes[event.taker_id] is SelfTrade.ALLOW


@QUICK
@given(STREAMS)
def test_all_or_nothing_and_post_only_hold(commands):
    """A FOK order trades its whole quantity or none; a post-only order is never the taker."""
    terms = {c.order_id: c for c in commands if isinstance(c, Submit)}
    taken = {}
    for event in replay(commands):
        if isinstance(event, Trade):
            taken[event.taker_id] = taken.get(event.taker_id, 0) + event.lots
    amended = {c.order_id for c in commands if isinstance(c, Amend)}
    for order_id, lots in taken.items():
        order = terms[order_id]
        assert not SHAPES[order.type, order.time_in_force].post_only
        if order.time_in_force is TimeInForce.FOK and order.lots and order_id not in amended:
            assert lots == order.lots
