"""Participants of the paper venue: alive whatever users do, honest, and the same every time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.market.simulation.crowd import LEVELS, SPARE_LEVELS
from cadenza.market.simulation.spec import PAPER_INSTRUMENTS
from cadenza.market.simulation.weather import Regime
from cadenza.trading.matching.commands import Cancel
from cadenza.trading.matching.events import Accepted
from support.trading.participants_world import Place, digest, run

BTC = PAPER_INSTRUMENTS[0]
HOME = 6_180_000
EVERYTHING = 10**12


def opened(**options):
    place = Place(**options)
    place.open()
    return place


def check_makers(place):
    """What the makers believe to have is what the engine has of them, and nobody is crossed."""
    assert not place.book.is_crossed()
    own = {
        (order.is_buy, order.limit): order.leaves
        for order in place.engine.orders.values()
        if order.owner.startswith("@maker")
    }
    ladders = (place.crowd.bids, place.crowd.asks)
    believed = {(q.is_bid, q.ticks): q.lots for ladder in ladders for q in ladder}
    assert believed == own


async def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    """Commands and events of all instruments."""
    digests = [digest((await run(seed, 600))[0]) for seed in (7, 7, 8)]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.process
def test_the_hash_seed_of_the_process_does_not_matter():
    """Two other processes with hash seeds of their own give the bytes of this one."""
    program = ("-m", "support.trading.participants_world")
    tests = Path(__file__).parents[1]
    here = digest(asyncio.run(run(3, 400))[0])
    for hash_seed in ("1", "2"):
        command = [sys.executable, *program, "3", "400"]
        env = os.environ | {"PYTHONHASHSEED": hash_seed}
        found = subprocess.run(
            command, cwd=tests, capture_output=True, text=True, check=True, env=env
        )
        assert found.stdout == here


@pytest.mark.parametrize("spec", PAPER_INSTRUMENTS, ids=lambda spec: spec.instrument_id)
def test_a_market_left_alone_is_deep_tight_and_alive(spec):
    """Depth, spread and trades over a few minutes."""
    place = opened(spec=spec, seed=5)
    home = place.mid()
    for _ in range(4000):
        place.step()
        assert len(place.book.bids) >= LEVELS - 10
        assert len(place.book.asks) >= LEVELS - 10
        assert len(place.engine.orders) <= 2 * (LEVELS + SPARE_LEVELS)
        assert place.book.asks.best.ticks - place.book.bids.best.ticks <= 40 * spec.gap
    check_makers(place)
    assert len(place.trades) > 400
    assert abs(place.mid() / home - 1) < 0.05


def test_makers_never_take_and_all_names_are_their_own():
    """Owners and order ids begin with "@"; only takers are aggressors."""
    place = opened(seed=6)
    place.step(2000)
    for trade in place.trades:
        assert trade.taker_owner.startswith("@taker")
        assert trade.maker_owner.startswith("@maker")
        assert trade.maker_id.startswith("@m")
        assert trade.taker_id.startswith("@t")


@pytest.mark.parametrize("is_buy", [True, False])
def test_a_side_swept_by_a_user_is_back_after_one_event(is_buy):
    """A market order for more than there is."""
    place = opened(seed=2)
    place.step(50)
    side = place.book.asks if is_buy else place.book.bids
    place.apply(place.order(is_buy, EVERYTHING))
    assert len(side) == 0
    place.step()
    assert len(side) >= LEVELS
    check_makers(place)


def test_makers_move_away_from_what_users_load_on_them():
    """With the same seed, the price after a user's large buy is above the one without it."""
    alone, traded = opened(seed=9), opened(seed=9)
    for place in (alone, traded):
        place.step(200)
    traded.apply(traded.order(is_buy=True, lots=1_000_000))
    assert traded.crowd.inventory < alone.crowd.inventory
    mids = {alone: 0.0, traded: 0.0}
    for place in mids:
        for _ in range(20):
            place.step()
            mids[place] += place.mid()
    assert mids[traded] > mids[alone]


@pytest.mark.parametrize("is_buy", [True, False])
def test_a_users_order_on_the_wrong_side_of_the_fair_price_finds_takers(is_buy):
    """It rests after a sweep, no maker meets it, and takers fill it at its own price."""
    place = opened(seed=3)
    limit = HOME + (5000 if is_buy else -5000)
    place.apply(place.order(is_buy, 10 * EVERYTHING, limit))
    before = place.engine.orders["user-1"].leaves
    place.trades.clear()
    place.step(60)
    order = place.engine.orders["user-1"]
    assert order.leaves < before
    mine = [trade for trade in place.trades if trade.maker_id == "user-1"]
    assert mine
    assert all(trade.taker_owner.startswith("@taker") for trade in mine)
    assert {trade.price for trade in mine} == {limit}
    check_makers(place)


def test_a_user_who_offers_at_one_tick_does_not_stop_the_market():
    """No bid fits below; takers take the offer, and then everything is as before."""
    place = opened(seed=4)
    place.apply(place.order(is_buy=False, lots=2_000_000_000, limit=1))
    assert len(place.book.bids) == 0
    assert place.book.asks.best.ticks == 1
    place.step(60)
    assert "user-1" not in place.engine.orders
    assert len(place.book.bids) >= LEVELS
    check_makers(place)


def test_after_a_restart_makers_open_around_the_last_price_clear_of_users_orders():
    """Users' restored orders lie where makers would quote; the opening trades with none."""
    mark = HOME + 90_000
    blank = Place()
    before = [
        blank.order(is_buy=True, lots=700, limit=mark + 400),
        blank.order(is_buy=False, lots=300, limit=mark + 450),
        blank.order(is_buy=True, lots=100, limit=mark - 100_000),
    ]
    place = Place(before=before, mark=mark)
    answers = place.open()
    assert place.trades == []
    assert all(isinstance(events[0], Accepted) for events in answers)
    assert place.book.bids.best.ticks == mark + 400
    assert place.book.asks.best.ticks == mark + 401
    own = [order.limit for order in place.engine.orders.values() if order.owner != "alice"]
    assert len(own) == 2 * LEVELS
    assert max(abs(limit - mark) for limit in own) < 400 * BTC.gap
    check_makers(place)


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("market"), st.booleans(), st.sampled_from([1, 20_000, EVERYTHING])),
        st.tuples(st.just("limit"), st.booleans(), st.integers(-3000, 3000)),
        st.tuples(st.just("cancel"), st.integers(1, 30)),
        st.tuples(st.just("step"), st.integers(1, 8)),
    ),
    max_size=30,
)


@given(actions=ACTIONS, seed=st.integers(0, 2**32), levels=st.sampled_from([1, 5, LEVELS]))
@settings(max_examples=100, deadline=None)
def test_whatever_users_do_the_makers_know_their_orders_and_keep_their_levels(
    actions, seed, levels
):
    """Sweeps, limits around the price, cancels, in any order."""
    place = opened(seed=seed, levels=levels)
    for action in actions:
        match action:
            case ("market", is_buy, lots):
                place.apply(place.order(is_buy, lots))
            case ("limit", is_buy, distance):
                place.apply(place.order(is_buy, 50_000, HOME + distance))
            case ("cancel", number):
                place.apply(Cancel(now=place.now, order_id=f"user-{number}"))
            case ("step", count):
                place.step(count)
        check_makers(place)
        assert not any(trade.taker_owner.startswith("@maker") for trade in place.trades)
    for command in place.participants.open(place.now):
        place.apply(command)
    check_makers(place)
    assert len(place.crowd.bids) >= levels
    assert len(place.crowd.asks) >= levels


def test_regimes_show_in_the_commands():
    """A turbulent market trades more and moves farther than a calm one in as many events."""
    trades, moves = {}, {}
    for regime in (Regime.CALM, Regime.TURBULENT):
        place = opened(seed=1, regime=regime)
        moves[regime] = 0
        for _ in range(150):
            before = place.mid()
            place.step(10)
            moves[regime] += (place.mid() - before) ** 2
        trades[regime] = len(place.trades)
        assert place.participants.regime is regime
    assert trades[Regime.TURBULENT] > 1.5 * trades[Regime.CALM]
    assert moves[Regime.TURBULENT] > 4 * moves[Regime.CALM]
