"""Replies that come late, twice, with wrong ids or without a result; pushes that fit nothing."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import CallTimeoutError, ConnectionLostError, ReplyError, SubscriptionState
from support.client.conformance.tidiness import HandClock
from support.client.events import Events, take
from support.client.peer_world import RECOVERABLE, connected, pub, subscribed

ASK = {
    "publish": lambda client: client.publish("news", 1),
    "history": lambda client: client.history("news"),
    "presence": lambda client: client.presence("news"),
    "presence_stats": lambda client: client.presence_stats("news"),
    "rpc": lambda client: client.rpc("m"),
}
RESULTS = {
    "publish": {},
    "history": {"publications": [], "epoch": "e", "offset": 1},
    "presence": {"presence": {}},
    "presence_stats": {"num_clients": 1, "num_users": 1},
    "rpc": {"data": 5},
}


@pytest.fixture(params=ASK)
def kind(request):
    """Every command with an answer."""
    return request.param


async def asked(client, line, kind):
    """A call that the peer has received: the call and its command."""
    call = asyncio.ensure_future(ASK[kind](client))
    return call, await line.command(kind)


async def test_late(make, peer, kind):
    """A reply after the timeout goes to nobody: not to its asker, and not to the next call."""
    clock = HandClock()
    client = make(clock=clock)
    line = await connected(client, peer)
    call, late = await asked(client, line, kind)
    await clock.advance(4.9)
    assert not call.done()
    await clock.advance(0.2)
    with pytest.raises(CallTimeoutError, match="no answer within 5 s"):
        await call
    again, command = await asked(client, line, kind)
    await line.send({"id": late["id"], kind: RESULTS[kind]})
    await line.send({"id": command["id"], "error": {"code": 108, "message": "not available"}})
    with pytest.raises(ReplyError, match="108"):
        await again


async def test_twice(client, peer, kind):
    """The second of two replies to one command changes nothing."""
    line = await connected(client, peer)
    call, command = await asked(client, line, kind)
    error = {"code": 100, "message": "internal", "temporary": True}
    await line.send(
        {"id": command["id"], kind: RESULTS[kind]},
        {"id": command["id"], kind: RESULTS[kind]},
        {"id": command["id"], "error": error},
    )
    await call
    again, command = await asked(client, line, kind)
    await line.send({"id": command["id"], kind: RESULTS[kind]})
    await again


async def test_wrong_ids(client, peer, kind):
    """Replies to ids of the past, of the future and of nobody leave a call waiting for its own."""
    line = await connected(client, peer)
    call, command = await asked(client, line, kind)
    right = command["id"]
    wrong = {"code": 107, "message": "bad request"}
    await line.send(*({"id": it, "error": wrong} for it in (1, right - 1, right + 1, 2**32 - 1)))
    await line.send({"id": right, kind: RESULTS[kind]})
    await call


async def test_no_result(client, peer, kind):
    """A reply with the right id and nothing in it; only a publish needs nothing."""
    line = await connected(client, peer)
    call, command = await asked(client, line, kind)
    await line.send({"id": command["id"]})
    if kind == "publish":
        await call
        return
    with pytest.raises(ReplyError, match="no result"):
        await call


async def test_crossed_replies(client, peer):
    """Replies in the opposite order of the commands each find their own."""
    line = await connected(client, peer)
    calls = [asyncio.ensure_future(client.rpc("m", number)) for number in range(20)]
    commands = [await line.command("rpc") for _ in calls]
    for command in reversed(commands):
        await line.send({"id": command["id"], "rpc": {"data": command["rpc"]["data"] * 10}})
    assert await asyncio.gather(*calls) == [number * 10 for number in range(20)]


async def test_replies_of_the_connection_before(client, peer):
    """Ids go on over connections, so a reply meant for the last one fits nothing on this one."""
    line = await connected(client, peer)
    call, before = await asked(client, line, "rpc")
    line.cut()
    with pytest.raises(ConnectionLostError):
        await call
    line = await peer.accept()
    await line.welcome()
    again, command = await asked(client, line, "rpc")
    assert command["id"] > before["id"]
    await line.send(
        {"id": before["id"], "rpc": {"data": "old"}}, {"id": command["id"], "rpc": {"data": "new"}}
    )
    assert await again == "new"


async def test_a_reply_and_a_push_in_one_message(client, peer):
    """Ids belong to replies and a push has none: one that has an id is still a push."""
    events = Events()
    line = await connected(client, peer)
    await subscribed(client, line, on_publication=events.on("publication"))
    await line.send({"id": 77, **pub("news", 1)})
    assert (await events.next("publication")).data == 1


@pytest.mark.parametrize("answer", [{}, {"publish": {}}, {"connect": {"client": "x"}}])
async def test_a_subscribe_without_a_result(make, peer, answer):
    """The connection cannot be trusted: another one is made, and asked again."""
    client = make()
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    command = await line.command("subscribe")
    await line.send({"id": command["id"], **answer})
    await line.gone()
    line = await peer.accept()
    await line.welcome()
    await line.answer("subscribe")
    assert (await subscribing).state is SubscriptionState.SUBSCRIBED


async def test_a_connect_without_a_result(client, peer):
    """The same for a connect."""
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    command = await line.command("connect")
    await line.send({"id": command["id"], "rpc": {}})
    await line.gone()
    await (await peer.accept()).welcome()
    await connecting


async def test_connected_twice(client, peer):
    """A second answer to connect, and a connect push, are nobody's."""
    line = await connected(client, peer)
    await line.send({"id": 1, "connect": {"client": "c2"}}, {"push": {"connect": {"client": "c3"}}})
    assert await asyncio.gather(client.rpc("m"), line.answer("rpc", {"data": 1}))
    assert (client.client_id, client.stats.connects) == ("c1", 1)


async def test_an_unanswered_subscribe(make, peer):
    """After ``timeout`` the connection is replaced, and asked again."""
    clock = HandClock()
    events = Events()
    client = make(clock=clock, **events.all("connecting"))
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.command("subscribe")
    await clock.advance(5.1)
    await line.gone()
    assert await events.next("connecting") == (0, "connect called")
    assert await events.next("connecting") == (3, "subscribe timeout")
    await clock.advance(0)
    line = await peer.accept()
    await line.welcome()
    await line.answer("subscribe")
    await subscribing


@pytest.mark.parametrize("answer", ["error", "silence"])
async def test_a_refused_unsubscribe(make, peer, answer):
    """Who cannot leave leaves the connection."""
    clock = HandClock()
    events = Events()
    client = make(clock=clock, **events.all("connecting"))
    line = await connected(client, peer)
    subscription = await subscribed(client, line)
    subscription.unsubscribe()
    if answer == "error":
        await line.refuse("unsubscribe", 100, "internal", temporary=True)
    else:
        await line.command("unsubscribe")
        await clock.advance(5.1)
    await line.gone()
    assert await events.next("connecting") == (0, "connect called")
    assert await events.next("connecting") == (4, "unsubscribe error")


async def test_pushes_for_nobody(client, peer):
    """Every kind of push for a channel that nobody has, or has no more."""
    events = Events()
    line = await connected(client, peer)
    gone = await subscribed(client, line, "gone", **events.all("publication", "join"))
    gone.unsubscribe()
    await line.answer("unsubscribe")
    info = {"user": "u", "client": "c"}
    for channel in ("never", "gone", ""):
        await line.send(
            pub(channel, 1, offset=1),
            {"push": {"channel": channel, "join": {"info": info}}},
            {"push": {"channel": channel, "leave": {"info": info}}},
            {"push": {"channel": channel, "unsubscribe": {"code": 2500}}},
            {"push": {"channel": channel}},
            {"push": {}},
        )
    assert await asyncio.gather(client.rpc("m"), line.answer("rpc", {"data": 1}))
    assert (events.count("publication"), events.count("join")) == (0, 0)
    assert (client.stats.connects, client.stats.errors) == (1, 0)


async def test_messages_and_members_without_content(client, peer):
    """Pushes whose content is missing are passed over."""
    events = Events()
    line = await connected(client, peer)
    await subscribed(client, line, **events.all("publication", "join", "leave"))
    await line.send(
        {"push": {"channel": "news", "join": {}}},
        {"push": {"channel": "news", "leave": {}}},
        {"push": {"message": {}}},
        {"push": {"channel": "news", "pub": {}}},
    )
    assert (await events.next("publication")).data is None
    assert (events.count("join"), events.count("leave"), client.stats.errors) == (0, 0, 0)


async def test_wrong_offsets(client, peer):
    """What was delivered is not delivered again; a jump and a publication without offset are."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE)
    for number, offset in enumerate([4, 4, 3, 1, 0, 5, 9, 8, 10]):
        await line.send(pub("news", number, offset=offset))
    found = await take(subscription, 5)
    assert [(it.data, it.offset) for it in found] == [(0, 4), (4, 0), (5, 5), (6, 9), (8, 10)]
    assert subscription.position == (10, "e")


async def test_a_publication_with_an_epoch(client, peer):
    """The first publication of a stream may carry its epoch: from then on that one counts."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE)
    await line.send(pub("news", 1, offset=1, epoch="f"), pub("news", 2, offset=2))
    assert [it.data for it in await take(subscription, 2)] == [1, 2]
    assert subscription.position == (2, "f")
    line.cut()
    line = await peer.accept()
    await line.welcome()
    asked = (await line.answer("subscribe", RECOVERABLE))["subscribe"]
    assert (asked["recover"], asked["offset"], asked["epoch"]) == (True, 2, "f")


async def test_recovered_from_a_newer_stream(client, peer):
    """A channel that recovers its newest publication, from a server that has begun anew.

    The answer repeats the offset that was asked for, which means nothing in the new stream: what
    is recovered, and what follows, is not mistaken for something old.
    """
    line = await connected(client, peer)
    result = RECOVERABLE | {"offset": 100}
    subscription = await subscribed(client, line, result=result)
    line.cut()
    line = await peer.accept()
    await line.welcome()
    newest = {"data": "five", "offset": 5}
    answer = result | {"epoch": "f", "was_recovering": True, "recovered": True}
    await line.answer(
        "subscribe", answer | {"publications": [newest]}, pub("news", "six", offset=6)
    )
    assert [it.data for it in await take(subscription, 2)] == ["five", "six"]
    assert subscription.position == (6, "f")
