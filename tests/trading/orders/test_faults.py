"""Which orders meet with which faults."""

from __future__ import annotations

import random

import pytest

from cadenza.trading.orders.faults import OrderFault, OrderFaults, OrderRule

REJECT = OrderFault(reject="INJECTED")
ORDER = ("account-1", "PAPER:BTC/USDT", "FAULT-REJECT-7")


def faults_of(*rules):
    faults = OrderFaults()
    for rule in rules:
        faults.add(rule)
    return faults


def test_without_rules_nothing_happens():
    """The usual state: no order meets with a fault."""
    assert OrderFaults().for_order(*ORDER) is None


def test_a_rule_without_a_target_is_for_every_order():
    """Also for one without a client order id."""
    faults = faults_of(OrderRule(REJECT))
    assert faults.for_order(*ORDER) == REJECT
    assert faults.for_order("other", "PAPER:ETH/USDT", "") == REJECT


@pytest.mark.parametrize(
    ("target", "hits"),
    [
        ({"account_id": "account-1"}, True),
        ({"account_id": "account-2"}, False),
        ({"instrument_id": "PAPER:BTC/USDT"}, True),
        ({"instrument_id": "PAPER:BTC/USD"}, False),
        ({"prefix": "FAULT-REJECT-"}, True),
        ({"prefix": "FAULT-DELAY-"}, False),
        ({"prefix": "FAULT-REJECT-77"}, False),
        ({"account_id": "account-1", "prefix": "FAULT-"}, True),
        ({"account_id": "account-1", "prefix": "x"}, False),
    ],
)
def test_a_rule_is_for_the_orders_that_fit_all_of_its_target(target, hits):
    """Account and instrument exactly, the client order id by how it begins."""
    assert (faults_of(OrderRule(REJECT, **target)).for_order(*ORDER) is not None) is hits


def test_several_rules_are_combined():
    """The first reason, the longest delay, the smallest share."""
    faults = faults_of(
        OrderRule(OrderFault(delay_ms=50, fill_permille=500)),
        OrderRule(OrderFault(reject="ONE", delay_ms=20)),
        OrderRule(OrderFault(reject="TWO", fill_permille=0)),
        OrderRule(OrderFault(reject="ZERO", delay_ms=900), prefix="not this one"),
    )
    assert faults.for_order(*ORDER) == OrderFault(reject="ONE", delay_ms=50, fill_permille=0)


def test_a_rule_that_was_removed_holds_no_longer():
    """Only that rule goes, and removing it again changes nothing."""
    gone, stays = OrderRule(REJECT), OrderRule(OrderFault(delay_ms=5))
    faults = faults_of(gone, stays)
    faults.remove(gone)
    faults.remove(gone)
    assert len(faults) == 1
    assert faults.for_order(*ORDER) == OrderFault(delay_ms=5)


def test_strike_is_asked_only_for_orders_that_fit():
    """So chance and counting concern those orders alone."""
    asked = []
    rule = OrderRule(REJECT, prefix="FAULT-", strike=lambda: asked.append(1) is None)
    faults = faults_of(rule)
    faults.for_order("account-1", "PAPER:BTC/USDT", "mine-1")
    assert asked == []
    assert faults.for_order(*ORDER) == REJECT
    assert asked == [1]


def test_the_same_seed_gives_the_same_hits():
    """Chance comes in from outside."""

    def run(seed):
        chance = random.Random(seed)
        faults = faults_of(OrderRule(REJECT, strike=lambda: chance.random() < 0.5))
        return [faults.for_order(*ORDER) is not None for _ in range(64)]

    assert run(7) == run(7)
    assert run(7) != run(8)
    assert 0 < sum(run(7)) < 64


@pytest.mark.parametrize(
    ("share", "lots", "filled"),
    [(None, 7, 7), (0, 7, 0), (500, 7, 3), (1000, 7, 7), (1, 999, 0), (1, 1000, 1)],
)
def test_a_share_is_rounded_down_to_whole_lots(share, lots, filled):
    """At most that share: never a lot more."""
    assert OrderFault(fill_permille=share).lots(lots) == filled
