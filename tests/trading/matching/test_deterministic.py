"""The same commands in two processes, and what the engine leaves behind: nothing."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from cadenza.models import OrderSide, OrderType
from cadenza.trading.matching.book import MAX_GAPS
from cadenza.trading.matching.commands import Cancel, Submit, SubmitList
from cadenza.trading.matching.engine import MatchingEngine
from support.trading.matching_digest import command

TESTS = Path(__file__).parents[2]
DIGEST = ("-m", "support.trading.matching_digest")
COUNT = 3000


def run(seed, hash_seed):
    """The number of events and their digest, from an interpreter of its own."""
    made = subprocess.run(
        [sys.executable, *DIGEST, str(seed), str(COUNT)],
        cwd=TESTS,
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split()


@pytest.mark.process
def test_two_processes_that_hash_differently_tell_the_same_bytes():
    """Events and open orders do not depend on the order of anything hashed."""
    told, digest = run(1, "1")
    assert int(told) > COUNT
    assert run(1, "4000000000") == [told, digest]
    assert run(2, "1")[1] != digest


def orders_of(one):
    return one.orders if isinstance(one, SubmitList) else (one,) if isinstance(one, Submit) else ()


def references(terms):
    return [sys.getrefcount(one) for one in terms]


def test_orders_end_without_the_garbage_collector():
    """It does not look at them, so nothing of them may lead back to them."""
    chance, engine = random.Random(3), MatchingEngine()
    commands = [command(chance, number) for number in range(COUNT)]
    terms = [order for one in commands for order in orders_of(one)]
    before = references(terms)
    for one in commands:
        engine.apply(one)
    del one
    open_terms = {id(order.terms) for order in engine.orders.values()}
    assert open_terms
    kept = [now - old for now, old in zip(references(terms), before, strict=True)]
    assert kept == [int(id(one) in open_terms) for one in terms]
    del engine
    gc.collect()
    assert references(terms) == before


def limit(order_id, side, lots=1):
    side = OrderSide.BUY if side == "B" else OrderSide.SELL
    return Submit(
        now=0, order_id=order_id, owner=side, side=side, type=OrderType.LIMIT, lots=lots, limit=100
    )


def test_a_long_queue_stays_short_to_look_through():
    """Orders that leave it leave gaps; it is written anew before they are in the way."""
    engine, count = MatchingEngine(), 10 * MAX_GAPS
    for number in range(count):
        engine.apply(limit(f"{number}", "S"))
    level = engine.book.asks.best
    queue = level.queue
    for number in range(1, count, 2):
        engine.apply(Cancel(now=0, order_id=f"{number}"))
    assert [event.maker_id for event in engine.apply(limit("t", "B", count // 4))[1:]] == [
        f"{number}" for number in range(0, count // 2, 2)
    ]
    assert level.queue is not queue
    assert [order.order_id for order in level] == [
        f"{number}" for number in range(count // 2, count, 2)
    ]
