"""A scripted peer as the server of one account of a model venue."""

from __future__ import annotations

import asyncio
import json

from support.client.model_venue import ACCOUNT
from support.client.peer_world import connected

CHANNEL = f"tradingAccount:{ACCOUNT}"


def subscribe_result(venue, offset, epoch="e", **more):
    """What the venue's server answers to a subscribe."""
    return {
        "recoverable": True,
        "positioned": True,
        "epoch": epoch,
        "offset": offset,
        "data": venue.states[offset],
        **more,
    }


def publication(venue, offset):
    return {"offset": offset, "data": json.loads(venue.events[offset - 1][1])}


def push(venue, offset):
    return {"push": {"channel": CHANNEL, "pub": publication(venue, offset)}}


async def answer_rpc(line, answers):
    """Answer one call by its method; gives it."""
    command = await line.command("rpc")
    asked = command["rpc"]
    found = answers[asked["method"]]
    data = found(asked["data"]) if callable(found) else found
    await line.send({"id": command["id"], "rpc": {"data": data}})
    return asked


def answers_of(venue, offset):
    """What the queries of a resync get."""
    orders = venue.orders_after(offset)
    return {
        "query.trade_order.get": lambda asked: {"data": orders[asked["tradeOrderId"]]},
        "query.trade_order.list": {"data": []},
        "query.trade_execution.list": {"data": [it for at, it in venue.executions if at <= offset]},
    }


async def followed(client, peer, venue, offset, **given):
    """A client, connected, that follows the account as of an offset."""
    line = await connected(client, peer)
    following = asyncio.ensure_future(client.account(ACCOUNT, **given))
    command = await line.answer("subscribe", subscribe_result(venue, offset))
    assert command["subscribe"]["data"] == {"state": True}
    return line, await following


async def back(peer, **result):
    """The next connection, welcomed, and its subscribe answered."""
    line = await peer.accept()
    await line.welcome()
    command = await line.answer("subscribe", result)
    return line, command["subscribe"]
