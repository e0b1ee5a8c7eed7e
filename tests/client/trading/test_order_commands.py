"""What is sent, and sent again, seen from a peer that answers as it likes."""

from __future__ import annotations

import asyncio

import pytest

import cadenza.client
from cadenza.client import ReplyError
from cadenza.client.trading import ApiError, OrderRejectedError
from support.client.account_peer import answer_rpc, back, followed, push, subscribe_result
from support.client.events import PATIENCE
from support.client.model_venue import ModelVenue
from support.client.peer_world import quick

BID = {"side": "BUY", "instrument": "PAPER:BTC/USDT", "price": "100", "quantity": "2"}
BUSY = {"error": {"code": 10008, "message": "slow down", "temporary": True}}


@pytest.fixture
def venue():
    """An order, which ends, and another, which does too."""
    made = ModelVenue()
    for _ in range(2):
        made.new(2)
        made.cancel(made.open_order(0))
    return made


def order_of(venue, number, **more):
    """What a call answers of the order that an event is about."""
    return {"data": {**venue.versions[number][1], **more}}


async def resumed(peer, venue, offset):
    """The next connection, with everything recovered."""
    result = subscribe_result(venue, offset, was_recovering=True, recovered=True)
    line, _ = await back(peer, **result)
    return line


async def test_a_resent_submit_is_the_same_submit(client, peer, venue):
    """Same name, same key, same terms; a refusal for now says nothing of the first one."""
    line, account = await followed(client, peer, venue, 0, random_bytes=bytes)
    submitting = asyncio.ensure_future(account.submit(**BID))
    first = (await line.command("rpc"))["rpc"]
    line.cut()
    line = await resumed(peer, venue, 0)
    method = "command.trade_order.submit"
    second = await answer_rpc(line, {method: BUSY})
    third = await answer_rpc(line, {method: order_of(venue, 0, clientOrderId="00" * 16)})
    assert first == second == third
    assert first["data"]["idempotencyKey"] == first["data"]["tradeOrder"]["clientOrderId"]
    order = await submitting
    assert order.client_order_id == first["data"]["idempotencyKey"] == "00" * 16
    stream = account.events()
    await line.send(push(venue, 1))
    assert (await anext(stream)).order is order


async def test_a_refusal_for_now_of_the_first_submit_is_told(client, peer, venue):
    """Nothing was sent before it, so that the user may decide."""
    line, account = await followed(client, peer, venue, 0)
    submitting = asyncio.ensure_future(account.submit(**BID))
    await answer_rpc(line, {"command.trade_order.submit": BUSY})
    with pytest.raises(OrderRejectedError) as caught:
        await submitting
    assert (caught.value.temporary, caught.value.errno) == (True, 10008)


async def test_a_command_is_not_sent_into_a_connection_that_has_ended(peer, venue):
    """It waits for the next one, however long the old one takes to close."""
    async with asyncio.timeout(PATIENCE):
        client = cadenza.client.connect(peer.url, **quick(timeout=600.0))
        line, account = await followed(client, peer, venue, 1)
        (order,) = account.orders.values()
        cancelling = asyncio.ensure_future(order.cancel())
        await line.command("rpc")
        # The client gives the connection up, and waits for the peer, which says nothing.
        await line.send({"push": {"disconnect": {"code": 3001, "reason": "shutdown"}}})
        line = await resumed(peer, venue, 1)
        await answer_rpc(line, {"command.trade_order.cancel": order_of(venue, 1)})
        assert await cancelling is order
        assert order.status == "CANCELLED"
        await client.close()


async def test_an_amend_is_looked_up_before_it_is_sent_again(client, peer, venue):
    """Where the terms are the new ones already, nothing is sent; else it is."""
    line, account = await followed(client, peer, venue, 1)
    (order,) = account.orders.values()
    for price, methods in (("7", ["get"]), ("8", ["get", "amend"])):
        amending = asyncio.ensure_future(order.amend(price=price))
        command = (await line.command("rpc"))["rpc"]
        assert command["method"] == "command.trade_order.amend"
        line.cut()
        line = await resumed(peer, venue, 1)
        answers = {
            "query.trade_order.get": order_of(venue, 0, limitPrice="7.00"),
            "command.trade_order.amend": order_of(venue, 0, limitPrice=price),
        }
        asked = [(await answer_rpc(line, answers))["method"] for _ in methods]
        assert [it.rpartition(".")[2] for it in asked] == methods
        assert await amending is order


async def test_an_order_that_was_forgotten_before_its_answer_came(client, peer, venue):
    """Its end is known all the same: no order of the past comes back as an open one."""
    line, account = await followed(client, peer, venue, 0, ended=1)
    venue.events[:] = [
        (offset, payload.replace(b'"tradeOrderId"', b'"clientOrderId": "mine", "tradeOrderId"'))
        for offset, payload in venue.events
    ]
    submitting = asyncio.ensure_future(account.submit(**BID, client_order_id="mine"))
    command = await line.command("rpc")
    second = [push(venue, offset) for offset in (3, 4)]
    for message in second:
        message["push"]["pub"]["data"]["data"]["clientOrderId"] = "other"
    answer = {"id": command["id"], "rpc": {"data": order_of(venue, 0, clientOrderId="mine")}}
    await line.send(push(venue, 1), push(venue, 2), *second, answer)
    order = await submitting
    assert (order.status, account.orders) == ("CANCELLED", {})
    assert list(account.ended) == [venue.versions[2][1]["tradeOrderId"]]


async def test_answers_that_are_none_of_this_api(client, peer, venue):
    """An error that says so."""
    line, account = await followed(client, peer, venue, 1)
    (order,) = account.orders.values()
    for answer in ([1], {"data": 5}, {"data": {"quantity": 1}}):
        cancelling = asyncio.ensure_future(order.cancel())
        await answer_rpc(line, {"command.trade_order.cancel": answer})
        with pytest.raises(ReplyError, match="the answer"):
            await cancelling
    asking = asyncio.ensure_future(account.summary())
    await answer_rpc(line, {"query.portfolio.get": {"data": {}}})
    with pytest.raises(ReplyError, match="no summary"):
        await asking
    listing = asyncio.ensure_future(client.accounts())
    error = {"error": {"code": 11005, "message": "no user", "temporary": False}}
    await answer_rpc(line, {"query.trading_account.list": error})
    with pytest.raises(ApiError, match="11005 no user"):
        await listing
