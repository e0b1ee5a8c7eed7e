"""Cancel on disconnect: what a connection leaves open ends with it, and nothing else does."""

from __future__ import annotations

import json

import httpx
import pytest

from cadenza.protocol import codes
from support.gateway.account_copy import AccountCopy
from support.gateway.account_world import Trader, a_gateway, check_ledger, quiet, signed

ON = {"trading": {"cancel_on_disconnect": True}}


@pytest.fixture
async def gateway():
    async with a_gateway(**ON) as running:
        yield running


async def trading(gateway, user="ann"):
    return await Trader.connected(gateway, user)


async def submit_over_rest(gateway, trader, **order):
    """Submit over HTTP as the user of a connection; the first order that comes back."""
    token = signed(sub=trader.connection.user)
    transport = httpx.ASGITransport(gateway.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        params = trader.order("BUY", "90.00", "1", **order)
        body = {"tradingAccountId": trader.account, **params["tradeOrder"]}
        headers = {"authorization": f"Bearer {token}"}
        answer = await http.post("/api/v3/tradeOrder/submit", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"][0]


@pytest.mark.parametrize("how", ["cut", "ended", "broken"])
async def test_what_a_connection_leaves_open_is_cancelled(gateway, how):
    """Whether the socket is cut, the server ends it or writing fails; events say so."""
    ann, watcher = await trading(gateway), await trading(gateway)
    await watcher.subscribe()
    orders = [await ann.submit("BUY", price, "1") for price in (98, 99)]
    if how == "cut":
        ann.connection.lost()
    elif how == "broken":
        ann.connection.broken()
    else:
        ann.connection.disconnect(codes.FORCE_DISCONNECT)
    await quiet(gateway)
    copy = AccountCopy().apply_all(watcher.pushed())
    assert [copy.ended[it["tradeOrderId"]]["status"] for it in orders] == ["CANCELLED"] * 2
    assert copy.orders == {}
    assert await watcher.open_orders() == []
    check_ledger(gateway)


async def test_orders_of_others_stay(gateway):
    """Those of another connection of the same user, of REST, and of another user."""
    ann, second = await trading(gateway), await trading(gateway)
    bob = await trading(gateway, "bob")
    mine = await ann.submit("BUY", "98.00", "1")
    kept = [await second.submit("BUY", "97.00", "1"), await submit_over_rest(gateway, ann)]
    bobs = await bob.submit("BUY", "96.00", "1")
    ann.connection.lost()
    await quiet(gateway)
    left = [order["tradeOrderId"] for order in await second.open_orders()]
    assert left == [order["tradeOrderId"] for order in kept]
    assert await bob.open_orders() == [bobs]
    assert await second.status(mine) == "CANCELLED"


async def test_what_has_ended_before_stays_as_it_is(gateway):
    """Filled, cancelled, rejected: the end of the connection changes nothing of it."""
    ann, bob = await trading(gateway), await trading(gateway, "bob")
    filled = await ann.submit("BUY", "100.00", "1")
    await bob.submit("SELL", "100.00", "1")
    cancelled = await ann.submit("BUY", "99.00", "1")
    await ann.act("cancel", cancelled)
    partly = await ann.submit("BUY", "98.00", "1")
    await bob.submit("SELL", "98.00", "0.4")
    ann.connection.lost()
    await quiet(gateway)
    second = await trading(gateway)
    assert await second.status(filled) == "FILLED"
    assert await second.status(cancelled) == "CANCELLED"
    found = await second.call("query.trade_order.get", tradeOrderId=partly["tradeOrderId"])
    assert (found["status"], found["executedQuantity"]) == ("CANCELLED", "0.40000")
    check_ledger(gateway)


async def test_the_exits_of_an_order_go_with_it(gateway):
    """A list that a connection sent ends as a whole."""
    ann = await trading(gateway)
    await ann.submit("BUY", "98.00", "1", takeProfitPrice="110.00", stopLossPrice="90.00")
    second = await trading(gateway)
    assert len(gateway.trading.venue.exchange.clearing.live) == 3
    ann.connection.lost()
    await quiet(gateway)
    assert await second.open_orders() == []
    assert not gateway.trading.venue.exchange.clearing.live
    check_ledger(gateway)


async def test_an_order_that_is_being_made_durable_ends_too(gateway):
    """The connection is cut between decision and answer: the order is there, and cancelled."""
    ann, watcher = await trading(gateway), await trading(gateway)
    await watcher.subscribe()
    ann.send("rpc", method="command.trade_order.submit", data=ann.order("BUY", "98.00", "1"))
    ann.connection.lost()
    await quiet(gateway)
    (cancelled,) = AccountCopy().apply_all(watcher.pushed()).ended.values()
    assert cancelled["status"] == "CANCELLED"


async def test_commands_that_wait_behind_the_end_make_no_orders(gateway):
    """What is in one frame with them, or behind a slow one, is not for anybody any more."""
    ann, watcher = await trading(gateway), await trading(gateway)
    frame = "\n".join(
        json.dumps({"id": 100 + number, "rpc": {
            "method": "command.trade_order.submit",
            "data": ann.order("BUY", "98.00", "1"),
        }})
        for number in range(5)
    )  # fmt: skip
    ann.connection.receive(frame.encode())
    for _ in range(5):
        ann.send("rpc", method="command.trade_order.submit", data=ann.order("BUY", "98.00", "1"))
    ann.connection.lost()
    await quiet(gateway)
    assert await watcher.open_orders() == []
    assert gateway.trading.sessions._orders == {}
    check_ledger(gateway)


async def test_a_retry_takes_an_order_over(gateway):
    """Who comes back and sends the same again: the end of the first has ended it."""
    ann, watcher = await trading(gateway), await trading(gateway)
    first = await ann.submit("BUY", "98.00", "1", clientOrderId="a")
    again = await watcher.submit("BUY", "98.00", "1", clientOrderId="a")
    assert first["tradeOrderId"] == again["tradeOrderId"]
    ann.connection.lost()
    await quiet(gateway)
    assert await watcher.status(first) == "CANCELLED"
    watcher.connection.lost()
    await quiet(gateway)
    assert gateway.trading.sessions._orders == {}


async def test_nothing_is_remembered_or_cancelled_by_default():
    """The option is off unless it is asked for."""
    async with a_gateway() as gateway:
        ann, watcher = await trading(gateway), await trading(gateway)
        order = await ann.submit("BUY", "98.00", "1")
        ann.connection.lost()
        await quiet(gateway)
        assert await watcher.open_orders() == [order]
        assert gateway.trading.sessions._orders == {}


async def test_a_long_connection_does_not_gather_what_has_ended(gateway):
    """What is remembered of it is what is open, and the orders since it last looked."""
    ann = await trading(gateway)
    for _ in range(20):
        await ann.act("cancel", await ann.submit("BUY", "98.00", "1"))
    (mine,) = gateway.trading.sessions._orders.values()
    assert len(mine) <= 1


async def test_the_end_of_the_gateway_is_the_end_of_its_connections(tmp_path):
    """Their orders are cancelled, durably; orders of no connection are there after a restart."""
    sections = {"trading": {"cancel_on_disconnect": True, "store": {"path": str(tmp_path)}}}
    async with a_gateway(**sections) as gateway:
        ann = await trading(gateway)
        gone = await ann.submit("BUY", "98.00", "1")
        kept = await submit_over_rest(gateway, ann)
    async with a_gateway(**sections) as gateway:
        ann = await trading(gateway)
        assert await ann.status(gone) == "CANCELLED"
        (order,) = await ann.open_orders()
        assert order["tradeOrderId"] == kept["tradeOrderId"]
        check_ledger(gateway)
