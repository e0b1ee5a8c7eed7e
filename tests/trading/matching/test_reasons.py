"""Every reason the matching engine gives, and what brings it about."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.models import ContingencyType, OrderSide, OrderType, TimeInForce
from cadenza.trading.matching.commands import (
    Amend,
    Cancel,
    CancelAll,
    Mark,
    SelfTrade,
    Submit,
    SubmitList,
)
from cadenza.trading.matching.engine import MatchingEngine
from cadenza.trading.matching.events import Cancelled, CancelReason, Refused, Rejected, RejectReason
from cadenza.trading.matching.rules import SHAPES, objection

ASK = Submit(
    now=0, order_id="ask", owner="you", side=OrderSide.SELL, type=OrderType.LIMIT, lots=5, limit=100
)
BID = msgspec.structs.replace(ASK, order_id="bid", owner="me", side=OrderSide.BUY, limit=90)


def bid(**changes):
    return msgspec.structs.replace(BID, **changes)


def market(**changes):
    return bid(type=OrderType.MARKET, limit=0, **changes)


def list_of(*orders):
    return SubmitList(now=0, list_id="l", contingency=ContingencyType.OTO, orders=orders)


REFUSALS = {
    "DUPLICATE_ORDER_ID": [BID, BID],
    "UNKNOWN_ORDER": [Cancel(now=0, order_id="nobody")],
    "TOO_MANY_ORDERS": [ASK, BID, bid(order_id="third"), bid(order_id="fourth")],
    "BAD_SIDE": [bid(side=OrderSide.UNKNOWN)],
    "BAD_TYPE": [bid(type=OrderType.QUOTED)],
    "BAD_TIME_IN_FORCE": [market(time_in_force=TimeInForce.GTX)],
    "BAD_QUANTITY": [bid(lots=0)],
    "BAD_BUDGET": [bid(budget=5)],
    "BAD_LIMIT": [bid(limit=0)],
    "BAD_STOP": [bid(stop=5)],
    "BAD_TRAIL": [bid(trail=5)],
    "BAD_PROTECTION": [bid(protection=5)],
    "BAD_VISIBLE": [bid(visible=6)],
    "BAD_EXPIRE_AT": [bid(time_in_force=TimeInForce.GTD)],
    "BAD_LIST": [list_of(BID)],
    "LIST_REJECTED": [list_of(bid(order_id="a", lots=0), BID)],
    "WOULD_TAKE": [ASK, bid(type=OrderType.LIMIT_MAKER, limit=100)],
    "BELOW_EXECUTED": [ASK, bid(lots=7, limit=100), Amend(now=0, order_id="bid", lots=5)],
}
ELSEWHERE = {"BOOK_STALE"}
"""Reasons of mirrored venues, whose tests bring them about."""

HELD = bid(order_id="held", side=OrderSide.SELL, limit=110)
STOP_MAKER = bid(
    order_id="w", type=OrderType.STOP_LIMIT, time_in_force=TimeInForce.GTX, stop=100, limit=100
)
ENDS = {
    "BY_OWNER": [BID, Cancel(now=0, order_id="bid")],
    "CANCEL_ALL": [BID, CancelAll(now=0, owner="me")],
    "NOT_FILLED_AT_ONCE": [bid(time_in_force=TimeInForce.IOC)],
    "BUDGET_TOO_SMALL": [ASK, market(lots=0, budget=99)],
    "NO_LIQUIDITY": [market()],
    "SELF_TRADE": [ASK, bid(owner="you", limit=100)],
    "WOULD_TAKE": [ASK, STOP_MAKER, Mark(now=0, price=100)],
    "ORDER_LIST": [list_of(BID, HELD), Cancel(now=0, order_id="bid")],
}


def last_of(commands):
    engine = MatchingEngine(max_orders=3)
    return [event for command in commands for event in engine.apply(command)][-1]


@pytest.mark.parametrize("reason", list(RejectReason))
def test_every_reason_to_refuse_comes_about(reason):
    """So none of them is a word only."""
    if reason in ELSEWHERE:
        assert reason not in REFUSALS
        return
    event = last_of(REFUSALS[reason])
    assert isinstance(event, Rejected | Refused)
    assert event.reason is reason


@pytest.mark.parametrize("reason", list(CancelReason))
def test_every_reason_to_end_comes_about(reason):
    event = last_of(ENDS[reason])
    assert isinstance(event, Cancelled)
    assert event.reason is reason


@st.composite
def terms(draw):
    """A limit order in which anything may be wrong, and mostly nothing is."""
    extra = st.sampled_from([0, 0, 0, 0, 0, 0, 1, -1])
    number = st.sampled_from([5, 5, 5, 5, 1, 0, -1, 2**53 - 1, 2**53])
    kind, time = draw(st.sampled_from(sorted(SHAPES)))
    is_usual = draw(st.booleans())
    return Submit(
        now=0,
        order_id="o",
        owner="me",
        side=draw(st.sampled_from([*OrderSide, OrderSide.BUY, OrderSide.SELL])),
        type=OrderType.LIMIT if is_usual else kind,
        time_in_force=TimeInForce.GTC if is_usual else time,
        lots=draw(number),
        limit=draw(number),
        budget=draw(extra),
        stop=draw(extra),
        trail=draw(extra),
        visible=draw(extra),
        protection=draw(extra),
        expire_at=draw(extra),
        self_trade=draw(st.sampled_from([None, *SelfTrade])),
    )


@settings(max_examples=400, deadline=None)
@given(terms())
def test_the_short_way_in_lets_through_what_the_rules_let_through(submit):
    """The engine decides about usual orders by itself; the rules must say the same."""
    expected = objection(submit, SHAPES.get((submit.type, submit.time_in_force)))
    first = MatchingEngine().apply(submit)[0]
    assert (first.reason if isinstance(first, Rejected) else None) is expected
