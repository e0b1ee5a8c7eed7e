"""Whatever fails while one command is carried out, the venue is as if it had never come."""

from __future__ import annotations

import asyncio

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import rule

from cadenza.models import OrderStatus
from cadenza.trading.errors import CommandFailedError, TradingError
from cadenza.trading.matching.saved_order import saved_of
from cadenza.trading.orders.request import Exit, OrderRef
from support.trading.venue_machine import Venue
from support.trading.venue_world import BTC, BUY, SELL, World

HOOKS = {
    "ledger": lambda world: (world.venue.ledger, "apply"),
    "positions": lambda world: (world.venue.positions, "fill"),
    "orders": lambda world: (world.heard, "on_order"),
    "executions": lambda world: (world.heard, "on_execution"),
    "matching": lambda world: (world.engines[BTC], "_filled"),
    "resting": lambda world: (world.engines[BTC], "_rest"),
    "leaving": lambda world: (world.engines[BTC], "_leave"),
    "taking": lambda world: (world.engines[BTC], "_took"),
    "lists": lambda world: (world.engines[BTC], "_end_rivals"),
    "written": lambda world: (world.exchange.clearing, "_changed"),
}


class Fuse:
    """Makes the n-th call of a method fail, once."""

    def __init__(self, target, name, calls):
        self.inner = getattr(target, name)
        self.calls = calls
        self.target, self.name = target, name
        setattr(target, name, self)

    def __call__(self, *args, **kwargs):
        self.calls -= 1
        if self.calls == 0:
            raise ArithmeticError("on purpose")
        return self.inner(*args, **kwargs)

    def out(self):
        if self.target.__dict__.get(self.name) is self:
            delattr(self.target, self.name)


def everything(world):
    """All that a command can change, as plain values."""
    venue, clearing = world.venue, world.exchange.clearing
    batch = venue.journal.batch
    return {
        "ledger": venue.ledger.state(),
        "assets": {
            account.account_id: venue.ledger.balances(account.account_id)
            for account in venue.registry
        },
        "live": {k: msgspec.to_builtins(v.state) for k, v in clearing.live.items()},
        "rests": {
            k: (v.bound, v.leaves, v.budget, v.earmarks, v.withheld)
            for k, v in clearing.live.items()
        },
        "holders": {k: set(v) for k, v in clearing.holders.items()},
        "touched": {k: set(v) for k, v in clearing.touched.items() if v},
        "next": clearing.next_execution,
        "positions": {
            account.account_id: venue.positions.of_account(account.account_id)
            for account in venue.registry
        },
        "batch": (
            {k: msgspec.to_builtins(v) for k, v in batch.orders.items()},
            list(batch.executions),
            list(batch.entries),
            dict(batch.positions),
            dict(batch.marks),
        ),
        "known": set(world.exchange.index._orders),
        "effects": venue.journal.mark(),
        "engines": {
            name: (
                {k: saved_of(order) for k, order in engine.orders.items()},
                engine.book.bids.depth(),
                engine.book.asks.depth(),
                [[order.order_id for order in level] for level in engine.book.bids],
                [[order.order_id for order in level] for level in engine.book.asks],
                [order.order_id for order in engine.stops.orders()],
                engine.last,
                engine.next_trade_id,
                sorted(key[0] for key in engine._expiries),
            )
            for name, engine in world.engines.items()
        },
    }


class Faulty(Venue):
    """The venue of the properties, in which commands fail anywhere on their way."""

    fuse = None
    fails = 0

    @rule(hook=st.sampled_from(sorted(HOOKS)), calls=st.integers(1, 4))
    def arm(self, hook, calls):
        self.disarm()
        self.decide(lambda: None)
        self.fuse = Fuse(*HOOKS[hook](self.world), calls)

    def disarm(self):
        if self.fuse is not None:
            self.fuse.out()
            self.fuse = None

    def decide(self, work):

        async def inside():
            for owner in ("ann", "bob"):
                self.world.account(owner)  # whose first look makes one
            before = everything(self.world)
            heard = len(self.world.heard.executions)
            try:
                return work()
            except CommandFailedError:
                self.disarm()
                del self.world.heard.executions[heard:]  # never shown
                after = everything(self.world)
                for part, was in before.items():
                    assert after[part] == was, part
                return None
            except TradingError:
                return None

        return self.run(inside())

    def restart(self):
        self.disarm()
        super().restart()


Faulty.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestFaulty = Faulty.TestCase


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_others_go_on_when_a_command_fails(hook):
    async def story():
        world = await World().open()
        ann, bob = world.account("ann"), world.account("bob")
        resting = world.limit(SELL, "100", "1", ann)
        world.limit(BUY, "99", "1", ann)
        await world.venue.journal.drain()
        fuse = Fuse(*HOOKS[hook](world), 1)
        try:
            with pytest.raises(CommandFailedError):
                world.limit(BUY, "100", "2", bob, client_order_id="mine")
        except pytest.fail.Exception:
            assert hook in {"lists", "leaving"}  # this order comes by none of these
        fuse.out()
        world.check()
        if hook not in {"lists", "leaving"}:
            assert resting.status is OrderStatus.ACCEPTED
            again = world.limit(BUY, "100", "1", bob, client_order_id="mine")
            assert again.status is OrderStatus.FILLED
            assert resting.status is OrderStatus.FILLED
        assert world.venue.journal.failure is None
        await world.venue.journal.drain()
        world.check()

    asyncio.run(story())


def test_a_cancel_that_fails_leaves_the_order_and_its_money():
    async def story():
        world = await World().open()
        order = world.limit(SELL, "100", "1")
        fuse = Fuse(*HOOKS["ledger"](world), 1)
        with pytest.raises(CommandFailedError):
            world.exchange.cancel(world.account(), OrderRef(order_id=order.order_id))
        fuse.out()
        assert (order.status, world.locked("BTC")) == (OrderStatus.ACCEPTED, "1.0000000000")
        assert world.exchange.cancel(world.account(), OrderRef(order_id=order.order_id)) is order
        assert order.status is OrderStatus.CANCELLED
        world.check()

    asyncio.run(story())


def test_a_list_that_fails_leaves_no_part_of_itself():
    async def story():
        world = await World().open()
        world.account()
        start = everything(world)
        fuse = Fuse(*HOOKS["orders"](world), 2)
        with pytest.raises(CommandFailedError):
            world.limit(BUY, "100", "1", take_profit=Exit(trigger="110"))
        fuse.out()
        assert everything(world) == start
        world.check()

    asyncio.run(story())
