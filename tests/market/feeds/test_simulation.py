"""The displayed book of simulated participants over a long time: its regimes and its bounds."""

from __future__ import annotations

import itertools
from collections import defaultdict

import pytest

from cadenza.market.feeds.simulated import Simulation
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, stream
from cadenza.market.simulation.weather import MOODS, Regime

BTC = DEFAULT_INSTRUMENTS[0]


class Tally:
    """What one regime had."""

    def __init__(self):
        self.events = self.us = self.trades = 0
        self.squares = []
        self.spreads = []


def tallies(seed, events):
    """Regimes of a long run; volatility is of the middle price from second to second."""
    simulation = Simulation(BTC, stream(seed, BTC.instrument_id))
    crowd = simulation.crowd
    found = defaultdict(Tally)
    now = second = 0
    last = None
    for _ in range(events):
        tally = found[crowd.weather.regime]
        us = crowd.wait()
        now += us
        step = simulation.step()
        tally.events += 1
        tally.us += us
        tally.trades += len(step.fills)
        spread = crowd.best_ask() - crowd.best_bid()
        assert spread > 0
        tally.spreads.append(spread)
        if now // 1_000_000 > second:
            second, middle = now // 1_000_000, crowd.best_ask() + crowd.best_bid()
            if last:
                tally.squares.append((middle - last) ** 2)
            last = middle
    return found


def rising(values):
    return all(one < other for one, other in itertools.pairwise(values))


def test_regimes_show_in_rate_volatility_spread_and_trades():
    """From calm to turbulent, each more than the one before, over a long seeded run."""
    found = tallies(seed=3, events=60_000)
    order = [found[regime] for regime in Regime]
    assert rising(tally.events / tally.us for tally in order)
    assert rising(sum(tally.squares) / len(tally.squares) for tally in order)
    assert rising(sum(tally.spreads) / len(tally.spreads) for tally in order)
    assert rising(tally.trades / tally.events for tally in order)
    calm, turbulent = order[0], order[-1]
    assert turbulent.events / turbulent.us > 2.5 * calm.events / calm.us


@pytest.mark.parametrize("regime", Regime)
def test_a_fixed_regime_stays(regime):
    """And its book is as wide as the regime says, within reason."""
    simulation = Simulation(BTC, stream(1, "any"), regime=regime)
    spreads = []
    for _ in range(3000):
        simulation.crowd.wait()
        simulation.step()
        spreads.append(simulation.crowd.best_ask() - simulation.crowd.best_bid())
    assert simulation.crowd.weather.regime is regime
    wanted = BTC.gap * MOODS[regime].spread / 100
    assert 0.5 * wanted < sum(spreads) / len(spreads) < 4 * wanted


@pytest.mark.parametrize("levels", [1, 2, 7, 200])
def test_makers_keep_as_many_levels_as_asked_for(levels):
    """Also a book of one level a side is never empty."""
    simulation = Simulation(BTC, stream(2, "any"), levels=levels)
    for _ in range(1500):
        simulation.crowd.wait()
        simulation.step()
        bids, asks = simulation.book()
        assert levels <= len(bids) <= levels + 10
        assert levels <= len(asks) <= levels + 10
        assert float(bids[0][0]) < float(asks[0][0])


@pytest.mark.parametrize("levels", [1, 50])
def test_every_event_changes_the_book(levels):
    """An event that nobody sees would be missing from the rate."""
    simulation = Simulation(BTC, stream(4, "any"), levels=levels)
    for _ in range(2000):
        simulation.crowd.wait()
        before = simulation.book()
        step = simulation.step()
        assert step.bids or step.asks
        assert step.fills or simulation.book() != before
