"""Orders and accounts against a real server, over both encodings."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from cadenza.client import UnsubscribedError, UsageError
from cadenza.client.trading import (
    AccountChoiceError,
    AccountClosedError,
    AccountState,
    ApiError,
    ExecutionReport,
    OrderEndedError,
    OrderRejectedError,
    OrderTimeoutError,
    OrderUpdated,
    PortfolioUpdated,
)
from cadenza.models import ContingencyType, OrderSide, OrderStatus, OrderType, TimeInForce
from support.client.events import Events
from support.client.trading_checks import BTC, PATIENCE, check_equal, check_executions

OPTIONS = ("--feed", "none")

BID = {"side": "BUY", "instrument": BTC, "price": "100", "quantity": "0.5"}
ASK = {**BID, "side": "SELL"}


async def test_an_order_rests_is_amended_and_cancelled(desk):
    """Each call returns when it is acknowledged, and the copy shows it by then."""
    order = await desk.submit(**BID)
    assert (order.status, order.type, order.side) == ("ACCEPTED", OrderType.LIMIT, OrderSide.BUY)
    assert (order.price, order.quantity) == (Decimal(100), Decimal("0.5"))
    assert (order.time_in_force, order.average_price) == (TimeInForce.GTC, None)
    assert desk.orders == {order.order_id: order}
    assert desk.balances["USDT"].locked > 50
    amended = await desk.amend(order, price=Decimal("101.50"), quantity="0.25")
    assert amended is order
    assert (order.status, order.price, order.remaining) == (
        "REPLACED",
        Decimal("101.5"),
        Decimal("0.25"),
    )
    await order.amend(quantity=1)
    assert order.quantity == 1
    assert await order.cancel() is order
    assert (order.status, order.cancel_reason, order.is_open) == ("CANCELLED", "BY_OWNER", False)
    assert desk.orders == {}
    assert desk.ended[order.order_id] is order
    assert desk.balances["USDT"].locked == 0
    await check_equal(desk._host, desk)


async def test_a_fill_is_told_to_both_sides(connect, user, protocol):
    """Executions, fees, positions and balances, over either encoding."""
    async with (
        connect(user, protocol=protocol) as client,
        connect(f"{user}-other", protocol=protocol) as second,
        await client.account() as ann,
        await second.account() as bob,
    ):
        events = ann.events()
        bid = await ann.submit(**BID)
        filling = asyncio.ensure_future(bid.filled(PATIENCE))
        await bob.submit(**{**ASK, "quantity": "0.2"})
        ask = await bob.submit(side="sell", instrument=BTC, quantity="0.3")
        assert await filling is bid
        assert (ask.type, ask.status, ask.average_price) == ("MARKET", "FILLED", Decimal(100))
        assert [it.quantity for it in bid.executions] == [Decimal("0.2"), Decimal("0.3")]
        assert bid.has_all_executions
        assert sum(it.fees["USDT"] for it in bid.executions) == bid.fees["USDT"] == Decimal("0.01")
        assert (bid.cost, bid.remaining) == (Decimal(50), 0)
        kinds = [type(await anext(events)) for _ in range(8)]
        assert kinds == [
            OrderUpdated, PortfolioUpdated,
            ExecutionReport, OrderUpdated, PortfolioUpdated,
            ExecutionReport, OrderUpdated, PortfolioUpdated,
        ]  # fmt: skip
        assert (ann.positions[BTC].net, bob.positions[BTC].net) == (Decimal("0.5"), Decimal("-0.5"))
        await check_equal(client, ann)
        await check_equal(second, bob)


async def test_an_order_tells_its_own_events(desk, other):
    """By iteration, which ends with the order, and by callbacks, which can be ended."""
    order = await desk.submit(**BID)
    events = Events()
    end = order.on_update(events.on("update"))
    gone = order.on_update(events.on("gone"))
    gone()

    async def follow():
        return [event async for event in order]

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0)
    await other.submit(**{**ASK, "quantity": "0.1"})
    await order.amend(price=99)
    await order.cancel()
    async with asyncio.timeout(PATIENCE):
        found = await following
    assert [getattr(it, "status", "fill") for it in found] == [
        "fill", "PARTIALLY_FILLED", "REPLACED", "CANCELLED",
    ]  # fmt: skip
    assert [await events.next("update") for _ in found] == found
    assert events.count("gone") == 0
    assert [event async for event in order] == []
    end()
    assert order.raw["status"] == "CANCELLED"
    assert found[-1].raw["data"] == order.raw


async def test_callbacks_get_each_kind(connect, user, other):
    """Plain ones at once, async ones in order; both see the copy as it is after the event."""
    events = Events()

    async def slow(report):
        events.on("execution")(report)

    seen = {"on_order": events.on("order"), "on_execution": slow}
    seen |= {"on_portfolio": events.on("portfolio"), "on_event": events.on("event")}
    async with connect(user) as client:
        account = await client.account(on_account=events.on("account"), **seen)
        order = await account.submit(**BID)
        await other.submit(**ASK)
        await order.filled(PATIENCE)
        report = await events.next("execution")
        assert (report.order, report.execution.quantity) == (order, Decimal("0.5"))
        assert [(await events.next("order")).status for _ in range(2)] == ["ACCEPTED", "FILLED"]
        renamed = {"tradingAccountId": account.account_id, "nickname": "swing"}
        await client.rpc("command.trading_account.update", {"tradingAccount": renamed})
        told = await events.next("account")
        assert told.account.nickname == account.info.nickname == "swing"
        assert "swing" in repr(account)


async def test_waiting_for_an_order_that_ends_otherwise(desk):
    """A cancel ends ``filled`` with an error and ``done`` without; waiting has a limit."""
    order = await desk.submit(**BID)
    with pytest.raises(OrderTimeoutError, match=r"is still ACCEPTED after 0\.01 s, 0\.000"):
        await order.filled(0.01)
    filled, done = asyncio.ensure_future(order.filled()), asyncio.ensure_future(order.done())
    given_up = asyncio.ensure_future(order.done())
    await asyncio.sleep(0)
    given_up.cancel()
    await desk.cancel(order.client_order_id)
    with pytest.raises(OrderEndedError, match=r"is CANCELLED \(BY_OWNER\)") as caught:
        await filled
    assert caught.value.order is order
    assert await done is order
    assert not order._waiters
    with pytest.raises(OrderEndedError):
        await order.cancel()
    with pytest.raises(OrderEndedError):
        await order.amend(price=90)


async def test_rejections_say_why(desk, other):
    """Errors of the venue, and orders that exist and were rejected, are one type."""
    with pytest.raises(OrderRejectedError, match=r"nearest valid value is 100\.00") as caught:
        await desk.submit(**{**BID, "price": "100.001"})
    error = caught.value
    assert (error.errno, error.field, error.order, error.temporary) == (
        30104,
        "limitPrice",
        None,
        False,
    )
    with pytest.raises(OrderRejectedError) as caught:
        await desk.submit(**{**BID, "quantity": 2000, "price": 10**5})
    assert caught.value.errno == 40005
    await other.submit(**ASK)
    with pytest.raises(OrderRejectedError) as caught:
        await desk.submit(**BID, post_only=True)
    error = caught.value
    assert (error.reason, error.errno, error.order.status) == ("WOULD_TAKE", 0, "REJECTED")
    assert error.order.client_order_id == error.client_order_id
    assert desk.order(error.client_order_id) is error.order
    with pytest.raises(ApiError, match="30001"):
        await desk.cancel("no-such-order")
    await other.cancel_all()


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"price": 100.5}, "price is the float 100.5: write it as text or Decimal"),
        ({"quantity": "a lot"}, "quantity is no number: 'a lot'"),
        ({"quantity": Decimal("NaN")}, "quantity is not finite"),
        ({"quantity": True}, "quantity is a number as Decimal, int or text"),
        ({"side": "LONG"}, "side is 'LONG', which is none of BUY, SELL"),
        ({"instrument": None}, "an order has instrument too"),
        ({"pirce": 1}, "an order has no pirce; it has"),
        ({"quote_quantity": 5}, "quote_quantity stands alone"),
        ({"post_only": True, "type": "MARKET"}, "post_only does not go with MARKET"),
    ],
)
async def test_terms_that_cannot_be_right_are_not_sent(desk, terms, words):
    """A sentence that names the term."""
    with pytest.raises(UsageError, match=words):
        await desk.submit(**{**BID, **terms})
    with pytest.raises(UsageError, match="amend needs"):
        await desk.amend("any")


async def test_cancel_all_of_an_instrument_or_a_side(desk):
    """It gives what it has cancelled."""
    orders = [await desk.submit(**{**BID, "price": 90 + n}) for n in range(3)]
    ask = await desk.submit(**{**ASK, "price": 200})
    eth = await desk.submit(side="BUY", instrument="PAPER:ETH/USDT", price=10, quantity=1)
    assert set(await desk.cancel_all(BTC, "BUY")) == set(orders)
    assert [it.order_id for it in desk.orders.values()] == [ask.order_id, eth.order_id]
    assert await desk.cancel_all(BTC) == [ask]
    assert await desk.cancel_all() == [eth]
    assert await desk.cancel_all() == []
    await check_equal(desk._host, desk)


async def test_orders_with_exits_are_lists(desk, other):
    """All orders of an OTOCO are in the copy; the entry's fill sets the exits free."""
    entry = await desk.submit(
        **BID, take_profit="120", take_profit_price="120", stop_loss=80, contingency="otoco"
    )
    listed = desk.order_list(entry)
    assert [it.type for it in listed] == ["LIMIT", "TAKE_PROFIT_LIMIT", "STOP"] or len(listed) == 3
    assert {it.data.contingency_type for it in listed} == {ContingencyType.OTOCO}
    await other.submit(**ASK)
    await entry.filled(PATIENCE)
    await desk.cancel(listed[1])
    assert not any(order.is_open for order in listed)
    await check_equal(desk._host, desk)


async def test_other_terms_reach_the_venue(desk, other):
    """Quote amounts, icebergs, expiry, post-only, rounding, stops."""
    await other.submit(**ASK)
    spent = await desk.submit(side="BUY", instrument=BTC, quote_quantity="25")
    assert spent.status == "FILLED"
    assert (spent.quantity, spent.quantity_type, spent.cost) == (
        25,
        "QUOTE",
        spent.filled_quantity * 100,
    )
    ice = await desk.submit(**{**BID, "price": 90}, visible_quantity="0.1", post_only=True)
    assert (ice.type, ice.data.visible_quantity) == ("LIMIT_MAKER", "0.10000")
    timed = await desk.submit(
        **{**BID, "price": 90}, time_in_force="GTD", expire_at=4_000_000_000_000
    )
    assert timed.expire_at == 4_000_000_000_000
    off = {**BID, "price": 90, "quantity": Decimal("0.1000001"), "quantity_rounding": "DOWN"}
    assert (await desk.submit(**off)).quantity == Decimal("0.1")
    stop = await desk.submit(
        side="BUY", instrument=BTC, type="STOP_LIMIT", quantity=1, stop_price=150, price=150
    )
    assert (stop.stop_price, stop.is_open) == (150, True)
    closed = await desk.submit(
        side="BUY", instrument=BTC, price=80, quantity=1, time_in_force="IOC", await_closed=True
    )
    assert closed.status == OrderStatus.CANCELLED
    assert len(await desk.cancel_all()) == 4
    await other.cancel_all()


async def test_a_second_copy_begins_with_what_is_there(connect, desk, other, user):
    """Open orders and holdings from before; their earlier fills can be loaded."""
    order = await desk.submit(**BID)
    await other.submit(**{**ASK, "quantity": "0.2"})
    async with connect(user) as client, await client.account(desk.account_id) as again:
        same = again.orders[order.order_id]
        assert same is not order
        assert (same.filled_quantity, same.executions) == (Decimal("0.2"), ())
        assert not same.has_all_executions
        assert [it.quantity for it in await again.load_executions(same)] == [Decimal("0.2")]
        assert same.has_all_executions
        await check_equal(client, again)
        summary = await again.summary()
        assert summary.currency == "USDT"
        assert summary.equity > 0
        await same.cancel()
    assert again.state is AccountState.CLOSED


async def make_another(client):
    """The user gets a second account."""
    wanted = {"tradingAccount": {"venue": "PAPER", "nickname": "second"}}
    answer = await client.rpc("command.trading_account.create", wanted)
    assert "error" not in answer


async def test_which_account(connect, user):
    """None is the only one; several must be chosen from; others' do not exist."""
    async with connect(user) as client:
        (only,) = await client.accounts()
        account = await client.account()
        assert account.account_id == only.account_id
        with pytest.raises(UsageError, match="already subscribed"):
            await client.account()
        assert account.is_live
        await make_another(client)
        with pytest.raises(AccountChoiceError, match=only.account_id) as caught:
            await client.account()
        assert len(caught.value.choices) == 2
        second = await client.account(caught.value.choices[1])
        assert second.orders == {}
        with pytest.raises(UnsubscribedError, match="103"):
            await client.account("00000000-0000-4000-8000-000000000000")
        with pytest.raises(UsageError, match="callbacks are on_account"):
            await client.account(only.account_id, on_ordre=print)


async def test_closing_ends_whoever_waits(connect, user):
    """Iterations end quietly, waits with an error; the client's close does the same."""
    async with connect(user) as client:
        account = await client.account()
        order = await account.submit(**BID)
        waits = [asyncio.ensure_future(order.filled()), asyncio.ensure_future(order.done())]
        stream = account.events()
        iterating = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        await account.close()
        for wait in waits:
            with pytest.raises(AccountClosedError):
                await wait
        with pytest.raises(StopAsyncIteration):
            await iterating
        for call in (
            account.submit(**BID),
            account.cancel(order),
            account.cancel_all(),
            order.done(),
        ):
            with pytest.raises(AccountClosedError):
                await call
        assert [event async for event in account.events()] == []
        again = await client.account()
        waiting = asyncio.ensure_future(again.orders[order.order_id].done())
        await asyncio.sleep(0)
    with pytest.raises(AccountClosedError):
        await waiting
    await again.close()


async def test_a_cancelled_submit_leaves_nothing_behind(desk):
    """The order may exist, and then the copy has it."""
    submitting = asyncio.ensure_future(desk.submit(**BID, client_order_id="mine"))
    seen = desk.events()
    await asyncio.sleep(0)
    submitting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await submitting
    assert desk._commands._in_flight == {}
    order = await desk.submit(**BID, client_order_id="mine")
    assert (await anext(seen)).order is order
    assert list(desk.orders.values()) == [order]


async def test_many_orders_at_once(desk, other):
    """Concurrent submits, each its own order; every execution once, in order."""
    reports = desk.events()
    orders = await asyncio.gather(
        *(desk.submit(**{**BID, "price": 110, "quantity": "0.1"}) for _ in range(50))
    )
    assert len({it.order_id for it in orders}) == len({it.client_order_id for it in orders}) == 50
    await other.submit(**{**ASK, "quantity": "5"})
    await asyncio.gather(*(order.filled(PATIENCE) for order in orders))
    found = [event for event in await drained(reports) if isinstance(event, ExecutionReport)]
    await check_executions(desk._host, desk, found)


async def drained(stream):
    """What waits in a stream."""
    stream.close()
    return [event async for event in stream]


async def test_reprs(desk):
    """One line each, for notebooks."""
    order = await desk.submit(**BID)
    assert repr(order) == f"<Order ACCEPTED: BUY 0.50000 {BTC} LIMIT at 100.00; {order.order_id}>"
    assert "1 open orders" in repr(desk)
    assert repr(desk.balances["BTC"]).startswith("<Balance ")
