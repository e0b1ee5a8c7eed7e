"""The simulator: repeatable, plausible, and its trades and books tell one story."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.market.clock import VirtualClock
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.feeds.simulation import (
    DEFAULT_INSTRUMENTS,
    LEVELS,
    SPARE_LEVELS,
    Simulation,
)
from cadenza.market.instrument import InstrumentId
from cadenza.market.market import Market
from cadenza.models import OrderSide


async def run(recorder, **options):
    market = Market()
    market.add_listener(recorder)
    clock = VirtualClock()
    feed = SimulatedFeed(market, clock, **({"seed": 7, "events": 400} | options))
    await feed.run()
    return market, feed, clock


async def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(recorder):
    runs = []
    for seed in (7, 7, 8):
        fresh = type(recorder)()
        await run(fresh, seed=seed)
        runs.append(fresh.raw)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@given(
    seed=st.integers(0, 2**32),
    spec=st.sampled_from(DEFAULT_INSTRUMENTS),
    steps=st.integers(1, 150),
)
def test_every_trade_is_at_a_displayed_level_that_shrinks_by_it_and_no_book_is_crossed(
    seed, spec, steps
):
    simulation = Simulation(spec, random.Random(seed))
    bids, asks = map(dict, simulation.book())
    for _ in range(steps):
        step = simulation.step()
        for side, price, quantity in step.fills:
            hit, changes = (asks, step.asks) if side is OrderSide.BUY else (bids, step.bids)
            best = min if side is OrderSide.BUY else max
            assert price == best(hit, key=Decimal)
            left = Decimal(hit[price]) - Decimal(quantity)
            assert left >= 0
            assert Decimal(quantity) > 0
            assert Decimal(dict(changes)[price]) == left
            if left:
                hit[price] = str(left)
            else:
                del hit[price]
        for levels, changes in ((bids, step.bids), (asks, step.asks)):
            for price, quantity in changes:
                if Decimal(quantity):
                    levels[price] = quantity
                else:
                    levels.pop(price, None)
        assert max(map(Decimal, bids)) < min(map(Decimal, asks))
        for levels in (bids, asks):
            assert LEVELS <= len(levels) <= LEVELS + SPARE_LEVELS


async def test_the_market_is_healthy_and_the_subscribers_copies_are_its_books(recorder):
    market, feed, _ = await run(recorder, events=2000)
    assert feed.statistics().trades == len(recorder.trades) > 100
    assert recorder.health == []
    for instrument in market.instruments():
        book = market.book(instrument.instrument_id)
        copy = recorder.copies[instrument.instrument_id]
        assert copy["bids"] == dict(row for _, row in book.bids.top())
        assert copy["asks"] == dict(row for _, row in book.asks.top())


async def test_after_a_long_time_prices_and_spreads_are_still_plausible(recorder):
    market, _, _ = await run(recorder, events=20_000)
    for spec, instrument in zip(DEFAULT_INSTRUMENTS, market.instruments(), strict=True):
        book = market.book(instrument.instrument_id)
        bid, ask = book.best_bid(), book.best_ask()
        assert abs(Decimal(bid.price) / Decimal(spec.price) - 1) < Decimal("0.06")
        assert ask.ticks - bid.ticks <= 20 * spec.gap


async def test_the_rate_is_kept_on_average(recorder):
    _, _, clock = await run(recorder, events=5000, rate=100)
    assert clock.monotonic() == pytest.approx(50, rel=0.1)


def test_the_instruments_say_that_they_are_simulated_and_documented_names_exist(recorder):
    feed = SimulatedFeed(Market(), VirtualClock(), seed=1)
    instruments = feed.instruments()
    assert "BINANCE:BTC/USDT" in {i.instrument_id for i in instruments}
    for instrument in instruments:
        assert instrument.description.startswith("Simulated")
        assert InstrumentId.parse(instrument.instrument_id).symbol == instrument.symbol


@pytest.mark.parametrize("options", [{"rate": 0}, {"rate": -1}, {"instruments": []}])
def test_nothing_to_simulate_is_an_error(options):
    with pytest.raises(ValueError, match="nothing to simulate"):
        SimulatedFeed(Market(), VirtualClock(), seed=1, **options)
