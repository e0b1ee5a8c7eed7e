"""Deadlines and limits of what is not a WebSocket yet."""

from __future__ import annotations

import asyncio
import json
import socket
from urllib.parse import quote

import pytest

from cadenza.server import http_protocol

UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /", b"GET / HTTP/1.1\r\nA: b\r\n"])
async def test_half_a_request_is_dropped_in_time(serve, raw, monkeypatch, sent):
    """A socket that says nothing, or stops in the middle of a head."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.05)
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(sent)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_half_a_second_request_is_dropped_in_time(serve, raw, monkeypatch):
    """A kept connection has the same deadline for its next head."""
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.2)
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
    writer.write(b"\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_half_a_body_is_dropped_in_time(serve, raw, monkeypatch):
    """So is a body that was announced and does not come."""
    monkeypatch.setattr(http_protocol, "BODY_TIMEOUT", 0.05)
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_an_open_stream_has_no_deadline(serve, raw, monkeypatch, token):
    """Deadlines are for requests; an answer may go on for ever."""
    for name in ("HEAD_TIMEOUT", "BODY_TIMEOUT", "WRITE_TIMEOUT"):
        monkeypatch.setattr(http_protocol, name, 0.05)
    running = await serve()
    reader, writer = await raw(running, upgrade=False)
    body = json.dumps({"id": 1, "connect": {"token": token()}}).encode()
    writer.write(
        b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await reader.readuntil(b'"connect"')
    await asyncio.sleep(0.15)
    assert len(running.node.open_connections) == 1


async def test_an_answer_nobody_reads_is_dropped_in_time(serve, raw, monkeypatch, until):
    """A peer that asks and does not read is dropped."""
    running = await serve()
    monkeypatch.setattr(http_protocol, "WRITE_TIMEOUT", 0.05)
    _, writer = await raw(running, upgrade=False, receive_buffer=4096)
    writer.transport.pause_reading()
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 5000)
    await until(lambda: not running.server.server_state.connections)


async def test_an_endless_head_is_refused(serve, raw):
    """431 beyond the limit, however the bytes are spread."""
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(b"GET / HTTP/1.1\r\nA: ")
    writer.write(b"x" * (http_protocol.HEAD_LIMIT + 10))
    assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("pieces", [1, 3])
async def test_a_large_body_is_no_head(serve, raw, pieces):
    """Bytes that end a body are not counted as the head of what follows."""
    reader, writer = await raw(await serve(), upgrade=False)
    body = b" " * (3 * http_protocol.HEAD_LIMIT)
    head = f"POST /api/info HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
    sent, size = head.encode() + body, (len(head) + len(body)) // pieces + 1
    for at in range(0, len(sent), size):
        writer.write(sent[at : at + size])
        await writer.drain()
    assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await reader.readuntil(b"{}")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\x01\x02\x03" * 10,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET http://[::bad HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_garbage_is_answered_with_400(serve, raw, garbage):
    """What is no HTTP gets 400 and the end."""
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(garbage)
    assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
    await reader.read()


async def test_upgrade_to_something_else_is_a_plain_request(serve, raw):
    """``h2c`` is not spoken; the request is answered as if it had not asked."""
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_upgrade_behind_an_unanswered_request_is_dropped(serve, raw, token, until):
    """A stream in progress has the socket; an upgrade would leave it without one."""
    running = await serve()
    reader, writer = await raw(running, upgrade=False)
    body = json.dumps({"id": 1, "connect": {"token": token()}}).encode()
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\n" + length + body)
    await reader.readuntil(b'"connect"')
    writer.write(UPGRADE)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readuntil(b"HTTP/1.1 101 ")
    await until(lambda: not running.node.open_connections)


async def test_many_silent_sockets_leave_room_for_others(serve, join, until, monkeypatch):
    """Hundreds of half-open handshakes are dropped in time, and serve nobody worse."""
    running = await serve()
    loop = asyncio.get_running_loop()
    socks = []
    deadlines = []
    later = loop.call_later

    def call_later(delay, callback, *arguments, **options):
        if delay == http_protocol.HEAD_TIMEOUT:
            deadlines.append(callback)
            return later(3600, callback)
        return later(delay, callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_later", call_later)
    try:
        for number in range(400):
            sock = socket.socket()
            sock.setblocking(False)
            socks.append(sock)
            await loop.sock_connect(sock, ("127.0.0.1", running.port))
            if number % 2:
                await loop.sock_sendall(sock, b"GET /connection/websocket HTTP/1.1\r\nA")
        open_sockets = running.server.server_state.connections
        await until(lambda: len(open_sockets) == 400)
        ann = await join(running)
        assert (await ann.ask({"id": 2, "rpc": {"method": "ping"}}))["id"] == 2
        for callback in deadlines[:400]:
            callback()
        await until(lambda: len(open_sockets) == 1)
    finally:
        for sock in socks:
            sock.close()


async def test_an_idle_connection_outlives_those_of_balancers(serve, raw, monkeypatch, config_of):
    """It is closed after what is configured: 75 s unless somebody says otherwise."""
    assert config_of().http_server.keep_alive_timeout == 75
    running = await serve(http_server={"keep_alive_timeout": "90s"})
    loop, delays = asyncio.get_running_loop(), []
    later = loop.call_later

    def call_later(delay, callback, *arguments, **options):
        if delay == 90:
            delays.append(callback)
        return later(delay, callback, *arguments, **options)

    monkeypatch.setattr(loop, "call_later", call_later)
    reader, writer = await raw(running, upgrade=False)
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"{}")
    (close,) = delays
    close()
    assert await reader.read() == b""


async def test_idle_connections_may_have_no_limit(serve, raw):
    """0: they are kept for ever."""
    running = await serve(http_server={"keep_alive_timeout": 0})
    reader, writer = await raw(running, upgrade=False)
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    await reader.readuntil(b"{}")
    await asyncio.sleep(0.05)
    (protocol,) = running.server.server_state.connections
    assert protocol.timeout_keep_alive_task is None
    writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await reader.readuntil(b"{}")


@pytest.mark.parametrize("path", ["uni_sse", "sse"])
async def test_http_1_0_gets_events_without_chunks(serve, raw, path, token):
    """What ends a stream there is the end of the connection (RFC 9112, 6.1)."""
    running = await serve()
    reader, writer = await raw(running, upgrade=False)
    connect = json.dumps(
        {"token": token()} if path == "uni_sse" else {"id": 1, "connect": {"token": token()}}
    )
    target = f"/connection/{path}?cf_connect={quote(connect)}"
    writer.write(f"GET {target} HTTP/1.0\r\n\r\n".encode())
    start = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert start.startswith(b"http/1.1 200 ")
    assert b"transfer-encoding" not in start
    assert b"\r\nconnection: close\r\n" in start
    assert (await reader.readuntil(b"\n\n")).lstrip(b"\r\n").startswith(b"data: {")
    await running.node.shutdown()
    assert (await reader.read()).endswith(b"\n\n")


@pytest.mark.parametrize("path", ["uni_http_stream", "http_stream"])
async def test_http_1_0_gets_a_stream_without_chunks(serve, raw, path, token):
    """The same for lines of JSON."""
    running = await serve()
    reader, writer = await raw(running, upgrade=False)
    body = json.dumps(
        {"token": token()} if path[0] == "u" else {"id": 1, "connect": {"token": token()}}
    )
    fields = f"Connection: keep-alive\r\nContent-Length: {len(body)}"
    writer.write(f"POST /connection/{path} HTTP/1.0\r\n{fields}\r\n\r\n{body}".encode())
    start = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert b"transfer-encoding" not in start
    assert json.loads(await reader.readline())
    await running.node.shutdown()
    assert all(json.loads(line) for line in (await reader.read()).splitlines())
