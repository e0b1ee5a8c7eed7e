"""The server's own socket path over real TCP, spoken to byte by byte."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest

from cadenza.protocol import frames
from cadenza.server import websocket
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
        (head(method="PUT"), b"405"),
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
        assert json.loads(await reader.readexactly(size))["errno"]
        assert await reader.read() == b""


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", b"404"), ("/connection/websocket/", b"404"), ("/health", b"200")],
)
async def test_an_upgrade_elsewhere_is_a_plain_request(serve, raw, path, status):
    """Proxies add the upgrade to whatever passes; only where WebSockets are, it means something."""
    reader, writer = await raw(await serve(), upgrade=False)
    for _ in range(2):
        writer.write(head(path=path))
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.split(b" ")[1] == status
        size = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(size)


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


async def test_native_pings_watch_over_the_client(serve, raw):
    """In frame ping mode the server sends ping frames; who answers none is closed with 3012."""
    running = await serve(client={"ping_interval": "100ms", "pong_timeout": "50ms"})
    reader, writer = await raw(running, upgrade=False)
    writer.write(head(path="/connection/websocket?cf_ws_frame_ping_pong=true"))
    await reader.readuntil(b"\r\n\r\n")
    for _ in range(2):
        assert await read_frame(reader) == (frames.PING, b"")
        writer.write(masked(frames.PONG) * 2)
    assert await read_frame(reader) == (frames.PING, b"")
    opcode, payload = await read_frame(reader)
    assert (opcode, payload[:2]) == (frames.CLOSE, struct.pack(">H", 3012))


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
