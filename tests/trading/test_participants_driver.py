"""The driver: the pace of participants, on a clock that takes no time."""

from __future__ import annotations

import asyncio
import re

import pytest

from cadenza.clock import VirtualClock
from cadenza.market.simulation.crowd import LEVELS
from cadenza.market.simulation.spec import PAPER_INSTRUMENTS
from cadenza.market.simulation.weather import Regime
from cadenza.trading.participants import DriverStatistics, ParticipantsDriver
from support.trading.participants_world import run, world


@pytest.mark.parametrize("rate", [5, 20, 3000])
async def test_a_fixed_regime_keeps_the_rate(rate):
    """Events a second and instrument, measured on the clock."""
    events = 6000
    _, driver, clock = await run(1, events, rate=rate, regime=Regime.NORMAL)
    expected = events / (rate * len(PAPER_INSTRUMENTS))
    assert clock.monotonic() == pytest.approx(expected, rel=0.04)
    assert driver.statistics().events == events
    assert driver.statistics().commands >= events + 2 * LEVELS * len(PAPER_INSTRUMENTS)


async def test_regimes_average_out_in_the_long_run():
    """Six hours at one event a second."""
    events = 6 * 3600
    _, _, clock = await run(2, events, rate=1, levels=5, specs=PAPER_INSTRUMENTS[:1])
    assert clock.monotonic() == pytest.approx(events, rel=0.02)


async def test_every_instrument_gets_its_share_of_commands_at_the_clocks_time():
    """No instrument waits for another, and no command is dated backwards."""
    places, _, clock = await run(4, 2000)
    said = [len(place.said) for place in places.values()]
    assert min(said) > max(said) / 3
    for place in places.values():
        assert clock.time_ms() - 60_000 < place.engine.now <= clock.time_ms()


def untimed(said):
    return [re.sub(rb'"(now|at)":\d+', b"", line) for line in said[:400]]


async def test_one_instruments_market_does_not_depend_on_the_others():
    """With the same seed, alone or among all, but for milliseconds: bursts fall together."""
    among, _, _ = await run(5, 2000)
    alone, _, _ = await run(5, 300, specs=PAPER_INSTRUMENTS[:1])
    name = PAPER_INSTRUMENTS[0].instrument_id
    assert untimed(among[name].said) == untimed(alone[name].said)


async def test_without_participants_there_is_nothing_to_do():
    """The driver of a venue without simulated instruments ends at once."""
    driver = ParticipantsDriver(lambda name, command: None, VirtualClock(), {})
    driver.open()
    await driver.run()
    assert driver.statistics() == DriverStatistics()


async def test_an_error_of_the_venue_ends_the_driver():
    """A command that the venue cannot take is not the participants' to decide about."""
    places, _, clock = world(1, None)
    participants = {name: place.participants for name, place in places.items()}

    def refuse(name, command):
        raise RuntimeError("closed")

    driver = ParticipantsDriver(refuse, clock, participants)
    with pytest.raises(RuntimeError, match="closed"):
        await driver.run()


async def test_a_driver_without_end_is_cancelled():
    """It gives way to others, so that they can."""
    _, driver, clock = world(1, None)
    driver.open()
    task = asyncio.ensure_future(driver.run())
    await clock.sleep(5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert driver.statistics().events > 100
