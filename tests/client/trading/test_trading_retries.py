"""Answers that are lost, late, or refused for now: each intent is carried out once."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import CallTimeoutError, DisconnectedError
from cadenza.client.trading import (
    AccountState,
    ExecutionReport,
    OrderEndedError,
    OrderRejectedError,
    OutcomeUnknownError,
    PortfolioUpdated,
)
from support.client.cutting_proxy import cutting_proxy
from support.client.events import Events
from support.client.trading_checks import BTC, PATIENCE, check_equal, check_executions, listed

OPTIONS = ("--feed", "none")
CONFIG = {"faults": {"enabled": True}}
BID = {"side": "BUY", "instrument": BTC, "price": "100", "quantity": "0.5"}
ASK = {**BID, "side": "SELL"}


@pytest.fixture
async def proxy(server):
    """What stands between client and server."""
    async with cutting_proxy(server.port) as running:
        yield running


@pytest.fixture
async def near(connect, user, proxy):
    """An account over the proxy."""
    async with connect(user, url=proxy.ws) as client, await client.account() as account:
        yield account
        await account.cancel_all()


async def lose(proxy, call):
    """A call whose command arrives and whose answer, with all events, is lost with the line."""
    proxy.lose_answers()
    calling = asyncio.ensure_future(call)
    async with asyncio.timeout(PATIENCE):
        await proxy.lost.wait()
        proxy.cut()
        return await calling


async def test_a_submit_whose_answer_is_lost_makes_one_order(proxy, near):
    """It is sent again under the same name; the copy has heard of it once."""
    stream = near.events()
    order = await lose(proxy, near.submit(**BID))
    found = await listed(near._host, near.account_id)
    assert [it["tradeOrderId"] for it in found] == [order.order_id]
    assert found[0]["clientOrderId"] == order.client_order_id
    assert near.orders == {order.order_id: order}
    assert (near._host.stats.connects, near.resyncs) == (2, 0)
    assert (await anext(stream)).order is order
    await check_equal(near._host, near)


async def test_a_fill_whose_answer_is_lost_is_one_execution(proxy, near, other):
    """A market order, and then everything about it once."""
    stream = near.events()
    await other.submit(**ASK)
    order = await lose(proxy, near.submit(side="BUY", instrument=BTC, quantity="0.5"))
    assert await order.filled(PATIENCE) is order
    reports = []
    async for event in stream:
        if isinstance(event, ExecutionReport):
            reports.append(event)
        if isinstance(event, PortfolioUpdated):
            break
    await check_executions(near._host, near, reports)
    assert order.executions == (reports[0].execution,)
    await check_equal(near._host, near)


async def test_a_cancel_whose_answer_is_lost_has_succeeded(proxy, near):
    """The order had ended by it, so that the second cancel is refused, and that is no error."""
    order = await near.submit(**BID)
    assert await lose(proxy, near.cancel(order)) is order
    assert (order.status, order.cancel_reason) == ("CANCELLED", "BY_OWNER")
    with pytest.raises(OrderEndedError):
        await near.cancel(order)


async def test_an_amend_whose_answer_is_lost_is_carried_out_once(proxy, near, other):
    """The second look finds the new terms; the place in the queue is not given up again."""
    order = await near.submit(**BID)
    assert await lose(proxy, near.amend(order, price=101)) is order
    await near.wait_live()
    assert (order.status, order.price) == ("REPLACED", 101)
    await check_equal(near._host, near)


async def test_cancel_all_whose_answer_is_lost_gives_what_it_cancelled(proxy, near):
    """Though the second call finds nothing to cancel."""
    orders = {await near.submit(**{**BID, "price": 90 + n}) for n in range(3)}
    assert set(await lose(proxy, near.cancel_all(BTC))) == orders
    assert near.orders == {}


async def test_a_late_answer_is_asked_for_again(fault, connect, user):
    """The first answer is held back longer than a call may take: one order all the same."""
    late = fault("order", delay_ms=3_000, target={"client_order_id_prefix": f"{user}-"})
    near = connect(user, timeout=0.3)
    async with late, near as client, await client.account() as account:
        order = await account.submit(**BID, client_order_id=f"{user}-1")
        assert [it["tradeOrderId"] for it in await listed(client, account.account_id)] == [
            order.order_id
        ]
        await account.cancel_all()


async def test_dropped_connections_change_nothing(fault, connect, user):
    """Orders one after another while the server drops the connection again and again."""
    async with connect(user) as client, await client.account() as account:
        stream = account.events()
        async with fault("drop", target={"user": user}, every_ms=40, code=0):
            for number in range(40):
                order = await account.submit(**BID, client_order_id=f"n{number}")
                if number % 2:
                    await order.cancel()
        found = await listed(client, account.account_id)
        assert [it["clientOrderId"] for it in found] == [f"n{number}" for number in range(40)]
        assert client.stats.connects > 1
        await account.cancel_all()
        told = []
        async for event in stream:
            told.append(event)
            if not account.orders and account.balances["USDT"].locked == 0:
                break
        ids = [event.event_id for event in told]
        assert len(set(ids)) == len(ids)
        offsets = [event.offset for event in told if event.offset]
        assert offsets == sorted(offsets)
        await check_equal(client, account)


async def test_no_answer_in_time_is_an_outcome_that_is_not_known(connect, user, proxy):
    """The error has the name under which a retry is safe."""
    events = Events()
    async with connect(user, url=proxy.ws) as client:
        account = await client.account(on_state=events.on("following"))
        proxy.lose_answers()
        with pytest.raises(OutcomeUnknownError, match="makes a retry safe") as caught:
            await account.submit(**BID, timeout=0.3)
        name = caught.value.client_order_id
        with pytest.raises(
            OutcomeUnknownError, match=r"trade_order\.cancel: no answer within 0\.1 s"
        ):
            await account.cancel(name, timeout=0.1)
        proxy.shut()
        assert await events.next("following") is AccountState.LIVE
        assert await events.next("following") is AccountState.STALE
        with pytest.raises(CallTimeoutError, match=r"trade_order\.submit"):
            await account.submit(**BID, timeout=0.1)  # never sent: no doubt about it
        proxy.open()
        order = await account.submit(**BID, client_order_id=name)
        assert (order.client_order_id, order.status) == (name, "CANCELLED")
        assert len(await listed(client, account.account_id)) == 1


async def test_a_key_of_another_order_is_refused(near):
    """With other terms the name is taken."""
    order = await near.submit(**BID, client_order_id="once")
    assert await near.submit(**BID, client_order_id="once") is order
    with pytest.raises(OrderRejectedError) as caught:
        await near.submit(**{**BID, "price": 90}, client_order_id="once")
    assert caught.value.errno == 30003


async def test_a_client_that_is_sent_away_is_told_at_once(server, connect, user):
    """Waits and iterations raise; after another connect the account goes on."""
    async with connect(user) as client, await client.account() as account:
        order = await account.submit(**BID)
        waiting = asyncio.ensure_future(order.done())
        iterating = asyncio.ensure_future(anext(account.events()))
        await asyncio.sleep(0)
        gone = {"code": 3500, "reason": "go away"}
        await server.api("disconnect", user=user, disconnect=gone)
        for task in (waiting, iterating):
            with pytest.raises(DisconnectedError, match="go away"):
                await asyncio.wait_for(task, PATIENCE)
        with pytest.raises(DisconnectedError):
            await order.done()
        with pytest.raises(DisconnectedError):
            await account.submit(**BID)
        await client.connect()
        waiting = asyncio.ensure_future(order.done())
        await account.wait_live()
        await server.api("disconnect", user=user, disconnect=gone)
        with pytest.raises(DisconnectedError, match="go away"):
            await asyncio.wait_for(waiting, PATIENCE)
        with pytest.raises(DisconnectedError, match="go away"):
            await account.wait_live()
        await client.connect()
        await account.wait_live()
        await order.cancel()
        assert await order.done() is order
        await check_equal(client, account)


async def test_an_injected_reject_has_its_reason(fault, connect, user):
    """A rejected order is an order, with the reason of whoever rejected it."""
    stale = fault("order", reject="BOOK_STALE", target={"client_order_id_prefix": user})
    async with stale, connect(user) as client:
        account = await client.account(order_prefix=user)
        with pytest.raises(OrderRejectedError, match="BOOK_STALE") as caught:
            await account.submit(**BID)
        assert caught.value.order.reject_reason == "BOOK_STALE"
