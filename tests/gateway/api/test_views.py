"""One record, two surfaces."""

from __future__ import annotations

import msgspec
import pytest

from cadenza.gateway.api.views import MissingFieldsError, view
from cadenza.models import (
    BalanceRecord,
    BalanceStatus,
    ExecutionRecord,
    OrderRecord,
    OrderSide,
    OrderStatus,
    OrderType,
    Portfolio,
    PortfolioRecord,
    PositionEntry,
    PositionSide,
    PositionStatus,
    QuantityType,
    RpcPortfolio,
    RpcTradeExecution,
    RpcTradeOrder,
    SecurityQuantity,
    SecurityType,
    SummaryRecord,
    TimeInForce,
    TradeExecution,
    TradeOrder,
    UpdateMode,
    Venue,
)

ORDER_ID = "00000000-0000-4000-8000-000000000001"
ACCOUNT_ID = "00000000-0000-4000-8000-0000000000aa"
AT = 1723161255408
AT_TEXT = "2024-08-08T23:54:15.408Z"
FEE = SecurityQuantity(security="PAPER:USDT", asset="USDT", venue=Venue.PAPER, quantity="0.1")


def make_execution(**changes):
    fields = {
        "execution_id": "00000000-0000-4000-8000-0000000000ee",
        "venue": Venue.PAPER,
        "instrument_id": "PAPER:BTC/USDT",
        "executed_quantity": "0.5",
        "executed_price": "60000",
        "executed_cost": "30000",
        "executed_at": AT,
        "fees": (FEE,),
        "trade_order_id": ORDER_ID,
    }
    return ExecutionRecord(**(fields | changes))


def make_order(**changes):
    fields = {
        "trade_order_id": ORDER_ID,
        "trading_account_id": ACCOUNT_ID,
        "venue": Venue.PAPER,
        "instrument_id": "PAPER:BTC/USDT",
        "base_asset": "BTC",
        "quote_asset": "USDT",
        "order_side": OrderSide.BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": None,
        "status": OrderStatus.PARTIALLY_FILLED,
        "quantity": "1",
        "order_quantity_type": QuantityType.BASE,
        "executed_price": "60000",
        "executed_quantity": "0.5",
        "executed_cost": "30000",
        "fees": (FEE,),
        "created_at": AT,
        "updated_at": AT + 1,
        "limit_price": "60001",
        "executions": (make_execution(),),
        "client_order_id": "mine",
        "idempotency_key": "key",
        "last_execution_at": AT,
    }
    return OrderRecord(**(fields | changes))


def wire(payload):
    return msgspec.json.decode(msgspec.json.encode(payload))


def test_a_rest_order_has_milliseconds_and_their_twins_and_nothing_of_rpc():
    sent = wire(view(make_order(), TradeOrder))
    assert sent["createdAt"] == AT
    assert sent["createdAtDateTime"] == AT_TEXT
    assert sent["orderQuantityType"] == "BASE"
    assert sent["timeInForce"] is None
    assert sent["clientOrderId"] == "mine"
    assert sent["fees"] == [
        {"security": "PAPER:USDT", "asset": "USDT", "venue": "PAPER", "quantity": "0.1"}
    ]
    assert sent["executions"][0]["executedAtDateTime"] == AT_TEXT
    assert "tradeOrderId" not in sent["executions"][0]
    assert not sent.keys() & {"idempotencyKey", "quantityType", "lastExecutionAt", "expireAt"}


def test_an_rpc_order_has_rfc_3339_times_and_its_own_names():
    sent = wire(view(make_order(), RpcTradeOrder))
    assert sent["createdAt"] == AT_TEXT
    assert sent["lastExecutionAt"] == AT_TEXT
    assert sent["quantityType"] == "BASE"
    assert sent["idempotencyKey"] == "key"
    assert sent["fees"] == [{"asset": "USDT", "quantity": "0.1"}]
    assert not sent.keys() & {"orderQuantityType", "executions", "createdAtDateTime"}


def test_an_rpc_order_is_filled_at_least_as_a_rest_order_must_be():
    """The facts recommend it; what RPC has no field for is the exception."""
    required = {field.name for field in msgspec.structs.fields(TradeOrder) if field.required}
    rpc = view(make_order(), RpcTradeOrder)
    unset = {name for name in required if getattr(rpc, name, msgspec.UNSET) is msgspec.UNSET}
    assert unset == {"order_quantity_type"}


@pytest.mark.parametrize("target", [TradeOrder, RpcTradeOrder])
def test_a_view_survives_the_wire(target):
    payload = view(make_order(), target)
    assert msgspec.json.decode(msgspec.json.encode(payload), type=target) == payload


def test_unknown_fields_on_input_are_ignored():
    sent = wire(view(make_order(), RpcTradeOrder)) | {"tomorrow": {"a": [1]}}
    assert msgspec.convert(sent, RpcTradeOrder) == view(make_order(), RpcTradeOrder)


def test_an_rpc_order_becomes_a_rest_order_again():
    back = view(view(make_order(), RpcTradeOrder), TradeOrder, fees=(FEE,))
    assert back == msgspec.structs.replace(view(make_order(), TradeOrder), executions=msgspec.UNSET)


def test_what_a_surface_requires_and_the_source_lacks_is_named():
    rpc = RpcTradeOrder(trade_order_id=ORDER_ID, quantity="1", created_at=AT_TEXT)
    with pytest.raises(MissingFieldsError) as caught:
        view(rpc, TradeOrder)
    assert "tradingAccountId" in caught.value.fields
    assert "orderQuantityType" in caught.value.fields
    assert "quantity" not in caught.value.fields
    assert caught.value.target == "TradeOrder"


def test_executions_have_two_surfaces_too():
    rest = wire(view(make_execution(), TradeExecution))
    rpc = wire(view(make_execution(), RpcTradeExecution))
    assert rest["executedAt"] == AT
    assert rpc["executedAt"] == AT_TEXT
    assert rpc["tradeOrderId"] == ORDER_ID
    assert rpc["fees"] == [{"asset": "USDT", "quantity": "0.1"}]


@pytest.fixture
def portfolio():
    return PortfolioRecord(
        trading_account_id=ACCOUNT_ID,
        venue=Venue.PAPER,
        positions=(
            PositionEntry(
                position_id=ORDER_ID,
                security_symbol="BTC",
                trading_account_id=ACCOUNT_ID,
                security_type=SecurityType.CRYPTO,
                status=PositionStatus.OPEN,
                position_side=PositionSide.LONG,
                quantity="0.5",
                created_at=AT,
                updated_at=AT,
            ),
        ),
        balances=(
            BalanceRecord(
                security_symbol="BTC",
                security_type=SecurityType.CRYPTO,
                trading_account_id=ACCOUNT_ID,
                status=BalanceStatus.ACTIVE,
                free="0.5",
                locked="0",
                borrowed="0",
                total="0.5",
                net="0.5",
                updated_at=AT,
                created_at=AT,
            ),
        ),
        summary=SummaryRecord(
            trading_account_id=ACCOUNT_ID,
            currency="USDT",
            leverage=None,
            equity="30000",
            margin="0",
            margin_loan="0",
            margin_usage="0",
            margin_requirement="0",
            margin_level="0",
            credit="0",
            risk_exposure="30000",
        ),
        updated_at=AT,
        update_mode=UpdateMode.DELTA,
    )


def test_a_portfolio_is_viewed_with_all_that_is_in_it(portfolio):
    rest, rpc = wire(view(portfolio, Portfolio)), wire(view(portfolio, RpcPortfolio))
    assert rest["updatedAtDateTime"] == rpc["updatedAt"] == AT_TEXT
    assert rest["balances"][0]["updatedAt"] == AT
    assert rpc["balances"][0]["updatedAt"] == AT_TEXT
    assert rpc["balances"][0]["createdAt"] == AT_TEXT
    assert "createdAt" not in rest["balances"][0]
    assert rest["positions"][0]["createdAt"] == AT
    assert rpc["positions"][0]["createdAt"] == AT_TEXT
    assert rest["summary"]["leverage"] is None
    assert rpc["updateMode"] == "DELTA"
    assert "updateMode" not in rest


@pytest.mark.parametrize("kind", [OrderType, OrderStatus, TimeInForce])
def test_an_empty_word_of_older_clients_is_unknown(kind):
    assert msgspec.convert("", kind) is kind.UNKNOWN
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("NOPE", kind)


@pytest.mark.parametrize("text", ["1E-8", ".5", "+1", "1.", "NaN", " 1"])
def test_a_decimal_of_an_order_is_refused_in_any_other_notation(text):
    sent = wire(view(make_order(), RpcTradeOrder)) | {"limitPrice": text}
    with pytest.raises(msgspec.ValidationError, match="limitPrice"):
        msgspec.convert(sent, RpcTradeOrder)


def test_an_id_that_is_no_uuid_is_refused():
    with pytest.raises(msgspec.ValidationError, match="tradeOrderId"):
        msgspec.convert({"tradeOrderId": "acc-123"}, RpcTradeOrder)
