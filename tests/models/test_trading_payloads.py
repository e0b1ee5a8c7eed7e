"""Times, events, envelopes and requests."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cadenza.models import (
    DATA_TYPES,
    AccountEvent,
    ErrorDetails,
    EventType,
    OrderSide,
    OrderType,
    Pagination,
    QuantityRounding,
    QuoteRfqRequest,
    RestEnvelope,
    RpcEnvelope,
    RpcError,
    RpcTradeOrder,
    RpcTradingAccount,
    RpcTradingAccountCredential,
    SubmitTradeOrderRequest,
    iso_of,
    millis_of,
)

ID = "00000000-0000-4000-8000-000000000001"
FIRST, LAST = -62135596800000, 253402300799999
"""The years 1 to 9999 in milliseconds."""


def wire(payload):
    return msgspec.json.decode(msgspec.json.encode(payload))


@settings(deadline=None)
@given(st.integers(FIRST, LAST))
def test_every_millisecond_survives_rfc_3339(milliseconds):
    assert millis_of(iso_of(milliseconds)) == milliseconds


def test_other_spellings_of_a_time_are_read():
    assert iso_of(1723161255408) == "2024-08-08T23:54:15.408Z"
    assert millis_of("2024-08-09T01:54:15.408999+02:00") == 1723161255408
    assert millis_of("2024-08-08T23:54:15Z") == 1723161255000


@pytest.mark.parametrize("text", ["", "yesterday", "2024-08-08T23:54:15", "1723161255408"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="Z"):
        millis_of(text)


@pytest.mark.parametrize("milliseconds", [FIRST - 1, LAST + 1, 10**30])
def test_a_time_that_cannot_be_written_is_refused(milliseconds):
    with pytest.raises(ValueError, match="years"):
        iso_of(milliseconds)


def test_an_event_has_exactly_four_fields():
    event = AccountEvent(
        event_type=EventType.TRADE_ORDER_UPDATED,
        event_id=ID,
        timestamp="2024-08-08T23:54:15.408Z",
        data=RpcTradeOrder(trade_order_id=ID, quantity="1"),
    )
    assert wire(event) == {
        "eventType": "event.trade_order.updated",
        "eventId": ID,
        "timestamp": "2024-08-08T23:54:15.408Z",
        "data": {"tradeOrderId": ID, "quantity": "1"},
    }
    older = {**wire(event), "timestamp": 1723161255408, "more": 2}
    assert msgspec.convert(older, AccountEvent).timestamp == 1723161255408


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_event_of_an_account_has_a_kind_of_data(event_type):
    """Unknown fields of it are ignored."""
    assert isinstance(msgspec.convert({"new": 1}, DATA_TYPES[event_type]), DATA_TYPES[event_type])


def test_a_rest_answer_that_worked():
    page = Pagination(offset=0, limit=50, total=1, has_next=False)
    answer = RestEnvelope(success=True, errno=0, data=[1], pagination=page)
    assert wire(answer) == {
        "success": True,
        "errno": 0,
        "data": [1],
        "pagination": {"offset": 0, "limit": 50, "total": 1, "hasNext": False},
    }


def test_a_rest_answer_that_failed_has_its_details_in_snake_case():
    details = ErrorDetails(code="ACCESS_DENIED", request_id="r", tenant_id="t")
    answer = RestEnvelope(success=False, errno=10_404, error="no such order", details=details)
    assert wire(answer) == {
        "success": False,
        "errno": 10404,
        "error": "no such order",
        "details": {"code": "ACCESS_DENIED", "tenant_id": "t", "request_id": "r"},
    }


def test_an_rpc_answer_has_data_or_an_error():
    assert wire(RpcEnvelope(data={"a": 1})) == {"data": {"a": 1}}
    assert wire(RpcEnvelope(error=RpcError(code=10404, message="no"))) == {
        "error": {"code": 10404, "message": "no", "temporary": False}
    }


def test_a_submission_needs_five_fields_of_which_one_may_be_null():
    sent = {"tradingAccountId": ID, "orderSide": "BUY", "orderType": None, "quantity": "1"}
    request = msgspec.convert(sent, SubmitTradeOrderRequest)
    assert (request.order_side, request.order_type) == (OrderSide.BUY, None)
    assert request.quantity_rounding is QuantityRounding.NONE
    assert request.await_closed is False
    for name in sent:
        rest = {key: value for key, value in sent.items() if key != name}
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.convert(rest, SubmitTradeOrderRequest)
    assert msgspec.convert(sent | {"orderType": "QUOTED"}, SubmitTradeOrderRequest).order_type is (
        OrderType.QUOTED
    )


def test_a_request_for_a_quote_ends_by_one_clock_only():
    sent = {"dealerAccountId": ID, "orderSide": "BUY", "quantity": "1"}
    assert msgspec.convert(sent | {"ttl": 300}, QuoteRfqRequest).ttl == 300
    with pytest.raises(msgspec.ValidationError, match="exclude"):
        msgspec.convert(sent | {"ttl": 5, "expireAt": "2024-08-08T23:54:15Z"}, QuoteRfqRequest)
    for wrong in ({"ttl": 0}, {"ttl": 301}, {"quantity": "-1"}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(sent | wrong, QuoteRfqRequest)


def test_an_api_key_is_not_in_a_representation():
    credential = RpcTradingAccountCredential(credential_id=ID, api_key="hidden-key")
    assert "hidden-key" not in repr(credential)
    assert "hidden-key" not in repr(RpcTradingAccount(credentials=(credential,)))
