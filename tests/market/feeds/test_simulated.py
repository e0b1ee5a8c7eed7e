"""The simulator: repeatable, plausible, and its trades and books tell one story."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadenza.clock import VirtualClock
from cadenza.market.feeds.simulated import SimulatedFeed, Simulation
from cadenza.market.instrument import InstrumentId, Listing
from cadenza.market.market import Market
from cadenza.market.simulation.crowd import LEVELS, SPARE_LEVELS
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, PAPER_INSTRUMENTS, stream
from cadenza.market.simulation.weather import Regime
from cadenza.models import OrderSide, OrderType, Venue


class Silent:
    """A sink that remembers the prices of the trades."""

    def __init__(self):
        self.prices = set()

    def instrument(self, *args, **options):
        pass

    book_snapshot = book_diff = book_stale = instrument

    def trade(self, instrument_id, *, price, **rest):
        self.prices.add(Decimal(price))

    def range(self):
        return min(self.prices), max(self.prices)


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


@pytest.mark.parametrize("rate", [50, 10_000])
async def test_a_fixed_regime_keeps_the_rate(recorder, rate):
    """Events a second on average, all instruments together, measured on the clock."""
    options = {"events": 5000, "rate": rate, "regime": Regime.NORMAL, "levels": 5}
    _, _, clock = await run(recorder, **options)
    assert clock.monotonic() == pytest.approx(5000 / rate, rel=0.04)


async def test_a_day_is_tethered_deep_and_holds_its_rate():
    """A simulated day of one instrument at one event a second."""
    sink, clock = Silent(), VirtualClock()
    spec = DEFAULT_INSTRUMENTS[0]
    feed = SimulatedFeed(sink, clock, seed=1, rate=1, events=86_400, instruments=[spec], levels=20)
    await feed.run()
    assert clock.monotonic() == pytest.approx(86_400, rel=0.01)
    home, (low, high) = Decimal(spec.price), sink.range()
    assert Decimal("0.94") < low / home < high / home < Decimal("1.06")
    assert high / low > Decimal("1.005")
    assert feed.statistics().trades > 10_000
    assert feed.statistics().finished


PROGRAM = """
import asyncio, hashlib
from cadenza.clock import VirtualClock
from cadenza.market.feeds.simulated import SimulatedFeed
from cadenza.market.market import Market

whole = hashlib.sha256()

class Listener:
    def on_book(self, name, payload, kind): whole.update(payload)
    def on_trade(self, name, payload): whole.update(payload)
    def on_book_health(self, name, fault): raise fault

market = Market()
market.add_listener(Listener())
asyncio.run(SimulatedFeed(market, VirtualClock(), seed=7, events=400).run())
print(whole.hexdigest())
"""


@pytest.mark.process
def test_the_hash_seed_of_the_process_does_not_matter(recorder):
    """Two other processes with hash seeds of their own publish the bytes of this one."""
    asyncio.run(run(recorder))
    here = hashlib.sha256(b"".join(recorder.raw)).hexdigest()
    for hash_seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
        )
        assert found.stdout.strip() == here


async def test_one_instruments_market_does_not_depend_on_the_others(recorder):
    """Among five it is what it is alone."""
    spec = DEFAULT_INSTRUMENTS[1]
    alone = Simulation(spec, stream(7, spec.instrument_id), rate=10)
    await run(recorder, rate=50)
    books = [book for book in recorder.books if book["instrumentId"] == spec.instrument_id]
    assert len(books) > 20
    for book in books[1:]:
        alone.crowd.wait()
        step = alone.step()
        for shown, rows in ((book["bids"], step.bids), (book["asks"], step.asks)):
            assert {p: Decimal(q) for p, q in shown} == {p: Decimal(q) for p, q in rows}


@pytest.mark.parametrize("spec", [*DEFAULT_INSTRUMENTS, *PAPER_INSTRUMENTS])
def test_instruments_carry_honest_trading_facts(spec):
    """Steps, limits and orders as the engines take them."""
    instrument = spec.instrument()
    listing = Listing(instrument)
    typical = listing.lots[spec.quantity]
    assert listing.lots[instrument.min_quantity] == 1
    assert listing.lots[instrument.max_quantity] == 10_000 * typical
    assert Decimal(instrument.min_notional) == 5
    assert Decimal(spec.price) * Decimal(spec.quantity) > 100 * Decimal(instrument.min_notional)
    assert set(instrument.order_types) == set(OrderType) - {OrderType.QUOTED, OrderType.UNKNOWN}
    assert [str(time) for time in instrument.time_in_force_options] == [
        *("GTC", "IOC", "FOK", "GTD", "DAY", "GTX")
    ]
    is_paper = spec.venue is Venue.PAPER
    assert instrument.is_iceberg_allowed is is_paper
    if is_paper:
        assert 0 < listing.lots[instrument.iceberg_min_quantity] < typical


def test_the_instruments_say_that_they_are_simulated_and_documented_names_exist(recorder):
    feed = SimulatedFeed(Market(), VirtualClock(), seed=1)
    instruments = feed.instruments()
    assert "BINANCE:BTC/USDT" in {i.instrument_id for i in instruments}
    for instrument in instruments:
        assert instrument.description.startswith("Simulated")
        assert InstrumentId.parse(instrument.instrument_id).symbol == instrument.symbol


@pytest.mark.parametrize("levels", [0, -1])
def test_makers_without_levels_are_an_error(levels):
    """A book needs two sides."""
    with pytest.raises(ValueError, match="levels"):
        SimulatedFeed(Market(), VirtualClock(), seed=1, levels=levels)


@pytest.mark.parametrize("options", [{"rate": 0}, {"rate": -1}, {"instruments": []}])
def test_nothing_to_simulate_is_an_error(options):
    """Neither events nor instruments."""
    with pytest.raises(ValueError, match="nothing to simulate"):
        SimulatedFeed(Market(), VirtualClock(), seed=1, **options)
