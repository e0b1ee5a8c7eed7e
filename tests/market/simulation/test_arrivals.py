"""When events come: clustered, never backwards, and as many as were asked for."""

from __future__ import annotations

import random

import pytest

from cadenza.market.simulation.arrivals import Arrivals
from cadenza.market.simulation.weather import MOODS, SHARES, Regime, Weather


def arrivals(seed, rate, regime=None):
    rng = random.Random(seed)
    return Arrivals(rng, rate, Weather(rng, regime))


@pytest.mark.parametrize("rate", [0.5, 20, 60])
@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_has_the_events_asked_for_whatever_the_regimes(seed, rate):
    """Within two percent."""
    events = int(3600 * rate)
    source = arrivals(seed, rate)
    gaps = [source.next() for _ in range(events)]
    assert min(gaps) >= 1
    assert sum(gaps) / 1e6 == pytest.approx(events / rate, rel=0.02)


def test_events_draw_others_after_them():
    """Counts in equal spans vary more than those of independent arrivals would."""
    source = arrivals(3, 20, Regime.NORMAL)
    counts, now = [0] * 1000, 0
    while now < 1000_000_000:
        counts[now // 1_000_000] += 1
        now += source.next()
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert mean == pytest.approx(20, rel=0.03)
    assert variance > 1.8 * mean


def test_the_shares_of_the_regimes_are_those_of_a_long_time():
    """The stationary chain as computed, against one that runs."""
    weather = Weather(random.Random(5))
    spent = dict.fromkeys(Regime, 0)
    for _ in range(400_000):
        spent[weather.regime] += 1
        weather.advance(1_000_000)
    assert sum(SHARES.values()) == pytest.approx(1)
    for regime in Regime:
        assert spent[regime] / 400_000 == pytest.approx(SHARES[regime], rel=0.15)


def test_one_long_wait_passes_through_many_regimes():
    """At a low rate regimes change without anybody trading."""
    weather = Weather(random.Random(6))
    seen = set()
    for _ in range(200):
        weather.advance(3_600_000_000)
        seen.add(weather.regime)
    assert seen == set(Regime)


def test_a_fixed_regime_is_as_fast_as_the_average():
    """So that the rate asked for is the rate."""
    weather = Weather(random.Random(7), Regime.TURBULENT)
    weather.advance(10**12)
    assert weather.regime is Regime.TURBULENT
    assert weather.intensity == 1


def test_every_regime_leads_somewhere_else():
    """A chain that can be left at each point."""
    for regime, mood in MOODS.items():
        assert regime not in mood.next
        assert min(mood.next.values()) > 0


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_a_rate_that_is_none_is_an_error(rate):
    """Nothing would ever happen."""
    with pytest.raises(ValueError, match="nothing happens"):
        arrivals(1, rate)
