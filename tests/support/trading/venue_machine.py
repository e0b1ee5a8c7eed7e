"""A whole venue that does anything its users may ask for, in any order, with restarts."""

from __future__ import annotations

import asyncio

import hypothesis.strategies as st
import msgspec
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from cadenza.models import ContingencyType, OrderType, QuantityType, TimeInForce
from cadenza.trading.errors import TradingError
from cadenza.trading.ledger.fees import FeeSchedule
from cadenza.trading.matching.commands import SelfTrade
from cadenza.trading.orders.request import AmendRequest, Exit, OrderRef, OrderRequest
from support.trading.venue_world import BTC, BUY, ETH, RULES, SELL, World

PRICES = st.integers(9_990, 10_010)
LOTS = st.integers(1, 30_000)
SIDES = st.sampled_from([BUY, SELL])
INSTRUMENTS = st.sampled_from([BTC, BTC, BTC, ETH])
OWNERS = st.sampled_from(["ann", "bob"])
TYPES = st.sampled_from([kind for kind in OrderType if kind not in {"QUOTED", "UNKNOWN"}])
TIMES = st.sampled_from(
    [None, None, *(TimeInForce(name) for name in ["GTC", "IOC", "FOK", "GTX", "DAY"])]
)
WAITING = {"STOP", "STOP_LIMIT", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
LIMITED = {"LIMIT", "LIMIT_MAKER", "STOP_LIMIT", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"}


def price(ticks):
    return f"{ticks // 100}.{ticks % 100:02}"


def quantity(lots):
    return f"{lots // 10_000}.{lots % 10_000:04}"


class Venue(RuleBasedStateMachine):
    """Two users and the rest of the world trade two instruments."""

    @initialize(
        self_trade=st.sampled_from(SelfTrade),
        maker=st.sampled_from([-213, 0, 200, 517]),
        taker=st.sampled_from([0, 517, 1000, 99_991]),
    )
    def begin(self, self_trade, maker, taker):
        self.loop = asyncio.new_event_loop()
        fees = FeeSchedule(maker_ppm=maker, taker_ppm=taker)
        rules = msgspec.structs.replace(RULES, self_trade=self_trade, fees=fees)
        self.world = self.run(World(rules=rules).open())

    def run(self, work):
        return self.loop.run_until_complete(work)

    def teardown(self):
        if hasattr(self, "loop"):
            self.run(self.world.venue.close())
            self.loop.close()

    def decide(self, work):
        """Do it inside the loop, as a handler would; refusals are fine."""

        async def inside():
            try:
                return work()
            except TradingError:
                return None

        return self.run(inside())

    @rule(
        owner=OWNERS,
        iid=INSTRUMENTS,
        side=SIDES,
        kind=TYPES,
        time=TIMES,
        ticks=PRICES,
        stop=PRICES,
        lots=LOTS,
        in_quote=st.booleans(),
        key=st.integers(0, 40),
    )
    def submit(self, *, owner, iid, side, kind, time, ticks, stop, lots, in_quote, key):
        request = OrderRequest(
            instrument_id=iid,
            side=side,
            type=kind,
            time_in_force=time,
            quantity=price(lots) if in_quote else quantity(lots),
            quantity_type=QuantityType.QUOTE if in_quote else QuantityType.BASE,
            limit_price=price(ticks) if kind in LIMITED else "",
            stop_price=price(stop) if kind in WAITING else "",
            trailing_distance="0.03" if kind == "TRAILING_STOP" else "",
            client_order_id=f"c{key}" if key > 20 else "",
        )
        self.decide(lambda: self.world.exchange.submit(self.world.account(owner), request))

    @rule(
        owner=OWNERS,
        side=SIDES,
        ticks=PRICES,
        lots=LOTS,
        profit=st.none() | PRICES,
        loss=st.none() | PRICES,
        is_oco=st.booleans(),
        limited=st.booleans(),
    )
    def submit_list(self, *, owner, side, ticks, lots, profit, loss, is_oco, limited):
        def leg(trigger):
            return trigger and Exit(trigger=price(trigger), limit=price(trigger) if limited else "")

        request = OrderRequest(
            instrument_id=BTC,
            side=side,
            type=OrderType.LIMIT,
            quantity=quantity(lots),
            limit_price=price(ticks),
            take_profit=leg(profit),
            stop_loss=leg(loss),
            contingency=ContingencyType.OCO if is_oco else None,
        )
        self.decide(lambda: self.world.exchange.submit(self.world.account(owner), request))

    @rule(side=SIDES, iid=INSTRUMENTS, ticks=PRICES, lots=LOTS)
    def outside(self, side, iid, ticks, lots):
        self.decide(lambda: self.world.outside(side, ticks, lots, iid))

    def some_order(self, pick):
        live = list(self.world.exchange.clearing.live.values())
        return live[pick % len(live)].state if live else None

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick):
        if (order := self.some_order(pick)) is not None:
            account = self.world.venue.registry.any(order.account_id)
            ref = OrderRef(order_id=order.order_id)
            self.decide(lambda: self.world.exchange.cancel(account, ref))

    @rule(
        pick=st.integers(0, 99),
        ticks=st.none() | PRICES,
        lots=st.none() | LOTS,
        stop=st.none() | PRICES,
    )
    def amend(self, pick, ticks, lots, stop):
        if (order := self.some_order(pick)) is not None:
            change = AmendRequest(
                quantity=quantity(lots) if lots else "",
                limit_price=price(ticks) if ticks else "",
                stop_price=price(stop) if stop else "",
            )
            account = self.world.venue.registry.any(order.account_id)
            ref = OrderRef(order_id=order.order_id)
            self.decide(lambda: self.world.exchange.amend(account, ref, change))

    @rule(owner=OWNERS, side=st.none() | SIDES)
    def cancel_all(self, owner, side):
        self.decide(lambda: self.world.exchange.cancel_all(self.world.account(owner), side=side))

    @rule(millis=st.sampled_from([1, 1000, 86_400_000]))
    def pass_time(self, millis):
        self.world.clock.millis += millis
        self.decide(self.world.exchange.tick)

    @rule()
    def commit(self):
        self.run(self.world.venue.journal.drain())

    @rule()
    def restart(self):
        """Everything that was committed is there again, and only that."""
        world = self.world
        self.run(world.venue.journal.drain())
        ledger = world.venue.ledger.state()
        live = {k: msgspec.to_builtins(v.state) for k, v in world.exchange.clearing.live.items()}
        self.run(world.venue.close())
        again = World(world.store, clock=world.clock, rules=world.rules, ids=world.ids)
        again.heard.executions = world.heard.executions
        again.outsiders = world.outsiders
        self.world = self.run(again.open())
        assert self.world.venue.ledger.state() == ledger
        after = self.world.exchange.clearing.live
        assert {k: msgspec.to_builtins(v.state) for k, v in after.items()} == live

    @precondition(lambda self: hasattr(self, "world"))
    @invariant()
    def holds(self):
        assert self.world.venue.journal.failure is None
        self.world.check()
