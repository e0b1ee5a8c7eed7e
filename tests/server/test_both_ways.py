"""One suite over both ways in: the server's own socket path, and ASGI inside a FastAPI program."""

from __future__ import annotations

import json

import pytest
import websockets

from cadenza.realtime import ConnectClaims


@pytest.fixture(params=["socket", "asgi"])
def kind(request):
    return request.param


async def test_connect_subscribe_publish(kind, serve, join):
    """A publication reaches its subscribers, the publisher included."""
    running = await serve(kind=kind)
    ann, ben = await join(running, "ann"), await join(running, "ben")
    assert "subscribe" in await ann.ask({"id": 2, "subscribe": {"channel": "news"}})
    assert "subscribe" in await ben.ask({"id": 2, "subscribe": {"channel": "news"}})
    publish = {"id": 3, "publish": {"channel": "news", "data": {"n": 1}}}
    assert await ben.ask(publish) == {"id": 3, "publish": {}}
    pushed = await ann.receive()
    assert pushed["push"]["pub"]["data"] == {"n": 1}
    assert pushed["push"]["pub"]["info"]["user"] == "ben"


async def test_commands_of_one_frame_are_answered_in_order(kind, serve, dial, token):
    """Connect, subscribe and an RPC may share the first frame."""
    client = await dial(await serve(kind=kind))
    await client.send(
        {"id": 1, "connect": {"token": token()}},
        {"id": 2, "subscribe": {"channel": "news"}},
        {"id": 3, "rpc": {"method": "ping"}},
    )
    assert [(await client.receive())["id"] for _ in range(3)] == [1, 2, 3]


async def test_forty_replies_come_in_order(kind, serve, join):
    """More replies than fit one frame keep their order."""
    client = await join(await serve(kind=kind))
    await client.send(*({"id": n, "rpc": {"method": "ping"}} for n in range(2, 42)))
    assert [(await client.receive())["id"] for _ in range(40)] == list(range(2, 42))


async def test_bad_token_closes_with_3500(kind, serve, dial):
    """A token of nobody is answered with a close frame."""
    client = await dial(await serve(kind=kind))
    await client.send({"id": 1, "connect": {"token": "a.b.c"}})
    assert await client.end() == (3500, "invalid token")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "nonsense", '{"id":1}', "\n"])
async def test_malformed_first_frames_close_with_3501(kind, serve, dial, text):
    """What is no connect command ends the connection."""
    client = await dial(await serve(kind=kind))
    await client.socket.send(text)
    assert await client.end() == (3501, "bad request")


async def test_too_long_message_closes_with_1009(kind, serve, join):
    """The size limit has a close code and no reason."""
    client = await join(await serve(kind=kind, websocket={"message_size_limit": 1000}))
    await client.socket.send("x" * 1001)
    assert await client.end() == (1009, "")


async def test_message_of_exactly_the_limit_is_read(kind, serve, join):
    """The limit itself is allowed."""
    client = await join(await serve(kind=kind, websocket={"message_size_limit": 1000}))
    command = json.dumps({"id": 2, "rpc": {"method": "ping"}})
    await client.socket.send(command + " " * (1000 - len(command)))
    assert (await client.receive())["id"] == 2


@pytest.mark.parametrize(
    ("query", "subprotocols", "echoed", "binary"),
    [
        ("", None, None, False),
        ("?format=json", None, None, False),
        ("?format=protobuf", None, None, True),
        ("?cf_protocol=protobuf", None, None, True),
        ("", ["centrifuge-json"], "centrifuge-json", False),
        ("", ["centrifuge-protobuf"], "centrifuge-protobuf", True),
        ("", ["other", "centrifuge-json"], "centrifuge-json", False),
        ("", ["centrifuge-protobuf", "centrifuge-json"], "centrifuge-protobuf", True),
    ],
)
async def test_format_of_a_connection(kind, serve, dial, query, subprotocols, echoed, binary):  # noqa: PLR0917 - fixtures come by name
    """Subprotocol and query choose the format; the subprotocol is echoed."""
    running = await serve(kind=kind, client={"allow_anonymous_connect_without_token": True})
    client = await dial(running, query, subprotocols=subprotocols)
    assert client.socket.subprotocol == echoed
    await client.socket.send(b"\x04\x08\x01\x22\x00" if binary else '{"id":1,"connect":{}}')
    answer = await client.socket.recv()
    assert isinstance(answer, bytes) == binary


async def test_authorization_header_stands_for_the_token(kind, serve, dial, token):
    """A connection opened with a bearer token needs none in its connect command."""
    running = await serve(kind=kind)
    headers = {"Authorization": f"Bearer {token('ann')}"}
    client = await dial(running, additional_headers=headers)
    assert "connect" in await client.ask({"id": 1, "connect": {}})
    (connection,) = running.node.open_connections
    assert connection.user == "ann"


async def test_header_of_a_trusted_proxy_names_the_user(kind, serve, dial):
    """``client.user_id_http_header`` stands for the token as well."""
    running = await serve(kind=kind, client={"user_id_http_header": "X-User"})
    client = await dial(running, additional_headers={"X-User": "42"})
    assert "connect" in await client.ask({"id": 1, "connect": {}})
    (connection,) = running.node.open_connections
    assert connection.user == "42"
    assert connection.preset == ConnectClaims(user="42")


@pytest.mark.parametrize(
    ("sections", "headers", "status"),
    [
        ({}, {"Origin": "https://evil.example"}, 403),
        ({}, {"Authorization": "Bearer nonsense"}, 401),
        ({"websocket": {"require_authorization": True}}, {}, 401),
        ({"client": {"connection_rate_limit": 1}}, {}, 503),
    ],
)
async def test_refusals_before_the_upgrade(kind, serve, dial, sections, headers, status):  # noqa: PLR0917 - fixtures come by name
    """A refused handshake is an HTTP answer that says why, in JSON."""
    running = await serve(kind=kind, **sections)
    if status == 503:
        running.node.clock.monotonic = lambda: 7.0
        await dial(running)
    with pytest.raises(websockets.InvalidStatus) as refused:
        await dial(running, additional_headers=headers)
    response = refused.value.response
    assert response.status_code == status
    assert json.loads(response.body)["errno"]
    assert response.headers["content-type"] == "application/json"
    assert ("www-authenticate" in response.headers) == (status == 401)


@pytest.mark.parametrize("origin", ["https://allowed.example", "https://a.wild.example"])
async def test_allowed_origins_come_in(kind, serve, join, origin):
    """A page of an allowed origin may connect."""
    await join(await serve(kind=kind), additional_headers={"Origin": origin})


async def test_plain_get_is_told_how_to_connect(kind, serve, web):
    """A request without an upgrade gets 400 and an example of the first message."""
    running = await serve(kind=kind)
    response = await web.get(f"{running.http}/connection/websocket")
    assert response.status_code == 400
    assert "connect" in response.json()["details"]["metadata"]["firstMessage"]


async def test_a_post_is_answered_as_the_api_lists_it(kind, serve, web, token):
    """The first operation of the API: 400, and 401 for a bad bearer, in its envelope."""
    address = f"{(await serve(kind=kind)).http}/connection/websocket"
    for bearer, status, errno in (("", 400, 10004), (token(), 400, 10004), ("a.b.c", 401, 11002)):
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        for body in ({}, {"id": 1, "connect": {"token": "a"}}):
            response = await web.post(address, json=body, headers=headers)
            found = response.json()
            assert (response.status_code, found["errno"]) == (status, errno)
            assert (found["success"], type(found["error"])) == (False, str)
            assert ("www-authenticate" in response.headers) == (status == 401)
    metadata = found["details"].get("metadata", {})
    assert "www-authenticate" in response.headers or metadata["url"] == f"ws{address[4:]}"


async def test_a_page_may_post_there_after_a_preflight(kind, serve, web):
    """Of an allowed origin; of another one it learns nothing."""
    address = f"{(await serve(kind=kind)).http}/connection/websocket"
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    good, bad = {"origin": "https://allowed.example"}, {"origin": "https://evil.example"}
    response = await web.options(address, headers={**good, **ask})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == good["origin"]
    assert response.headers["access-control-allow-headers"] == "authorization,content-type"
    assert "POST" in response.headers["access-control-allow-methods"]
    response = await web.post(address, headers=good, json={})
    assert response.headers["access-control-allow-origin"] == good["origin"]
    response = await web.options(address, headers={**bad, **ask})
    assert "access-control-allow-origin" not in response.headers


async def test_an_upgrade_at_the_host_alone(kind, serve, web, token):
    """The READMEs of the API's clients name no path; a page at it stays what it is."""
    running = await serve(kind=kind)
    address = "ws" + running.http[4:] + "/"
    async with websockets.connect(address) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"token": token()}}))
        assert "connect" in json.loads(await socket.recv())
    assert (await web.get(running.http + "/")).status_code == 404


async def test_client_that_leaves_is_forgotten(kind, serve, join, until):
    """A client's close ends its connection, and others see it leave."""
    running = await serve(kind=kind, channel={"without_namespace": {"force_push_join_leave": True}})
    ann, ben = await join(running, "ann"), await join(running, "ben")
    await ann.ask({"id": 2, "subscribe": {"channel": "news"}})
    await ben.ask({"id": 2, "subscribe": {"channel": "news"}})
    await ben.socket.close()
    while "leave" not in (push := (await ann.receive())["push"]):
        pass
    assert push["leave"]["info"]["user"] == "ben"
    await until(lambda: len(running.node.open_connections) == 1)


async def test_client_that_vanishes_is_forgotten(kind, serve, join, until):
    """So does a TCP connection that breaks without a close frame."""
    running = await serve(kind=kind)
    ann = await join(running)
    ann.socket.transport.abort()
    await until(lambda: not running.node.open_connections)


async def test_server_disconnect_has_code_and_reason(kind, serve, join, call):
    """The API's disconnect arrives as a close frame."""
    running = await serve(kind=kind)
    ann = await join(running, "ann")
    end = {"code": 4242, "reason": "enough"}
    assert await call(running, "disconnect", {"user": "ann", "disconnect": end}) == {"result": {}}
    assert await ann.end() == (4242, "enough")


async def test_shutdown_closes_with_3001(kind, serve, join):
    """A server that stops tells clients to come back."""
    running = await serve(kind=kind)
    ann = await join(running)
    await running.node.shutdown()
    assert await ann.end() == (3001, "shutdown")


async def test_frame_ping_mode_announces_no_pings(kind, serve, dial, token):
    """With ping frames of WebSocket the protocol's own pings stay off."""
    client = await dial(await serve(kind=kind), "?cf_ws_frame_ping_pong=true")
    reply = await client.ask({"id": 1, "connect": {"token": token()}})
    assert "ping" not in reply["connect"]
    assert "pong" not in reply["connect"]


async def test_ping_frames_are_answered(kind, serve, join):
    """A WebSocket ping gets its pong, with its payload."""
    client = await join(await serve(kind=kind))
    await (await client.socket.ping(b"hello"))


async def test_fragmented_and_binary_json_is_read(kind, serve, join):
    """JSON may come in fragments, and in binary messages."""
    client = await join(await serve(kind=kind))
    await client.socket.send(['{"id":2,', '"rpc":{"method"', ':"ping"}}'])
    assert (await client.receive())["id"] == 2
    await client.socket.send(b'{"id":3,"rpc":{"method":"ping"}}')
    assert (await client.receive())["id"] == 3


async def test_emulation_and_api_live_beside_it(kind, serve, web, call):
    """The rest of the application works in both settings."""
    running = await serve(kind=kind)
    assert (await web.get(f"{running.http}/health")).json() == {}
    assert "num_clients" in (await web.get(f"{running.http}/metrics")).text
    assert (await call(running, "info", {}))["result"]["nodes"][0]["num_clients"] == 0
    response = await web.get(f"{running.http}/nothing")
    assert response.status_code == 404
