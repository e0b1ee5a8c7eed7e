"""New terms for orders that have a list, hidden lots, a trigger price or a budget."""

from __future__ import annotations

import pytest

from cadenza.models import ContingencyType, OrderSide, OrderStatus, OrderType
from cadenza.trading.matching.book import Depth
from cadenza.trading.matching.commands import Amend, Mark, Submit, SubmitList
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import Refused, RejectReason, Trade


def order(order_id, side, lots=0, limit=0, **terms):
    terms = {"type": OrderType.LIMIT if limit else OrderType.MARKET, "owner": "me"} | terms
    side = OrderSide.BUY if side == "B" else OrderSide.SELL
    return Submit(now=0, order_id=order_id, side=side, lots=lots, limit=limit, **terms)


def list_of(kind, *orders):
    return SubmitList(now=0, list_id="l", contingency=ContingencyType(kind), orders=orders)


def stop(order_id, side, lots, at, limit=0, **terms):
    kind = OrderType.STOP_LIMIT if limit else OrderType.STOP
    return order(order_id, side, lots, limit, stop=at, type=kind, **terms)


def amend(order_id, **changes):
    return Amend(now=0, order_id=order_id, **changes)


@pytest.fixture
def engine():
    return MatchingEngine()


@pytest.fixture
def told(engine):
    """Apply commands; what the last one made happen, in short."""

    def apply(*commands):
        events = []
        for command in commands:
            events = engine.apply(command)
        return [
            (type(e).__name__, e.taker_id if isinstance(e, Trade) else e.order_id) for e in events
        ]

    return apply


PROFIT, LOSS = order("profit", "S", 5, 110), stop("loss", "S", 5, 90)
ENTRY = order("entry", "B", 5, 100)


def test_a_leg_of_an_oco_that_takes_at_its_new_price_ends_the_other(engine, told):
    told(order("bid", "B", 2, 105, owner="you"), list_of("OCO", PROFIT, LOSS))
    assert told(amend("profit", limit=105)) == [
        ("Replaced", "profit"),
        ("Trade", "profit"),
        ("Cancelled", "loss"),
    ]
    assert engine.orders["profit"].leaves == 3


def test_a_leg_of_an_oco_that_triggers_at_its_new_price_ends_the_other(engine, told):
    told(Mark(now=0, price=100), list_of("OCO", PROFIT, LOSS))
    assert told(amend("loss", stop=101)) == [
        ("Replaced", "loss"),
        ("Triggered", "loss"),
        ("Cancelled", "profit"),
        ("Cancelled", "loss"),
    ]


def test_less_quantity_of_one_leg_leaves_the_other_alone(engine, told):
    told(list_of("OCO", PROFIT, LOSS))
    assert told(amend("profit", lots=2)) == [("Replaced", "profit")]
    assert (engine.orders["profit"].leaves, engine.orders["loss"].leaves) == (2, 5)


def test_a_first_order_filled_at_its_new_price_frees_the_held_ones(engine, told):
    told(order("ask", "S", 5, 101, owner="you"), list_of("OTOCO", ENTRY, PROFIT, LOSS))
    assert told(amend("entry", limit=101)) == [
        ("Replaced", "entry"),
        ("Trade", "entry"),
        ("Released", "profit"),
        ("Released", "loss"),
    ]


def test_a_held_stop_waits_at_its_new_price_once_it_is_free(engine, told):
    """While it is held a price that is reached already triggers nothing."""
    told(Mark(now=0, price=100), list_of("OTO", ENTRY, LOSS))
    assert told(amend("loss", stop=100, lots=3)) == [("Replaced", "loss")]
    assert told(order("ask", "S", 5, 100, owner="you"))[2:] == [
        ("Released", "loss"),
        ("Triggered", "loss"),
        ("Cancelled", "loss"),
    ]


def test_an_order_with_a_budget_has_no_quantity_to_change(engine, told):
    """It is held by its list, else it would be gone: a market order does not stay."""
    told(list_of("OTO", ENTRY, order("spend", "S", budget=1000)))
    refused = [Refused(0, "spend", RejectReason.BAD_QUANTITY)]
    assert engine.apply(amend("spend", lots=5)) == refused
    assert engine.orders["spend"].lots == 0


def test_an_iceberg_loses_its_hidden_lots_first_and_shows_its_part_after_a_move(engine, told):
    told(order("ice", "S", 10, 100, visible=4), order("plain", "S", 1, 100))
    told(amend("ice", lots=5))
    assert engine.book.asks.depth() == [Depth(100, 5, 2)]
    told(amend("ice", lots=3))
    assert engine.book.asks.depth() == [Depth(100, 4, 2)]
    assert engine.book.asks.best.head.order_id == "ice"
    told(amend("ice", lots=9, limit=101))
    assert engine.book.asks.depth() == [Depth(100, 1, 1), Depth(101, 4, 1)]


def test_the_new_quantity_counts_what_is_executed(engine, told):
    """More than that, or the amendment is refused; the status is the new one."""
    told(order("ice", "S", 10, 100, visible=4), order("t", "B", 5, 100, owner="you"))
    refused = [Refused(0, "ice", RejectReason.BELOW_EXECUTED)]
    assert engine.apply(amend("ice", lots=5)) == refused
    assert engine.orders["ice"].status is OrderStatus.PARTIALLY_FILLED
    assert told(amend("ice", lots=6)) == [("Replaced", "ice")]
    ice = engine.orders["ice"]
    assert (ice.lots, ice.leaves, ice.shown, ice.executed) == (6, 1, 1, 5)
    assert ice.status is OrderStatus.REPLACED


def test_a_waiting_stop_limit_takes_new_prices_and_keeps_its_turn(engine, told):
    """Stops that one trade triggers go in order of acceptance, amended or not."""
    told(Mark(now=0, price=100), stop("a", "S", 1, 90, 89), stop("b", "S", 1, 95, 94))
    told(amend("a", stop=95, limit=93, lots=2))
    assert told(Mark(now=0, price=95)) == [("Triggered", "a"), ("Triggered", "b")]
    assert engine.book.asks.depth() == [Depth(93, 2, 1), Depth(94, 1, 1)]
