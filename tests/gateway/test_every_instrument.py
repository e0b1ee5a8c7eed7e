"""An order in every instrument of every recording: it fills, or is refused with its own reason."""

from __future__ import annotations

import asyncio
from collections import Counter
from decimal import Decimal

import msgspec
import pytest

from cadenza.clock import LoopClock
from cadenza.market.feeds.replay import MAX_SPEED, ReplayFeed
from cadenza.models import (
    InstrumentStatus,
    InstrumentType,
    OrderSide,
    OrderStatus,
    OrderType,
    Venue,
)
from cadenza.trading.errors import NotTradableError, ShortSaleError, TradingError
from cadenza.trading.mirrored.feed import MirrorFeed
from cadenza.trading.orders.request import OrderRequest
from cadenza.trading.venue import DECIMALS
from support.trading.venue_world import RULES, StoppedClock, World


class Watch:
    """The market, which trades in each instrument as soon as its book can be bought from."""

    def __init__(self, world):
        self.world = world
        self.market = world.market
        self.seen = {}

    def __getattr__(self, name):
        inner = getattr(self.market, name)

        def told(instrument_id, *args, **options):
            inner(instrument_id, *args, **options)
            if name.startswith("book_") and instrument_id not in self.seen:
                self.act(instrument_id)

        return told if name.startswith("book_") else inner

    def act(self, instrument_id):
        world = self.world
        book = self.market.book(instrument_id)
        ask, bid = book.asks.best_key(), book.bids.best_key()
        if ask is None or bid is None or self.market.fault(instrument_id) is not None:
            return
        listing = self.market.listing(instrument_id)
        instrument = listing.instrument
        worth = Decimal(listing.lots.step) * ask * Decimal(listing.ticks.step)
        displayed = next(iter(book.asks.top(1)))[1][1]
        lots = max(1, min(int(20 / worth), listing.lots[displayed]))
        account = world.account()
        quantity = listing.lots.format(lots)
        quote = listing.id.quote
        world.venue.scales.learn(quote, DECIMALS)
        world.venue.accounts.fund("ann", account.account_id, quote, 10 ** (9 + DECIMALS))

        def order(side):
            return world.exchange.submit(
                account,
                OrderRequest(
                    instrument_id=instrument_id, side=side, type=OrderType.MARKET, quantity=quantity
                ),
            )[0]

        if instrument.instrument_type is not InstrumentType.SPOT and (
            instrument_id not in world.exchange.refused
        ):
            with pytest.raises(ShortSaleError):
                order(OrderSide.SELL)
        try:
            bought = order(OrderSide.BUY)
        except NotTradableError as error:
            self.seen[instrument_id] = str(error)
            with pytest.raises(TradingError):
                order(OrderSide.SELL)
            return
        assert bought.status is OrderStatus.FILLED, (instrument_id, bought)
        cost = Decimal(world.venue.scales.format(listing.id.quote, bought.cost))
        best = ask * Decimal(listing.ticks.step) * Decimal(quantity)
        assert best <= cost <= best * Decimal("1.06"), (instrument_id, cost, best)
        sold = order(OrderSide.SELL)
        assert sold.executed, instrument_id
        self.seen[instrument_id] = ""


@pytest.mark.parametrize(
    "recording",
    [
        "binance/spot_btcusdt_20240808.jsonl.gz",
        "binance/usdm_btcusdt_20240808.jsonl.gz",
        "binance/usdm_ethusdt_20240808.jsonl.gz",
        "binance/cm_btcusd_perp_20240808.jsonl.gz",
        "multi-venue",
    ],
)
async def test_every_instrument_is_traded_or_says_why_not(shared, recording):
    rules = msgspec.structs.replace(RULES, venues=tuple(Venue))
    world = World(rules=rules, clock=StoppedClock(1_900_000_000_000))
    await world.open()
    mirrors = MirrorFeed(
        lambda it: None if it.listing.id.venue is Venue.PAPER else world.venue.list_mirrored(it),
        lambda name, _, events: world.exchange.market_did(name, events),
        world.clock.time_ms,
    )
    world.market.add_observer(mirrors)
    watch = Watch(world)
    feed = ReplayFeed(shared / "data" / recording, watch, LoopClock(), speed=MAX_SPEED)
    async with asyncio.timeout(240):
        await feed.run()
    listed = {one.instrument_id: one for one in world.market.instruments()}
    mirrored = {name for name, one in listed.items() if one.venue is not Venue.PAPER}
    missing = [name for name in mirrored - watch.seen.keys() if has_a_book(world.market, name)]
    assert not missing
    assert watch.seen
    for name, problem in watch.seen.items():
        is_active = listed[name].status is InstrumentStatus.ACTIVE
        assert is_active is not bool(problem), name
        assert bool(listed[name].order_types) is is_active
        is_spot = listed[name].instrument_type is InstrumentType.SPOT
        assert is_active or not is_spot, problem
    totals = Counter()
    for balance in world.venue.ledger.state().balances:
        totals[balance.asset] += balance.total
    assert not any(totals.values())


def has_a_book(market, name):
    book = market.book(name)
    return (
        market.fault(name) is None
        and book.asks.best_key() is not None
        and book.bids.best_key() is not None
    )
