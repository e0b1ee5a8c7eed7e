"""Subscriptions of a client against a peer that does what servers should not, or seldom do."""

from __future__ import annotations

import asyncio
import logging

import pytest

import cadenza.client
from cadenza.client import (
    ClientState,
    Overflow,
    SubscriptionState,
    UnauthorizedError,
    UnsubscribedError,
)
from support.client.events import Events, FastClock, take
from support.client.peer_world import RECOVERABLE, connected, pub, quick, subscribed


async def test_cut_in_the_middle_recovers(client, peer):
    """A broken line: the client comes back and asks for what it has not seen, from where it was."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE)
    await line.send(pub("news", 1, offset=4))
    assert [it.offset for it in await take(subscription, 1)] == [4]
    line.cut()
    line = await peer.accept()
    await line.welcome()
    missed = [{"data": 2, "offset": 5}, {"data": 3, "offset": 6}]
    result = RECOVERABLE | {"recovered": True, "was_recovering": True, "offset": 4}
    command = await line.answer(
        "subscribe", result | {"publications": missed}, pub("news", 4, offset=7)
    )
    asked = command["subscribe"]
    assert (asked["recover"], asked["offset"], asked["epoch"]) == (True, 4, "e")
    assert [it.data for it in await take(subscription, 3)] == [2, 3, 4]
    assert subscription.position == (7, "e")


async def test_insufficient_state(client, peer):
    """An unsubscribe from 2500 on is answered by a subscribe that recovers."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE)
    await line.send(
        {"push": {"channel": "news", "unsubscribe": {"code": 2500, "reason": "insufficient"}}}
    )
    command = await line.answer("subscribe", RECOVERABLE | {"was_recovering": True, "offset": 9})
    assert (command["subscribe"]["recover"], command["subscribe"]["offset"]) == (True, 3)
    await subscription.ready()
    assert (subscription.gaps, subscription.position) == (1, (9, "e"))


async def test_a_patch_that_does_not_fit(client, peer):
    """Nothing wrong is delivered: a new connection, and a gap that is told."""
    line = await connected(client, peer)
    result = RECOVERABLE | {"delta": True}
    subscription = await subscribed(client, line, result=result, delta="fossil")
    await line.send(pub("news", '"one"', offset=4), pub("news", "nonsense", offset=5, delta=True))
    await line.gone()
    line = await peer.accept()
    await line.welcome()
    lost = result | {"was_recovering": True, "offset": 5}
    asked = await line.answer("subscribe", lost, pub("news", '"six"', offset=6))
    assert (asked["subscribe"]["epoch"], asked["subscribe"]["delta"]) == ("_", "fossil")
    assert [it.data for it in await take(subscription, 2)] == ["one", "six"]
    assert subscription.gaps == 1


async def test_a_patch_that_does_not_fit_in_a_recovery(client, peer):
    """What was recovered after it is not delivered: it would stand behind a hole."""
    line = await connected(client, peer)
    result = RECOVERABLE | {"delta": True, "was_recovering": True, "recovered": True}
    missed = [
        {"data": '"four"', "offset": 4},
        {"data": "nonsense", "offset": 5, "delta": True},
        {"data": '"six"', "offset": 6},
    ]
    subscription = await subscribed(
        client, line, result=result | {"publications": missed}, delta="fossil", since=(3, "e")
    )
    line = await peer.accept()
    await line.welcome()
    lost = result | {"recovered": False, "offset": 6}
    await line.answer("subscribe", lost, pub("news", '"seven"', offset=7))
    assert [it.data for it in await take(subscription, 2)] == ["four", "seven"]
    assert subscription.gaps == 1


async def test_duplicates(client, peer):
    """A publication that comes twice is delivered once."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, result=RECOVERABLE)
    four, five = pub("news", 4, offset=4), pub("news", 5, offset=5)
    await line.send(four, four, five, four)
    await line.send(pub("news", 6, offset=6))
    assert [it.data for it in await take(subscription, 3)] == [4, 5, 6]


async def test_subscribe_unanswered(peer):
    """No answer to a subscribe: the connection cannot be trusted, a new one is made."""
    client = cadenza.client.connect(peer.url, **quick(timeout=0.3))
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.command("subscribe")
    line = await peer.accept()
    await line.welcome()
    await line.answer("subscribe")
    assert (await subscribing).state is SubscriptionState.SUBSCRIBED
    await client.close()


async def test_subscribe_tried_again(client, peer):
    """A temporary error of a subscribe is reported and tried again; another one is final."""
    events = Events()
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news", on_error=events.on("error")))
    await line.refuse("subscribe", 111, "too many requests", temporary=True)
    await line.refuse("subscribe", 106, "limit exceeded")
    with pytest.raises(UnsubscribedError, match="106 limit exceeded"):
        await subscribing
    assert (await events.next("error")).code == 111


async def test_cancelled_subscribe(client, peer):
    """Who is cancelled while subscribing stays unsubscribed, and the server is told."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    await line.command("subscribe")
    subscribing.cancel()
    assert (await line.command("unsubscribe"))["unsubscribe"] == {"channel": "news"}
    assert client.subscriptions == {}
    with pytest.raises(asyncio.CancelledError):
        await subscribing


async def test_subscription_refresh(client, peer):
    """A subscription's token is renewed with its channel; one that is not to be had ends it."""
    tokens = iter(["s1", "s2"])

    async def get_token(channel):
        try:
            return next(tokens)
        except StopIteration:
            raise UnauthorizedError from None

    line = await connected(client, peer)
    result = {"expires": True, "ttl": 0}
    subscription = await subscribed(client, line, result=result, get_token=get_token)
    command = await line.answer("sub_refresh", result)
    assert command["sub_refresh"] == {"channel": "news", "token": "s2"}
    await line.command("unsubscribe")
    with pytest.raises(UnsubscribedError, match="unauthorized"):
        await take(subscription, 1)


async def test_state_invalidated(peer):
    """After 3014 token and position are dropped; the subscription asks as one that lost its own."""
    tokens = iter(["old", "new"])

    async def get_token():
        return next(tokens)

    client = cadenza.client.connect(peer.url, **quick(get_token=get_token))
    line = await connected(client, peer)
    await subscribed(client, line, result=RECOVERABLE)
    await line.close(3014, "state invalidated")
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "new"
    asked = (await line.answer("subscribe", RECOVERABLE))["subscribe"]
    assert (asked["recover"], asked["epoch"], asked.get("offset", 0)) == (True, "_", 0)
    await client.close()


async def test_callbacks_that_raise(client, peer, caplog):
    """Exceptions of callbacks are logged and counted, and the next publication comes."""
    events = Events()

    def plain(publication):
        events.on("plain")(publication.data)
        raise ValueError("plain")

    async def slow(publication):
        events.on("slow")(publication.data)
        raise ValueError("async")

    line = await connected(client, peer)
    await subscribed(client, line, "a", on_publication=plain)
    await subscribed(client, line, "b", on_publication=slow)
    with caplog.at_level(logging.CRITICAL, logger="cadenza.client"):
        await line.send(*(pub(channel, number) for number in (1, 2) for channel in "ab"))
        assert [await events.next("plain") for _ in range(2)] == [1, 2]
        assert [await events.next("slow") for _ in range(2)] == [1, 2]
        await client.close()
    assert client.stats.errors == 4


async def test_blocked_reader_reads_no_more(peer):
    """While a buffer has no room nothing is read, and the silence is not taken for the server's."""
    given = quick(clock=FastClock(20), timeout=100.0, start_timeout=200.0)
    client = cadenza.client.connect(peer.url, **given)
    line = await connected(client, peer, ping=1)
    events = Events()
    go = asyncio.Event()

    async def slow(publication):
        events.on("got")(publication.data)
        await go.wait()

    await subscribed(client, line, on_publication=slow, buffer=1, overflow=Overflow.BLOCK)
    for number in range(5):
        await line.send(pub("news", number))
    assert await events.next("got") == 0
    await asyncio.sleep(1.0)  # 20 s of the client's clock: longer than its patience of 11 s
    assert (client.state, client.stats.connects) == (ClientState.CONNECTED, 1)
    go.set()
    assert [await events.next("got") for _ in range(4)] == [1, 2, 3, 4]
    await client.close()


async def test_overflow_that_fails(client, peer):
    """Nobody iterates: memory is bounded, and the first who does is told what is missing."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, buffer=2)
    await line.send(*(pub("news", number) for number in range(5)))
    await asyncio.gather(client.rpc("sync"), line.answer("rpc"))
    assert [it.data for it in await take(subscription, 2)] == [0, 1]
    with pytest.raises(cadenza.client.BufferOverflowError, match="3 dropped"):
        await take(subscription, 1)


async def test_a_callback_may_call_the_client_while_its_buffer_is_full(client, peer):
    """The reply comes though the consumer blocks the connection, and all publications do."""
    line = await connected(client, peer)
    got, done = [], asyncio.Event()

    async def handle(publication):
        got.append((publication.data, await client.rpc("m")))
        if len(got) == 5:
            done.set()

    await subscribed(
        client, line, on_publication=handle, buffer=2, overflow=cadenza.client.Overflow.BLOCK
    )
    await line.send(*(pub("news", number) for number in range(5)))
    for number in range(5):
        await line.answer("rpc", {"data": number * 10})
    async with asyncio.timeout(10):
        await done.wait()
    assert got == [(number, number * 10) for number in range(5)]
