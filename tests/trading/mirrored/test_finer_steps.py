"""Orders and positions of an instrument whose guessed steps become finer."""

from __future__ import annotations

import msgspec

from cadenza.market.instrument import Listing, with_steps
from cadenza.models import OrderSide, OrderStatus, OrderType, TimeInForce, Venue
from cadenza.trading.mirrored.feed import MirrorFeed
from support.trading.venue_world import BUY, RULES, SELL, World, listing_of

ID = "BINANCE:BTC/USDT"


async def mirrored():
    """A world with a mirrored instrument in steps of 1 and 1 that are only guessed."""
    rules = msgspec.structs.replace(RULES, venues=(Venue.PAPER, Venue.BINANCE))
    world = await World(rules=rules).open()
    exchange = world.exchange
    feed = MirrorFeed(
        world.venue.list_mirrored,
        lambda name, _, events: exchange.market_did(name, events),
        world.clock.time_ms,
    )
    world.market.add_observer(feed)
    listing = listing_of("BTC/USDT", tick="1", lot="1", venue=Venue.BINANCE)
    world.market.instrument(listing.instrument, is_guessed=True)
    world.market.book_snapshot(ID, [("99", "5")], [("101", "5")], world.clock.time_ms())
    return world


def order(world, side, price, quantity, **more):
    return world.limit(side, price, quantity, instrument_id=ID, **more)


async def test_open_orders_are_cancelled_and_positions_counted_anew():
    world = await mirrored()
    bought = order(world, BUY, "101", "2")
    resting = order(world, BUY, "95", "1")
    assert (bought.status, resting.status) == (OrderStatus.FILLED, OrderStatus.ACCEPTED)
    world.market.book_diff(ID, [("99.5", "0.25")], [], world.clock.time_ms())
    assert resting.status is OrderStatus.CANCELLED
    world.check()
    held = world.venue.positions.get(world.account().account_id, ID)
    assert (held.lots, held.lot) == (200, "0.01")
    assert bought.status is OrderStatus.FILLED
    assert world.exchange.instrument(ID).listing.instrument.pip_size == "0.1"
    assert world.exchange.instrument(ID).mark() > 0


async def test_trading_goes_on_in_the_finer_steps_at_once():
    world = await mirrored()
    order(world, BUY, "101", "2")
    world.market.book_diff(ID, [("99.5", "0.25")], [], world.clock.time_ms())
    sold = order(world, SELL, "99.5", "0.2", time_in_force=TimeInForce.IOC)
    assert (sold.status, sold.executed) == (OrderStatus.FILLED, 20)
    held = world.venue.positions.get(world.account().account_id, ID)
    assert held.lots == 180
    rest = order(world, SELL, "100.3", "0.05")
    assert rest.status is OrderStatus.ACCEPTED
    world.market.trade(
        ID,
        trade_id="1",
        price="100.5",
        quantity="1",
        side=OrderSide.BUY,
        timestamp_ms=world.clock.time_ms() + 1,
    )
    assert rest.status is OrderStatus.FILLED
    world.check()


async def test_a_trade_with_finer_digits_does_the_same():
    world = await mirrored()
    resting = order(world, BUY, "95", "1")
    world.market.trade(ID, trade_id="1", price="100.25", quantity="1", side=BUY, timestamp_ms=5)
    assert resting.status is OrderStatus.CANCELLED
    assert order(world, BUY, "101", "1", type=OrderType.LIMIT).status is OrderStatus.FILLED
    world.check()


async def test_the_price_of_the_last_trade_stays():
    world = await mirrored()
    world.market.trade(ID, trade_id="1", price="100", quantity="1", side=BUY, timestamp_ms=5)
    world.market.book_diff(ID, [("99.25", "1")], [], world.clock.time_ms())
    assert world.exchange.instrument(ID).mark() == 10_000


def test_a_listing_tells_how_much_finer_it_is():
    before = listing_of("BTC/USDT", tick="0.1", lot="1")
    after = Listing(with_steps(before.instrument, "0.01", "0.001"))
    assert after.finer_than(before) == (10, 1000)
