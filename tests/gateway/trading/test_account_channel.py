"""The account channel: what it says, in which order, and that the state before it fits."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from support.gateway.account_copy import ACCOUNT, EXECUTION, ORDER, PORTFOLIO, AccountCopy
from support.gateway.account_world import BTC, ETH, Trader, a_gateway, check_ledger, quiet, signed

STATE = {"state": True}


@pytest.fixture
async def gateway():
    async with a_gateway() as running:
        yield running


@pytest.fixture
async def ann(gateway):
    return await Trader.connected(gateway)


@pytest.fixture
async def bob(gateway):
    return await Trader.connected(gateway, "bob")


def kinds(trader, since=0):
    """The event types that were pushed."""
    return [publication["data"]["eventType"] for publication in trader.pushed()[since:]]


async def test_an_order_is_followed_by_what_it_locks(gateway, ann):
    """The order is accepted, then the balance that pays for it; one commit, in that order."""
    await ann.subscribe()
    order = await ann.submit("BUY", "100.00", "1")
    assert kinds(ann) == [ORDER, PORTFOLIO]
    accepted, portfolio = (publication["data"]["data"] for publication in ann.pushed())
    assert accepted == order
    (usdt,) = portfolio["balances"]
    assert (usdt["securitySymbol"], usdt["locked"]) == ("USDT", "100.0500000000")
    assert portfolio["tradingAccountId"] == ann.account
    assert (portfolio["updateMode"], portfolio["positions"]) == ("DELTA", [])


async def test_a_fill_comes_as_execution_then_order_then_portfolio(gateway, ann, bob):
    """On both sides; an acceptance comes first for the one who came, the portfolio last."""
    await bob.submit("SELL", "100.00", "0.5")
    await bob.submit("SELL", "101.00", "0.3")
    await ann.subscribe()
    await bob.subscribe()
    order = await ann.submit("BUY", "101.00", "1")
    await quiet(gateway)
    assert kinds(ann) == [ORDER, EXECUTION, ORDER, EXECUTION, ORDER, PORTFOLIO]
    assert kinds(bob) == [EXECUTION, ORDER, EXECUTION, ORDER, PORTFOLIO]
    copy = AccountCopy().apply_all(ann.pushed())
    assert copy.of_order(order["tradeOrderId"]) == [
        "ACCEPTED", "0.50000", "PARTIALLY_FILLED", "0.30000", "PARTIALLY_FILLED",
    ]  # fmt: skip
    assert set(copy.balances) == {"BTC", "USDT"}
    assert copy.positions[BTC]["quantity"] == "0.80000"
    assert [it["data"]["isMaker"] for it in copy.events if it["eventType"] == EXECUTION] == [
        False, False,
    ]  # fmt: skip


async def test_every_event_has_an_id_and_an_offset_of_its_own(gateway, ann, bob):
    """Ids are unique over accounts too, and offsets have no holes."""
    for trader in (ann, bob):
        await trader.subscribe()
    for number in range(10):
        await bob.submit("SELL", f"{100 + number}.00", "0.1")
        await ann.submit("BUY", f"{100 + number}.00", "0.07")
    await quiet(gateway)
    copies = [AccountCopy().apply_all(trader.pushed()) for trader in (ann, bob)]
    assert not copies[0].ids & copies[1].ids
    assert len(copies[0].executions) == len(copies[1].executions) >= 10


async def test_an_event_comes_before_the_answer_to_the_call(gateway, ann):
    """Who has the answer has seen the events of it: nothing is to be waited for."""
    await ann.subscribe()
    order = await ann.submit("BUY", "100.00", "1")
    where = ["id" in message for message in ann.messages if "push" in message or "rpc" in message]
    assert where[-3:] == [False, False, True]
    await ann.act("cancel", order)
    assert AccountCopy().apply_all(ann.pushed()).ended[order["tradeOrderId"]]


async def test_an_account_says_when_it_changes(ann):
    """Its new name is an event with the account."""
    await ann.subscribe()
    await ann.call(
        "command.trading_account.update",
        tradingAccount={"tradingAccountId": ann.account, "nickname": "mine"},
    )
    (event,) = [it["data"] for it in ann.pushed() if it["data"]["eventType"] == ACCOUNT]
    assert (event["data"]["nickname"], event["data"]["tradingAccountId"]) == ("mine", ann.account)


async def test_the_state_of_a_new_account_is_its_deposit(ann):
    """No orders, every balance, and the position where the stream begins."""
    result = await ann.subscribe(data=STATE)
    assert result["recoverable"]
    copy = AccountCopy().start(result)
    assert copy.is_like([], await ann.portfolio())
    assert {"USDT", "BTC"} <= set(copy.balances)


@pytest.mark.parametrize("data", [None, {}, {"state": False}, {"else": 1}])
async def test_a_state_that_is_not_asked_for_does_not_come(ann, data):
    """Neither by default nor for data that says something else."""
    await ann.submit("BUY", "100.00", "1")
    result = await ann.subscribe(**({} if data is None else {"data": data}))
    assert "data" not in result


@pytest.mark.parametrize("data", ["text", 1, [], {"state": "yes"}, {"state": 1}])
async def test_data_that_is_no_question_is_a_bad_request(ann, data):
    """107, and the connection goes on."""
    reply = await ann.ask("subscribe", channel=ann.channel, data=data)
    assert reply["error"]["code"] == 107
    assert "data" in await ann.subscribe(data=STATE)


async def test_a_recovering_subscriber_that_asks_for_the_state_ends_the_same(gateway, ann, bob):
    """What was missed comes too, and folded over the state it changes nothing."""
    first = await ann.subscribe(data=STATE)
    offset, epoch = first.get("offset", 0), first["epoch"]
    await ann.ask("unsubscribe", channel=ann.channel)
    await ann.submit("BUY", "100.00", "1")
    await bob.submit("SELL", "100.00", "0.4")
    await quiet(gateway)
    again = await ann.subscribe(data=STATE, recover=True, offset=offset, epoch=epoch)
    assert again["recovered"]
    copy = AccountCopy().start(again).apply_all(again["publications"])
    assert copy.is_like(await ann.open_orders(), await ann.portfolio())
    state = AccountCopy().start(again)
    assert state.is_like(await ann.open_orders(), await ann.portfolio())


async def test_the_state_is_of_the_offset_and_not_of_what_is_decided(gateway, ann):
    """An order that is decided and not yet durable is not in the state; its event follows."""
    number = ann.send("rpc", method="command.trade_order.submit", data=ann.order("BUY", "99", "1"))
    second = Trader(gateway)
    second.account = ann.account
    # Nothing waits between these, so that the order's commit has not come yet.
    second.send("connect", token=signed(sub="ann"))
    asked = second.send("subscribe", channel=ann.channel, data=STATE)
    result = (await second.reply(asked))["subscribe"]
    copy = AccountCopy().start(result)
    assert copy.orders == {}
    assert not [it for it in copy.balances.values() if float(it["locked"])]
    order = (await ann.reply(number))["rpc"]["data"]["data"]
    await quiet(gateway)
    copy.apply_all(second.pushed())
    assert copy.is_like([order], await ann.portfolio())


class Step(NamedTuple):
    """What a user does: who, what, where, at which price, and how much."""

    user: str
    what: str
    instrument: str
    ticks: int
    lots: int
    waits: bool
    kind: str


WHATS = ("submit", "submit", "submit", "cancel", "amend", "cancel_all", "list", "subscribe")
STEPS = st.lists(
    st.builds(
        Step,
        user=st.sampled_from(["ann", "bob"]),
        what=st.sampled_from(WHATS),
        instrument=st.sampled_from([BTC, BTC, ETH]),
        ticks=st.integers(9_998, 10_002),
        lots=st.integers(60, 400),
        waits=st.booleans(),
        kind=st.sampled_from(["LIMIT", "LIMIT", "LIMIT", "MARKET", "LIMIT_MAKER", "STOP"]),
    ),
    min_size=10,
    max_size=60,
)


class Floor:
    """Two users who trade, without waiting for answers, and copies begun at some moment."""

    def __init__(self, gateway, traders):
        self.gateway = gateway
        self.traders = traders
        self.sent = []
        self.copies = []

    async def take(self, step):
        """One thing that a user does."""
        trader = self.traders[step.user]
        if step.what == "subscribe":
            await self.subscribe(trader)
            return
        method = f"command.trade_order.{'submit' if step.what == 'list' else step.what}"
        self.sent.append((trader, trader.send("rpc", method=method, data=params(trader, step))))
        if step.waits:
            await trader.reply(self.sent[-1][1])

    async def subscribe(self, trader):
        """A further connection of the user, that begins with the state of this moment."""
        reader = Trader(self.gateway)
        reader.account = trader.account
        await reader.ask("connect", token=signed(sub=trader.connection.user))
        result = await reader.subscribe(data=STATE)
        copy = AccountCopy().start(result)
        self.copies.append((trader, reader, copy))
        first_reader, first = next(it[1:] for it in self.copies if it[0] is trader)
        news = first_reader.pushed()[len(first.events) :]
        first.apply_all(it for it in news if it["offset"] <= copy.offset)
        assert copy.is_same(first), "the state is not what the stream has said so far"

    async def check(self):
        """All is quiet: every copy is what the queries answer."""
        for trader, number in self.sent:
            await trader.reply(number)
        await quiet(self.gateway)
        for trader, reader, copy in self.copies:
            copy.apply_all(reader.pushed()[len(copy.events) :])
            assert copy.is_like(await trader.open_orders(), await trader.portfolio())
        check_ledger(self.gateway)


def params(trader, step):
    """The parameters of the call that a step makes."""
    side = "BUY" if step.lots % 2 else "SELL"
    price = f"{step.ticks // 100}.{step.ticks % 100:02}"
    quantity, name = f"{step.lots / 1000:.3f}", f"c{step.lots % 24}"
    if step.what == "cancel_all":
        return {"tradingAccountId": trader.account, "instrumentId": step.instrument}
    if step.what in {"cancel", "amend"}:
        change = {"quantity": quantity} if step.what == "amend" else {}
        return {"tradingAccountId": trader.account, "clientOrderId": name, **change}
    more = {"instrumentId": step.instrument}
    if step.what == "list":
        # The price of a take-profit goes beside the order's own.
        more["takeProfitPrice"] = "110.00" if side == "BUY" else "90.00"
    else:
        more |= {"orderType": step.kind, "clientOrderId": name}
    if step.kind == "MARKET" and step.what == "submit":
        more["limitPrice"] = None
    elif step.kind == "STOP" and step.what == "submit":
        more |= {"limitPrice": None, "stopPrice": price}
    return trader.order(side, price, quantity, **more)


@given(STEPS)
@settings(max_examples=40, deadline=None)
def test_the_state_and_the_events_after_it_make_the_account(steps):
    """Whenever one subscribes: the state, then every event once, equals what queries answer."""

    async def run():
        async with a_gateway() as gateway:
            traders = {user: await Trader.connected(gateway, user) for user in ("ann", "bob")}
            floor = Floor(gateway, traders)
            for trader in traders.values():
                await floor.subscribe(trader)
            for step in steps:
                await floor.take(step)
            await floor.check()

    asyncio.run(run())


async def test_after_a_restart_the_stream_is_another(tmp_path):
    """Epoch and offset are new, so nothing is recovered; the state that comes first is right."""
    sections = {"trading": {"store": {"path": str(tmp_path)}}}
    async with a_gateway(**sections) as gateway:
        ann = await Trader.connected(gateway)
        bob = await Trader.connected(gateway, "bob")
        first = await ann.subscribe(data=STATE)
        order = await ann.submit("BUY", "100.00", "1")
        await bob.submit("SELL", "100.00", "0.4")
        await quiet(gateway)
        copy = AccountCopy().start(first).apply_all(ann.pushed())
        account, offset = ann.account, copy.offset
    async with a_gateway(**sections) as gateway:
        ann = await Trader.connected(gateway)
        assert ann.account == account
        again = await ann.subscribe(data=STATE, recover=True, offset=offset, epoch=first["epoch"])
        assert again["was_recovering"]
        assert not again.get("recovered")
        assert "publications" not in again
        assert again["epoch"] != first["epoch"]
        later = AccountCopy().start(again)
        assert later.orders == copy.orders
        assert (later.balances, later.positions) == (copy.balances, copy.positions)
        bob = await Trader.connected(gateway, "bob")
        await bob.submit("SELL", "100.00", "0.6")
        await quiet(gateway)
        later.apply_all(ann.pushed())
        assert later.is_like([], await ann.portfolio())
        assert later.ended[order["tradeOrderId"]]["status"] == "FILLED"
        assert not copy.ids & later.ids


async def test_a_stream_that_forgot_is_made_up_for_by_the_state(gateway):
    """More was missed than is kept: not recovered, and the state is as of the new offset."""
    async with a_gateway(trading={"history_size": 4}) as short:
        ann = await Trader.connected(short)
        first = await ann.subscribe(data=STATE)
        await ann.ask("unsubscribe", channel=ann.channel)
        for price in range(90, 100):
            await ann.submit("BUY", price, "0.1")
        where = {"offset": first.get("offset", 0), "epoch": first["epoch"]}
        again = await ann.subscribe(data=STATE, recover=True, **where)
        assert not again.get("recovered")
        copy = AccountCopy().start(again)
        assert copy.is_like(await ann.open_orders(), await ann.portfolio())
        await ann.submit("BUY", 100, "0.1")
        copy.apply_all(ann.pushed())
        assert copy.is_like(await ann.open_orders(), await ann.portfolio())
