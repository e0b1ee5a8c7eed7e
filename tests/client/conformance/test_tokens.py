"""Tokens that have expired, at every place where a server can say so, and tokens not to be had."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import (
    DisconnectedError,
    TokenError,
    UnauthorizedError,
    UnsubscribedError,
)
from support.client.conformance.tidiness import HandClock
from support.client.events import Events, take
from support.client.peer_world import connected, subscribed

EXPIRED = (109, "token expired")


class Tokens:
    """``get_token`` of a connection and of a subscription: gives t1, t2, ..., or raises.

    Attributes:
        asked: What it was called with.
        faults: Exceptions to raise next.
    """

    def __init__(self):
        self.asked = []
        self.faults = []

    async def __call__(self, *channel):
        self.asked.append(channel)
        await asyncio.sleep(0)
        if self.faults and (fault := self.faults.pop(0)) is not None:
            raise fault
        return f"t{len(self.asked)}"


@pytest.fixture
def tokens():
    """Where tokens come from."""
    return Tokens()


@pytest.fixture
def events():
    """What was told."""
    return Events()


async def test_expired_at_connect(make, peer, tokens, events):
    """The token is dropped, another one is asked for, and the next connection has it."""
    client = make(token="old", get_token=tokens, **events.all("error"))
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    assert (await line.refuse("connect", *EXPIRED))["connect"]["token"] == "old"
    await line.gone()
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "t1"
    await connecting
    assert (await events.next("error")).code == 109


async def test_expired_again_and_again(make, peer, tokens):
    """Each refusal asks for one token more; the client goes on until one is good."""
    client = make(get_token=tokens)
    connecting = asyncio.ensure_future(client.connect())
    for number in range(1, 6):
        line = await peer.accept()
        command = await line.refuse("connect", *EXPIRED)
        assert command["connect"]["token"] == f"t{number}"
        await line.gone()
    await (await peer.accept()).welcome()
    await connecting


async def test_expired_and_nobody_to_ask(make, peer):
    """Without ``get_token`` the same token would expire for ever: final."""
    client = make(token="old")
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    await line.refuse("connect", *EXPIRED)
    await line.gone()
    with pytest.raises(DisconnectedError, match="109 token expired"):
        await connecting


async def test_a_token_is_kept(make, peer, tokens):
    """A connection that breaks does not cost a token: the last one is used again."""
    client = make(get_token=tokens)
    line = await connected(client, peer)
    line.cut()
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "t1"
    assert tokens.asked == [()]


async def test_get_token_fails(make, peer, tokens, events):
    """It is asked again; its exception is told as the cause, and nothing is dialled meanwhile."""
    tokens.faults = [OSError("away"), ValueError("broken")]
    client = make(get_token=tokens, **events.all("error"))
    await connected(client, peer)
    causes = [(await events.next("error")).__cause__ for _ in range(2)]
    assert [type(it) for it in causes] == [OSError, ValueError]
    assert len(peer.lines) == 1


async def test_get_token_says_no(make, peer, tokens):
    """Unauthorized is final, at once and without a connection."""
    tokens.faults = [UnauthorizedError()]
    client = make(get_token=tokens)
    with pytest.raises(DisconnectedError, match="1 unauthorized"):
        await client.connect()
    assert peer.lines == []


async def test_refreshed_in_time(make, peer, tokens):
    """At ``ttl`` a new token goes over the same connection, and the next ttl counts from there."""
    clock = HandClock()
    client = make(clock=clock, get_token=tokens)
    line = await connected(client, peer, expires=True, ttl=30)
    for number, ttl in enumerate((30, 60, 5), start=2):
        before = len(tokens.asked)
        await clock.advance({2: 30, 3: 30, 4: 60}[number] - 0.1)
        assert len(tokens.asked) == before
        await clock.advance(0.2)
        command = await line.answer("refresh", {"expires": True, "ttl": ttl})
        assert command["refresh"]["token"] == f"t{number}"
        await asyncio.gather(client.rpc("sync"), line.answer("rpc"))
        await clock.advance(-0.1)
    assert client.stats.connects == 1


async def test_expired_at_refresh(make, peer, tokens):
    """A refresh that is refused as expired is final by the rules: the token was new."""
    client = make(get_token=tokens)
    line = await connected(client, peer, expires=True, ttl=0)
    await line.refuse("refresh", *EXPIRED)
    await line.gone()
    with pytest.raises(DisconnectedError, match="109"):
        await client.rpc("m")


async def test_the_server_ends_what_has_expired(make, peer, tokens):
    """Close 3005: the client comes back, with the token that it has, and 109 then costs it that."""
    client = make(get_token=tokens)
    line = await connected(client, peer)
    line.close(3005, "connection expired")
    line = await peer.accept()
    await line.refuse("connect", *EXPIRED)
    await line.gone()
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "t2"
    await client.wait_connected()


async def test_a_refresh_over_a_cut(make, peer, tokens):
    """The line breaks while a refresh is under way: the new token is used for the next connect."""
    client = make(get_token=tokens)
    line = await connected(client, peer, expires=True, ttl=0)
    await line.command("refresh")
    line.cut()
    line = await peer.accept()
    assert (await line.welcome())["connect"]["token"] == "t2"
    await client.wait_connected()
    assert client.stats.errors == 0


async def test_a_cut_while_get_token_is_asked(make, peer, events):
    """A token that comes after its connection has ended is not sent over the next one."""
    go = asyncio.Event()
    calls = []

    async def slow():
        calls.append(1)
        if len(calls) == 2:
            events.on("asked")(None)
            await go.wait()
        return f"t{len(calls)}"

    client = make(get_token=slow)
    line = await connected(client, peer, expires=True, ttl=0)
    await events.next("asked")
    line.cut()
    line = await peer.accept()
    await line.welcome()
    await client.wait_connected()
    go.set()
    call = asyncio.ensure_future(client.rpc("m"))
    await line.answer("rpc", {"data": 1})  # and no refresh before it
    assert await call == 1


async def test_expired_at_subscribe(client, peer, tokens, events):
    """The subscription's token is dropped, another one asked for, with the channel."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(
        client.subscribe("news", token="old", get_token=tokens, **events.all("error"))
    )
    assert (await line.refuse("subscribe", *EXPIRED))["subscribe"]["token"] == "old"
    assert (await line.answer("subscribe"))["subscribe"]["token"] == "t1"
    await subscribing
    assert (await events.next("error")).code == 109
    assert (tokens.asked, len(peer.lines)) == ([("news",)], 1)


async def test_expired_subscription_and_nobody_to_ask(client, peer):
    """Without ``get_token`` that ends the subscription."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news", token="old"))
    await line.refuse("subscribe", *EXPIRED)
    with pytest.raises(UnsubscribedError, match="109 token expired"):
        await subscribing


async def test_get_token_of_a_subscription_fails(client, peer, tokens, events):
    """It is asked again, and the connection has nothing to do with it."""
    tokens.faults = [OSError("away")]
    line = await connected(client, peer)
    await subscribed(client, line, get_token=tokens, **events.all("error"))
    assert isinstance(await events.next("error"), TokenError)
    assert (len(tokens.asked), len(peer.lines)) == (2, 1)


async def test_expired_at_sub_refresh(client, peer, tokens):
    """A refused refresh ends the subscription, and the server is told."""
    line = await connected(client, peer)
    result = {"expires": True, "ttl": 0}
    subscription = await subscribed(client, line, result=result, get_token=tokens)
    await line.refuse("sub_refresh", *EXPIRED)
    await line.answer("unsubscribe")
    with pytest.raises(UnsubscribedError, match="109"):
        await take(subscription, 1)
    assert client.stats.connects == 1


async def test_the_server_ends_an_expired_subscription(client, peer, tokens):
    """Push 2501: the subscription asks again; a token that has expired is then replaced."""
    line = await connected(client, peer)
    subscription = await subscribed(client, line, get_token=tokens)
    await line.send({"push": {"channel": "news", "unsubscribe": {"code": 2501}}})
    await line.refuse("subscribe", *EXPIRED)
    assert (await line.answer("subscribe"))["subscribe"]["token"] == "t2"
    await subscription.ready()


async def test_unsubscribed_while_its_token_is_asked(client, peer, events):
    """A token for what nobody wants any more sends nothing."""
    go = asyncio.Event()

    async def slow(channel):
        events.on("asked")(channel)
        await go.wait()
        return "late"

    line = await connected(client, peer)
    subscription = client.subscription("news", get_token=slow)
    subscription.subscribe()
    await events.next("asked")
    subscription.unsubscribe()
    await line.answer("unsubscribe")
    go.set()
    call = asyncio.ensure_future(client.rpc("m"))
    await line.answer("rpc", {"data": 1})
    assert await call == 1
