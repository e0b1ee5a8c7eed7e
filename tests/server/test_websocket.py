"""The server's own socket path over real TCP, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import json
import socket
import struct

import pytest

from cadenza.server import frames, http_protocol, websocket
from cadenza.server.websocket import parse_head

KEY_LINES = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
PING_RPC = b'{"id":2,"rpc":{"method":"ping"}}'


def head(method="GET", path="/connection/websocket", extra=""):
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{KEY_LINES}{extra}\r\n".encode()


def masked(opcode, payload=b"", first=0x80):
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
    return bytes([first | opcode]) + length + b"\0\0\0\0" + payload


async def open_tcp(running, receive_buffer=0):
    sock = socket.socket()
    sock.setblocking(False)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", running.port))
    return await asyncio.open_connection(sock=sock, limit=2**16)


@pytest.fixture
async def raw():
    """Open TCP connections, upgraded if asked; they are closed with the test."""
    writers = []

    async def open_(running, *, upgrade=True, first=b"", **options):
        reader, writer = await open_tcp(running, **options)
        writers.append(writer)
        if upgrade:
            writer.write(head() + first)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 101 ")
        return reader, writer

    yield open_
    for writer in writers:
        writer.transport.abort()


async def read_frame(reader):
    """One short or middle-sized server frame: its opcode and payload."""
    first, size = await reader.readexactly(2)
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    elif size == 127:
        size = int.from_bytes(await reader.readexactly(8), "big")
    return first & 0x0F, await reader.readexactly(size)


async def connected(raw, running, token, **options):
    reader, writer = await raw(running, **options)
    connect = json.dumps({"id": 1, "connect": {"token": token()}}).encode()
    writer.write(masked(frames.TEXT, connect))
    assert b'"connect"' in (await read_frame(reader))[1]
    return reader, writer


async def test_the_101_says_what_was_agreed(serve, raw):
    """Status line and the headers of RFC 6455, section 4.2.2."""
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(head(extra="Sec-WebSocket-Protocol: centrifuge-json\r\n"))
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 101 Switching Protocols"
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in lines
    assert "Sec-WebSocket-Protocol: centrifuge-json" in lines


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (head(method="POST"), b"405"),
        (head(path="/nothing"), b"404"),
        (head(path="/connection/websocket/"), b"404"),
        (head(path="/health"), b"404"),
        (head(extra="Origin: https://evil.example\r\n"), b"403"),
        (head(extra="Authorization: Bearer x\r\n"), b"401"),
        (head().replace(b": 13", b": 7"), b"400"),
        (head(path="/connection/websocket?" + "a" * 3000), b"101"),
    ],
)
async def test_answers_to_an_upgrade(serve, raw, request_bytes, status):
    """The answer is complete, and a refusal ends the connection."""
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(request_bytes)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.split(b" ")[1] == status
    if status != b"101":
        size = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        assert json.loads(await reader.readexactly(size))["error"]["code"]
        assert await reader.read() == b""


async def test_frames_behind_the_request_are_not_lost(serve, raw, token):
    """A client may send its first command in the segment of its upgrade request."""
    connect = json.dumps({"id": 1, "connect": {"token": token()}}).encode()
    reader, _ = await raw(await serve(), first=masked(frames.TEXT, connect))
    assert b'"connect"' in (await read_frame(reader))[1]


async def test_frames_sent_while_a_token_is_checked_are_not_lost(serve, raw, token):
    """A verifier that waits for a key delays the upgrade, not what comes after it."""
    running = await serve()
    key_is_here = asyncio.Event()
    verifier = running.node.access.verifier
    verify = verifier.connect

    async def slow(*arguments):
        await key_is_here.wait()
        return verify(*arguments)

    verifier.connect = slow
    reader, writer = await raw(running, upgrade=False)
    writer.write(head(extra=f"Authorization: Bearer {token()}\r\n"))
    writer.write(masked(frames.TEXT, b'{"id":1,"connect":{}}'))
    await writer.drain()
    await asyncio.sleep(0)
    key_is_here.set()
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    assert b'"connect"' in (await read_frame(reader))[1]


async def test_a_verifier_that_fails_drops_the_client(serve, raw, token):
    """Nobody waits for ever for a decision that will not come; the log says why."""
    running = await serve()

    async def broken(*_):
        await asyncio.sleep(0)
        raise RuntimeError("no keys today")

    running.node.access.verifier.connect = broken
    reader, writer = await raw(running, upgrade=False)
    writer.write(head(extra=f"Authorization: Bearer {token()}\r\n"))
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


async def test_a_flood_before_the_upgrade_is_dropped(serve, raw, token):
    """Bytes that wait for a decision are bounded."""
    running = await serve()
    running.node.access.verifier.connect = lambda *_: asyncio.sleep(3600)
    reader, writer = await raw(running, upgrade=False)
    writer.write(head(extra=f"Authorization: Bearer {token()}\r\n"))
    writer.write(b"x" * 4 * websocket.EARLY_LIMIT)
    with pytest.raises(ConnectionError):
        await reader.readexactly(1)


async def test_close_is_answered_and_the_socket_closed(serve, raw, until):
    """The client's close frame comes back, then TCP ends."""
    running = await serve()
    reader, writer = await raw(running)
    writer.write(masked(frames.CLOSE, struct.pack(">H", 1001) + b"bye"))
    assert await read_frame(reader) == (frames.CLOSE, struct.pack(">H", 1001))
    assert await reader.read() == b""
    await until(lambda: not running.node.open_connections)


async def test_the_server_waits_for_the_answer_to_its_close(serve, raw):
    """After its close frame the server keeps the socket until the client has answered."""
    reader, writer = await raw(await serve())
    writer.write(masked(frames.TEXT, b"nonsense"))
    opcode, payload = await read_frame(reader)
    assert (opcode, payload[:2]) == (frames.CLOSE, struct.pack(">H", 3501))
    writer.write(masked(frames.PING, b"x") + masked(frames.TEXT, PING_RPC))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(1), 0.1)
    writer.write(masked(frames.CLOSE, payload[:2]))
    assert await reader.read() == b""


async def test_a_client_that_does_not_answer_is_dropped(serve, raw, monkeypatch):
    """The wait for the client's close frame has an end."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.05)
    reader, writer = await raw(await serve())
    writer.write(masked(frames.TEXT, b"nonsense"))
    assert (await read_frame(reader))[0] == frames.CLOSE
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x81\x05hello", 1002),
        (masked(frames.TEXT, b"x", first=0xC0), 1002),
        (masked(0x3), 1002),
        (masked(frames.CONTINUATION, b"x"), 1002),
        (masked(frames.PING, b"x", first=0), 1002),
        (masked(frames.TEXT, b"\xff\xfe"), 1007),
        (b"\x82\xff" + struct.pack(">Q", 2**40) + b"\0\0\0\0", 1009),
        (masked(frames.TEXT, first=0) + masked(frames.CONTINUATION, first=0) * 2000, 1009),
    ],
)
async def test_broken_framing_has_its_close_code(serve, raw, data, code, until):
    """RFC 6455, section 7.4.1, with an empty reason; the connection is over at once."""
    running = await serve()
    reader, writer = await raw(running)
    writer.write(data)
    assert await read_frame(reader) == (frames.CLOSE, struct.pack(">H", code))
    await until(lambda: not running.node.open_connections)


async def test_messages_before_broken_framing_are_answered(serve, raw, token):
    """What came before the violation was read, and its answers come before the close frame."""
    reader, writer = await connected(raw, await serve(), token)
    writer.write(masked(frames.TEXT, PING_RPC) + masked(0x3))
    assert [(await read_frame(reader))[0] for _ in range(2)] == [frames.TEXT, frames.CLOSE]


async def test_pings_have_pongs_in_order(serve, raw, token):
    """Each ping is answered with its payload."""
    reader, writer = await connected(raw, await serve(), token)
    writer.write(masked(frames.PING, b"1") + masked(frames.PONG) + masked(frames.PING, b"2"))
    assert await read_frame(reader) == (frames.PONG, b"1")
    assert await read_frame(reader) == (frames.PONG, b"2")


async def test_end_of_the_stream_ends_the_connection(serve, raw, until):
    """A client that ends its side without a close frame is gone."""
    running = await serve()
    reader, writer = await raw(running)
    writer.write_eof()
    assert await reader.read() == b""
    await until(lambda: not running.node.open_connections)


async def test_a_client_that_never_reads_is_dropped(serve, raw, token, until, monkeypatch):
    """Its queue is bounded: 3008, and TCP ends although it takes not even the close frame."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.05)
    running = await serve(client={"queue_max_size": 100_000})
    reader, writer = await connected(raw, running, token, receive_buffer=4096)
    writer.write(masked(frames.TEXT, b'{"id":2,"subscribe":{"channel":"news"}}'))
    await read_frame(reader)
    writer.transport.pause_reading()
    (connection,) = running.node.open_connections
    largest = 0
    while connection.is_open:
        await running.node.publish("news", b'"' + b"x" * 50_000 + b'"')
        largest = max(largest, connection.queued_bytes)
        await asyncio.sleep(0)
    assert running.node.disconnect_counts[3008] == 1
    assert largest <= 100_000
    assert connection.queued_bytes == 0
    await until(lambda: not running.server.server_state.connections)


async def test_pongs_do_not_pile_up(serve, raw, token, until):
    """Who sends pings and reads nothing gets no more pongs once its buffer is full."""
    running = await serve()
    _, writer = await connected(raw, running, token, receive_buffer=4096)
    writer.transport.pause_reading()
    (connection,) = running.node.open_connections
    sock = connection.transport._socket
    pings = masked(frames.PING, b"p" * 125) * 1000
    while not connection.paused:
        writer.write(pings)
        await writer.drain()
    full = sock.get_write_buffer_size()
    for _ in range(50):
        writer.write(pings)
        await writer.drain()
    writer.write(masked(frames.CLOSE))
    await until(lambda: not connection.is_open)
    assert sock.get_write_buffer_size() <= full + 1000


async def test_closing_does_not_wait_for_one_that_does_not_read(
    serve, raw, token, until, monkeypatch
):
    """Even after both close frames the socket is dropped in time."""
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.05)
    running = await serve()
    _, writer = await connected(raw, running, token, receive_buffer=4096)
    writer.transport.pause_reading()
    (connection,) = running.node.open_connections
    while not connection.paused:
        connection.write(frames.frame(frames.BINARY, b"x" * 100_000))
    writer.write(masked(frames.CLOSE))
    await until(lambda: not running.server.server_state.connections)


async def test_shutdown_waits_for_close_frames(serve, raw, token):
    """Clients get 3001 and time to answer; then nothing listens any more."""
    running = await serve()
    reader, writer = await connected(raw, running, token)
    ending = asyncio.create_task(running.server.shutdown())
    opcode, payload = await read_frame(reader)
    assert (opcode, payload[:2]) == (frames.CLOSE, struct.pack(">H", 3001))
    assert not ending.done()
    writer.write(masked(frames.CLOSE, payload[:2]))
    assert await reader.read() == b""
    await ending
    with pytest.raises(ConnectionError):
        await asyncio.open_connection("127.0.0.1", running.port)


async def test_other_clients_live_beside_broken_ones(serve, raw, join):
    """Garbage on some sockets changes nothing for the others."""
    running = await serve()
    ann = await join(running)
    for data in (b"\xff" * 100, masked(0x3), masked(frames.TEXT, b"{")):
        _, writer = await raw(running)
        writer.write(data)
    assert (await ann.ask({"id": 2, "rpc": {"method": "ping"}}))["id"] == 2


def test_parse_head_reads_what_uvicorn_writes():
    """Repeated headers become one list; the query is apart from the path."""
    data = b"GET /a?b=c?d HTTP/1.1\r\nx: 1\r\ny: \xfc:2\r\nx:  3 \r\n\r\n"
    request = parse_head(data)
    assert request == ("GET", "/a", "b=c?d", {"x": "1, 3", "y": "ü:2"})


class TestHttpProtocol:
    """Deadlines and limits of what is not a WebSocket yet."""

    @pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET /", b"GET / HTTP/1.1\r\nA: b\r\n"])
    async def test_half_a_request_is_dropped_in_time(self, serve, raw, monkeypatch, sent):
        """A socket that says nothing, or stops in the middle of a head."""
        monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.05)
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(sent)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    async def test_half_a_second_request_is_dropped_in_time(self, serve, raw, monkeypatch):
        """A kept connection has the same deadline for its next head."""
        monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT", 0.2)
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"{}")).startswith(b"HTTP/1.1 200")
        writer.write(b"\r\n")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    async def test_half_a_body_is_dropped_in_time(self, serve, raw, monkeypatch):
        """So is a body that was announced and does not come."""
        monkeypatch.setattr(http_protocol, "BODY_TIMEOUT", 0.05)
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(b"POST /connection/http_stream HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)

    async def test_an_open_stream_has_no_deadline(self, serve, raw, monkeypatch, token):
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

    async def test_an_answer_nobody_reads_is_dropped_in_time(self, serve, raw, monkeypatch, until):
        """A peer that asks and does not read is dropped."""
        running = await serve()
        monkeypatch.setattr(http_protocol, "WRITE_TIMEOUT", 0.05)
        _, writer = await raw(running, upgrade=False, receive_buffer=4096)
        writer.transport.pause_reading()
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n" * 5000)
        await until(lambda: not running.server.server_state.connections)

    async def test_an_endless_head_is_refused(self, serve, raw):
        """431 beyond the limit, however the bytes are spread."""
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(b"GET / HTTP/1.1\r\nA: ")
        writer.write(b"x" * (http_protocol.HEAD_LIMIT + 10))
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")

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
    async def test_garbage_is_answered_with_400(self, serve, raw, garbage):
        """What is no HTTP gets 400 and the end."""
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(garbage)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400 ")
        await reader.read()

    async def test_upgrade_to_something_else_is_a_plain_request(self, serve, raw):
        """``h2c`` is not spoken; the request is answered as if it had not asked."""
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(b"GET /health HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")

    async def test_upgrade_behind_an_unanswered_request_is_dropped(self, serve, raw, token, until):
        """A stream in progress has the socket; an upgrade would leave it without one."""
        running = await serve()
        reader, writer = await raw(running, upgrade=False)
        body = json.dumps({"id": 1, "connect": {"token": token()}}).encode()
        length = f"Content-Length: {len(body)}\r\n\r\n".encode()
        writer.write(b"POST /connection/http_stream HTTP/1.1\r\nHost: a\r\n" + length + body)
        await reader.readuntil(b'"connect"')
        writer.write(head())
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readuntil(b"HTTP/1.1 101 ")
        await until(lambda: not running.node.open_connections)

    async def test_many_silent_sockets_leave_room_for_others(self, serve, join, until, monkeypatch):
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
