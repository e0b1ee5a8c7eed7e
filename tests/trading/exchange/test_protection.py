"""Protection goes by the trigger as it stood, and what was prevented was not executed."""

from __future__ import annotations

import asyncio
import itertools

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from cadenza.models import OrderStatus, OrderType, TimeInForce
from cadenza.trading.errors import NoReferenceError
from cadenza.trading.matching.commands import Mark, SelfTrade
from cadenza.trading.orders.request import Exit
from support.trading.venue_world import BTC, BUY, RULES, SELL, World


async def rich(**rules):
    deposit = {"USDT": "100000000", "BTC": "1000"}
    return await World(rules=msgspec.structs.replace(RULES, deposit=deposit, **rules)).open()


def trade(world, ticks):
    """Two strangers trade one lot at a price, and leave nothing behind."""
    world.outside(SELL, ticks, 1)
    world.outside(BUY, ticks, 1)


async def test_a_trailing_sell_is_bound_by_where_its_trigger_stood():
    """It sold 25 % below."""
    world = await rich()
    trade(world, 6_000_000)
    order = world.submit(
        side=SELL, type=OrderType.TRAILING_STOP, quantity="0.1", trailing_distance="100"
    )
    trade(world, 8_000_000)
    assert order.stop == 7_990_000
    world.outside(BUY, 6_000_000, 10_000)
    world.outside(SELL, 7_990_000, 1)
    world.outside(BUY, 7_990_000, 1)
    assert (order.status, order.cancel_reason) == (OrderStatus.CANCELLED, "NO_LIQUIDITY")
    assert order.executed == 0
    world.check()


@pytest.mark.parametrize("side", [BUY, SELL])
@pytest.mark.parametrize(
    "kind", [OrderType.STOP, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT, OrderType.TRAILING_STOP]
)
@pytest.mark.parametrize("away", [0, 499, 500, 520, 2000])
async def test_no_fill_is_further_from_the_trigger_than_5_percent(side, kind, away):
    world = await rich()
    trade(world, 10_000)
    is_buy = side is BUY
    if kind is OrderType.TRAILING_STOP:
        more = {"trailing_distance": "10"}
    else:
        # Far enough away from the last price not to be reached at once.
        rises = is_buy is not (kind is OrderType.TAKE_PROFIT)
        more = {"stop_price": "110" if rises else "90"}
    order = world.submit(side=side, type=kind, quantity="1", **more)
    assert order.status is OrderStatus.ACCEPTED
    trigger = order.stop
    # The only liquidity lies beyond the trigger, on the side that costs the owner.
    worst = trigger + trigger * away // 10_000 if is_buy else trigger - trigger * away // 10_000
    world.outside(SELL if is_buy else BUY, worst, 20_000)
    world.exchange.tell(world.exchange.instrument(BTC), mark(world, trigger))
    if away <= 500:
        assert order.status is OrderStatus.FILLED
    else:
        assert (order.status, order.executed) == (OrderStatus.CANCELLED, 0)
    for execution in world.heard.executions:
        assert abs(execution.price - trigger) * 20 <= trigger
    world.check()


def mark(world, ticks):
    return Mark(now=world.clock.time_ms(), price=ticks)


@pytest.mark.parametrize("side", [BUY, SELL])
async def test_a_trailing_stop_without_any_price_is_refused(side):
    world = await rich()
    with pytest.raises(NoReferenceError, match="trailingDistance needs a price to go by"):
        world.submit(side=side, type=OrderType.TRAILING_STOP, quantity="1", trailing_distance="100")
    assert world.exchange.clearing.live == {}
    world.outside(SELL, 10_000, 10)
    order = world.submit(
        side=side, type=OrderType.TRAILING_STOP, quantity="1", trailing_distance="1"
    )
    assert order.status is OrderStatus.ACCEPTED
    world.check()


@pytest.mark.parametrize("makers", list(itertools.permutations([("ann", "0.3"), ("bob", "0.1")])))
async def test_an_order_that_lost_a_part_to_itself_is_not_filled(makers):
    """In whatever order its makers stand."""
    world = await rich(self_trade=SelfTrade.DECREMENT)
    for owner, quantity in makers:
        world.limit(SELL, "60000", quantity, world.account(owner))
    taker = world.limit(BUY, "60000", "0.4", world.account("ann"))
    assert (taker.status, taker.cancel_reason) == (OrderStatus.CANCELLED, "SELF_TRADE")
    assert (taker.lots, taker.executed, taker.prevented) == (4000, 1000, 3000)
    assert world.locked("USDT", world.account("ann")) == "0.0000000000"
    world.check()


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["ann", "bob"]),
            st.sampled_from([BUY, SELL]),
            st.integers(9_998, 10_002),
            st.integers(1, 9),
            st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
        ),
        max_size=25,
    )
)
@settings(max_examples=80, deadline=None)
def test_every_lot_is_executed_left_prevented_or_cancelled(steps):
    async def story():
        world = await rich(self_trade=SelfTrade.DECREMENT)
        orders = []
        for owner, side, ticks, lots, time in steps:
            orders.append(
                world.limit(
                    side,
                    f"{ticks // 100}.{ticks % 100:02}",
                    f"0.000{lots}",
                    world.account(owner),
                    time_in_force=time,
                )
            )
            for order in orders:
                live = world.exchange.clearing.live.get(order.order_id)
                left = live.leaves if live is not None else 0
                rest = order.lots - order.executed - order.prevented - left
                assert rest >= 0
                assert rest == 0 or order.status is OrderStatus.CANCELLED
                assert (order.status is OrderStatus.FILLED) is (order.executed == order.lots)
                if live is not None:
                    inside = live.instrument.engine.orders[order.order_id]
                    assert inside.cancelled == order.prevented
        world.check()

    asyncio.run(story())


async def test_held_waiting_triggered_and_working_orders_are_told_apart():
    world = await rich()
    trade(world, 10_000)
    stop = world.submit(side=SELL, type=OrderType.STOP, stop_price="90", quantity="1")
    entry, profit = world.submit_all(
        side=BUY, limit_price="95", quantity="1", take_profit=Exit(trigger="120")
    )
    assert [it.waits_for for it in (stop, entry, profit)] == ["TRIGGER", "", "ENTRY"]
    world.outside(SELL, 9_500, 10_000)
    assert (entry.status, profit.waits_for) == (OrderStatus.FILLED, "TRIGGER")
    limited = world.submit(
        side=SELL, type=OrderType.STOP_LIMIT, stop_price="94", limit_price="97", quantity="1"
    )
    trade(world, 9_400)
    assert (limited.status, limited.waits_for) == (OrderStatus.ACCEPTED, "")
    assert limited.triggered_at == world.clock.millis
    assert stop.triggered_at == 0
    world.check()
