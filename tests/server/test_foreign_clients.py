"""What real clients, backends, proxies and issuers send, over sockets of the server."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import jwt
import pytest

from cadenza.protocol import messages as m
from cadenza.protocol import protobuf_codec
from cadenza.realtime import TokenUndecided

KEY = {"X-API-Key": "unit-test-api-key"}
OPEN = {
    "without_namespace": {
        "allow_subscribe_for_client": True,
        "allow_publish_for_client": True,
        "allow_history_for_client": True,
        "presence": True,
        "history_size": 10,
        "history_ttl": "300s",
        "force_recovery": True,
        "allowed_delta_types": ["fossil"],
        "delta_publish": True,
        "client_publish_debounce_interval": "250ms",
    }
}


async def api(running, method, body, **headers):
    """One call of the server API; a body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx.AsyncClient() as client:
        return await client.post(
            f"{running.http}/api/{method}".rstrip("/"), content=content, headers={**KEY, **headers}
        )


async def end(client):
    return (await client.end())[0]


@pytest.mark.parametrize("kind", ["socket", "asgi"])
@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("publish", b'{"channel":"a","data":"Ren\xe9"}'),
        ("publish", b'{"channel":"a\xe9","data":1}'),
        ("broadcast", b'{"channels":["a"],"data":{"x":"\xff"}}'),
        ("batch", b'{"commands":[{"publish":{"channel":"a","data":"\xe9"}}]}'),
        ("subscribe", b'{"channel":"a","user":"ann","data":"\xe9"}'),
        ("refresh", b'{"user":"ann","info":"\xe9"}'),
        ("", b'{"method":"publish","params":{"channel":"a","data":"\xe9"}}'),
    ],
)
async def test_a_backend_must_send_utf_8(serve, join, kind, method, body):
    """400 where it comes in; nothing is stored, and no subscriber is closed (RFC 8259, 8.1)."""
    running = await serve(kind=kind, channel=OPEN)
    ann = await join(running)
    await ann.ask({"id": 2, "subscribe": {"channel": "a"}})
    assert (await api(running, method, body)).status_code == 400
    await api(running, "publish", {"channel": "a", "data": "é"})
    while "pub" not in (push := (await ann.receive())["push"]):
        pass
    assert (push["pub"]["data"], push["pub"]["offset"]) == ("é", 1)


async def test_any_bytes_may_come_as_base64(serve, join):
    """Who says that they are bytes means it; JSON subscribers cannot take them, as ever."""
    running = await serve(channel=OPEN)
    body = {"channel": "a", "b64data": "/w==", "data": None, "tags": None}
    assert "result" in (await api(running, "publish", body)).json()


async def test_a_json_client_must_send_utf_8_in_binary_frames_too(serve, join):
    """3501; and nothing of it is stored."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    await ann.socket.send(b'{"id":2,"publish":{"channel":"a","data":"Ren\xe9"}}')
    assert await end(ann) == 3501
    assert (await api(running, "history", {"channel": "a", "limit": 9})).json()["result"][
        "publications"
    ] == []


async def test_half_a_surrogate_pair_is_carried_to_everybody(serve, join):
    r"""A text that was cut in two, ``\ud83d``: published, pushed, recovered, in the API."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    await ann.ask({"id": 2, "subscribe": {"channel": "a"}})
    await ann.socket.send(r'{"id":3,"publish":{"channel":"a","data":{"text":"ok \ud83d"}}}')
    found = []
    while not found or "publish" not in found[-1]:  # a publisher sees its own push first
        found.append(await ann.receive())
    (data,) = [x["push"]["pub"]["data"] for x in found if "pub" in x.get("push", {})]
    assert data == {"text": "ok \ud83d"}
    answer = await api(running, "publish", rb'{"channel":"a","data":"\udc00","pattern":null}')
    assert answer.json()["result"]["offset"] == 2
    history = (await api(running, "history", {"channel": "a", "limit": 5})).content
    assert rb"\udc00" in history
    bob = await join(running, "bob")
    reply = await bob.ask(
        {"id": 2, "subscribe": {"channel": "a", "recover": True, "delta": "fossil"}}
    )
    assert [json.loads(pub["data"]) for pub in reply["subscribe"]["publications"]] == [
        {"text": "ok \ud83d"},
        "\udc00",
    ]


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (
            '{"subscribe":{"channel":"a","token":null,"recover":null,"offset":null,"tf":null}}',
            "subscribe",
        ),
        ('{"publish":{"channel":"a","data":null,"key":null}}', "publish"),
        ('{"history":{"channel":"a","limit":null,"since":null,"reverse":null}}', "history"),
        ('{"presence":{"channel":"a"},"connect":null,"rpc":null}', "presence"),
    ],
)
async def test_a_client_may_write_null_for_what_is_not_set(serve, join, command, result):
    """As serializers do (proto3's JSON mapping)."""
    running = await serve(
        channel={
            "without_namespace": OPEN["without_namespace"] | {"allow_presence_for_client": True}
        }
    )
    ann = await join(running)
    await ann.socket.send('{"id":2,' + command[1:])
    assert result in await ann.receive() or result in await ann.receive()


API_NULLS = {
    "publish": (
        {"channel": "a", "data": 1},
        "b64data skip_history tags idempotency_key delta version version_epoch",
    ),
    "broadcast": (
        {"channels": ["a"], "data": 1},
        "b64data skip_history tags idempotency_key delta",
    ),
    "subscribe": (
        {"user": "ann", "channel": "b"},
        "client session b64info b64data expire_at recover_since override",
    ),
    "unsubscribe": ({"user": "ann", "channel": "b"}, "client session"),
    "disconnect": ({"user": "zoe"}, "client session whitelist disconnect"),
    "refresh": ({"user": "ann"}, "client session expired expire_at"),
    "history": ({"channel": "a"}, "limit since reverse"),
    "channels": ({}, "pattern"),
    "presence": ({"channel": "a"}, ""),
    "info": ({}, "x"),
    "batch": (
        {"commands": [{"publish": None, "info": {}}, {"channels": {"pattern": None}}]},
        "parallel",
    ),
}


@pytest.mark.parametrize("method", API_NULLS)
async def test_a_backend_may_write_null_for_what_is_not_set(serve, method):
    """All at once; the answer is that of the request without them."""
    running = await serve(channel=OPEN)
    body, names = API_NULLS[method]
    answer = await api(running, method, body | dict.fromkeys(names.split()))
    assert answer.status_code == 200
    text = answer.text
    assert '"error"' not in text
    assert ("replies" if method == "batch" else "result") in answer.json()


@pytest.mark.parametrize("path", ["sse", "uni_sse"])
async def test_a_carriage_return_does_not_tear_an_event(serve, raw, token, path):
    """A pretty-printed publication from Windows (WHATWG HTML, 9.2.5: CR ends a line)."""
    running = await serve(channel=OPEN)
    reader, writer = await raw(running, upgrade=False)
    bearer = token(channels=["a"])
    first = {"token": bearer} if path == "uni_sse" else {"id": 1, "connect": {"token": bearer}}
    target = f"/connection/{path}?cf_connect={quote(json.dumps(first))}"
    writer.write(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    await reader.readuntil(b'"subs"')
    await reader.readuntil(b"\n\n")
    await api(running, "publish", b'{"channel":"a","data":{\r\n  "a":\r1\r\n}}')
    event = await reader.readuntil(b"\n\n")
    while b'"pub"' not in event:
        event = await reader.readuntil(b"\n\n")
    assert b"\r" not in event
    assert event.count(b"\n") == 2
    shown = json.loads(event.removeprefix(b"data: "))
    assert shown.get("push", shown)["pub"]["data"] == {"a": 1}


@pytest.mark.parametrize("protobuf", [False, True])
async def test_the_first_delta_at_the_top_of_a_stream_has_its_base(
    serve, join, dial, token, protobuf
):
    """Nothing was missed, so nothing was sent: the next one is whole, the one after it a delta."""
    running = await serve(channel=OPEN)
    payload = {"text": "x" * 300}

    async def publish(n):
        body = {"channel": "d", "data": payload | {"n": n}}
        return (await api(running, "publish", body)).json()["result"]

    top = await publish(1)
    if not protobuf:
        ann = await join(running)
        reply = await ann.ask(
            {"id": 2, "subscribe": {"channel": "d", "recover": True, "delta": "fossil", **top}}
        )
        assert reply["subscribe"]["recovered"] is True
        await publish(2)
        await publish(3)
        pubs = []
        while len(pubs) < 2:
            if "pub" in (push := (await ann.receive())["push"]):
                pubs.append(push["pub"])
        assert json.loads(pubs[0]["data"]) == payload | {"n": 2}
        assert [pub.get("delta", False) for pub in pubs] == [False, True]
        return
    bob = await dial(running, "?format=protobuf")

    async def send(command):
        await bob.socket.send(protobuf_codec.encode_frame([command]))

    async def receive():
        return list(protobuf_codec.decode_replies(await bob.socket.recv()))

    await send(m.Command(id=1, connect=m.ConnectRequest(token=token("bob"))))
    await receive()
    wanted = m.SubscribeRequest(channel="d", recover=True, delta="fossil", **top)
    await send(m.Command(id=2, subscribe=wanted))
    replies = await receive()
    await publish(2)
    await publish(3)
    while sum(bool(x.push and x.push.pub) for x in replies) < 2:
        replies += await receive()
    assert [x.push.pub.delta for x in replies if x.push and x.push.pub] == [False, True]


async def test_a_publication_shows_its_version_and_a_stream_its_debounce(serve, join):
    """Members of client.proto that the reference server fills."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    reply = await ann.ask({"id": 2, "subscribe": {"channel": "a"}})
    assert reply["subscribe"]["publish_debounce"] == 250
    pubs = []
    for version in (7, 8):
        await api(running, "publish", {"channel": "a", "data": 1, "version": version})
    while len(pubs) < 2:
        if "pub" in (push := (await ann.receive())["push"]):
            pubs.append(push["pub"])
    # The first of a stream says of which, and later ones do not.
    assert pubs[0].pop("epoch") == reply["subscribe"]["epoch"]
    assert pubs == [{"data": 1, "offset": n, "version": n + 6} for n in (1, 2)]


async def test_without_market_and_trading_there_is_no_rpc(serve, join):
    """108, as the reference server answers who has configured none."""
    running = await serve(
        market={"enabled": False}, trading={"enabled": False}, rpc={"ping": {"enabled": False}}
    )
    ann = await join(running)
    assert (await ann.ask({"id": 2, "rpc": {"method": "x"}}))["error"]["code"] == 108


async def test_a_proxy_names_users_in_utf_8(serve, dial):
    """And the API finds them by the same name."""
    running = await serve(client={"user_id_http_header": "X-User"})
    name = "Žofie"
    ann = await dial(running, additional_headers={"X-User": name.encode().decode("latin-1")})
    await ann.ask({"id": 1, "connect": {}})
    await ann.ask({"id": 2, "subscribe": {"channel": "a"}})
    shown = (await api(running, "presence", {"channel": "a"})).json()["result"]["presence"]
    assert [info["user"] for info in shown.values()] == [name]
    await api(running, "disconnect", {"user": name})
    assert await end(ann) == 3503


@pytest.mark.parametrize("place", ["x-api-key", "authorization", "query"])
async def test_a_key_need_not_be_ascii(serve, place):
    """It is compared as bytes, wherever it stands."""
    key = "schlüssel-🔑"
    running = await serve(http_api={"key": key})
    headers, query = {}, ""
    if place == "query":
        query = f"?api_key={quote(key)}"
    else:
        value = key if place == "x-api-key" else f"apikey {key}"
        headers[place] = value.encode()
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"{running.http}/api/info{query}", content=b"{}", headers=headers
        )
    assert answer.status_code == 200


async def test_a_token_may_have_a_long_header(serve, dial):
    """Issuers put chains of certificates there."""
    running = await serve()
    chain = {"x5c": ["A" * 3000, "B" * 3000]}
    key = "unit-test-hmac-key-0123456789abcdef"
    ann = await dial(running)
    reply = await ann.ask(
        {"id": 1, "connect": {"token": jwt.encode({"sub": "a"}, key, "HS256", chain)}}
    )
    assert "connect" in reply


class Undecided:
    """A verifier that cannot reach where its keys are."""

    def connect(self, token, now):
        raise TokenUndecided("the key set cannot be fetched: 503")

    subscribe = connect


async def test_who_cannot_be_verified_now_is_told_to_try_again(serve, join, raw, dial, token):
    """100 in replies, 3004 where only a close is possible, 503 at the upgrade and over REST."""
    running = await serve(channel=OPEN)
    ann = await join(running)
    running.node.access.verifier = Undecided()
    temporary = {"code": 100, "message": "internal server error", "temporary": True}
    for name, request in {
        "subscribe": {"channel": "a", "token": token()},
        "refresh": {"token": token()},
    }.items():
        assert (await ann.ask({"id": 2, name: request}))["error"] == temporary
    await ann.ask({"id": 3, "subscribe": {"channel": "a"}})
    sub_refresh = {"channel": "a", "token": token()}
    assert (await ann.ask({"id": 4, "sub_refresh": sub_refresh}))["error"] == temporary
    bob = await dial(running)
    assert (await bob.ask({"id": 1, "connect": {"token": token()}}))["error"] == temporary

    reader, writer = await raw(running, upgrade=False)
    connect = quote(json.dumps({"token": token()}))
    writer.write(f"GET /connection/uni_sse?cf_connect={connect} HTTP/1.0\r\n\r\n".encode())
    assert b'"code":3004' in await reader.read()

    reader, writer = await raw(running, upgrade=False)
    writer.write(
        b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer x.y.z\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in answer


@pytest.mark.parametrize("path", ["sse", "uni_sse"])
async def test_a_connect_in_a_query_may_be_any_text(serve, raw, token, path):
    """Escaped UTF-8 is read as such; other bytes are no command, and are not replaced."""
    running = await serve()
    for name, fits in ((quote("Žofie"), True), ("Ren%E9", False)):
        first = {"token": token(), "name": "NAME"}
        first = first if path == "uni_sse" else {"id": 1, "connect": first}
        connect = quote(json.dumps(first)).replace("NAME", name)
        reader, writer = await raw(running, upgrade=False)
        writer.write(f"GET /connection/{path}?cf_connect={connect} HTTP/1.0\r\n\r\n".encode())
        if fits:
            assert b'"client"' in await reader.readuntil(b'"client"')
        else:
            assert b"3501" in await reader.read()
