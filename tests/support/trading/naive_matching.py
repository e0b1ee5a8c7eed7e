"""A matching engine of lists, sorting and copying, and random commands for it and the real one."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cadenza.models import OrderSide, OrderType
from cadenza.trading.matching.commands import (
    Amend,
    Cancel,
    CancelAll,
    Expire,
    Mark,
    SelfTrade,
    Submit,
)
from cadenza.trading.matching.order import DAY_MS
from cadenza.trading.matching.rules import SHAPES

FAR = 10**9


class Naive:
    """Lists, sorting and copying: slow, and short enough to be seen to be right."""

    def __init__(self):
        self.resting, self.waiting, self.agenda, self.trades = [], [], [], []
        self.turn = self.last = self.now = self.count = 0

    def apply(self, command):
        self.now = max(self.now, command.now)
        for order in sorted(self.resting + self.waiting, key=lambda o: (o.until, o.number)):
            if order.until <= self.now:
                self.remove(order)
        getattr(self, type(command).__name__.lower())(command)
        while self.agenda:
            self.enter(self.agenda.pop(0))

    def remove(self, order):
        self.resting = [other for other in self.resting if other is not order]
        self.waiting = [other for other in self.waiting if other is not order]

    def find(self, order_id):
        return next((o for o in self.resting + self.waiting if o.id == order_id), None)

    def submit(self, c):
        kind, time = c.type.value, c.time_in_force.value
        order = SimpleNamespace(
            id=c.order_id, owner=c.owner, buy=c.side == "BUY", kind=kind, time=time, lots=c.lots,
            left=c.lots, done=0, limit=c.limit, stop=c.stop, trail=c.trail, visible=c.visible,
            protection=c.protection, mode=c.self_trade or SelfTrade.CANCEL_NEWEST, shown=0, turn=0,
            budget=c.budget or None, ended=False, until=FAR * DAY_MS, number=self.count,
            is_maker=kind == "LIMIT_MAKER" or time == "GTX",
            rising=(c.side == "BUY") != kind.startswith("TAKE_PROFIT"),
        )  # fmt: skip
        if time == "GTD":
            order.until = c.expire_at
        if time == "DAY":
            order.until = (self.now // DAY_MS + 1) * DAY_MS
        if order.is_maker and not (c.stop or c.trail) and self.reachable(order):
            return
        self.count += 1
        if c.stop or c.trail:
            self.wait(order)
        else:
            self.enter(order)

    def wait(self, order):
        if order.trail and self.last:
            self.follow(order, self.last)
        elif not order.trail and self.last and self.is_reached(order, self.last):
            self.agenda.append(order)
            return
        self.waiting.append(order)

    def is_reached(self, order, price):
        return order.stop and (price >= order.stop if order.rising else price <= order.stop)

    def follow(self, order, price):
        if order.buy:
            order.stop = min(order.stop or FAR, price + order.trail)
        elif price > order.trail:
            order.stop = max(order.stop, price - order.trail)

    def bound(self, order):
        return order.limit or order.protection or (FAR if order.buy else 0)

    def best(self, buy):
        side = [order for order in self.resting if order.buy == buy]
        return min(side, key=lambda o: (-o.limit if buy else o.limit, o.turn), default=None)

    def reachable(self, order):
        best, bound = self.best(not order.buy), self.bound(order)
        if best and (best.limit <= bound if order.buy else best.limit >= bound):
            return best
        return None

    def enter(self, order):
        if order.is_maker and self.reachable(order):
            return
        if order.time == "FOK":
            trial = copy.deepcopy((self, order))
            trial[0].sweep(trial[1])
            if not self.is_complete(*trial):
                return
        self.sweep(order)
        if order.left and not order.ended and order.limit and order.time not in ("IOC", "FOK"):
            self.rest(order)

    def is_complete(self, naive, order):
        if order.budget is None:
            return order.done == order.lots
        return order.done and not order.ended and order.budget < naive.last

    def rest(self, order):
        self.turn += 1
        order.turn = self.turn
        order.shown = min(order.left, order.visible or order.left)
        if order not in self.resting:
            self.resting.append(order)

    def sweep(self, order):
        triggered = []
        while not order.ended and (maker := self.reachable(order)):
            if order.budget is not None:
                order.left = order.budget // maker.limit
            if not order.left:
                break
            if maker.owner == order.owner and order.mode is not SelfTrade.ALLOW:
                self.prevent(order, maker)
                continue
            lots = min(order.left, maker.shown)
            self.last = maker.limit
            self.trades.append((maker.limit, lots, maker.id, order.id))
            self.take(order, lots, maker.limit)
            order.done += lots
            maker.left -= lots
            maker.done += lots
            maker.shown -= lots
            if not maker.left:
                self.remove(maker)
            elif not maker.shown:
                self.rest(maker)
            triggered += self.look_at(self.last)
        self.agenda += sorted(triggered, key=lambda o: o.number)

    def take(self, order, lots, price):
        order.left -= lots
        if order.budget is not None:
            order.budget -= lots * price

    def prevent(self, order, maker):
        if order.mode is SelfTrade.DECREMENT:
            lots = min(order.left, maker.left)
            self.take(order, lots, maker.limit)
            maker.left -= lots
            maker.lots -= lots
            maker.shown = min(maker.shown, maker.left)
            order.ended = not order.left
            if not maker.left:
                self.remove(maker)
            return
        if order.mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
            self.remove(maker)
        order.ended = order.mode in (SelfTrade.CANCEL_NEWEST, SelfTrade.CANCEL_BOTH)

    def look_at(self, price):
        found = [order for order in self.waiting if self.is_reached(order, price)]
        for order in found:
            self.remove(order)
        for order in self.waiting:
            if order.trail:
                self.follow(order, price)
        return found

    def cancel(self, c):
        if order := self.find(c.order_id):
            self.remove(order)

    def cancelall(self, c):
        for order in self.resting + self.waiting:
            if order.owner == c.owner and c.side in (None, "BUY" if order.buy else "SELL"):
                self.remove(order)

    def expire(self, c):
        pass

    def mark(self, c):
        self.last = c.price
        self.agenda += sorted(self.look_at(c.price), key=lambda o: o.number)

    def amend(self, c):
        order = self.find(c.order_id)
        if order is None or (c.limit and not order.limit):
            return
        rests = order in self.resting
        if c.stop and (rests or not order.stop or order.trail):
            return
        lots, limit = c.lots or order.done + order.left, c.limit or order.limit
        left = lots - order.done
        if left <= 0:
            return
        if rests and limit != order.limit and order.is_maker:
            moved = copy.copy(order)
            moved.limit = limit
            if self.reachable(moved):
                return
        keeps = limit == order.limit and left <= order.left
        order.left, order.lots, order.limit, order.stop = left, lots, limit, c.stop or order.stop
        if rests and keeps:
            order.shown = min(order.shown, left)
            return
        self.remove(order)
        if rests:
            self.enter(order)
        else:
            self.wait(order)

    def book(self, buy):
        side = [order for order in self.resting if order.buy == buy]
        side.sort(key=lambda o: (-o.limit if buy else o.limit, o.turn))
        return [(order.id, order.limit, order.left, order.shown) for order in side]


PRICES = st.integers(95, 105)
LOTS = st.integers(1, 9)
OWNERS = st.sampled_from("ABC")
IDS = st.integers(0, 40).map(str)


@st.composite
def submits(draw):
    kind, time = draw(st.sampled_from(sorted(SHAPES)))
    shape = SHAPES[kind, time]
    is_spending = kind is OrderType.MARKET and draw(st.booleans())
    lots = 0 if is_spending else draw(LOTS)
    return Submit(
        now=0,
        order_id="",
        owner=draw(OWNERS),
        side=draw(st.sampled_from([OrderSide.BUY, OrderSide.SELL])),
        type=kind,
        time_in_force=time,
        lots=lots,
        budget=draw(st.integers(50, 1500)) if is_spending else 0,
        limit=draw(PRICES) if shape.limit else 0,
        stop=draw(PRICES) if shape.stop else 0,
        trail=draw(st.integers(1, 4)) if shape.trail else 0,
        visible=draw(st.integers(0, lots)) if shape.rests else 0,
        protection=0 if shape.limit else draw(st.sampled_from([0, 97, 100, 103])),
        expire_at=draw(st.integers(1, 60)) if shape.until else 0,
        self_trade=draw(st.sampled_from([None, *SelfTrade])),
    )


def limits():
    return st.builds(
        Submit,
        now=st.just(0),
        order_id=st.just(""),
        owner=OWNERS,
        side=st.sampled_from([OrderSide.BUY, OrderSide.SELL]),
        type=st.just(OrderType.LIMIT),
        lots=LOTS,
        limit=PRICES,
        visible=st.sampled_from([0, 0, 1]),
    )


ANY = st.one_of(
    limits(),
    submits(),
    submits(),
    st.builds(Cancel, now=st.just(0), order_id=IDS),
    st.builds(
        Amend,
        now=st.just(0),
        order_id=IDS,
        lots=st.integers(0, 12),
        limit=st.one_of(st.just(0), PRICES),
        stop=st.one_of(st.just(0), PRICES),
    ),
    st.builds(CancelAll, now=st.just(0), owner=OWNERS, side=st.sampled_from([None, *"BS"])),
    st.builds(Mark, now=st.just(0), price=PRICES),
    st.builds(Expire, now=st.just(0)),
)


def numbered(commands, steps):
    """Commands with times, and orders with ids."""
    made, now = [], 0
    for number, (command, step) in enumerate(zip(commands, steps, strict=True)):
        now += step
        changes = {"now": now}
        if isinstance(command, Submit):
            changes["order_id"] = str(number)
            if command.expire_at:
                changes["expire_at"] = now + command.expire_at
        if isinstance(command, CancelAll) and command.side:
            changes["side"] = OrderSide.BUY if command.side == "B" else OrderSide.SELL
        made.append(msgspec.structs.replace(command, **changes))
    return made


STREAMS = st.lists(st.tuples(ANY, st.sampled_from([0, 1, 1, 7])), min_size=5, max_size=40).map(
    lambda pairs: numbered(*zip(*pairs, strict=True))
)
QUICK = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
