"""Bad input in every field of every operation: a specific error, and nothing else."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cadenza.gateway.operations.caller import Caller
from cadenza.gateway.operations.errors import OperationError
from cadenza.gateway.operations.mapping import explain
from cadenza.gateway.operations.rest_call import RestCall
from cadenza.models import MissingFieldsError

ID = "00000000-0000-4000-8000-000000000009"
GOOD = {
    "instrumentId": "BINANCE:BTC/USDT",
    "interval": "1m",
    "venue": "BINANCE",
    "subscriptionType": "MARKET.SUBSCRIPTION.TRADE",
    "tradingAccountId": ID,
    "tradingAccount": {"tradingAccountId": ID},
}
"""A value for every required field of the operations."""

BAD = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    1e308,
    "",
    "NaN",
    "Infinity",
    "-1",
    "1e5",
    "\u0000",
    "\u0661",
    "x" * 20_000,
    "' OR 1=1 --",
    ["x"],
    [[]],
    {"x": 1},
    {},
]
INTERNAL = 10009


def fields(kind):
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def base(kind):
    """Parameters that are complete."""
    required = [one for one in msgspec.structs.fields(kind) if one.required]
    return {one.encode_name: GOOD[one.encode_name] for one in required}


def calls(world):
    return [one for one in world.registry if one.rpc is not None]


def fine_or_explained(answer, field):
    """An answer, or an error that is the client's and not too long."""
    error = answer.get("error")
    if error is not None:
        assert error["code"] != INTERNAL, field
        assert 0 < len(error["message"]) <= 603


@pytest.mark.parametrize("bad", BAD, ids=lambda value: json.dumps(value)[:20])
def test_every_field_of_every_rpc_call(world, bad, caplog):
    """Nothing but a result or an error that says what is wrong; no failure in the log."""
    for operation in calls(world):
        kind = operation.rpc.params
        for field in fields(kind):
            fine_or_explained(world.rpc(operation.rpc.method, **base(kind) | {field: bad}), field)
    assert caplog.text == ""


def test_every_missing_field_is_named(world):
    """Over RPC, for each field that a call needs."""
    for operation in calls(world):
        whole = base(operation.rpc.params)
        for field in whole:
            less = {name: value for name, value in whole.items() if name != field}
            error = world.rpc(operation.rpc.method, **less)["error"]
            assert (error["code"], error["message"]) == (10002, f"{field} is missing")


@pytest.mark.parametrize("bad", BAD, ids=lambda value: json.dumps(value)[:20])
async def test_every_field_of_every_rest_call(world, bad, caplog):
    """The same over HTTP, from the query or the body."""
    for operation in world.registry:
        form = operation.rest
        if form is None:
            continue
        call = RestCall(operation, form)
        for field in fields(form.params):
            given_ = base(form.params) | {field: bad}
            body = json.dumps(given_).encode()
            query = urlencode({name: str(value) for name, value in given_.items()})
            try:
                status, _ = await call(Caller("ann"), query, body)
                assert status == 200
            except Exception as error:  # noqa: BLE001 - explaining any error is what is tested
                found = explain(error, operation.name)
                assert found.entry.code != INTERNAL, (operation.name, field)
    assert caplog.text == ""


PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
JSON = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=4), PLAIN, max_size=3)


# A busy machine draws slowly; that says nothing about what is tested.
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(which=st.integers(0, 999), values=st.lists(JSON, max_size=4))
def test_any_json_to_any_call(shared_world, which, values):
    """Whatever the fields hold, no call fails."""
    operations = calls(shared_world)
    operation = operations[which % len(operations)]
    filled = dict(zip(fields(operation.rpc.params), values, strict=False))
    fine_or_explained(shared_world.rpc(operation.rpc.method, **filled), operation.name)


def test_what_is_raised_is_explained():
    """Errors of adapters are the client's, too."""
    assert explain(MissingFieldsError("T", ("a",)), "x").entry.code == 10002
    assert isinstance(explain(MissingFieldsError("T", ("a",)), "x"), OperationError)
