"""From the configuration to feeds and participants."""

from __future__ import annotations

import random

import pytest

from cadenza.clock import VirtualClock
from cadenza.config import MarketConfig, SimulatedConfig
from cadenza.gateway.feeds import make_feed, make_participants, paper_instruments
from cadenza.market.market import Market
from cadenza.market.simulation.spec import DEFAULT_INSTRUMENTS, PAPER_INSTRUMENTS
from cadenza.market.simulation.weather import Regime
from cadenza.trading.matching.engine import MatchingEngine


class Seed(random.Random):
    """A source of chance that draws one seed, always the same."""

    def getrandbits(self, _):
        return 5


def feed_of(**options):
    config = MarketConfig(simulated=SimulatedConfig(**options))
    return make_feed(config, Market(), VirtualClock(), Seed())


def participants_of(marks=None, **options):
    engines = {spec.instrument_id: MatchingEngine() for spec in PAPER_INSTRUMENTS}
    config = SimulatedConfig(**options)
    return make_participants(config, engines.__getitem__, marks or {}, Seed())


def test_by_default_the_feed_has_all_but_the_paper_venue():
    """And the paper venue the rest."""
    assert len(feed_of().instruments()) == len(DEFAULT_INSTRUMENTS)
    assert list(participants_of()) == [spec.instrument_id for spec in PAPER_INSTRUMENTS]


def test_named_instruments_go_where_they_belong():
    """One list for both; a feed without instruments is none."""
    names = ("PAPER:ETH/USDT", "MOCK:BTC/USDT")
    shown = [instrument.instrument_id for instrument in feed_of(instruments=names).instruments()]
    assert shown == ["MOCK:BTC/USDT"]
    assert list(participants_of(instruments=names)) == ["PAPER:ETH/USDT"]
    assert feed_of(instruments=names[:1]) is None
    assert paper_instruments(SimulatedConfig(instruments=names[1:])) == []


def test_an_unknown_name_is_an_error_that_lists_the_known_ones():
    """For both."""
    for make in (feed_of, participants_of):
        with pytest.raises(ValueError, match=r"NO:NO/NO is not simulated; .*PAPER:SOL/USDT"):
            make(instruments=("NO:NO/NO",))


def test_regime_and_levels_reach_the_participants():
    """As set, and by default the regimes change."""
    for name, regime in (("turbulent", Regime.TURBULENT), ("auto", Regime.NORMAL)):
        for participants in participants_of(regime=name, levels=7).values():
            assert participants.regime is regime
            assert len(participants.open(0)) == 14
        for simulation in feed_of(regime=name, levels=7).simulations:
            assert simulation.crowd.weather.regime is regime
            assert [len(side) for side in simulation.book()] == [7, 7]


def test_a_last_price_is_where_participants_begin():
    """Those without one begin at home."""
    made = participants_of({"PAPER:BTC/USDT": 6_200_000})
    assert made["PAPER:BTC/USDT"].crowd.fair.ticks == 6_200_000
    assert made["PAPER:ETH/USDT"].crowd.fair.ticks == 268_000


def test_a_configured_seed_is_the_seed_and_otherwise_one_is_drawn():
    """The first commands tell."""
    opened = {seed: participants_of(seed=seed)["PAPER:BTC/USDT"].open(0) for seed in (None, 5, 6)}
    assert opened[None] == opened[5] != opened[6]
