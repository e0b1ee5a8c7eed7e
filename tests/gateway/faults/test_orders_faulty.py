"""Orders that are rejected, delayed and partly filled on purpose: never at the ledger's cost."""

from __future__ import annotations

import asyncio
import random

import httpx
import pytest

from support.gateway.account_copy import AccountCopy
from support.gateway.account_world import BTC, ETH, check_ledger, quiet

SUBMIT = "command.trade_order.submit"


class Trader:
    """A user who trades over a WebSocket.

    Attributes:
        account: The id of the user's account.
        copy: The account as its events tell it, so far as they were looked at.
    """

    def __init__(self, running, raw):
        self.running = running
        self.raw = raw
        self.account = ""
        self.copy = AccountCopy()
        self.copy.offset = 0

    async def call(self, method, **params):
        """The envelope of an RPC call."""
        reply = await self.raw.ask(rpc={"method": method, "data": params})
        return reply["rpc"]["data"]

    async def submit(self, side, price, quantity, name, **more):
        """Submit; the order as it is answered."""
        order = {
            "instrumentId": BTC,
            "orderSide": side,
            "orderType": "LIMIT",
            "limitPrice": price,
            "quantity": quantity,
            "clientOrderId": name,
            **more,
        }
        order = {field: value for field, value in order.items() if value is not None}
        envelope = await self.call(SUBMIT, tradingAccountId=self.account, tradeOrder=order)
        return envelope["data"]

    async def events(self):
        """The copy, with everything that the account channel has said."""
        await quiet(self.running.gateway)
        page = await self.running.history(f"tradingAccount:{self.account}")
        self.copy.apply_all(page["publications"][len(self.copy.events) :])
        return self.copy

    async def check(self):
        """What the events say is what the queries answer."""
        copy = await self.events()
        listed = await self.call(
            "query.trade_order.list", tradingAccountId=self.account, pagination={"limit": 1000}
        )
        orders = {order["tradeOrderId"]: order for order in listed["data"]}
        assert orders == {**copy.orders, **copy.ended}
        for order_id, order in orders.items():
            assert f"{copy.executed(order_id):.5f}" == f"{float(order['executedQuantity']):.5f}"
        portfolio = await self.call("query.portfolio.get", tradingAccountId=self.account)
        assert copy.is_like(copy.orders.values(), portfolio["data"])
        check_ledger(self.running.gateway)


@pytest.fixture
async def floor(running, dial):
    """A gateway with faults, and two users of it."""
    gateway = await running(trading={"paper": {"participants": False}})

    async def history(channel):
        headers = {"X-API-Key": "unit-test-api-key"}
        async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
            body = {"channel": channel, "limit": -1}
            answer = await http.post(f"{gateway.url}/api/history", json=body)
        return answer.json()["result"]

    gateway.history = history
    traders = []
    for user in ("ann", "bob"):
        trader = Trader(gateway, await dial(gateway, user))
        (account,) = (await trader.call("query.trading_account.list"))["data"]
        trader.account = account["tradingAccountId"]
        traders.append(trader)
    return gateway, *traders


def prefix(text):
    """The target: orders whose client order id begins so."""
    return {"target": {"client_order_id_prefix": text}}


async def test_orders_of_a_prefix_are_rejected(floor):
    """With the reason that was asked for; nothing is locked, and others are taken."""
    gateway, ann, bob = floor
    await gateway.fault("order", reject="TOO_LATE", **prefix("bad-"))
    for trader in (ann, bob):
        order = await trader.submit("BUY", "100.00", "1", "bad-1")
        assert (order["status"], order["rejectReason"]) == ("REJECTED", "TOO_LATE")
        assert (await trader.submit("BUY", "100.00", "1", "good-1"))["status"] == "ACCEPTED"
        copy = await trader.events()
        assert copy.ended[order["tradeOrderId"]]["status"] == "REJECTED"
        assert copy.balances["USDT"]["locked"] == "100.0500000000"
        await trader.check()
    (active,) = (await gateway.call("faults.list"))["result"]["data"]["active"]
    assert active["hits"] == 2


async def test_a_rejected_order_is_found_again_by_its_retry(floor):
    """The retry gets the rejection, also when the fault is over."""
    gateway, ann, _ = floor
    await gateway.fault("order", reject="TOO_LATE", count=1, **prefix("x"))
    first = await ann.submit("BUY", "100.00", "1", "x1")
    again = await ann.submit("BUY", "100.00", "1", "x1")
    assert again == first
    assert (await ann.submit("BUY", "100.00", "1", "x2"))["status"] == "ACCEPTED"
    await ann.check()


async def test_a_retry_meets_no_fault_of_its_own(floor):
    """It is answered with the first order, and the fault is left for the next new one."""
    gateway, ann, _ = floor
    first = await ann.submit("BUY", "100.00", "1", "x1")
    await gateway.fault("order", reject="TOO_LATE", count=1, **prefix("x"))
    again = await ann.submit("BUY", "100.00", "1", "x1")
    assert (again["tradeOrderId"], again["status"]) == (first["tradeOrderId"], "ACCEPTED")
    assert (await ann.submit("BUY", "100.00", "1", "x2"))["rejectReason"] == "TOO_LATE"
    await ann.check()


async def test_a_list_is_rejected_as_a_whole(floor):
    """The order and both of its exits."""
    gateway, ann, _ = floor
    await gateway.fault("order", reject="NO", **prefix("list"))
    await ann.submit("BUY", "100.00", "1", "list", takeProfitPrice="110.00", stopLossPrice="90.00")
    copy = await ann.events()
    assert [order["status"] for order in copy.ended.values()] == ["REJECTED"] * 3
    assert copy.orders == {}
    await ann.check()


async def test_an_acknowledgement_is_delayed_and_nothing_else(floor, monkeypatch, until):
    """The order is in the book and its events are out; other calls are answered meanwhile."""
    gateway, ann, bob = floor
    slept, over = [], asyncio.Event()

    async def sleep(seconds):
        slept.append(seconds)
        await (over.wait() if seconds == 1.5 else asyncio.sleep(seconds))

    monkeypatch.setattr(gateway.gateway.clock, "sleep", sleep)
    await gateway.fault("order", delay_ms=1500, **prefix("slow"))
    late = asyncio.create_task(ann.submit("BUY", "100.00", "1", "slow-1"))
    await until(lambda: 1.5 in slept)
    assert (await bob.submit("SELL", "100.00", "0.4", "quick"))["status"] == "FILLED"
    copy = await ann.events()
    assert len(copy.executions) == 1
    assert not late.done()
    over.set()
    assert (await late)["status"] == "ACCEPTED"
    await ann.check()
    await bob.check()


@pytest.mark.parametrize(
    ("permille", "executed", "left"),
    [(300, "0.30000", "0.70000"), (0, "0.00000", "1.00000"), (1000, "1.00000", None)],
)
async def test_orders_of_a_prefix_are_filled_in_part(floor, permille, executed, left):
    """A share trades by the ordinary means, the rest is cancelled; the book shows what is left."""
    gateway, ann, bob = floor
    await gateway.fault("order", fill_permille=permille, **prefix("part"))
    resting = await bob.submit("SELL", "100.00", "1", "resting")
    order = await ann.submit("BUY", "100.00", "1", "part-1")
    assert order["executedQuantity"] == executed
    if left is None:
        assert order["status"] == "FILLED"
    else:
        assert (order["status"], order["cancelReason"]) == ("CANCELLED", "FAULT_INJECTED")
        assert (await bob.events()).orders[resting["tradeOrderId"]]["executedQuantity"] == executed

    shown = (await ann.call("query.orderbook.list", instrumentIds=[BTC]))["data"][0]
    assert shown["asks"] == ([] if left is None else [["100.00", left]])
    assert shown["bids"] == []
    await ann.check()
    await bob.check()


async def test_a_part_of_nothing_is_cancelled(floor):
    """An order that finds nobody does not rest; one that waits, and one of a budget, are let be."""
    gateway, ann, bob = floor
    await gateway.fault("order", fill_permille=500, **prefix("p"))
    order = await ann.submit("BUY", "100.00", "1", "p1")
    assert (order["status"], order["executedQuantity"]) == ("CANCELLED", "0.00000")
    maker = await ann.submit("SELL", "100.00", "1", "p2", orderType="LIMIT_MAKER")
    assert maker["status"] == "ACCEPTED"
    budget = {"orderType": "MARKET", "limitPrice": None, "quantityType": "QUOTE"}
    spent = await bob.submit("BUY", None, "50.00", "p3", **budget)
    assert spent["status"] == "FILLED"
    await ann.check()
    await bob.check()


async def test_a_fault_is_for_one_account_or_instrument(floor):
    """Others are not concerned; the narrower of two that fit has no precedence: both hit."""
    gateway, ann, bob = floor
    await gateway.fault("order", reject="ACCOUNT", target={"account": ann.account})
    await gateway.fault("order", reject="ETH", target={"instrument": ETH})
    reasons = [
        (await trader.submit("BUY", "100.00", "1", f"n{number}", instrumentId=instrument)).get(
            "rejectReason"
        )
        for number, (trader, instrument) in enumerate(
            [(ann, BTC), (bob, BTC), (bob, ETH), (ann, ETH)]
        )
    ]
    assert reasons == ["ACCOUNT", None, "ETH", "ACCOUNT"]
    await gateway.call("faults.clear")
    assert (await ann.submit("BUY", "100.00", "1", "n9"))["status"] == "ACCEPTED"
    await ann.check()
    await bob.check()


async def test_what_cannot_be_asked_for_is_refused(floor):
    """107, with the field."""
    gateway, *_ = floor
    for params in (
        {"fill_permille": 1001},
        {"fill_permille": -1},
        {"delay_ms": -1},
        {"reject": "x" * 300},
        {"target": {"user": "ann"}, "reject": "x"},
        {},
    ):
        answer = await gateway.call("faults.set", {"kind": "order", **params})
        assert answer["error"]["code"] == 107, params


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_on_purpose_money_is_conserved(floor, seed):
    """Random orders under random faults: events, queries and ledger agree at the end."""
    gateway, ann, bob = floor
    chance = random.Random(seed)
    await gateway.fault("order", reject="WHY NOT", per_mille=200)
    await gateway.fault("order", fill_permille=400, per_mille=400)
    await gateway.fault("order", fill_permille=0, **prefix("none"))
    for number in range(60):
        trader = chance.choice((ann, bob))
        price = f"{chance.randrange(99, 102)}.00"
        more = {}
        if chance.random() < 0.2:
            more = {"takeProfitPrice": "120.00", "stopLossPrice": "80.00"}
        side = "BUY" if more else chance.choice(("BUY", "SELL"))
        name = f"{chance.choice(('none', 'some', 'some', 'some'))}-{number}"
        await trader.submit(side, price, f"0.{chance.randrange(10, 99)}", name, **more)
        if chance.random() < 0.1:
            await trader.call("command.trade_order.cancel_all", tradingAccountId=trader.account)
        check_ledger(gateway.gateway)
    for trader in (ann, bob):
        await trader.check()
    statuses = {order["status"] for order in (*ann.copy.ended.values(), *bob.copy.ended.values())}
    assert {"REJECTED", "CANCELLED"} <= statuses
    assert ann.copy.executions
    desk = gateway.gateway.trading.venue.exchange.instruments[BTC]
    assert not desk.engine.book.is_crossed()
