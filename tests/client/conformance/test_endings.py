"""Every way in which a server can end a connection or a subscription, and what is lost by it."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import (
    ClientState,
    ConnectionLostError,
    DisconnectedError,
    SubscriptionState,
    UnsubscribedError,
)
from support.client.events import Events, take
from support.client.peer_world import RECOVERABLE, connected, pub, subscribed

AGAIN = [1000, 1001, 1011, 1012, 1013, 2999, 3000, 3001, 3010, 3014, 3499, 4000, 4499]
FINAL = [3500, 3501, 3503, 3999, 4500, 4999]
PUSHED_AGAIN = [*(it for it in AGAIN if it >= 3000), 5000, 65535, 2**32 - 1]


@pytest.fixture
def events():
    """What was told."""
    return Events()


async def lived(make, peer, events):
    """A client with a call in flight and a subscription at offset 4."""
    client = make(**events.all("connecting", "disconnected"))
    line = await connected(client, peer)
    await events.next("connecting")
    subscription = await subscribed(client, line, result=RECOVERABLE)
    await line.send(pub("news", 1, offset=4))
    await take(subscription, 1)
    call = asyncio.ensure_future(client.rpc("m"))
    await line.command("rpc")
    return client, line, subscription, call


async def back(peer, code):
    """The client connects again and recovers, or asks as one that has lost its place."""
    line = await peer.accept()
    await line.welcome()
    asked = (await line.answer("subscribe", RECOVERABLE | {"offset": 9}))["subscribe"]
    expected = (True, "_", None) if code == 3014 else (True, "e", 4)
    assert (asked["recover"], asked["epoch"], asked.get("offset")) == expected


@pytest.mark.parametrize("code", AGAIN)
async def test_closed_for_now(make, peer, events, code):
    """The client comes back; a call in flight fails and says with which code."""
    client, line, subscription, call = await lived(make, peer, events)
    line.close(code, "why not")
    told = (code, "why not") if code >= 3000 else (1, "transport closed")
    with pytest.raises(ConnectionLostError) as caught:
        await call
    assert (caught.value.close_code, caught.value.reason) == told
    assert await events.next("connecting") == told
    await back(peer, code)
    await subscription.ready()
    assert client.stats.connects == 2


@pytest.mark.parametrize("code", PUSHED_AGAIN)
async def test_pushed_away_for_now(make, peer, events, code):
    """The same as a push; what stands behind it in the frame is not read any more."""
    _, line, subscription, call = await lived(make, peer, events)
    gone = {"push": {"disconnect": {"code": code, "reason": "why not"}}}
    await line.send(gone, pub("news", "late", offset=5))
    with pytest.raises(ConnectionLostError):
        await call
    await line.gone()
    assert await events.next("connecting") == (code, "why not")
    await back(peer, code)
    await subscription.ready()
    assert subscription.position.offset == 9


@pytest.mark.parametrize("code", FINAL)
@pytest.mark.parametrize("how", ["close", "push"])
async def test_ended_for_good(make, peer, events, code, how):
    """The client stays away: calls, iterations and later calls are told the code."""
    client, line, subscription, call = await lived(make, peer, events)
    if how == "close":
        line.close(code, "enough")
    else:
        await line.send({"push": {"disconnect": {"code": code, "reason": "enough"}}})
    with pytest.raises(ConnectionLostError):
        await call
    await line.gone()
    assert await events.next("disconnected") == (code, "enough")
    for later in (client.rpc("m"), take(subscription, 1), subscription.publish(1)):
        with pytest.raises(DisconnectedError, match=f"{code} enough"):
            await later
    assert client.state is ClientState.DISCONNECTED
    assert len(peer.lines) == 1


@pytest.mark.parametrize("code", FINAL)
async def test_back_after_the_end(make, peer, events, code):
    """``connect`` begins anew; subscriptions and their places are still there."""
    client, line, subscription, call = await lived(make, peer, events)
    line.close(code, "enough")
    await events.next("disconnected")
    with pytest.raises(ConnectionLostError):
        await call
    connecting = asyncio.ensure_future(client.connect())
    await back(peer, code)
    await asyncio.gather(connecting, subscription.ready())


async def test_too_big_for_the_other_side(make, peer, events):
    """Close 1009: the client sends what the server does not take; it would do so again."""
    client, line, _, call = await lived(make, peer, events)
    line.close(1009, "message too big")
    with pytest.raises(ConnectionLostError):
        await call
    assert await events.next("disconnected") == (3, "message size limit exceeded")
    assert client.state is ClientState.DISCONNECTED


@pytest.mark.parametrize("cut", ["fin", "reset"])
async def test_gone_without_a_word(make, peer, events, cut):
    """1006: no close frame at all."""
    _, line, subscription, call = await lived(make, peer, events)
    getattr(line, cut)()
    with pytest.raises(ConnectionLostError):
        await call
    assert await events.next("connecting") == (1, "transport closed")
    await back(peer, 1006)
    await subscription.ready()


@pytest.mark.parametrize("code", [2500, 2501, 2999, 2**32 - 1])
async def test_subscribe_again(make, peer, events, code):
    """An unsubscribe from 2500 on is answered by a subscribe that recovers."""
    client, line, subscription, call = await lived(make, peer, events)
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": code}}})
    missed = {"was_recovering": True, "recovered": True, "offset": 4}
    result = RECOVERABLE | missed | {"publications": [{"data": 5, "offset": 5}]}
    asked = (await line.answer("subscribe", result))["subscribe"]
    assert (asked["recover"], asked["offset"], asked["epoch"]) == (True, 4, "e")
    assert [it.data for it in await take(subscription, 1)] == [5]
    assert (subscription.gaps, client.stats.connects, call.done()) == (0, 1, False)
    call.cancel()


async def test_state_of_a_subscription_invalidated(make, peer, events):
    """2502: the place is dropped, the next subscribe says so, and the loss is counted."""
    _, line, subscription, call = await lived(make, peer, events)
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": 2502}}})
    lost = RECOVERABLE | {"was_recovering": True, "offset": 9}
    asked = (await line.answer("subscribe", lost, pub("news", 10, offset=10)))["subscribe"]
    assert (asked["recover"], asked["epoch"], asked.get("offset")) == (True, "_", None)
    assert [it.data for it in await take(subscription, 1)] == [10]
    assert subscription.gaps == 1
    call.cancel()


@pytest.mark.parametrize("code", [2000, 2001, 2499])
async def test_unsubscribed_for_good(make, peer, events, code):
    """Below 2500 the subscription has ended; its channel can be subscribed to anew."""
    client, line, subscription, call = await lived(make, peer, events)
    push = {"channel": "news", "unsubscribe": {"code": code, "reason": "out"}}
    await line.send({"push": push}, pub("news", "late", offset=5))
    with pytest.raises(UnsubscribedError, match=f"{code} out"):
        await take(subscription, 1)
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    again = await subscribed(client, line)
    assert again.state is SubscriptionState.SUBSCRIBED
    call.cancel()


async def test_insufficient_state_of_a_server_side_subscription(make, peer, events):
    """3010: the client reconnects and says where it stands in the server's subscriptions."""
    client = make(**events.all("publication"))
    sub = {"recoverable": True, "positioned": True, "epoch": "e", "offset": 3}
    line = await connected(client, peer, subs={"mine": sub, "plain": {}})
    await line.send(pub("mine", 1, offset=4), pub("plain", 2))
    assert [(await events.next("publication")).publication.data for _ in range(2)] == [1, 2]
    line.close(3010, "insufficient state")
    line = await peer.accept()
    command = await line.command("connect")
    assert command["connect"]["subs"] == {"mine": {"recover": True, "epoch": "e", "offset": 4}}
    recovered = sub | {
        "was_recovering": True,
        "recovered": True,
        "offset": 4,
        "publications": [{"data": 5, "offset": 5}],
    }
    await line.send({"id": command["id"], "connect": {"client": "c2", "subs": {"mine": recovered}}})
    assert (await events.next("publication")).publication.data == 5
    assert client.stats.gaps == 0
    line.cut()
    line = await peer.accept()
    command = await line.welcome(subs={"mine": sub | {"was_recovering": True, "offset": 9}})
    assert command["connect"]["subs"]["mine"]["offset"] == 5
    await client.wait_connected()
    assert client.stats.gaps == 1


async def test_server_side_subscriptions_come_and_go(make, peer, events):
    """What the server adds is recovered too, what it takes away is forgotten."""
    client = make(**events.all("publication"))
    line = await connected(client, peer)
    added = {"recoverable": True, "epoch": "e", "offset": 1}
    await line.send(
        {"push": {"channel": "more", "subscribe": added}},
        {"push": {"channel": "less", "subscribe": added}},
        pub("more", 2, offset=2),
        {"push": {"channel": "less", "unsubscribe": {"code": 2000}}},
        pub("less", "late", offset=2),
    )
    assert (await events.next("publication")).channel == "more"
    line.cut()
    line = await peer.accept()
    command = await line.welcome()
    assert command["connect"]["subs"] == {"more": {"recover": True, "epoch": "e", "offset": 2}}
    assert events.count("publication") == 0


async def test_all_state_invalidated(make, peer, events):
    """3014: tokens and places are dropped, of server-side subscriptions too."""
    tokens = iter(["first", "second"])

    async def get_token():
        return next(tokens)

    client = make(get_token=get_token)
    sub = {"recoverable": True, "epoch": "e", "offset": 3}
    line = await connected(client, peer, subs={"mine": sub})
    await subscribed(client, line, result=RECOVERABLE)
    line.close(3014, "state invalidated")
    line = await peer.accept()
    command = await line.welcome()
    assert command["connect"]["token"] == "second"
    assert command["connect"]["subs"] == {"mine": {"recover": True, "epoch": "_"}}
    asked = (await line.answer("subscribe", RECOVERABLE))["subscribe"]
    assert (asked["recover"], asked["epoch"], asked.get("offset")) == (True, "_", None)


@pytest.mark.parametrize(
    ("code", "temporary", "is_final"),
    [(100, True, False), (4000, True, False), (99, False, False), (101, False, True)],
)
async def test_refused_connects(client, peer, code, temporary, is_final):
    """An error that may pass is tried again; any other is the end."""
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.refuse("connect", code, "no", temporary=temporary)
    await line.gone()
    if is_final:
        with pytest.raises(DisconnectedError, match=f"{code} no"):
            await connecting
        return
    await (await peer.accept()).welcome()
    await connecting
