"""A server that is killed under the client and comes back: the copy is the server's again."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client.trading import (
    AccountClosedError,
    AccountState,
    ExecutionReport,
    OrderUpdated,
    Resynced,
)
from support.client.cutting_proxy import cutting_proxy
from support.client.trading_checks import BTC, PATIENCE, check_equal, check_executions, listed

BID = {"side": "BUY", "instrument": BTC, "price": "100", "quantity": "0.5"}
ASK = {**BID, "side": "SELL"}


@pytest.fixture
def durable(start_server, tmp_path):
    """A function that starts a server over the same data, again and again."""
    running = []

    def start():
        server = start_server({}, "--feed", "none", "--data", str(tmp_path / "data"))
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


async def resynced(stream, told):
    """Read a stream until the resync and the portfolio after it."""
    async with asyncio.timeout(PATIENCE):
        async for event in stream:
            told.append(event)
            if isinstance(event, Resynced):
                return event
    return None


async def test_what_happened_while_the_client_was_away(connect, durable):
    """Orders filled, cancelled and made in the gap; a new epoch; every execution exactly once."""
    first = durable()
    async with (
        cutting_proxy(first.port) as proxy,
        connect("ann", url=proxy.ws) as client,
        await client.account() as account,
    ):
        told = []
        stream = account.events()
        kept = await account.submit(**{**BID, "price": 90})
        partly = await account.submit(**BID)
        cancelled = await account.submit(**{**BID, "price": 80})
        waiting = asyncio.ensure_future(partly.filled(PATIENCE))
        async with connect("bob", url=first.ws) as other, await other.account() as bob:
            await bob.submit(**{**ASK, "quantity": "0.2"})
        proxy.shut()
        # Somebody else trades for the same account meanwhile, before and after the crash.
        async with connect("ann", url=first.ws) as second, await second.account() as twin:
            await twin.cancel(cancelled.order_id)
            await twin.amend(kept.order_id, quantity="0.4")
        first.kill()
        again = durable()
        async with (
            connect("ann", url=again.ws) as second,
            await second.account() as twin,
            connect("bob", url=again.ws) as other,
            await other.account() as bob,
        ):
            await bob.submit(**{**ASK, "quantity": "0.3"})
            quick = await twin.submit(
                side="SELL", instrument=BTC, price=90, quantity="0.1", time_in_force="IOC"
            )
            fresh = await twin.submit(**{**BID, "price": 70})
        proxy.target = again.port
        proxy.open()
        gap = await resynced(stream, told)
        assert (gap.executions, gap.error, account.resyncs) == (1, None, 1)
        assert await waiting is partly
        assert account.state is AccountState.LIVE
        assert (kept.quantity, cancelled.status) == (
            kept.filled_quantity + kept.remaining,
            "CANCELLED",
        )
        assert list(account.orders) == [kept.order_id, fresh.order_id]
        assert account.order(quick.order_id).status == quick.status
        await check_equal(client, account)
        # It goes on live.
        after = await account.submit(**{**BID, "price": 60})
        await account.cancel(after)
        await account.cancel_all()
        await check_equal(client, account)
        stream.close()
        told += [event async for event in stream]
        reports = [event for event in told if isinstance(event, ExecutionReport)]
        await check_executions(client, account, reports)
        assert partly.executions == tuple(it.execution for it in reports if it.order is partly)
        last = {}
        for event in told:
            if isinstance(event, OrderUpdated):
                last[event.order.order_id] = event.status
        everything = {**account.orders, **account.ended}
        assert last == {name: order.status for name, order in everything.items()}


async def test_a_crash_in_the_middle_of_trading(connect, durable):
    """Both sides submit without a pause; the server is killed twice; nothing is lost or doubled."""
    server = durable()
    async with (
        cutting_proxy(server.port) as proxy,
        connect("ann", url=proxy.ws, start_timeout=60.0) as client,
        await client.account() as ann,
        connect("bob", url=proxy.ws, start_timeout=60.0) as other,
        await other.account() as bob,
    ):
        streams = {account: account.events(buffer=100_000) for account in (ann, bob)}
        done, progress = asyncio.Event(), asyncio.Event()
        sent = {ann: [], bob: []}

        async def trade(account, terms):
            while not done.is_set():
                order = await account.submit(**{**terms, "quantity": "0.1"})
                sent[account].append(order)
                progress.set()
                if len(sent[account]) % 3 == 0 and order.is_open:
                    await account.cancel_all()

        trading = [
            asyncio.ensure_future(trade(ann, BID)),
            asyncio.ensure_future(trade(bob, ASK)),
        ]
        for _ in range(2):
            count = len(sent[ann])
            async with asyncio.timeout(PATIENCE):
                while len(sent[ann]) < count + 30:
                    progress.clear()
                    await progress.wait()
            server.kill()
            server = await asyncio.to_thread(durable)
            proxy.target = server.port
        done.set()
        await asyncio.gather(*trading)
        for account in (ann, bob):
            await account.wait_live(PATIENCE)
            await account.cancel_all()
        for account, stream in streams.items():
            host = account._host
            await check_equal(host, account)
            assert account.resyncs >= 1
            stream.close()
            reports = [it async for it in stream if isinstance(it, ExecutionReport)]
            await check_executions(host, account, reports)
            names = [order.client_order_id for order in sent[account]]
            orders = await listed(host, account.account_id)
            assert [it["clientOrderId"] for it in orders] == names


async def test_an_account_that_is_gone_ends(connect, start_server):
    """A server that remembers nothing knows no such account: whoever waits is told."""
    server = start_server({}, "--feed", "none")
    async with cutting_proxy(server.port) as proxy, connect("ann", url=proxy.ws) as client:
        account = await client.account()
        order = await account.submit(**BID)
        waiting = asyncio.ensure_future(order.done())
        server.kill()
        proxy.target = start_server({}, "--feed", "none").port
        with pytest.raises(AccountClosedError, match="103 permission denied"):
            await asyncio.wait_for(waiting, PATIENCE)
        assert account.state is AccountState.CLOSED
        with pytest.raises(AccountClosedError):
            await account.wait_live()
        await account.close()
