"""The quick encoding of orders says the same as the models."""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
from hypothesis import given, settings

from cadenza.gateway.api.views import view
from cadenza.gateway.trading.order_payloads import (
    OrderJson,
    execution_json,
    execution_record,
    order_record,
)
from cadenza.models import (
    ContingencyType,
    OrderSide,
    OrderStatus,
    OrderType,
    QuantityRounding,
    QuantityType,
    RpcTradeExecution,
    RpcTradeOrder,
    TimeInForce,
)
from cadenza.trading.ledger.units import AssetScales
from cadenza.trading.orders.state import Execution, OrderState

ASSETS = AssetScales({"BTC": 10, "USDT": 10})
ID = "00000000-0000-4000-8000-000000000001"
UNITS = st.integers(0, 10**12)
MILLIS = st.integers(1, 4_000_000_000_000)

ORDERS = st.builds(
    OrderState,
    order_id=st.just(ID),
    number=st.just(1),
    account_id=st.just(ID),
    instrument_id=st.just("PAPER:BTC/USDT"),
    tick=st.sampled_from(["0.01", "1", "0.00001", "0.5"]),
    lot=st.sampled_from(["0.0001", "1", "1000", "0.25"]),
    side=st.sampled_from(OrderSide),
    type=st.sampled_from(OrderType),
    time_in_force=st.sampled_from(TimeInForce),
    status=st.sampled_from(OrderStatus),
    quantity_type=st.sampled_from([QuantityType.BASE, QuantityType.QUOTE]),
    rounding=st.sampled_from(QuantityRounding),
    lots=UNITS,
    budget=st.sampled_from([0, 12345678901234]),
    limit=UNITS,
    stop=UNITS,
    trail=UNITS,
    visible=UNITS,
    executed=UNITS,
    cost=UNITS,
    fees=st.integers(-(10**12), 10**12),
    list_id=st.sampled_from(["", ID]),
    contingency=st.none() | st.sampled_from(ContingencyType),
    client_order_id=st.text(max_size=20),
    idempotency_key=st.text(max_size=20),
    quote_id=st.sampled_from(["", ID]),
    reject_reason=st.sampled_from(["", "WOULD_TAKE", 'a "reason"\n']),
    cancel_reason=st.sampled_from(["", "BY_OWNER", "Grund: ü"]),
    created_at=MILLIS,
    updated_at=MILLIS,
    expire_at=st.sampled_from([0, 1_700_000_000_123]),
    ended_at=st.sampled_from([0, 1_700_000_000_456]),
    last_execution_at=st.sampled_from([0, 1_700_000_000_789]),
)


def as_models_say(order):
    return msgspec.json.decode(
        msgspec.json.encode(view(order_record(order, ASSETS), RpcTradeOrder))
    )


@settings(max_examples=300, deadline=None)
@given(order=ORDERS)
def test_the_quick_encoding_is_what_the_models_make(order):
    """Field by field, for every kind of order."""
    order.last_execution_at = order.last_execution_at or 1 if order.executed else 0
    if not order.cancel_reason:
        order.ended_at = 0
    order.ended_at = order.ended_at or 1 if order.cancel_reason else 0
    order.cost = order.cost or 1 if order.executed else 0
    assert msgspec.json.decode(OrderJson(ASSETS).encode(order)) == as_models_say(order)


@settings(max_examples=100, deadline=None)
@given(orders=st.lists(ORDERS, min_size=2, max_size=5))
def test_an_order_that_changes_is_encoded_as_it_is_now(orders):
    """Whatever was kept of it: an amendment changes its terms, too."""
    json = OrderJson(ASSETS)
    first = orders[0]
    for change in orders:
        after = msgspec.structs.replace(
            first,
            status=change.status,
            lots=change.lots,
            limit=change.limit,
            stop=change.stop,
            executed=0,
            cost=0,
            cancel_reason="",
            last_execution_at=0,
        )
        assert msgspec.json.decode(json.encode(after)) == as_models_say(after)


EXECUTIONS = st.builds(
    Execution,
    execution_id=st.just(ID),
    number=st.just(1),
    order_id=st.just(ID),
    account_id=st.just(ID),
    instrument_id=st.just("PAPER:BTC/USDT"),
    trade_id=st.just("17"),
    side=st.sampled_from(OrderSide),
    price=UNITS,
    lots=UNITS,
    cost=UNITS,
    fee=st.integers(-(10**12), 10**12),
    is_maker=st.booleans(),
    at=MILLIS,
)


@settings(max_examples=200, deadline=None)
@given(execution=EXECUTIONS, order=ORDERS)
def test_an_execution_is_what_the_models_make(execution, order):
    """Field by field."""
    shown = view(execution_record(execution, order, ASSETS), RpcTradeExecution)
    expected = msgspec.json.decode(msgspec.json.encode(shown))
    assert msgspec.json.decode(execution_json(execution, order, ASSETS)) == expected
