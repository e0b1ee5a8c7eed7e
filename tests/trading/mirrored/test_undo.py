"""A command that fails on a mirrored venue leaves its book, its offers and its queues alone."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.market.instrument import Listing, make_instrument
from cadenza.models import InstrumentStatus, InstrumentType, OrderStatus, OrderType, Venue
from cadenza.trading.errors import CommandFailedError, NotTradableError, ShortSaleError
from cadenza.trading.matching.saved_order import saved_of
from cadenza.trading.mirrored.feed import MirrorFeed
from support.trading.venue_world import BUY, RULES, SELL, World, listing_of

ID = "BINANCE:BTC/USDT"


async def mirrored():
    rules = msgspec.structs.replace(RULES, venues=(Venue.PAPER, Venue.BINANCE))
    world = await World(rules=rules).open()
    exchange = world.exchange
    feed = MirrorFeed(
        world.venue.list_mirrored,
        lambda name, _, events: exchange.market_did(name, events),
        world.clock.time_ms,
    )
    world.market.add_observer(feed)
    world.market.instrument(listing_of("BTC/USDT", venue=Venue.BINANCE).instrument)
    world.market.book_snapshot(
        ID, [("99.00", "5.0000")], [("101.00", "5.0000"), ("102.00", "1.0000")], 1
    )
    return world, feed.engines[ID]


def seen(engine):
    return (
        {name: saved_of(order) for name, order in engine.orders.items()},
        dict(engine.mirror.asks.taken),
        dict(engine.mirror.bids.taken),
        set(engine._queue),
        list(engine._latched),
        engine.next_trade_id,
    )


def broken(*_, **__):
    raise ArithmeticError("on purpose")


@pytest.mark.parametrize("part", ["settle", "reserve"])
async def test_a_taker_that_fails_has_taken_nothing(part, monkeypatch):
    world, engine = await mirrored()
    world.limit(SELL, "103", "1", instrument_id=ID)
    world.submit(type=OrderType.MARKET, quantity="1", instrument_id=ID)
    before, money = seen(engine), world.venue.ledger.state()
    with monkeypatch.context() as patch:
        patch.setattr(world.venue.ledger, part, broken)
        with pytest.raises(CommandFailedError):
            world.submit(type=OrderType.MARKET, quantity="5", instrument_id=ID)
    assert (seen(engine), world.venue.ledger.state()) == (before, money)
    done = world.submit(type=OrderType.MARKET, quantity="5", instrument_id=ID)
    assert (done.status, done.cost % 10) == (OrderStatus.FILLED, 0)
    world.check()


async def test_a_fill_that_cannot_be_booked_ends_the_order_and_the_feed_goes_on(monkeypatch):
    world, engine = await mirrored()
    order = world.limit(BUY, "98", "1", instrument_id=ID)
    other = world.limit(BUY, "97", "1", world.account("bob"), instrument_id=ID)
    money = world.venue.ledger.balance(world.account().account_id, "BTC")

    def hit(price, at):
        world.market.trade(
            ID, trade_id=str(at), price=price, quantity="9.0000", side=SELL, timestamp_ms=at
        )

    with monkeypatch.context() as patch:
        patch.setattr(world.venue.ledger, "settle", broken)
        hit("97.50", 2)
    assert (order.status, order.executed) == (OrderStatus.CANCELLED, 0)
    assert world.venue.ledger.balance(world.account().account_id, "BTC") == money
    assert other.status is OrderStatus.ACCEPTED
    hit("96.50", 3)
    assert other.status is OrderStatus.FILLED
    assert world.venue.journal.failure is None
    assert engine.orders == {}
    world.check()


async def test_inverse_contracts_are_refused_and_linear_ones_are_not_sold_short():
    world, _ = await mirrored()
    for quote in ("USD", "USDT"):
        instrument = make_instrument(
            venue=Venue.BINANCE,
            base="BTC-PERP",
            quote=quote,
            tick="0.1",
            lot="1" if quote == "USD" else "0.001",
            external_symbol="x",
            description="",
            instrument_type=InstrumentType.PERPETUAL,
        )
        world.market.instrument(Listing(instrument).instrument)
        name = instrument.instrument_id
        world.market.book_snapshot(name, [("60000.0", "50")], [("60000.1", "50")], 1)
    with pytest.raises(NotTradableError, match="inverse PERPETUAL is worth a number of USD"):
        world.limit(BUY, "60000.1", "1", instrument_id="BINANCE:BTC-PERP/USD")
    linear = "BINANCE:BTC-PERP/USDT"
    with pytest.raises(ShortSaleError, match="contracts cannot be sold short"):
        world.limit(SELL, "60000", "1", instrument_id=linear)
    bought = world.limit(BUY, "60000.1", "0.001", instrument_id=linear)
    assert (bought.status, world.venue.scales.format("USDT", bought.cost)) == (
        OrderStatus.FILLED,
        "60.0001000000",
    )
    assert world.limit(SELL, "60000", "0.001", instrument_id=linear).status is OrderStatus.FILLED
    shown = {one.instrument_id: one for one in world.market.instruments()}
    refused = shown["BINANCE:BTC-PERP/USD"]
    assert (refused.status, refused.order_types) == (InstrumentStatus.INACTIVE, ())
    assert shown[linear].status is InstrumentStatus.ACTIVE
    world.check()
