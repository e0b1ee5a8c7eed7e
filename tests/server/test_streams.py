"""HTTP streams, server-sent events, their unidirectional forms, and the way back."""

from __future__ import annotations

import asyncio
import contextlib
import json

import pytest
from msgspec import Raw

from cadenza.protocol.messages import (
    Command,
    ConnectRequest,
    EmulationRequest,
    Reply,
    SubscribeRequest,
)
from cadenza.protocol.protobuf_codec import decode_message, delimit, encode_message
from cadenza.server import queued_transport

KINDS = ["http_stream", "sse"]
ORIGIN = {"Origin": "https://allowed.example"}
EVIL = {"Origin": "https://evil.example"}
PROTO = {"Content-Type": "application/octet-stream"}


class Stream:
    """The messages of a streamed answer, one at a time."""

    def __init__(self, response):
        self.response = response
        self._lines = response.aiter_lines()

    async def receive(self):
        """The next message; ``None`` at the end."""
        async for line in self._lines:
            text = line.removeprefix("data: ")
            if text:
                return json.loads(text)
        return None

    async def rest(self):
        return [message async for message in self._all()]

    async def _all(self):
        while (message := await self.receive()) is not None:
            yield message


@pytest.fixture
async def stream(web):
    """Open streams of a kind with commands; they close with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_(running, kind, *commands, method="POST", **options):
            body = "\n".join(json.dumps(command) for command in commands)
            url = f"{running.http}/connection/{kind}"
            if method == "GET":
                options["params"] = {"cf_connect": body}
            else:
                options["content"] = body
            response = await stack.enter_async_context(web.stream(method, url, **options))
            return Stream(response)

        yield open_


@pytest.fixture
def connect(token):
    def command(user="ann"):
        return {"id": 1, "connect": {"token": token(user)}}

    return command


async def emulate(web, running, reply, *commands, **options):
    result = reply["connect"]
    data = "\n".join(json.dumps(command) for command in commands)
    body = {"session": result["session"], "node": result["node"], "data": data}
    return await web.post(f"{running.http}/emulation", json=body, **options)


@pytest.mark.parametrize(
    ("kind", "method"), [("http_stream", "POST"), ("sse", "POST"), ("sse", "GET")]
)
@pytest.mark.parametrize("way", ["socket", "asgi"])
async def test_commands_up_replies_and_pushes_down(  # noqa: PLR0917 - fixtures come by name
    serve, stream, web, connect, call, kind, method, way
):
    """The opening request connects, /emulation carries what follows, the stream the answers."""
    running = await serve(kind=way)
    opened = await stream(running, kind, connect(), method=method)
    assert opened.response.status_code == 200
    reply = await opened.receive()
    assert reply["connect"]["session"]
    sub = {"id": 2, "subscribe": {"channel": "news"}}
    answer = await emulate(web, running, reply, sub, {"id": 3, "rpc": {"method": "ping"}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert [(await opened.receive())["id"] for _ in range(2)] == [2, 3]
    await call(running, "publish", {"channel": "news", "data": {"n": 1}})
    assert (await opened.receive())["push"]["pub"]["data"] == {"n": 1}


@pytest.mark.parametrize(
    ("kind", "media_type", "first"),
    [
        ("http_stream", "application/octet-stream", b"{"),
        ("sse", "text/event-stream; charset=utf-8", b"\r\ndata: {"),
        ("uni_http_stream", "application/json", b"{"),
        ("uni_sse", "text/event-stream; charset=utf-8", b"\r\ndata: {"),
    ],
)
async def test_form_of_the_answers(serve, web, token, kind, media_type, first):  # noqa: PLR0917 - fixtures come by name
    """Media types, headers against buffering, and the bytes between messages."""
    running = await serve()
    request = {"token": token()}
    body = request if kind.startswith("uni") else {"id": 1, "connect": request}
    url = f"{running.http}/connection/{kind}"
    async with web.stream("POST", url, json=body, headers=ORIGIN) as response:
        assert response.headers["content-type"] == media_type
        assert "no-store" in response.headers["cache-control"]
        assert response.headers["x-accel-buffering"] == "no"
        assert response.headers["access-control-allow-origin"] == ORIGIN["Origin"]
        assert "content-length" not in response.headers
        data = b""
        async for part in response.aiter_raw():
            data += part
            if data.endswith(b"}\n\n" if "sse" in kind else b"}\n"):
                break
        assert data.startswith(first)
        assert json.loads(data.strip().removeprefix(b"data: "))


async def test_protobuf_stream(serve, web, token):
    """Messages behind their lengths, both ways."""
    running = await serve()
    command = Command(id=1, connect=ConnectRequest(token=token()))
    body = delimit(encode_message(command))
    url = f"{running.http}/connection/http_stream"
    async with web.stream("POST", url, content=body, headers=PROTO) as response:
        parts = response.aiter_raw()
        (reply,) = replies(await anext(parts))
        assert reply.connect.session
        subscribe = Command(id=2, subscribe=SubscribeRequest(channel="news"))
        up = EmulationRequest(
            session=reply.connect.session,
            node=reply.connect.node,
            data=Raw(delimit(encode_message(subscribe))),
        )
        content = encode_message(up)
        answer = await web.post(f"{running.http}/emulation", content=content, headers=PROTO)
        assert answer.status_code == 204
        (reply,) = replies(await anext(parts))
        assert (reply.id, reply.subscribe is not None) == (2, True)


def replies(data):
    """The messages of length-prefixed bytes, all shorter than 16 KiB."""
    found = []
    while data:
        size, at = data[0], 1
        if size & 0x80:
            size, at = (size & 0x7F) | data[1] << 7, 2
        found.append(decode_message(Reply, data[at : at + size]))
        data = data[at + size :]
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_an_api_disconnect_is_pushed_and_ends_the_stream(serve, stream, connect, call, kind):
    """There is no close frame: a push says why."""
    running = await serve()
    opened = await stream(running, kind, connect())
    await opened.receive()
    await call(running, "disconnect", {"user": "ann"})
    end = {"disconnect": {"code": 3503, "reason": "force disconnect"}}
    assert await opened.rest() == [{"push": end}]
    assert not running.node.open_connections


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b"\xff", b'{"id":2,"rpc":{}}'])
async def test_malformed_openings_are_told_3501(serve, web, kind, body):
    """What is no connect command is answered with a disconnect push."""
    running = await serve()
    response = await web.post(f"{running.http}/connection/{kind}", content=body)
    assert response.status_code == 200
    pushed = json.loads(response.text.strip().removeprefix("data: "))
    assert pushed["push"]["disconnect"]["code"] == 3501


@pytest.mark.parametrize("kind", ["uni_http_stream", "uni_sse"])
async def test_unidirectional_streams(serve, stream, token, call, kind):
    """A bare connect request; bare pushes come back, the first tells of the connection."""
    running = await serve()
    subs = {"token": token(), "subs": {}}
    opened = await stream(running, kind, subs)
    first = await opened.receive()
    assert first["connect"]["client"]
    await call(running, "subscribe", {"user": "ann", "channel": "news"})
    assert (await opened.receive())["channel"] == "news"
    await call(running, "publish", {"channel": "news", "data": 5})
    while "pub" not in (push := await opened.receive()):
        pass
    assert push["pub"]["data"] == 5
    await call(running, "disconnect", {"user": "ann"})
    assert (await opened.rest())[-1]["disconnect"]["code"] == 3503


async def test_event_source_without_commands(serve, web):
    """GET without ``cf_connect`` is 400."""
    running = await serve()
    for kind in ("sse", "uni_sse"):
        assert (await web.get(f"{running.http}/connection/{kind}")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/connection/http_stream", 405),
        ("PUT", "/connection/http_stream", 405),
        ("DELETE", "/connection/sse", 405),
        ("GET", "/emulation", 405),
        ("OPTIONS", "/emulation", 204),
        ("OPTIONS", "/connection/http_stream", 204),
        ("OPTIONS", "/connection/sse", 405),
    ],
)
async def test_methods(serve, web, method, path, status):
    """Other methods than POST (and GET for events) are refused; OPTIONS is a preflight."""
    running = await serve()
    response = await web.request(method, running.http + path, headers=ORIGIN)
    assert response.status_code == status
    assert ("allow" in response.headers) == (status == 405)


async def test_preflight(serve, web):
    """The answer names what a page of an allowed origin may do, and tells others nothing."""
    running = await serve()
    asked = {**ORIGIN, "Access-Control-Request-Headers": "content-type"}
    response = await web.options(f"{running.http}/emulation", headers=asked)
    assert response.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert response.headers["access-control-max-age"] == "300"
    assert response.headers["access-control-allow-headers"] == "content-type"
    assert response.headers["access-control-allow-origin"] == ORIGIN["Origin"]
    response = await web.options(f"{running.http}/emulation", headers=EVIL)
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/connection/http_stream", "/connection/sse", "/emulation"])
async def test_other_origins_are_refused(serve, web, path):
    """403, as for WebSockets."""
    running = await serve()
    response = await web.post(running.http + path, content=b"{}", headers=EVIL)
    assert response.status_code == 403


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/connection/http_stream", "http_stream"),
        ("/connection/sse", "sse"),
        ("/connection/uni_http_stream", "uni_http_stream"),
        ("/connection/uni_sse", "uni_sse"),
        ("/emulation", "emulation"),
    ],
)
async def test_too_large_bodies(serve, web, path, section):
    """413 beyond the limit, with a length or in chunks; the limit itself is fine."""
    running = await serve(**{section: {"max_request_body_size": 100}})

    async def chunks():
        for _ in range(10):
            yield b"x" * 11

    for content in (b"x" * 101, chunks()):
        response = await web.post(running.http + path, content=content)
        assert response.status_code == 413
    assert (await web.post(running.http + path, content=b"x" * 100)).status_code != 413


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b"\xff", {}, 400),
        (b'{"session":1}', {}, 400),
        (b'{"session":"s","node":"nobody","data":"{}"}', {}, 404),
        (b'{"session":"nobody","node":"NODE","data":"{}"}', {}, 204),
        (b'{"session":"nobody","node":"NODE","data":{}}', {}, 204),
        (b"\xff\xff\xff", PROTO, 400),
        (b"\x0a\x7fshort", PROTO, 400),
    ],
)
async def test_emulation_errors(serve, web, body, headers, status):
    """400 malformed, 404 unknown node, 204 for a session that is not (any more) there."""
    running = await serve()
    body = body.replace(b"NODE", running.node.uid.encode())
    response = await web.post(f"{running.http}/emulation", content=body, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize("kind", KINDS)
async def test_refusals_before_the_stream(serve, web, token, kind):
    """Limits and tokens in headers hold for streams as for WebSockets."""
    running = await serve(client={"connection_limit": 1}, websocket={"require_authorization": True})
    url = f"{running.http}/connection/{kind}"
    response = await web.post(url, json={"id": 1, "connect": {}})
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    running.node.open_connections.add(object())
    response = await web.post(url, json={"id": 1, "connect": {}})
    assert response.status_code == 503
    running.node.open_connections.clear()
    headers = {"Authorization": f"Bearer {token('ann')}"}
    opening = web.stream("POST", url, json={"id": 1, "connect": {}}, headers=headers)
    async with opening as response:
        stream = Stream(response)
        assert "connect" in await stream.receive()


@pytest.mark.parametrize("way", ["socket", "asgi"])
@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_that_leaves_ends_its_connection(  # noqa: PLR0917 - fixtures come by name
    serve, stream, join, connect, kind, way, until
):
    """Closing the response is leaving: the connection ends and others are told."""
    running = await serve(kind=way, channel={"without_namespace": {"force_push_join_leave": True}})
    ben = await join(running, "ben")
    await ben.ask({"id": 2, "subscribe": {"channel": "news"}})
    subscribe = {"id": 2, "subscribe": {"channel": "news"}}
    opened = await stream(running, kind, connect(), subscribe)
    await opened.receive()
    await opened.receive()
    await opened.response.aclose()
    while "leave" not in (push := (await ben.receive())["push"]):
        pass
    assert push["leave"]["info"]["user"] == "ann"
    await until(lambda: len(running.node.open_connections) == 1)


async def test_shutdown_ends_streams(serve, stream, connect):
    """Open streams are told 3001 and do not hold the server up."""
    running = await serve()
    opened = await stream(running, "sse", connect())
    await opened.receive()
    ending = asyncio.create_task(running.server.shutdown())
    (push,) = await opened.rest()
    assert push["push"]["disconnect"]["code"] == 3001
    await ending


async def test_a_stream_nobody_reads_is_bounded(serve, connect, until, monkeypatch):
    """Its queue has the limit of a WebSocket's, and its end does not wait for the client."""
    monkeypatch.setattr(queued_transport, "CLOSE_TIMEOUT", 0.05)
    running = await serve(client={"queue_max_size": 200_000})
    body = json.dumps(connect()) + '\n{"id":2,"subscribe":{"channel":"news"}}'
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    length = f"Host: a\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(f"POST /connection/http_stream HTTP/1.1\r\n{length}{body}".encode())
    await reader.readuntil(b'"subscribe"')
    writer.transport.pause_reading()
    (connection,) = running.node.open_connections
    largest = 0
    while connection.is_open:
        await running.node.publish("news", b'"' + b"x" * 50_000 + b'"')
        largest = max(largest, connection.queued_bytes + connection.transport._size)
        await asyncio.sleep(0)
    assert running.node.disconnect_counts[3008] == 1
    assert largest <= 200_000 + queued_transport.HIGH_WATER + 100_000
    await until(lambda: not running.server.server_state.tasks)
    writer.transport.abort()


async def test_a_body_that_stops_in_the_middle_is_no_error(serve, until, caplog):
    """A client that leaves while it sends its body is not worth a traceback in the log."""
    running = await serve()
    _, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
    await until(lambda: running.server.server_state.tasks)
    writer.transport.abort()
    await until(lambda: not running.server.server_state.tasks)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_transports_are_off_unless_enabled(serve, web):
    """A stream is served only where the configuration says so; /emulation goes with them."""
    off = {"enabled": False}
    running = await serve(sse=off, http_stream=off, uni_sse=off, uni_http_stream=off)
    for path in ("sse", "http_stream", "uni_sse", "uni_http_stream"):
        assert (await web.post(f"{running.http}/connection/{path}")).status_code == 404
    assert (await web.post(f"{running.http}/emulation")).status_code == 404
