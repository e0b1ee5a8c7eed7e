"""What is wrong with parameters, in a sentence that names the field."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.gateway.api.errors import OperationError
from cadenza.gateway.api.operation import NoParams
from cadenza.gateway.api.params import reader
from cadenza.models import (
    GetOrderBookParams,
    QuoteRfqRequest,
    RpcSubmitTradeOrderParams,
    SubmitTradeOrderRequest,
)

ID = "00000000-0000-4000-8000-000000000001"
ORDER = {"tradingAccountId": ID, "orderSide": "BUY", "orderType": "LIMIT", "quantity": "1"}


def refusal(kind, data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(OperationError) as caught:
        reader(kind)(raw)
    return caught.value


@pytest.mark.parametrize(
    ("change", "name", "message"),
    [
        (
            {"orderSide": "BYU"},
            "INVALID_FIELD",
            'orderSide is "BYU", which is not one of BUY, SELL, UNKNOWN; did you mean "BUY"?',
        ),
        ({"orderSide": "sell"}, "INVALID_FIELD", 'did you mean "SELL"?'),
        (
            {"orderType": "LIMITT"},
            "INVALID_FIELD",
            'orderType is "LIMITT", which is no OrderType; did you mean "LIMIT"?',
        ),
        ({"orderType": "zzz"}, "INVALID_FIELD", "not one of MARKET, LIMIT, LIMIT_MAKER"),
        ({"orderSide": 1}, "INVALID_FIELD", "orderSide is 1, which is not a text, one of BUY"),
        ({"quantity": 1.5}, "INVALID_FIELD", "quantity is 1.5, which is not a plain decimal in a"),
        ({"quantity": "1e5"}, "INVALID_FIELD", 'quantity is "1e5", which is not a plain decimal'),
        ({"quantity": "NaN"}, "INVALID_FIELD", 'quantity is "NaN"'),
        ({"quantity": None}, "INVALID_FIELD", "quantity is null, which is not a plain decimal"),
        (
            {"tradingAccountId": "acc-1"},
            "INVALID_FIELD",
            'tradingAccountId is "acc-1", which is not a UUID',
        ),
        ({"leverage": "2"}, "INVALID_FIELD", 'leverage is "2", which is not an integer'),
        ({"leverage": 2.5}, "INVALID_FIELD", "leverage is 2.5, which is not an integer"),
        ({"awaitClosed": "yes"}, "INVALID_FIELD", "which is not true or false"),
        ({"instrumentId": ["a"]}, "INVALID_FIELD", "instrumentId is a list, which is not a text"),
        ({"instrumentId": "x" * 5000, "orderSide": "y" * 5000}, "INVALID_FIELD", "yyy..."),
    ],
)
def test_wrong_fields(change, name, message):
    """The sentence names the field, shows the value and says what would be right."""
    error = refusal(SubmitTradeOrderRequest, ORDER | change)
    assert error.entry.name == name
    assert message in error.message
    assert len(error.message) < 400
    assert error.problem.field in change


def test_missing_fields():
    """At the top and inside."""
    assert refusal(SubmitTradeOrderRequest, {}).message == "tradingAccountId is missing"
    error = refusal(SubmitTradeOrderRequest, b"")
    assert error.problem == ("tradingAccountId", ("tradingAccountId",), (), None)


def test_inner_fields():
    """A path leads to the field."""
    order = {"tradeOrder": {"fees": [{"asset": "A"}, {"asset": 1}]}}
    error = refusal(RpcSubmitTradeOrderParams, order)
    assert error.message == "tradeOrder.fees[1].asset is 1, which is not a text"


@pytest.mark.parametrize(
    ("depth", "message", "nearest"),
    [
        (0, "depth is 0; it must be at least 1 and at most 10000", 1),
        (-5, "depth is -5; it must be at least 1 and at most 10000", 1),
        (10**30, "it must be at least 1 and at most 10000", 10000),
    ],
)
def test_numbers_out_of_range(depth, message, nearest):
    """The nearest value that would do is named."""
    error = refusal(GetOrderBookParams, {"instrumentId": "x", "depth": depth})
    assert message in error.message
    assert error.problem.facts in ({"nearest": nearest}, None)


@pytest.mark.parametrize(
    "data", [b"{", b"[", b"{}x", b"\xff", b'{"a":NaN}', b'{"a":"\xff"}', b"[" * 100_000, b"nul"]
)
def test_what_is_no_json(data):
    """Malformed text is told apart from wrong fields."""
    assert refusal(SubmitTradeOrderRequest, data).entry.name in {
        "MALFORMED_REQUEST",
        "INVALID_FIELD",  # "[" already shows that it is no object
    }


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"true"])
def test_what_is_no_object(data):
    """The parameters are an object."""
    error = refusal(SubmitTradeOrderRequest, data)
    assert "the request is" in error.message
    assert "not an object" in error.message


@pytest.mark.parametrize("data", [b"", b"null", b" ", b"{}", b'{"unknown":[1,{"x":null}]}'])
def test_calls_without_parameters(data):
    """Nothing, null and unknown fields are fine."""
    assert reader(NoParams)(data) == NoParams()


def test_fields_that_contradict_each_other():
    """The sentence of the model is the answer."""
    given = {"dealerAccountId": ID, "orderSide": "BUY", "ttl": 5, "expireAt": "x"}
    error = refusal(QuoteRfqRequest, given)
    assert (error.entry.name, error.message) == (
        "INVALID_REQUEST",
        "ttl and expireAt exclude each other",
    )


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=80)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(ORDER)), JSON)
def test_any_value_is_read_or_refused(field, value):
    """Whatever stands in a field, the answer is a request or a short sentence."""
    refused = None
    try:
        found = reader(SubmitTradeOrderRequest)(json.dumps(ORDER | {field: value}).encode())
    except OperationError as error:
        refused = error
    if refused is None:
        expected = "UNKNOWN" if (field, value) == ("orderType", "") else value
        assert json.loads(msgspec.json.encode(found))[field] == expected
    else:
        assert refused.problem.field.startswith(field)
        assert len(refused.message) < 600


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data):
    """Bytes that are no JSON never cause anything but an answer."""
    with pytest.raises(OperationError):
        reader(SubmitTradeOrderRequest)(data)
