"""A mirrored venue under random commands, books, trades and gaps: what always holds."""

from __future__ import annotations

import logging
from collections import Counter

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.market.errors import BookFaultError
from cadenza.models import ContingencyType, OrderSide, OrderType
from cadenza.trading.matching.commands import CancelAll, Submit, SubmitList
from cadenza.trading.matching.events import Accepted, Cancelled, Expired, Replaced, Trade
from cadenza.trading.matching.order import BOOK, MOVING
from cadenza.trading.matching.saved_order import SavedOrder, saved_of
from cadenza.trading.mirrored.queue import UNMEASURED
from support.trading.mirrored_venue import SIDES, Mirrored
from support.trading.naive_matching import ANY, PRICES, limits, submits

SOUND = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _no_warnings_of_stale_books(caplog):
    caplog.set_level(logging.ERROR, logger="cadenza.market.market")


@st.composite
def lists(draw):
    """An entry and what it holds, or two rivals; mostly sound."""
    kind = draw(st.sampled_from(list(ContingencyType)))
    side = draw(st.sampled_from([OrderSide.BUY, OrderSide.SELL]))
    profit = msgspec.structs.replace(draw(limits()), side=side)
    loss = Submit(
        now=0, order_id="", owner="", side=side, type=OrderType.STOP, lots=5, stop=draw(PRICES)
    )
    orders = {
        ContingencyType.OCO: (profit, loss),
        ContingencyType.OTO: (draw(submits()), draw(submits())),
        ContingencyType.OTOCO: (draw(limits()), profit, loss),
    }[kind]
    return SubmitList(now=0, list_id="l", contingency=kind, orders=orders)


LEVELS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 20)), max_size=4)
"""Distances from the middle, and lots."""

BOOKS = st.tuples(st.just("book"), st.integers(96, 104), LEVELS, LEVELS)
FEED = st.one_of(
    BOOKS,
    st.tuples(st.just("fresh"), st.integers(96, 104), LEVELS, LEVELS),
    st.tuples(st.just("trade"), st.sampled_from("BS"), PRICES, st.integers(0, 30)),
    st.tuples(st.just("gap")),
)
STEPS = st.lists(
    st.tuples(st.one_of(ANY, limits(), lists(), FEED, FEED), st.sampled_from([0, 1, 7])),
    min_size=5,
    max_size=50,
)


class World:
    """A mirrored venue that is told anything, and keeps what a store would keep."""

    def __init__(self):
        self.venue = Mirrored([(98, 5), (97, 9)], [(102, 5), (103, 9)])
        self.engine = self.venue.engine
        self.number = 0
        self.events = []
        self.kept = {}
        self.quantities = {}

    def do(self, step, pause):
        self.number += 1
        self.venue.now += pause
        if isinstance(step, tuple):
            self.tell(*step, at=self.venue.at + min(pause, 1))
            events = self.venue.events
        else:
            events = self.engine.apply(self.numbered(step))
        self.events += events
        self.note(events)

    def tell(self, kind, *told, at):
        venue = self.venue
        venue.events = []
        try:
            if kind == "trade":
                venue.trade(*told, at=at)
            elif kind == "gap":
                venue.gap()
            else:
                middle, bids, asks = told
                deliver = venue.snapshot if kind == "fresh" else venue.diff
                deliver(
                    [(middle - away, lots) for away, lots in bids],
                    [(middle + away, lots) for away, lots in asks],
                    at=at,
                )
        except BookFaultError:
            venue.take()

    def numbered(self, command):
        replace, now = msgspec.structs.replace, self.venue.now
        if isinstance(command, SubmitList):
            orders = tuple(
                self.named(one, f"{self.number}{letter}", owner="A")
                for letter, one in zip("abc", command.orders, strict=False)
            )
            return replace(command, now=now, orders=orders)
        if isinstance(command, Submit):
            return self.named(command, str(self.number))
        if isinstance(command, CancelAll) and command.side:
            return replace(command, now=now, side=SIDES[command.side])
        return replace(command, now=now)

    def named(self, terms, order_id, **others):
        now = self.venue.now
        until = now + terms.expire_at if terms.expire_at else 0
        self.quantities[order_id] = terms.lots
        return msgspec.structs.replace(terms, now=now, order_id=order_id, expire_at=until, **others)

    def note(self, events):
        """Keep the orders that events name, and the stops that moved."""
        named = {order.order_id for order in self.engine.moved()}
        for event in events:
            is_trade = isinstance(event, Trade)
            named |= {event.maker_id, event.taker_id} if is_trade else {event.order_id}
        for order_id in named - {""}:
            if order_id in self.engine.orders:
                self.kept[order_id] = saved_of(self.engine.orders[order_id])
            else:
                self.kept.pop(order_id, None)

    def check(self):
        engine = self.engine
        resting = set()
        for order in engine.orders.values():
            assert order.place is not MOVING
            assert order.leaves > 0 or order.budget
            assert order.leaves + order.executed + order.cancelled == order.lots
            assert 0 <= order.ahead <= UNMEASURED
            if order.place is BOOK:
                resting.add(order.order_id)
        assert engine._queue.keys() == resting
        assert set(self.kept) == set(engine.orders)
        for side in (engine.book.bids, engine.book.asks):
            assert side.best is next(iter(side), None)
            for level in side:
                assert level.lots == sum(order.shown for order in level) > 0
        if not engine.mirror.is_stale:
            self.check_nothing_is_left_lying()

    def check_nothing_is_left_lying(self):
        """What rests would have been filled if there were something for it."""
        engine = self.engine
        for is_buy, side in ((True, engine.book.bids), (False, engine.book.asks)):
            if side.best is not None:
                offers = engine.mirror.against(is_buy=is_buy)
                assert next(offers.within(-side.best.key), None) is None


@SOUND
@given(STEPS)
def test_engine_and_queue_are_sound_whatever_comes(steps):
    """After every step: sums, levels, and that events name every order that changed or ended."""
    world = World()
    for step, pause in steps:
        world.do(step, pause)
        world.check()


@SOUND
@given(STEPS)
def test_no_lot_is_lost(steps):
    """By the events alone: each lot of an order is executed, cancelled or still there."""
    world = World()
    for step, pause in steps:
        world.do(step, pause)
    executed, cancelled = Counter(), Counter()
    quantities = dict(world.quantities)
    for event in world.events:
        if isinstance(event, Trade):
            executed[event.maker_id or event.taker_id] += event.lots
        elif isinstance(event, Cancelled | Expired):
            cancelled[event.order_id] += event.lots
        elif isinstance(event, Replaced):
            quantities[event.order_id] = event.lots
    for event in world.events:
        if isinstance(event, Accepted) and quantities[event.order_id]:
            order = world.engine.orders.get(event.order_id)
            left = order.leaves if order else 0
            name = event.order_id
            assert left + executed[name] + cancelled[name] == quantities[name]


def unbound(saved):
    """Without its list: one that has lost its held orders is not made again."""
    return msgspec.structs.replace(saved, list_id="", contingency=None, leg=0)


@SOUND
@given(STEPS)
def test_orders_come_back_as_they_were_kept(steps):
    """From what a store has that only listens to events: same books, stops and lists."""
    world = World()
    for step, pause in steps:
        world.do(step, pause)
    body = msgspec.json.encode(list(world.kept.values()))
    saved = msgspec.json.decode(body, type=list[SavedOrder])
    again = Mirrored().engine
    again.restore(saved, last=world.engine.last, now=world.engine.now)
    assert set(again.orders) == set(world.kept)
    for name, kept in world.kept.items():
        assert unbound(saved_of(again.orders[name])) == unbound(kept)
    for side in ("bids", "asks"):
        queues = [
            [order.order_id for level in getattr(engine.book, side) for order in level]
            for engine in (world.engine, again)
        ]
        assert queues[0] == queues[1]
