"""The admin calls, over HTTP: what they answer, and what they answer to nonsense."""

from __future__ import annotations

import logging
import random

import msgspec
import pytest

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.admin import FaultCalls, disabled
from cadenza.gateway.faults.errors import FaultRequestError
from cadenza.gateway.faults.table import FaultTable
from cadenza.realtime import CommandError, VirtualClock

TABLE = FaultTable(FaultsConfig(), VirtualClock(), random.Random(1))


async def error_of(gateway, method, params):
    """The error that a call is answered with."""
    return (await gateway.call(method, params))["error"]


async def test_faults_are_set_listed_and_cleared(running):
    """The whole life of one, as an operator sees it."""
    gateway = await running()
    fault = await gateway.fault("delay", ms=20, target={"user": "ann"}, ttl_ms=5000)
    assert fault["id"] == "fault-1"
    assert fault["ends_at"] - fault["set_at"] == 5000
    assert fault["fault"]["target"] == {"user": "ann"}
    listed = (await gateway.call("faults.list"))["result"]["data"]
    assert (listed["active"], listed["ended"]) == ([fault], [])
    cleared = await gateway.call("faults.clear", {"id": "fault-1"})
    assert cleared == {"result": {"data": {"cleared": ["fault-1"]}}}
    listed = (await gateway.call("faults.list"))["result"]["data"]
    assert listed["active"] == []
    assert listed["ended"] == [{**fault, "ended": "cleared"}]


async def test_a_kind_is_cleared_at_once(running):
    """And without an id or a kind, everything."""
    gateway = await running()
    for kind, params in (("delay", {"ms": 1}), ("node_unhealthy", {}), ("delay", {"ms": 2})):
        await gateway.fault(kind, **params)
    answer = await gateway.call("faults.clear", {"kind": "delay"})
    assert answer["result"]["data"] == {"cleared": ["fault-1", "fault-3"]}
    assert (await gateway.call("faults.clear"))["result"]["data"] == {"cleared": ["fault-2"]}


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({}, 107, "kind: is missing; there are drop, delay"),
        ({"kind": "dealy"}, 107, 'kind: there is no kind "dealy"; did you mean "delay"?'),
        ({"kind": 5}, 107, "kind: Expected `str"),
        ({"kind": "delay"}, 107, "Object missing required field `ms`"),
        ({"kind": "delay", "ms": "5"}, 107, "ms: Expected `int`, got `str`"),
        ({"kind": "delay", "ms": 1.5}, 107, "ms: Expected `int`, got `float`"),
        ({"kind": "delay", "ms": -1}, 107, "ms: must be 1 to 60000, not -1"),
        ({"kind": "delay", "ms": 10**30}, 107, "ms: "),
        ({"kind": "delay", "mss": 5}, 107, 'there is no field "mss"; did you mean "ms"?'),
        (
            {"kind": "delay", "ms": 5, "target": {"usr": "x"}},
            107,
            'target: there is no field "usr"; did you mean "user"?',
        ),
        ({"kind": "delay", "ms": 5, "target": {"account": "x"}}, 107, "target.account: means noth"),
        ({"kind": "book_gap", "target": {"channel": "news"}}, 107, 'target.channel: "news" is no'),
        ({"kind": "x" * 5000}, 107, 'kind: there is no kind "xxx'),
    ],
)
async def test_nonsense_is_refused_with_the_field_and_what_is_near(running, params, code, message):
    """In short sentences, and nothing is switched on."""
    gateway = await running()
    error = await error_of(gateway, "faults.set", params)
    assert error["code"] == code
    assert error["message"].startswith(message)
    assert len(error["message"]) < 300
    assert len(gateway.faults.table) == 0


async def test_other_calls_that_fail(running):
    """What there is not is 104, one too many is 106."""
    gateway = await running(faults={"enabled": True, "max_active": 1})
    error = await error_of(gateway, "faults.clear", {"id": "fault-9"})
    assert error == {"code": 104, "message": 'no active fault has the id "fault-9"'}
    error = await error_of(gateway, "faults.clear", {"kind": "drops"})
    assert error["message"] == 'kind: there is no kind "drops"; did you mean "drop"?'
    error = await error_of(gateway, "faults.clear", {"ids": "x"})
    assert error["message"] == 'there is no field "ids"; did you mean "id"?'
    error = await error_of(gateway, "faults.sett", {})
    assert error["message"] == 'there is no method "faults.sett"; did you mean "faults.set"?'
    assert (await error_of(gateway, "other", {}))["code"] == 104
    await gateway.fault("delay", ms=1)
    assert (await error_of(gateway, "faults.set", {"kind": "node_unhealthy"}))["code"] == 106


async def test_without_faults_enabled_there_are_none(running, caplog):
    """108, and the log says what would have to change."""
    gateway = await running(faults={"enabled": False})
    with caplog.at_level(logging.WARNING):
        error = await error_of(gateway, "faults.set", {"kind": "drop"})
    assert error["code"] == 108
    assert "faults.enabled is false" in caplog.text
    assert (await error_of(gateway, "other", {}))["code"] == 104
    for wrap, inner in (
        (gateway.faults.sink, gateway.gateway.market),
        (gateway.faults.listener, gateway.gateway.data),
        (gateway.faults.handlers, gateway.node.handlers),
    ):
        assert wrap(inner) is inner


async def test_other_methods_go_on_to_the_next():
    """The gateway may have further calls, with faults or without."""

    async def after(method, params):
        return b'"%s"' % method.encode()

    for rpc in (FaultCalls(TABLE, after).rpc, disabled(after)):
        assert await rpc("else", b"") == b'"else"'


async def test_what_cannot_be_decoded_is_refused():
    """Bytes that are no JSON object at all."""
    calls = FaultCalls(TABLE)
    for params in (b"[]", b"{", b"\xff", b"[" * 5000, b'{"kind":"drop","kind":[]}', b"null"):
        for method in ("faults.set", "faults.clear"):
            with pytest.raises(CommandError) as refused:
                await calls.rpc(method, params)
            assert refused.value.error.code == 107
            assert isinstance(refused.value.__cause__, FaultRequestError)


async def test_hits_are_counted_in_the_metrics(running, dial):
    """By kind."""
    gateway = await running()
    await dial(gateway)
    await gateway.fault("stall", ms=1)
    text = (await gateway.get("/metrics")).text
    assert 'cadenza_fault_hits_total{kind="stall"} 1.0' in text


async def test_the_node_can_be_made_unhealthy(running):
    """Health checks fail until the last such fault is cleared."""
    gateway = await running()
    assert (await gateway.get("/health")).status_code == 200
    await gateway.fault("node_unhealthy", reason="maintenance")
    await gateway.fault("node_unhealthy")
    assert (await gateway.get("/health")).status_code == 503
    assert gateway.node.unhealthy == "maintenance"
    await gateway.call("faults.clear", {"id": "fault-1"})
    assert (await gateway.get("/health")).status_code == 503
    await gateway.call("faults.clear", {"id": "fault-2"})
    assert (await gateway.get("/health")).status_code == 200
    assert gateway.node.unhealthy == ""


async def test_order_rules_come_and_go(running):
    """What whoever decides orders is told, by the prefix of the client order id."""
    gateway = await running()
    target = {"client_order_id_prefix": "FAULT-REJECT-", "instrument": "PAPER:BTC/USDT"}
    await gateway.fault("order", reject="INJECTED", target=target, count=1)
    orders = gateway.faults.orders
    assert orders.for_order("a", "PAPER:BTC/USDT", "mine") is None
    assert orders.for_order("a", "PAPER:BTC/USDT", "FAULT-REJECT-1").reject == "INJECTED"
    assert orders.for_order("a", "PAPER:BTC/USDT", "FAULT-REJECT-2") is None
    listed = (await gateway.call("faults.list"))["result"]["data"]
    assert [(fault["hits"], fault["ended"]) for fault in listed["ended"]] == [(1, "spent")]
    await gateway.fault("order", delay_ms=5, fill_permille=250)
    assert msgspec.to_builtins(orders.for_order("b", "x", "")) == {
        "reject": "",
        "delay_ms": 5,
        "fill_permille": 250,
    }
    await gateway.call("faults.clear")
    assert len(orders) == 0
