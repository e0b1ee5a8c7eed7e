"""The reducer beside a model of the venue: any history, any delivery, the same copy."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.client import ClientError
from cadenza.client.trading import ExecutionReport, OrderUpdated, PortfolioUpdated, UnknownEvent
from cadenza.client.trading.account_copy import Found, Recent, read_state
from support.client.model_venue import ModelVenue, balance_of, execution, new_copy, position_of

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["new", "new", "fill", "fill", "amend", "cancel"]),
        st.integers(0, 5),
        st.integers(1, 3),
        st.sampled_from([0, 0, 1]),
    ),
    max_size=25,
)


def played(steps):
    """A venue after these steps; the last number of each says how many ms pass before it."""
    venue = ModelVenue()
    for step, which, amount, passed in steps:
        venue.now += passed
        order = venue.open_order(which)
        if step == "new":
            venue.new(amount)
        elif order is not None:
            getattr(venue, step)(*((order,) if step == "cancel" else (order, amount)))
    return venue


def begun(venue, offset):
    copy = new_copy()
    copy.start(venue.state(offset))
    return copy


def check_equal(copy, venue, since):
    """The copy is what the venue has told up to its end."""
    end = len(venue.events)
    there = venue.orders_after(end)
    opened = {it["tradeOrderId"] for it in venue.states[end]["orders"]}
    assert set(copy.orders) == opened
    for name, order in {**copy.orders, **copy.ended}.items():
        assert order.raw == there[name]
        assert order.is_open == (name in opened)
    changed = {it["tradeOrderId"] for at, it in venue.versions if at > since}
    assert changed <= set(copy.orders) | set(copy.ended)
    portfolio = venue.states[end]["portfolio"]
    assert {name: str(it.total) for name, it in copy.balances.items()} == {
        it["securitySymbol"]: it["total"] for it in portfolio["balances"]
    }
    assert {name: str(it.quantity) for name, it in copy.positions.items()} == {
        it["instrumentId"]: it["quantity"] for it in portfolio["positions"]
    }
    assert copy.offset == end


def check_no_step_back(copy, most):
    """Nothing is filled less than it was, nothing that has ended is open again."""
    for name, order in {**copy.orders, **copy.ended}.items():
        now = (not order.is_open, order.filled_quantity)
        assert now[0] >= most.get(name, now)[0]
        assert now[1] >= most.get(name, now)[1]
        most[name] = now


def ids(events):
    found = [it.execution.execution_id for it in events if isinstance(it, ExecutionReport)]
    assert len(set(found)) == len(found)
    return found


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, data=st.data())
def test_every_event_counts_once_whatever_is_repeated_and_answered(steps, data):
    """Begin anywhere; events come again; answers of calls overtake the stream or lag behind."""
    venue = played(steps)
    end = len(venue.events)
    begin = data.draw(st.integers(0, end), label="begin")
    copy, told = begun(venue, begin), []
    most = {}
    for offset, payload in venue.events[begin:]:
        if data.draw(st.booleans(), label="an answer comes"):
            at = data.draw(st.integers(0, end), label="as of")
            known = venue.orders_after(at)
            # Orders that ended before the copy began are nobody's business.
            opened = {it["tradeOrderId"] for it in venue.states[begin]["orders"]}
            fresh = {it["tradeOrderId"] for of, it in venue.versions if of > begin}
            for name in sorted(set(known) & (opened | fresh))[:1]:
                found = venue.found(at, name)
                copy.adopt(found.data, found.raw)
            check_no_step_back(copy, most)
        told.append(copy.apply(payload, offset))
        check_no_step_back(copy, most)
        again = data.draw(st.integers(begin + 1, offset), label="again")
        assert copy.apply(venue.events[again - 1][1], again) is None
        assert copy.apply(venue.events[again - 1][1], 0) is None
    check_equal(copy, venue, begin)
    assert [it.offset for it in told] == list(range(begin + 1, end + 1))
    assert ids(told) == [it["executionId"] for at, it in venue.executions if at > begin]
    assert copy.duplicates == 2 * len(told)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, data=st.data())
def test_a_gap_is_closed_without_loss_and_without_doubles(steps, data):
    """Events in the middle never come: state and answers make up for them."""
    venue = played(steps)
    end = len(venue.events)
    begin, lost, back = sorted(data.draw(st.integers(0, end), label="place") for _ in range(3))
    asked = data.draw(st.integers(back, end), label="when the questions are answered")
    copy = begun(venue, begin)
    told = [copy.apply(payload, offset) for offset, payload in venue.events[begin:lost]]
    state = venue.state(back)
    known = set(copy.missing(state))
    assert not known & state.order_ids
    created = {it["tradeOrderId"] for at, it in venue.versions if lost < at <= asked}
    found = [venue.found(asked, name) for name in sorted(known | created - state.order_ids)]
    overlap = data.draw(st.integers(begin, lost), label="executions asked for since")
    answers = [execution(it) for at, it in venue.executions if overlap < at <= asked]
    events = copy.restart(state, found, answers)
    assert copy.offset == back
    told += events
    told += [copy.apply(payload, offset) for offset, payload in venue.events[back:]]
    told = [event for event in told if event is not None]
    check_equal(copy, venue, begin)
    assert ids(told) == [it["executionId"] for at, it in venue.executions if at > begin]
    last = {it.order.order_id: it.status for it in told if isinstance(it, OrderUpdated)}
    for name, status in last.items():
        assert venue.orders_after(end)[name]["status"] == status
    assert isinstance(events[-1], PortfolioUpdated)


@settings(max_examples=50, deadline=None)
@given(steps=STEPS)
def test_executions_belong_to_their_orders(steps):
    """Those that came before their order too; together they are what is filled."""
    venue = played(steps)
    copy = new_copy()
    copy.start(venue.state(0))
    strays = [(at, payload) for at, payload in venue.events if b"trade_execution" in payload]
    for _, payload in strays:
        copy.apply(payload, 0)  # no offsets: a stream that is not numbered
    for _, payload in venue.events:
        copy.apply(payload, 0)
    for order in (*copy.orders.values(), *copy.ended.values()):
        assert order.has_all_executions
        assert order.remaining == order.quantity - order.filled_quantity


def test_an_order_that_the_venue_has_forgotten_is_gone():
    """It is open no longer, though no status says so."""
    venue = played([("new", 0, 1, 0)])
    copy = begun(venue, 1)
    (order,) = copy.orders.values()
    gone = Found(order.order_id, None, None)
    events = copy.restart(read_state(venue.states[0], 9), [gone], [])
    assert isinstance(events[0], OrderUpdated)
    assert (order.is_open, order.cancel_reason) == (False, "UNKNOWN_ORDER")
    assert copy.orders == {}


@pytest.mark.parametrize(
    ("payload", "kind", "has_error"),
    [
        (b"{", "", True),
        (
            b'{"eventType":"event.new","eventId":"1","timestamp":1,"data":{"a":1}}',
            "event.new",
            False,
        ),
        (
            b'{"eventType":"event.trade_order.updated","eventId":"1","timestamp":1,"data":{"quantity":1}}',
            "event.trade_order.updated",
            True,
        ),
        (
            b'{"eventType":"event.portfolio.updated","eventId":"1","timestamp":"noon","data":[]}',
            "event.portfolio.updated",
            True,
        ),
    ],
)
def test_what_cannot_be_read_is_told_and_changes_nothing(payload, kind, has_error):
    """Newer venues may say more; nobody's copy breaks over it."""
    copy = new_copy()
    event = copy.apply(payload, 1)
    assert isinstance(event, UnknownEvent)
    assert (event.event_type, event.error is not None, copy.offset) == (kind, has_error, 1)
    assert copy.orders == copy.balances == {}


@pytest.mark.parametrize(
    "data", [None, {}, {"orders": 1}, {"orders": [{"quantity": 1}], "portfolio": {}}]
)
def test_a_state_that_cannot_be_read(data):
    """A clear error, instead of an empty account."""
    with pytest.raises(ClientError, match="state of the account"):
        read_state(data, 0)


def test_an_answer_that_overtakes_the_stream_is_not_taken_back():
    """What the stream tells of the order's past is told, and changes nothing until it is newer."""
    venue = played([("new", 0, 3, 0), ("fill", 0, 1, 1), ("fill", 0, 1, 1), ("cancel", 0, 1, 1)])
    copy = begun(venue, 1)
    (order,) = copy.orders.values()
    overtaking = next(at for at, it in venue.versions if it["executedQuantity"] == "2")
    found = venue.found(overtaking, order.order_id)
    assert copy.adopt(found.data, found.raw) is order
    stale = venue.found(1, order.order_id)
    copy.adopt(stale.data, stale.raw)
    seen = []
    for offset, payload in venue.events[1:]:
        event = copy.apply(payload, offset)
        if isinstance(event, OrderUpdated):
            seen.append((str(event.filled_quantity), str(order.filled_quantity)))
    assert seen == [("1", "2"), ("2", "2"), ("2", "2")]
    assert order.status == "CANCELLED"
    copy.adopt(stale.data, stale.raw)
    assert (order.status, copy.orders) == ("CANCELLED", {})


def test_only_so_many_ended_orders_are_kept():
    """The oldest are forgotten first."""
    venue = played([("new", 0, 1, 0), ("cancel", 0, 1, 0)] * 5)
    copy = new_copy(ended=2)
    copy.start(venue.state(0))
    for offset, payload in venue.events:
        copy.apply(payload, offset)
    assert list(copy.ended) == list(venue.orders_after(len(venue.events)))[-2:]
    recent = Recent(1)
    recent.setdefault("a", []).append(1)
    recent.setdefault("b", []).append(2)
    assert recent == {"b": [2]}


def test_a_snapshot_replaces_and_a_closed_position_goes():
    """What the portfolio's update mode says."""
    copy = new_copy()
    copy.start(read_state(portfolio_of(["USDT", "BTC"], ["A:B/C"]), 0))

    def event(number, mode, **data):
        given = {"updateMode": mode, **data}
        whole = {"eventType": "event.portfolio.updated", "eventId": str(number), "timestamp": 1}
        return json.dumps({**whole, "data": given}).encode()

    copy.apply(event(1, "DELTA", positions=[{**position_of("A:B/C", 0), "status": "CLOSED"}]), 1)
    assert (copy.positions, set(copy.balances)) == ({}, {"USDT", "BTC"})
    copy.apply(event(2, "SNAPSHOT", balances=[balance_of("EUR", 1)]), 2)
    assert set(copy.balances) == {"EUR"}


def portfolio_of(assets, names):
    balances = [balance_of(it, 1) for it in assets]
    positions = [position_of(it, 1) for it in names]
    return {"orders": [], "portfolio": {"balances": balances, "positions": positions}}
