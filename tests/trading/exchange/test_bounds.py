"""No amount that a user can reach stops trading, for its owner or for anybody else."""

from __future__ import annotations

import asyncio

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given, settings

from cadenza.models import OrderStatus, OrderType, QuantityType, TimeInForce
from cadenza.trading.errors import CommandFailedError, HaltedError, TradingError
from cadenza.trading.ledger.entry import LARGEST
from cadenza.trading.matching.rules import MAX_UNITS
from cadenza.trading.orders.request import AmendRequest, OrderRef
from cadenza.trading.store.sqlite import SqliteStore
from cadenza.trading.venue import DECIMALS
from support.trading.venue_world import BTC, BUY, RULES, SELL, World, listing_of

COIN = 10**DECIMALS
EDGES = [
    bound + by
    for bound in (1, 2**31, 2**53, 2**63, 2**64, MAX_UNITS, 10**27, LARGEST)
    for by in (-1, 0, 1)
]
NEAR = st.sampled_from(EDGES) | st.integers(1, LARGEST)
COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["fund", "buy", "sell", "market", "spend", "stop", "amend", "restart"]),
        st.sampled_from(["ann", "bob"]),
        NEAR,
        NEAR,
    ),
    min_size=1,
    max_size=12,
)


def price(ticks):
    return f"{ticks // 100}.{ticks % 100:02}"


def quantity(lots):
    return f"{lots // 10_000}.{lots % 10_000:04}"


def do(world, what, owner, one, two):
    """One call of a user; that it is refused is fine."""
    account = world.account(owner)
    if what == "fund":
        asset = "BTC" if one % 2 else "USDT"
        world.venue.accounts.fund(owner, account.account_id, asset, two)
    elif what in {"buy", "sell"}:
        side = BUY if what == "buy" else SELL
        world.limit(side, price(one), quantity(two), account)
    elif what == "market":
        side = BUY if one % 2 else SELL
        world.submit(account, side=side, type=OrderType.MARKET, quantity=quantity(two))
    elif what == "spend":
        kind = QuantityType.QUOTE
        world.submit(account, type=OrderType.MARKET, quantity=price(two), quantity_type=kind)
    elif what == "stop":
        world.submit(
            account, side=SELL, type=OrderType.STOP, stop_price=price(one), quantity=quantity(two)
        )
    else:
        for live in list(world.exchange.clearing.live.values()):
            if live.state.account_id == account.account_id:
                change = AmendRequest(quantity=quantity(two), limit_price=price(one))
                world.exchange.amend(account, OrderRef(order_id=live.state.order_id), change)
                break


async def again(world):
    await world.venue.journal.drain()
    await world.venue.close()
    store = SqliteStore(world.store.path.parent)
    after = World(store, clock=world.clock, rules=world.rules, ids=world.ids)
    after.heard.executions = world.heard.executions
    return await after.open()


@given(commands=COMMANDS)
@settings(max_examples=60, deadline=None)
def test_trading_goes_on_at_every_bound(tmp_path_factory, commands):
    """Money is conserved to the last unit, and a third user trades as ever."""

    async def story():
        store = SqliteStore(tmp_path_factory.mktemp("bounds") / "data", sync="normal")
        world = await World(store, rules=RULES).open()
        try:
            for what, owner, one, two in commands:
                if what == "restart":
                    world = await again(world)
                    continue
                try:
                    do(world, what, owner, one, two)
                except (CommandFailedError, HaltedError):
                    raise
                except TradingError:
                    pass
                await world.venue.journal.drain()
                world.check()
            world = await again(world)
            world.check()
            cat = world.account("cat")
            eth = "PAPER:ETH/USDT"
            world.limit(SELL, "100", "1", cat, instrument_id=eth)
            done = world.limit(BUY, "100", "1", world.account("dog"), instrument_id=eth)
            assert done.status is OrderStatus.FILLED
            await world.venue.journal.drain()
            world.check()
        finally:
            await world.venue.close()

    asyncio.run(story())


async def test_the_case_that_stopped_everybody():
    """A seller of 10 BTC has 921 million; a buyer comes."""
    world = await World().open()
    ann, bob = world.account("ann"), world.account("bob")
    world.venue.accounts.fund("ann", ann.account_id, "USDT", 921_000_000 * COIN)
    world.venue.accounts.fund("bob", bob.account_id, "USDT", 1_000_000 * COIN)
    world.limit(SELL, "60000", "10", ann)
    bought = world.submit(bob, type=OrderType.MARKET, quantity="10")
    assert bought.status is OrderStatus.FILLED
    assert world.free("USDT", ann) == "921699880.0000000000"
    await world.venue.journal.drain()
    world.check()


async def test_coins_by_the_billion_are_bought_in_one_order():
    world = await World().open()
    listing = listing_of("SHIB/USDT", tick="0.00000001", lot="0.01")
    listing = type(listing)(
        msgspec.structs.replace(listing.instrument, max_quantity="10000000000000000.00")
    )
    world.engines[str(listing.id)] = world.venue.list_paper(listing)
    world.outside(SELL, 1201, 10**12, str(listing.id))
    bought = world.submit(
        instrument_id=str(listing.id),
        limit_price="0.00001201",
        quantity="1000000000",
        time_in_force=TimeInForce.IOC,
    )
    assert (bought.status, world.free("SHIB")) == (OrderStatus.FILLED, "1000000000.0000000000")
    world.check()


@pytest.mark.parametrize(
    "fault", [{"leaves": 7}, {"place": "nowhere"}, {"sequence": 0}, {"shown": 0}]
)
async def test_a_start_parks_a_resting_order_that_it_cannot_take(fault, caplog):
    """It says so; the order can be cancelled, and everybody else trades."""
    world = await World().open()
    bad = world.limit(SELL, "101", "1")
    good = world.limit(SELL, "102", "1")
    await world.venue.journal.drain()
    await world.venue.close()
    record = world.store._orders[bad.order_id]
    record.saved = msgspec.structs.replace(record.saved, **fault)
    after = await World(world.store, clock=world.clock, ids=world.ids).open()
    assert bad.order_id in caplog.text
    assert set(after.engines[BTC].orders) == {good.order_id}
    bought = after.limit(BUY, "102", "1", after.account("bob"))
    assert bought.status is OrderStatus.FILLED
    ref = OrderRef(order_id=bad.order_id)
    assert after.exchange.cancel(after.account(), ref).status is OrderStatus.CANCELLED
    after.check()
