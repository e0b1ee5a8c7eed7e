"""Operations on orders, over both surfaces."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from cadenza.models import RpcTradeOrder, TradeOrder
from cadenza.trading.orders.faults import OrderFault, OrderRule
from cadenza.trading.store.errors import StoreWriteError
from support.gateway.payload_check import check
from support.gateway.trading_world import BTC, ETH, NOBODYS, SELL, Desk

SUBMIT = "command.trade_order.submit"
CANCEL = "command.trade_order.cancel"
GET = "query.trade_order.get"


@pytest.fixture
async def desk():
    return await Desk.open()


def rest_order(desk, **more):
    order = {"tradingAccountId": desk.account, **desk.order(), **more}
    return {name: value for name, value in order.items() if value is not None}


async def test_an_order_over_rpc_is_answered_when_it_is_durable(desk):
    """As it was decided, in the RPC model; the connection is told of it."""
    order = await desk.submit(clientOrderId="mine")
    found = check(order, RpcTradeOrder)
    assert (found.status, found.quantity, found.limit_price) == ("ACCEPTED", "1.0000", "100.00")
    assert found.client_order_id == "mine"
    assert desk.world.store.order(found.trade_order_id) is not None
    assert desk.sent == [("c1", 1)]


async def test_submitting_costs_no_task(desk):
    """The journal's one task aside; and the answer shows the order as decided, not as it is."""
    account = desk.account
    await desk.world.venue.journal.drain()
    desk.world.outside(SELL, 10_000, 5_000)
    before = len(asyncio.all_tasks())
    data = json.dumps({"tradingAccountId": account, "tradeOrder": desk.order()}).encode()
    answer = desk.call(SUBMIT, data)
    assert not isinstance(answer, asyncio.Task)
    assert len(asyncio.all_tasks()) <= before + 1
    desk.world.outside(SELL, 10_000, 5_000)
    order = json.loads(await answer)["data"]
    assert (order["status"], order["executedQuantity"]) == ("PARTIALLY_FILLED", "0.5000")


async def test_over_rest_an_order_comes_with_its_exits_and_executions(desk):
    """An array: the order asked for, then its exits."""
    desk.world.outside(SELL, 10_000, 4_000)
    answer = await desk.rest(
        "POST",
        "tradeOrder/submit",
        rest_order(desk, takeProfitPrice="120.00", stopLossPrice="90.00"),
    )
    orders = [check(order, TradeOrder) for order in answer["data"]]
    assert [order.order_type for order in orders] == ["LIMIT", "TAKE_PROFIT", "STOP_LOSS"]
    assert len({order.order_list_id for order in orders}) == 1
    assert [one.executed_quantity for one in orders[0].executions] == ["0.4000"]
    assert orders[0].created_at_date_time.endswith("Z")
    assert orders[1].executions == ()


async def test_a_retry_gets_the_first_answer(desk):
    """By idempotency key or client order id, and with other terms an error."""
    first = await desk.submit(call={"idempotencyKey": "k"})
    again = await desk.submit(call={"idempotencyKey": "k"})
    assert first["tradeOrderId"] == again["tradeOrderId"]
    code, message = await desk.refused(
        SUBMIT,
        tradingAccountId=desk.account,
        idempotencyKey="k",
        tradeOrder=desk.order(quantity="2"),
    )
    assert code == 30003
    assert '"k"' in message


async def test_an_order_that_the_engine_refuses_is_a_result(desk):
    """With its reason; what is wrong before that is an error."""
    desk.world.outside(SELL, 10_000, 5_000)
    order = await desk.submit(orderType="LIMIT_MAKER")
    assert (order["status"], order["rejectReason"]) == ("REJECTED", "WOULD_TAKE")


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ({"limitPrice": "100.005"}, 30104, "100.00"),
        ({"quantity": "0.00001"}, 30106, "0.0001"),
        ({"quantity": "100000"}, 40005, "USDT"),
        ({"limitPrice": None}, 30011, "limitPrice"),
        ({"stopPrice": "1.00"}, 30012, "stopPrice"),
        ({"instrumentId": "PAPER:XRP/USDT"}, 20001, "PAPER:XRP/USDT"),
        ({"instrumentId": "P" * 500}, 20002, "too long"),
        ({"quantity": None}, 10002, "tradeOrder.quantity"),
        ({"orderType": None}, 10002, "tradeOrder.orderType"),
        ({"orderSide": "LEFT"}, 10003, "tradeOrder.orderSide"),
        ({"clientOrderId": "x" * 129}, 10003, "tradeOrder.clientOrderId"),
        ({"clientOrderId": "a\nb"}, 10003, "tradeOrder.clientOrderId"),
        ({"expireAt": "tomorrow"}, 10003, "tradeOrder.expireAt"),
        ({"positionPercentage": "1"}, 10003, "tradeOrder.positionPercentage"),
        ({"takeProfitLimitPrice": "1"}, 10002, "tradeOrder.takeProfitPrice"),
        ({"tradingAccountId": NOBODYS}, 10003, "tradeOrder.tradingAccountId"),
        ({"orderType": "QUOTED"}, 30022, "quoteId"),
        ({"quoteId": NOBODYS}, 30022, "quoteId"),
    ],
)
async def test_what_cannot_be_taken_says_why(desk, more, code, words):
    """Field and nearest value are named, and nothing has changed."""
    order = {name: v for name, v in desk.order(**more).items() if v is not None}
    account, before = desk.account, desk.world.venue.ledger.state()
    found, message = await desk.refused(SUBMIT, tradingAccountId=account, tradeOrder=order)
    assert found == code, message
    assert words in message
    assert len(message) <= 603
    assert desk.world.venue.ledger.state() == before
    assert desk.sent == []


async def test_the_nearest_valid_value_is_there_for_programs(desk):
    """In the details of the answer, beside the filter's name."""
    order = rest_order(desk, limitPrice="100.005")
    error = await desk.rest("POST", "tradeOrder/submit", order)
    assert error.problem.facts == {
        "filter": "TICK_SIZE",
        "instrumentId": BTC,
        "nearest": "100.00",
    }
    assert error.details("x").metadata == error.problem.facts


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"leverage": 3}, "leverage"),
        ({"expireAt": 10**400}, "expireAt"),
        ({"expireAt": -1}, "expireAt"),
        ({"positionId": NOBODYS}, "positionId"),
        ({"orderType": None}, "orderType"),
        ({"instrumentId": None}, "instrumentId"),
    ],
)
async def test_what_rest_adds_is_checked_too(desk, more, field):
    """Each with its field in the details."""
    body = {"tradingAccountId": desk.account, **desk.order(), **more}
    if field == "instrumentId":
        del body[field]
    error = await desk.rest("POST", "tradeOrder/submit", body)
    assert error.problem.field == field


async def test_a_position_that_is_open_can_be_named(desk):
    """It is the one that the order changes."""
    desk.world.outside(SELL, 10_000, 5_000)
    await desk.submit(quantity="0.5")
    position = desk.world.venue.positions.get(desk.account, BTC)
    order = rest_order(desk, positionId=position.position_id, orderSide="SELL", limitPrice="200.00")
    answer = await desk.rest("POST", "tradeOrder/submit", order)
    assert answer["data"][0]["status"] == "ACCEPTED"


@pytest.mark.parametrize("name", ["tradeOrderId", "clientOrderId", "externalOrderId"])
async def test_cancel_by_any_name_over_both_surfaces(desk, name):
    """The three ids do on both."""
    for index, rest in enumerate((True, False)):
        order = await desk.submit(clientOrderId=f"c{index}")
        value = f"c{index}" if name == "clientOrderId" else order["tradeOrderId"].upper()
        params = {"tradingAccountId": desk.account, name: value}
        if rest:
            found = (await desk.rest("POST", "tradeOrder/cancel", params))["data"]
            assert found["canceledAtDateTime"].endswith("Z")
        else:
            found = await desk.ask(CANCEL, **params)
        assert (found["status"], found["cancelReason"]) == ("CANCELLED", "BY_OWNER")


async def test_cancel_needs_a_name_and_an_order_that_is_open(desk):
    """Each error says which."""
    code, message = await desk.refused(CANCEL, tradingAccountId=desk.account)
    assert (code, message.split()[0]) == (10002, "tradeOrderId")
    order = await desk.submit()
    params = {"tradingAccountId": desk.account, "tradeOrderId": order["tradeOrderId"]}
    await desk.ask(CANCEL, **params)
    code, message = await desk.refused(CANCEL, **params)
    assert code == 30004
    assert "CANCELLED already" in message


async def test_amend_and_save_change_terms(desk):
    """Save takes the whole order; what is as it was is no change."""
    order = await desk.submit()
    name = {"tradingAccountId": desk.account, "tradeOrderId": order["tradeOrderId"]}
    amended = await desk.ask("command.trade_order.amend", **name, limitPrice="101.00")
    assert (amended["status"], amended["limitPrice"]) == ("REPLACED", "101.00")
    saved = await desk.ask("command.trade_order.save", tradeOrder={**amended, "quantity": "0.5000"})
    assert (saved["quantity"], saved["limitPrice"]) == ("0.5000", "101.00")
    del saved["tradingAccountId"]
    again = await desk.ask("command.trade_order.save", tradeOrder={**saved, "quantity": "0.4"})
    assert again["quantity"] == "0.4000"
    found = await desk.rest("POST", "tradeOrder/amend", {**name, "quantity": "0.3"})
    assert found["data"]["quantity"] == "0.3000"
    assert found["data"]["executions"] == []


async def test_save_of_a_new_order_says_where_to_go(desk):
    """And of an unknown one that there is none."""
    code, message = await desk.refused("command.trade_order.save", tradeOrder=desk.order())
    assert code == 10002
    assert "command.trade_order.submit" in message
    order = desk.order(tradeOrderId=NOBODYS)
    code, _ = await desk.refused("command.trade_order.save", tradeOrder=order)
    assert code == 30001


async def test_cancel_all_takes_what_fits(desk):
    """Of one side, of one instrument, or everything; answered as arrays."""
    await desk.submit()
    await desk.submit(orderSide="SELL", limitPrice="300.00")
    await desk.submit(instrumentId=ETH)
    cancel_all = "command.trade_order.cancel_all"
    name = {"tradingAccountId": desk.account}
    first = await desk.ask(cancel_all, **name, orderSide="SELL")
    assert [order["orderSide"] for order in first] == ["SELL"]
    second = (await desk.rest("POST", "tradeOrder/cancelAll", {**name, "instrumentId": ETH}))[
        "data"
    ]
    assert [order["instrumentId"] for order in second] == [ETH]
    assert len(await desk.ask(cancel_all, **name)) == 1
    assert await desk.ask(cancel_all, **name) == []
    code, _ = await desk.refused(cancel_all, **name, instrumentId="x" * 500)
    assert code == 20002
    code, _ = await desk.refused(cancel_all, **name, orderSide="UNKNOWN")
    assert code == 30006


async def test_await_closed_waits_for_the_end(desk, monkeypatch):
    """The answer shows the order as it ended."""
    desk = Desk(desk.world, patience=30)
    asked, of = asyncio.Event(), desk.world.exchange.endings.of
    monkeypatch.setattr(type(desk.world.exchange.endings), "of", lambda _, o: asked.set() or of(o))
    waiting = asyncio.ensure_future(desk.submit(call={"awaitClosed": True}))
    await asked.wait()
    desk.world.outside(SELL, 10_000, 10_000)
    assert (await waiting)["status"] == "FILLED"
    assert not desk.world.exchange.endings._waiting


async def test_await_closed_gives_up_after_a_while(desk):
    """The order is shown as it is then; one that is over at once is not waited for."""
    order = await desk.submit(call={"awaitClosed": True})
    assert order["status"] == "ACCEPTED"
    answer = await desk.rest("POST", "tradeOrder/submit", rest_order(desk, awaitClosed=True))
    assert answer["data"][0]["status"] == "ACCEPTED"
    order = await desk.submit(call={"awaitClosed": True}, timeInForce="IOC")
    assert order["status"] == "CANCELLED"


async def test_only_the_owner_trades(desk):
    """Not even a token that grants the account's channel; foreign and unknown answer alike."""
    mine = desk.account
    order = await desk.submit()
    granted = [f"tradingAccount:{mine}"]
    answers = set()
    for account in (mine, NOBODYS):
        params = {"tradingAccountId": account, "tradeOrder": desk.order()}
        code, message = await desk.refused(SUBMIT, "bob", granted, **params)
        answers.add((code, message.replace(account, "")))
    for method in (CANCEL, "command.trade_order.amend"):
        for account in (mine, NOBODYS):
            params = {"tradingAccountId": account, "tradeOrderId": order["tradeOrderId"]}
            code, message = await desk.refused(method, "bob", granted, **params)
            answers.add((code, message.replace(account, "")))
    assert len(answers) == 1
    assert answers.pop()[0] == 40001


async def test_who_is_granted_may_look(desk):
    """At the account's orders, by id and in lists."""
    order = await desk.submit()
    desk.world.account("bob")
    granted = [f"tradingAccount:{desk.account}"]
    name = {"tradeOrderId": order["tradeOrderId"]}
    assert (await desk.ask(GET, "bob", granted, **name))["status"] == "ACCEPTED"
    assert len(await desk.ask("query.trade_order.list", "bob", granted)) == 1
    assert len(await desk.ask("query.trade_order.list", "", granted)) == 1
    assert (await desk.refused("query.trade_order.list", "", []))[0] == 11005


async def test_orders_of_others_are_like_orders_that_do_not_exist(desk):
    """Byte for byte, but for the id."""
    order = await desk.submit()
    desk.world.account("bob")
    for method in (GET, "query.trade_order.get_by_id"):
        answers = {
            (await desk.rpc(method, "bob", tradeOrderId=order_id))["error"]["message"].replace(
                order_id, ""
            )
            for order_id in (order["tradeOrderId"], NOBODYS)
        }
        assert len(answers) == 1


async def test_an_acknowledged_order_is_found_at_once(desk):
    """By each of its names, with the account or without."""
    order = await desk.submit(clientOrderId="c")
    ways = [
        {"tradeOrderId": order["tradeOrderId"]},
        {"externalOrderId": order["tradeOrderId"]},
        {"clientOrderId": "c"},
        {"clientOrderId": "c", "tradingAccountId": desk.account},
    ]
    for way in ways:
        assert (await desk.ask(GET, **way))["tradeOrderId"] == order["tradeOrderId"]
    assert (await desk.refused(GET))[0] == 10002
    assert (await desk.refused(GET, clientOrderId="d"))[0] == 30001


async def test_lists_go_by_cursor_and_by_offset(desk):
    """Both ways see every order once, whatever their direction."""
    names = [(await desk.submit(quantity=str(1 + n)))["tradeOrderId"] for n in range(5)]
    for ascending, wanted in ((True, names), (False, names[::-1])):
        seen, cursor = [], {}
        while True:
            envelope = await desk.rpc(
                "query.trade_order.list", pagination={"limit": 2, **cursor}, ascending=ascending
            )
            seen += [order["tradeOrderId"] for order in envelope["data"]]
            page = envelope["pagination"]
            assert page["total"] == 5
            if not page["hasNext"]:
                break
            cursor = {"cursor": page["cursor"]}
        assert seen == wanted
    answer = await desk.rest("GET", "tradeOrder/list", {"limit": 2, "offset": 3})
    assert [order["tradeOrderId"] for order in answer["data"]] == names[1::-1]
    for cursor in ("x", "MQ==", "LTE", "w" * 50, "\u0661"):
        error = await desk.rest("GET", "tradeOrder/list", {"cursor": cursor})
        assert error.problem.field == "cursor"


async def test_lists_are_filtered(desk):
    """By every documented field."""
    desk.world.outside(SELL, 10_000, 10_000)
    filled = await desk.submit()
    listed = (
        await desk.rest(
            "POST",
            "tradeOrder/submit",
            rest_order(desk, instrumentId=ETH, takeProfitPrice="120.00", clientOrderId="c"),
        )
    )["data"]
    filters = [
        ({"tradeOrderId": filled["tradeOrderId"]}, 1),
        ({"orderStatus": "FILLED"}, 1),
        ({"orderListId": listed[0]["orderListId"]}, 2),
        ({"externalOrderListId": listed[0]["orderListId"]}, 2),
        ({"instrumentId": BTC}, 1),
        ({"instrumentId": "none"}, 0),
        ({"tradingAccountId": desk.account}, 3),
        ({"clientOrderId": "c"}, 1),
        ({"orderSide": "SELL"}, 1),
        ({"orderType": "TAKE_PROFIT"}, 1),
        ({"startTime": desk.world.clock.millis}, 3),
        ({"startTime": desk.world.clock.millis + 1}, 0),
        ({"endTime": desk.world.clock.millis - 1}, 0),
    ]
    for params, count in filters:
        answer = await desk.rest("GET", "tradeOrder/list", params)
        assert len(answer["data"]) == answer["pagination"]["total"] == count, params
    ask = "query.trade_order.list"
    assert len(await desk.ask(ask, status="FILLED", side="BUY", orderType="LIMIT")) == 1
    assert len(await desk.ask(ask, startTime="2024-01-01T00:00:00Z")) == 0
    assert len(await desk.ask(ask, endTime="2024-01-01T00:00:00Z")) == 3
    assert "startTime" in (await desk.refused(ask, startTime="now"))[1]


async def test_all_that_is_open_is_one_call(desk):
    """Whatever its status: accepted, filled in part, amended."""
    rests = await desk.submit(quantity="0.1", limitPrice="90.00")
    desk.world.outside(SELL, 10_000, 500)
    part = await desk.submit(quantity="0.1", limitPrice="100.00")
    ended = await desk.submit(quantity="0.1", limitPrice="91.00")
    await desk.ask(CANCEL, tradingAccountId=desk.account, tradeOrderId=ended["tradeOrderId"])
    names = [part["tradeOrderId"], rests["tradeOrderId"]]
    answer = await desk.rest("GET", "tradeOrder/list", {"openOnly": "true"})
    assert [order["tradeOrderId"] for order in answer["data"]] == names
    found = await desk.ask("query.trade_order.list", openOnly=True)
    assert [order["tradeOrderId"] for order in found] == names
    error = await desk.rest("GET", "tradeOrder/list", {"openOnly": "true", "orderStatus": "FILLED"})
    assert error.problem.field == "orderStatus"


async def test_executions_are_listed(desk):
    """With the ids that place them; REST orders carry them too."""
    for _ in range(3):
        desk.world.outside(SELL, 10_000, 1_000)
        order = await desk.submit(quantity="0.1")
    answer = await desk.rest("GET", "tradeOrder/list", {"tradeOrderId": order["tradeOrderId"]})
    (execution,) = answer["data"][0]["executions"]
    assert execution["executedQuantity"] == "0.1000"
    ask = "query.trade_execution.list"
    envelope = await desk.rpc(ask, pagination={"limit": 2})
    assert envelope["pagination"]["hasNext"] is True
    assert envelope["data"][0]["tradeOrderId"] == order["tradeOrderId"]
    cursor = envelope["pagination"]["cursor"]
    assert len(await desk.ask(ask, pagination={"cursor": cursor})) == 1
    one = await desk.rest(
        "GET", "tradeOrder/execution/list", {"tradeOrderId": order["tradeOrderId"]}
    )
    assert one["data"][0]["executionId"] == execution["executionId"]
    assert one["data"][0]["tradingAccountId"] == desk.account
    assert await desk.ask(ask, "bob", tradeOrderId=order["tradeOrderId"]) == []


async def test_a_store_that_fails_acknowledges_nothing(desk, monkeypatch):
    """Neither what was on its way nor what comes later; its reason is for the log."""

    async def fail(batch):
        raise StoreWriteError("disk on fire at /data")

    account = desk.account
    await desk.world.venue.journal.drain()
    monkeypatch.setattr(desk.world.store, "commit", fail)
    params = {"tradingAccountId": account, "tradeOrder": desk.order()}
    for _ in range(2):
        code, message = await desk.refused(SUBMIT, **params)
        assert code == 10011
        assert "fire" not in message
    body = {"tradingAccountId": account, **desk.order()}
    assert (await desk.rest("POST", "tradeOrder/submit", body)).entry.code == 10011
    assert (await desk.refused("query.trade_order.list"))[0] == 10011
    ways = [("create", {"tradingAccount": {}}), ("reset", {"tradingAccountId": account})]
    for verb, more in ways:
        assert (await desk.refused(f"command.trading_account.{verb}", **more))[0] == 10011


async def test_a_fault_delays_the_answer_or_rejects_the_order(desk):
    """On purpose, for people who test their own clients."""
    desk.world.exchange.faults.add(OrderRule(OrderFault(delay_ms=250), prefix="slow"))
    desk.world.exchange.faults.add(OrderRule(OrderFault(reject="NO_REASON"), prefix="bad"))
    await desk.submit(clientOrderId="slow-1")
    assert desk.slept == [0.25]
    order = await desk.submit(clientOrderId="bad-1")
    assert (order["status"], order["rejectReason"]) == ("REJECTED", "NO_REASON")
    assert (await desk.submit())["status"] == "ACCEPTED"


async def test_rpc_answers_hold_the_encoded_order_as_it_is(desk):
    """The bytes that the listener made are those that are sent."""
    marked = msgspec.Raw(b'{"status":"ACCEPTED","x":1}')
    desk = Desk(desk.world, encoded=lambda order: marked)
    data = json.dumps({"tradingAccountId": desk.account, "tradeOrder": desk.order()}).encode()
    assert await desk.raw(SUBMIT, data) == b'{"data":{"status":"ACCEPTED","x":1}}'
