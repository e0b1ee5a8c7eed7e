"""What was found in other SDKs of the protocol, tried on this one.

Sources: centrifuge-js pull requests 390 to 434, centrifuge-dart 113 to 168, centrifuge-go 132 to
160, centrifuge-python 38 to 51.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from cadenza.client import ClientState, DisconnectedError, SubscriptionState, UnsubscribedError
from support.client.events import Events, take
from support.client.peer_world import RECOVERABLE, connected, pub, subscribed


@pytest.mark.parametrize(("options", "token"), [({"token": "T"}, "T"), ({}, None)])
async def test_3014_keeps_a_token_that_cannot_be_replaced(make_client, peer, options, token):
    """As js 401, dart 129, go 141."""
    client = make_client(**options)
    line = await connected(client, peer)
    await subscribed(client, line, result=RECOVERABLE, token="S")
    await line.close(3014, "state invalidated")
    line = await peer.accept()
    assert (await line.welcome())["connect"].get("token") == token
    asked = (await line.answer("subscribe", RECOVERABLE))["subscribe"]
    assert (asked["token"], asked["epoch"]) == ("S", "_")  # js 403, dart 152


async def test_3014_as_a_push_keeps_it_too(make_client, peer):
    """As js 401: the push and the close frame mean the same."""
    client = make_client(token="T")
    line = await connected(client, peer)
    await line.send({"push": {"disconnect": {"code": 3014, "reason": "x", "reconnect": True}}})
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "T"


async def test_2502_keeps_a_subscription_token(client, peer):
    """As js 403, dart 152: without it a private channel would answer 103 for good."""
    line = await connected(client, peer)
    await subscribed(client, line, result=RECOVERABLE, token="S")
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": 2502}}})
    asked = (await line.answer("subscribe", RECOVERABLE))["subscribe"]
    assert (asked["token"], asked["epoch"]) == ("S", "_")


async def test_2502_renews_a_subscription_token_that_can_be(client, peer):
    """As js 403: with get_token the token is dropped as before."""
    tokens = iter(["one", "two"])

    async def get_token(_):
        return next(tokens)

    line = await connected(client, peer)
    await subscribed(client, line, result=RECOVERABLE, get_token=get_token)
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": 2502}}})
    assert (await line.answer("subscribe", RECOVERABLE))["subscribe"]["token"] == "two"


async def test_a_static_subscription_token_that_expired_is_the_end(client, peer):
    """As dart 129: the same token would be refused at each try, for ever."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news", token="S"))
    await line.refuse("subscribe", 109, "token expired", temporary=True)
    with pytest.raises(UnsubscribedError, match="109"):
        await subscribing


@pytest.mark.parametrize("code", [2000, 2003, 2499, 2500, 2502])
async def test_a_push_about_the_subscription_before(client, peer, code):
    """As js 413, dart 155: the server's end of the former one comes while the next one begins."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE, token="S")
    subscription.unsubscribe()
    subscription.subscribe()
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": code}}})
    await line.answer("unsubscribe")
    asked = await line.answer("subscribe", RECOVERABLE, pub("news", 4, offset=4))
    assert (asked["subscribe"]["epoch"], asked["subscribe"]["token"]) == ("e", "S")
    assert [it.data for it in await take(subscription, 1)] == [4]
    assert subscription.state is SubscriptionState.SUBSCRIBED


async def test_already_subscribed_is_not_for_ever(client, peer):
    """As js 413: a subscription that only the server knows is ended, then it is asked again."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.refuse("subscribe", 105, "already subscribed")
    await line.answer("unsubscribe")
    await line.answer("subscribe")
    assert (await subscribing).state is SubscriptionState.SUBSCRIBED


async def test_already_subscribed_twice_is_the_end(client, peer):
    """A server that goes on saying it is not asked for ever."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.refuse("subscribe", 105, "already subscribed")
    await line.answer("unsubscribe")
    await line.refuse("subscribe", 105, "already subscribed")
    with pytest.raises(UnsubscribedError, match="105"):
        await subscribing


async def test_already_subscribed_by_the_server(client, peer):
    """The subscription that the server has made by itself stays."""
    line = await connected(client, peer, subs={"news": {}})
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.refuse("subscribe", 105, "already subscribed")
    with pytest.raises(UnsubscribedError, match="105"):
        await subscribing


async def test_subscribe_when_told_of_the_end(client, peer):
    """As dart 133: the unsubscribe goes out before anybody hears of it, or 105 comes."""
    line = await connected(client, peer)
    again = []

    def on_unsubscribed(_):
        if not again:
            again.append(True)
            subscription.subscribe()

    subscription = await subscribed(client, line, on_unsubscribed=on_unsubscribed)
    subscription.unsubscribe()
    assert "unsubscribe" in await line.answer("unsubscribe")
    await line.answer("subscribe")
    await subscription.ready()


async def test_unsubscribe_when_told_of_the_beginning(client, peer):
    """As js 391, dart 128: what a callback has decided is not undone by the move it interrupted."""
    line = await connected(client, peer)
    subscription = client.subscription("news", on_subscribing=lambda _: subscription.unsubscribe())
    subscription.subscribe()
    assert subscription.state is SubscriptionState.UNSUBSCRIBED
    await line.answer("unsubscribe")
    publishing = asyncio.ensure_future(client.publish("other", 1))
    await line.answer("publish")  # and no subscribe came before it
    await publishing


async def test_anew_when_told_of_the_beginning(client, peer):
    """As dart 128: one subscribe, not two."""
    line = await connected(client, peer)
    times = []

    def on_subscribing(_):
        times.append(1)
        if len(times) == 1:
            subscription.unsubscribe()
            subscription.subscribe()

    subscription = client.subscription("news", on_subscribing=on_subscribing)
    subscription.subscribe()
    await line.answer("unsubscribe")
    await line.answer("subscribe")
    await subscription.ready()
    publishing = asyncio.ensure_future(client.publish("other", 1))
    await line.answer("publish")
    await publishing


async def test_unsubscribe_in_the_middle_of_a_recovery(client, peer):
    """As js 393, dart 128: the rest of what was recovered is not delivered, nor does it count."""
    line = await connected(client, peer)
    given = []

    def on_publication(publication):
        given.append(publication.data)
        subscription.unsubscribe()

    subscription = client.subscription("news", since=(3, "e"), on_publication=on_publication)
    subscription.subscribe()
    missed = [{"data": it, "offset": it} for it in (4, 5, 6)]
    result = RECOVERABLE | {"was_recovering": True, "recovered": True, "publications": missed}
    await line.answer("subscribe", result, pub("news", 7, offset=7))
    await line.command("unsubscribe")
    assert (given, subscription.position) == ([4], (4, "e"))


async def test_nothing_after_disconnect(make_client, peer):
    """As dart 128: what is left of a frame, or comes while the line closes, is not delivered."""
    events = Events()
    client = make_client(on_publication=events.on("publication"))
    line = await connected(client, peer, subs={"mine": {}})
    disconnecting = asyncio.ensure_future(client.disconnect())
    await line.send(pub("mine", 1), pub("mine", 2))
    await disconnecting
    await line.gone()
    assert (events.count("publication"), client.state) == (0, ClientState.DISCONNECTED)


async def test_a_get_token_that_times_out_leaves_the_connection(client, peer):
    """As dart 143: it is the subscription's trouble alone."""
    events, tries = Events(), iter([TimeoutError(), "S"])

    async def get_token(_):
        found = next(tries)
        if isinstance(found, Exception):
            raise found
        return found

    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(
        client.subscribe("news", get_token=get_token, on_error=events.on("error"))
    )
    assert (await line.answer("subscribe"))["subscribe"]["token"] == "S"
    await subscribing
    assert (events.count("error"), client.stats.connects) == (1, 1)


async def test_an_empty_token_of_a_refresh_is_not_sent(make_client, peer):
    """As go 141: the server would close the connection with 3501."""
    tokens = iter(["T", ""])

    async def get_token():
        return next(tokens)

    client = make_client(get_token=get_token)
    line = await connected(client, peer, expires=True, ttl=0)
    await line.gone()
    with pytest.raises(DisconnectedError, match="gave no token"):
        await client.rpc("x")


async def test_a_refresh_that_spans_a_reconnect(make_client, peer):
    """As dart 129, go 141: a token that comes too late is not sent on the next line."""
    waiting, entered = asyncio.Event(), asyncio.Event()
    calls = []

    async def get_token():
        calls.append(1)
        if len(calls) == 2:
            entered.set()
            await waiting.wait()
        return f"T{len(calls)}"

    client = make_client(get_token=get_token)
    line = await connected(client, peer, expires=True, ttl=0)
    await entered.wait()
    line.cut()
    line = await peer.accept()
    await line.welcome()
    waiting.set()
    publishing = asyncio.ensure_future(client.publish("a", 1))
    await line.answer("publish")  # and no refresh before it
    await publishing


async def test_a_reply_that_waits_when_the_process_wakes(make_client, peer):
    """As js 398, dart 130: an overdue timer does not fail a call whose answer is there already."""
    client = make_client(timeout=0.3)
    line = await connected(client, peer)
    calling = asyncio.ensure_future(client.rpc("x"))
    number = (await line.command("rpc"))["id"]
    await line.send({"id": number, "rpc": {"data": 1}})
    time.sleep(0.5)  # noqa: ASYNC251 - a process that was stopped
    assert await calling == 1


async def test_a_ping_that_waits_when_the_process_wakes(make_client, peer):
    """As js 423, dart 145: the connection is healthy, and stays."""
    client = make_client(max_server_ping_delay=0.1)
    line = await connected(client, peer, ping=1)
    await line.send({})
    time.sleep(1.3)  # noqa: ASYNC251 - a process that was stopped
    publishing = asyncio.ensure_future(client.publish("a", 1))
    await line.answer("publish")
    await publishing
    assert client.stats.connects == 1


async def test_no_protocol_while_connecting(make_client, peer):
    """As dart 160: it tries again at once, and does not wait for the answer's time."""
    client = make_client(timeout=60)
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.command("connect")
    await line.send_text("nonsense")
    await line.gone()
    await (await peer.accept()).welcome()
    await connecting
