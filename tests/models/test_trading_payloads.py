"""Times, events, envelopes, requests, and the old market shapes."""

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
    KlineInterval,
    OldKline,
    OldTicker,
    OrderSide,
    OrderType,
    Pagination,
    QuantityRounding,
    QuoteRfqRequest,
    RpcEnvelope,
    RpcError,
    RpcTradeOrder,
    RpcTradingAccount,
    RpcTradingAccountCredential,
    SubmitTradeOrderRequest,
    Venue,
    failed,
    iso_of,
    make_event,
    millis_of,
    read_event,
    succeeded,
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


def test_an_event_has_exactly_four_fields_and_comes_back_typed():
    event = make_event(
        EventType.TRADE_ORDER_UPDATED,
        RpcTradeOrder(trade_order_id=ID, quantity="1"),
        event_id=ID,
        time_ms=1723161255408,
    )
    assert wire(event) == {
        "eventType": "event.trade_order.updated",
        "eventId": ID,
        "timestamp": "2024-08-08T23:54:15.408Z",
        "data": {"tradeOrderId": ID, "quantity": "1"},
    }
    assert read_event(msgspec.json.encode(event)) == event
    assert event.milliseconds == 1723161255408


@pytest.mark.parametrize("event_type", DATA_TYPES)
def test_every_event_of_an_account_is_read_as_its_kind(event_type):
    raw = {"eventType": event_type, "eventId": ID, "timestamp": 5, "data": {"new": 1}, "more": 2}
    event = read_event(msgspec.json.encode(raw))
    assert isinstance(event.data, DATA_TYPES[event_type])
    assert event.milliseconds == 5


def test_data_of_another_kind_is_not_sent():
    with pytest.raises(TypeError, match="carries RpcPortfolio, not RpcTradingAccount"):
        make_event(EventType.PORTFOLIO_UPDATED, RpcTradingAccount(), event_id=ID, time_ms=0)


def test_an_event_of_the_market_is_none_of_an_account():
    event = AccountEvent(event_type=EventType.ORDERBOOK_UPDATED, event_id=ID, timestamp=1, data={})
    with pytest.raises(msgspec.ValidationError, match="orderbook"):
        read_event(msgspec.json.encode(event))


def test_a_rest_answer_that_worked():
    assert wire(succeeded([1], Pagination(offset=0, limit=50, total=1, has_next=False))) == {
        "success": True,
        "errno": 0,
        "data": [1],
        "pagination": {"offset": 0, "limit": 50, "total": 1, "hasNext": False},
    }


def test_a_rest_answer_that_failed_has_its_details_in_snake_case():
    details = ErrorDetails(code="ACCESS_DENIED", request_id="r", tenant_id="t")
    assert wire(failed(10_404, "no such order", details)) == {
        "success": False,
        "errno": 10404,
        "error": "no such order",
        "details": {"code": "ACCESS_DENIED", "tenant_id": "t", "request_id": "r"},
    }
    with pytest.raises(ValueError, match="success"):
        failed(0, "fine")


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


def test_an_old_ticker_is_read_as_a_new_one():
    old = {
        "instrumentId": "OKX:BTC/USDT",
        "symbol": "BTC/USDT",
        "exchange": "OKX",
        "time": "2024-08-08T23:54:15.408Z",
        "bid": "1",
        "last": "2",
    }
    assert wire(msgspec.convert(old, OldTicker).renewed()) == {
        "venue": "OKX",
        "symbol": "BTC/USDT",
        "timestamp": 1723161255408,
        "instrumentId": "OKX:BTC/USDT",
        "lastPrice": "2",
        "bidPrice": "1",
    }


def test_an_old_kline_is_read_as_a_new_one():
    old = {
        "instrumentId": "OKX:BTC/USDT",
        "symbol": "BTC/USDT",
        "interval": "1m",
        "candles": [{"t": "1970-01-01T00:01:00Z", "o": "1", "h": "4", "l": "0.5", "c": "2"}],
    }
    kline = msgspec.convert(old, OldKline).renewed(venue=Venue.OKX, timestamp=90_000)
    assert kline.interval is KlineInterval.MINUTE_1
    assert wire(kline)["candles"] == [[60_000, "1", "4", "0.5", "2", None]]


def test_an_api_key_is_not_in_a_representation():
    credential = RpcTradingAccountCredential(credential_id=ID, api_key="hidden-key")
    assert "hidden-key" not in repr(credential)
    assert "hidden-key" not in repr(RpcTradingAccount(credentials=(credential,)))
