"""A publication that cannot be read is skipped, counted and told; everything else goes on."""

from __future__ import annotations

import asyncio
import json

import pytest

from cadenza.client import ReplyError, UnreadableError
from cadenza.client.salvage import UnreadablePublication, json_replies, protobuf_replies
from cadenza.protocol import protobuf_codec
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import Publication, Push, Reply, SubscribeResult, payload
from support.client.events import Events, take
from support.client.peer_world import RECOVERABLE, connected, pub, subscribed

DEEP = b"[" * 200_000 + b"]" * 200_000
BAD = {
    "a lone surrogate": rb'{"data":{"text":"ok \ud83d"},"offset":4}',
    "two high surrogates": rb'{"data":"\ud83d\ud83d","offset":4}',
    "latin-1": b'{"data":"Ren\xe9","offset":4}',
    "utf-8 cut in two": b'{"data":"\xe2\x82","offset":4}',
    "a control character": b'{"data":"a\x01b","offset":4}',
    "NaN": b'{"data":NaN,"offset":4}',
    "a comma too many": b'{"data":[1,],"offset":4}',
    "too deep": b'{"data":' + DEEP + b',"offset":4}',
    "offset first": rb'{ "offset" : 4 , "data" : "\ud83d" }',
    "a tag that is no text": b'{"data":1,"offset":4,"tags":{"a":1}}',
    "a tag that is half a character": rb'{"data":1,"offset":4,"tags":{"a":"\ud83d"}}',
    "an info that cannot be read": rb'{"data":1,"offset":4,"info":{"conn_info":"\ud83d"}}',
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_live_publication(client, peer, kind):
    """The one before and the one after come, over the same connection."""
    events = Events()
    line = await connected(client, peer)
    subscription = await subscribed(
        client, line, result=RECOVERABLE | {"offset": 2}, on_error=events.on("error")
    )
    bad = b'{"push":{"channel":"news","pub":' + BAD[kind] + b"}}"
    before, after = (json.dumps(pub("news", it, offset=it)).encode() for it in (3, 5))
    await line.send_bytes(b"\n".join([before, bad, after]))
    assert [it.data for it in await take(subscription, 2)] == [3, 5]
    error = await events.next("error")
    assert isinstance(error, UnreadableError)
    assert (error.channel, error.offset) == ("news", 4)
    assert (subscription.unreadable, subscription.position) == (1, (5, "e"))
    assert (subscription.gaps, client.stats.connects) == (0, 1)


@pytest.mark.parametrize("kind", BAD)
async def test_a_recovered_publication(client, peer, kind):
    """The text that a recovery would bring at each connection is passed over once."""
    line = await connected(client, peer)
    subscribing = asyncio.ensure_future(client.subscribe("news", since=(3, "e")))
    number = (await line.command("subscribe"))["id"]
    await line.send_bytes(
        b'{"id":%d,"subscribe":{"recoverable":true,"positioned":true,"epoch":"e","offset":3,'
        b'"was_recovering":true,"recovered":true,"publications":[%s,{"data":5,"offset":5}]}}'
        % (number, BAD[kind])
    )
    subscription = await subscribing
    assert [it.data for it in await take(subscription, 1)] == [5]
    assert (subscription.unreadable, subscription.position) == (1, (5, "e"))
    line.cut()
    line = await peer.accept()
    await line.welcome()
    assert (await line.answer("subscribe", RECOVERABLE))["subscribe"]["offset"] == 5


async def test_inside_the_text_of_a_patched_channel(client, peer):
    """With patches every payload is a text: what is in it counts, and stays the next one's base."""
    line = await connected(client, peer)
    result = RECOVERABLE | {"delta": True}
    subscription = await subscribed(client, line, result=result, delta="fossil")
    bad, good = r'"\ud83d"', '"five"'
    await line.send(pub("news", bad, offset=4), pub("news", good, offset=5))
    assert [it.data for it in await take(subscription, 1)] == ["five"]
    assert (subscription.unreadable, subscription.position) == (1, (5, "e"))


async def test_a_publication_of_a_server_side_subscription(make_client, peer):
    """Those of a connect result too."""
    events = Events()
    client = make_client(on_publication=events.on("publication"), on_error=events.on("error"))
    connecting = asyncio.ensure_future(client.connect())
    line = await peer.accept()
    number = (await line.command("connect"))["id"]
    await line.send_bytes(
        rb'{"id":%d,"connect":{"client":"c","data":"\ud83d","subs":{"mine":{"recoverable":true,'
        rb'"epoch":"e","publications":[{"data":"\ud83d","offset":4},{"data":5,"offset":5}]}}}}'
        % number
    )
    await connecting
    assert (await events.next("publication")).publication.data == 5
    assert (await events.next("error")).offset == 4
    await line.send_bytes(rb'{"push":{"message":{"data":"\ud83d"}}}')
    assert (await events.next("error")).channel == ""
    assert client.stats.unreadable == 2


async def test_a_page_of_history(client, peer):
    """The others of the page are given."""
    line = await connected(client, peer)
    reading = asyncio.ensure_future(client.history("news", 10))
    number = (await line.command("history"))["id"]
    await line.send_bytes(
        rb'{"id":%d,"history":{"publications":[{"data":"\ud83d","offset":4},'
        rb'{"data":5,"offset":5}],"epoch":"e","offset":5}}' % number
    )
    page = await reading
    assert ([it.data for it in page.publications], page.position) == ([5], (5, "e"))


async def test_an_answer(client, peer):
    """An answer that cannot be read fails its call, and no other."""
    line = await connected(client, peer)
    bad, good = (asyncio.ensure_future(client.rpc(it)) for it in ("bad", "good"))
    first, second = await line.command("rpc"), await line.command("rpc")
    await line.send_bytes(rb'{"id":%d,"rpc":{"data":"\ud83d"}}' % first["id"])
    await line.send({"id": second["id"], "rpc": {"data": 1}})
    assert await good == 1
    with pytest.raises(ReplyError, match="cannot be read"):
        await bad
    assert client.stats.connects == 1


@pytest.mark.parametrize(
    "line",
    [
        rb'{"push":{"channel":"news","join":{"info":{"user":"\ud83d","client":"c"}}}}',
        rb'{"push":{"channel":"news","pub":3}}',
        b'{"push":{"channel":"news","pub":{"data":1,"offset":-1}}}',
    ],
)
def test_other_pushes(line):
    """What cannot be read is told in its channel, without a place in the stream."""
    (reply,) = json_replies(line)
    assert isinstance(reply.push.pub, UnreadablePublication)
    assert (reply.push.channel, reply.push.pub.offset) == ("news", 0)


def test_what_can_do_without():
    """An end counts though its words cannot be read, and null is what proto3 says it is."""
    (reply,) = json_replies(
        rb'{"push":{"channel":"a","unsubscribe":{"code":2500,"reason":"\ud83d"}}}'
    )
    assert (reply.push.unsubscribe.code, reply.push.unsubscribe.reason) == (2500, "")
    (reply,) = json_replies(
        b'{"push":{"channel":"a","pub":{"data":1,"tags":null,"info":null,"epoch":null}}}'
    )
    assert (type(reply.push.pub), bytes(reply.push.pub.data)) == (Publication, b"1")


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b'{"id":"x","rpc":{}}', b'{"push":', b'{"push":{"channel":1}}']
)
def test_what_is_no_message(line):
    """Beyond saving."""
    with pytest.raises(DecodeError):
        list(json_replies(line))


def test_protobuf():
    """A tag that is not UTF-8 spoils its publication only; an answer that is spoilt fails."""
    good = Reply(push=Push(channel="news", pub=Publication(data=payload(b"1"), offset=5)))
    spoilt = Reply(
        push=Push(channel="news", pub=Publication(data=payload(b"1"), offset=4, tags={"k": "QQ"}))
    )
    answer = Reply(
        id=7,
        subscribe=SubscribeResult(publications=[Publication(data=payload(b"1"), tags={"k": "QQ"})]),
    )
    frame = protobuf_codec.encode_frame([good, spoilt, good, answer]).replace(b"QQ", b"\xff\xfe")
    replies = list(protobuf_replies(frame))
    assert [it.push.pub.offset for it in replies[:3]] == [5, 4, 5]
    assert isinstance(replies[1].push.pub, UnreadablePublication)
    assert (replies[3].id, replies[3].error.code) == (7, 12)
    with pytest.raises(DecodeError):
        list(protobuf_replies(frame[:-1]))
    with pytest.raises(DecodeError):
        list(protobuf_replies(b""))
