"""What was found and mended in the reference server after 6.9.1, tried on this one.

Numbers are those of its library's issues and pull requests, or of the SDK's where they tell what
the server does.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time

import httpx
import jwt
import pytest

from cadenza.protocol import messages as m
from cadenza.protocol import protobuf_codec

KEY = {"X-API-Key": "unit-test-api-key"}
SECRET = "unit-test-hmac-key-0123456789abcdef"
OPEN = {
    "without_namespace": {
        "allow_subscribe_for_client": True,
        "allow_publish_for_client": True,
        "history_size": 100,
        "history_ttl": "300s",
        "force_recovery": True,
        "allowed_delta_types": ["fossil"],
        "delta_publish": True,
        "join_leave": True,
        "force_push_join_leave": True,
    }
}


async def api(running, method, **body):
    """One call of the server API: its result."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{running.http}/api/{method}", json=body, headers=KEY)
    return answer.json()["result"]


async def end(client):
    return (await client.end())[0]


async def publications(client, count):
    """The next publications that are pushed, skipping what else is."""
    found = []
    while len(found) < count:
        push = (await client.receive()).get("push", {})
        if "pub" in push:
            found.append(push["pub"])
    return found


def sub_token(channel, **claims):
    return jwt.encode({"sub": "ann", "channel": channel, **claims}, SECRET, "HS256")


async def test_an_expired_token_does_not_prolong_a_subscription(serve, join):
    """#627: 3006, so that clients come back and ask for a new one; it once never expired again."""
    running = await serve()
    ann = await join(running)
    now = int(time.time())
    first = sub_token("$a", exp=now + 600)
    assert "subscribe" in await ann.ask({"id": 2, "subscribe": {"channel": "$a", "token": first}})
    expired = sub_token("$a", exp=now - 60)
    await ann.send({"id": 3, "sub_refresh": {"channel": "$a", "token": expired}})
    assert await end(ann) == 3006


async def test_an_expired_token_does_not_prolong_a_connection(serve, join, token):
    """#628: 3005 and not error 110, after which clients would stay away."""
    ann = await join(await serve())
    await ann.send({"id": 2, "refresh": {"token": token(exp=int(time.time()) - 60)}})
    assert await end(ann) == 3005


async def connect_with_all(ann, bearer, wanted):
    """Take them in the connect: their results."""
    return (await ann.ask({"id": 1, "connect": {"token": bearer, "subs": wanted}}))["connect"][
        "subs"
    ], []


async def subscribe_to_all(ann, _bearer, wanted):
    """Take them by commands in one frame: their results, and what was pushed between those."""
    names = list(wanted)
    await ann.ask({"id": 1, "connect": {"token": jwt.encode({"sub": "bob"}, SECRET, "HS256")}})
    await ann.send(
        *(
            {"id": n, "subscribe": {"channel": name, **wanted[name]}}
            for n, name in enumerate(names, 2)
        )
    )
    results, pushed = {}, []
    while len(results) < len(names):
        message = await ann.receive()
        if "subscribe" in message:
            results[names[message["id"] - 2]] = message["subscribe"]
        else:
            pushed.append(message["push"])
    return results, pushed


@pytest.mark.parametrize("take", [connect_with_all, subscribe_to_all])
async def test_publishing_does_not_wait_for_who_is_subscribing(serve, dial, token, take):
    """#639, #640: many recoverable channels at once, all published to meanwhile; nothing is lost.

    There the node stood still; here every publication comes once and in order.
    """
    running = await serve(channel=OPEN)
    names = [f"c{n}" for n in range(20)]
    tops = {name: await api(running, "publish", channel=name, data=0) for name in names}
    ann = await dial(running)
    rounds = 60  # fewer than are kept

    async def publish():
        for sent in range(rounds):
            for name in names:
                await running.node.publish(name, b"%d" % sent)
            await asyncio.sleep(0)

    publishing = asyncio.create_task(publish())
    wanted = {name: {"recover": True, **top} for name, top in tops.items()}
    results, pushed = await take(ann, token(channels=names), wanted)
    await publishing
    assert all(result["recovered"] for result in results.values())
    seen = {name: [p["offset"] for p in results[name].get("publications", [])] for name in names}
    while pushed or any(not offsets or offsets[-1] <= rounds for offsets in seen.values()):
        push = pushed.pop(0) if pushed else (await ann.receive())["push"]
        if "pub" in push:
            seen[push["channel"]].append(push["pub"]["offset"])
    assert all(offsets == list(range(2, rounds + 2)) for offsets in seen.values())


async def test_a_recovering_reply_says_where_recovery_began(serve, join):
    """centrifuge-dart #142: the position that was asked with, not the top; else some come twice."""
    running = await serve(channel=OPEN)
    since = await api(running, "publish", channel="a", data=1)
    for data in (2, 3):
        await api(running, "publish", channel="a", data=data)
    ann = await join(running)
    result = (await ann.ask({"id": 2, "subscribe": {"channel": "a", "recover": True, **since}}))[
        "subscribe"
    ]
    assert (result["recovered"], result["offset"]) == (True, 1)
    assert [pub["offset"] for pub in result["publications"]] == [2, 3]


async def test_info_that_is_no_json_reaches_only_those_who_can_carry_it(serve, join, dial, token):
    """#597: with deltas it brought the whole process down."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    bob = await dial(running, "?format=protobuf")

    async def ask(command):
        await bob.socket.send(protobuf_codec.encode_frame([command]))

    await ask(m.Command(id=1, connect=m.ConnectRequest(token=token("bob"))))
    await bob.socket.recv()
    await ask(m.Command(id=2, subscribe=m.SubscribeRequest(channel="d", delta="fossil")))
    await bob.socket.recv()
    await ann.ask({"id": 2, "subscribe": {"channel": "d", "delta": "fossil"}})
    zoe = await dial(running, "?format=protobuf")
    await zoe.socket.send(
        protobuf_codec.encode_frame([m.Command(id=1, connect=m.ConnectRequest(token=token("zoe")))])
    )
    await zoe.socket.recv()
    info = base64.b64encode(b"\xff").decode()
    assert await api(running, "subscribe", user="zoe", channel="d", b64info=info) == {}
    assert await end(ann) == 3506  # its wire cannot say who joined
    text = {"text": "x" * 300}
    for n in (1, 2):
        assert (await api(running, "publish", channel="d", data=text | {"n": n}))["offset"] == n
    got = []
    while len(got) < 2:
        replies = protobuf_codec.decode_replies(await bob.socket.recv())
        got += [reply.push.pub for reply in replies if reply.push and reply.push.pub]
    assert [pub.delta for pub in got] == [False, True]


@pytest.mark.parametrize(
    "frame", [b"\xff\xff\xff\xff\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x80\x01ab"]
)
async def test_a_length_is_not_believed(serve, dial, frame):
    """#612: one frame that announced gigabytes had them allocated."""
    bob = await dial(await serve(), "?format=protobuf")
    await bob.socket.send(frame)
    assert await end(bob) == 3501


async def test_what_a_version_suppresses_takes_no_offset(serve, join):
    """#549: nor does it reach anybody."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    await ann.ask({"id": 2, "subscribe": {"channel": "v"}})
    offsets = [
        (await api(running, "publish", channel="v", data=n, version=version))["offset"]
        for n, version in enumerate((5, 4, 5, 6))
    ]
    assert offsets == [1, 1, 1, 2]
    assert [pub["data"] for pub in await publications(ann, 2)] == [0, 3]


async def test_the_first_of_a_stream_brings_its_epoch_to_server_side_subscribers(
    serve, dial, token
):
    """centrifuge-js #434: whose reply may have had none."""
    running = await serve(channel=OPEN)
    ann = await dial(running)
    reply = await ann.ask({"id": 1, "connect": {"token": token(channels=["e"])}})
    top = await api(running, "publish", channel="e", data=1)
    await api(running, "publish", channel="e", data=2)
    first, second = await publications(ann, 2)
    assert first["epoch"] == top["epoch"] == reply["connect"]["subs"]["e"]["epoch"]
    assert "epoch" not in second


async def test_a_subscription_can_be_left_and_taken_again_in_one_frame(serve, join):
    """centrifuge-dart #128, centrifuge-go #139: a client that changes its mind gets no 105."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    for n in range(2, 8, 3):
        await ann.send(
            {"id": n, "subscribe": {"channel": "a"}},
            {"id": n + 1, "unsubscribe": {"channel": "a"}},
            {"id": n + 2, "subscribe": {"channel": "a"}},
        )
        replies = []
        while len(replies) < 3:
            if "id" in (message := await ann.receive()):
                replies.append(message)
        assert [next(iter(set(reply) - {"id"})) for reply in replies] == [
            "subscribe",
            "unsubscribe",
            "subscribe",
        ]
        await ann.ask({"id": 99, "unsubscribe": {"channel": "a"}})


async def test_an_unsubscribe_of_the_api_comes_after_the_reply_to_a_subscribe(serve, join):
    """centrifuge-js #413, centrifuge-dart #155: so a push in between is about the one before."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    await ann.send({"id": 2, "subscribe": {"channel": "a"}})
    await api(running, "unsubscribe", user="ann", channel="a")
    found = []
    while len(found) < 2:
        message = await ann.receive()
        if "subscribe" in message or "unsubscribe" in message.get("push", {}):
            found.append(message)
    assert "subscribe" in found[0]
    assert found[1]["push"]["unsubscribe"]["code"] == 2000
    assert "subscribe" in await ann.ask({"id": 3, "subscribe": {"channel": "a"}})


@pytest.mark.parametrize("path", ["sse", "http_stream"])
async def test_a_refused_connect_ends_its_stream_with_a_disconnect(serve, raw, path):
    """centrifuge-js #407, #408: clients tell such an end from a broken line by that push."""
    reader, writer = await raw(await serve(), upgrade=False)
    body = json.dumps({"id": 1, "connect": {"token": "no.to.ken"}}).encode()
    if path == "sse":
        target = f"/connection/sse?{httpx.QueryParams({'cf_connect': body.decode()})}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    else:
        writer.write(
            b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"disconnect":{"code":3500,' in answer


@pytest.mark.parametrize("session", ["", "unknown"])
async def test_commands_of_a_session_that_is_over_are_not_found(serve, web, session):
    """centrifuge-js #397: at a 404 clients open a new stream, else they would wait in vain."""
    running = await serve()
    body = {"session": session, "node": "gone", "data": "{}"}
    answer = await web.post(f"{running.http}/emulation", json=body)
    assert answer.status_code == 404
