"""Mirrored engines behind a market: which there are, and what they hear."""

from __future__ import annotations

from cadenza.clock import VirtualClock
from cadenza.market.errors import SequenceGapError
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.market import Market
from cadenza.models import OrderSide
from cadenza.trading.mirrored.engine import MirroredEngine
from cadenza.trading.mirrored.feed import MirrorFeed
from support.trading.mirrored_venue import ID, Mirrored
from support.trading.recorded_venue import Crowd


def test_an_instrument_without_an_engine_is_left_alone():
    """Nothing the market says of it is anybody's business."""
    market = Market()
    declared = Mirrored().market.instruments()[0]
    feed = MirrorFeed(lambda _: None, lambda *_: None, lambda: 1)
    market.add_observer(feed)
    market.instrument(declared)
    market.book_snapshot(ID, [("99", "1")], [("101", "1")], 1)
    trade = {"trade_id": "1", "price": "99", "quantity": "1", "timestamp_ms": 2}
    market.trade(ID, side=OrderSide.SELL, **trade)
    market.book_stale(SequenceGapError(ID, 1, 3))
    assert feed.engines == {}


def test_an_engine_that_comes_late_has_the_book_at_once():
    """The feed is told of the books there are."""
    market = Mirrored([(99, 10)], [(101, 10)]).market
    feed = MirrorFeed(MirroredEngine, lambda *_: None, lambda: 1)
    market.add_observer(feed)
    assert not feed.engines[ID].mirror.is_stale


def test_nobody_is_told_that_nothing_happened():
    """The outlet hears of updates and trades that concern users' orders only."""
    venue = Mirrored([(99, 10)], [(101, 10)])
    calls = []
    venue.note = lambda *told: calls.append(told)
    feed = MirrorFeed(MirroredEngine, venue.note, lambda: 5)
    venue.market.add_observer(feed)
    venue.diff(asks=[(101, 11)])
    venue.trade("S", 99, 3)
    assert calls == []
    engine = feed.engines[ID]
    engine.apply(venue.order("r", "B", 1, 100, now=5))
    venue.trade("S", 100, 1)
    [(instrument_id, told_engine, [trade])] = calls
    assert (instrument_id, told_engine, trade.at, trade.maker_id) == (ID, engine, 5, "r")


async def test_a_simulated_market_fills_orders_in_every_way(monkeypatch):
    """The sandbox's own market is a venue like any other."""
    crowd = Crowd("simulated", every=2)
    crowd.watch_takes(monkeypatch)
    await SimulatedFeed(crowd, VirtualClock(), seed=7, events=4_000).run()
    seen = crowd.witness.seen
    for kind in ("taken", "by trade at", "by trade through", "by display"):
        assert seen[kind] > 0, f"nothing was {kind}: {seen}"
