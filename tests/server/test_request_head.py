"""How heads are read: on their own, and as bytes on a socket, whole and cut everywhere."""

from __future__ import annotations

import asyncio
import json

import pytest

from cadenza.server.request_head import HeadError, read_head

KEY = b"unit-test-api-key"
BODY = b'{"channel":"a","data":1}'


def head(*lines: bytes) -> bytes:
    return b"\r\n".join([*lines, b"", b""])


async def answers(
    raw, running, sent: bytes, count: int = 1, cut: int = 0
) -> list[tuple[int, bytes]]:
    """Status and body of each answer to bytes that are sent whole, or in two parts."""
    reader, writer = await raw(running, upgrade=False)
    for part in (sent[:cut], sent[cut:]) if cut else (sent,):
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.002 if cut else 0)
    found = []
    for _ in range(count):
        start = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(start.split(b"content-length: ")[1].split(b"\r\n")[0])
        found.append((int(start.split(b" ")[1]), await reader.readexactly(size)))
    writer.close()
    return found


def publish(*fields: bytes, body: bytes = BODY, version: bytes = b"1.1") -> bytes:
    start = (b"POST /api/publish HTTP/" + version, b"Host: a", b"X-API-Key: " + KEY)
    return head(*start, *fields, b"Content-Length: %d" % len(body)) + body


CHUNKS = head(
    b"POST /api/publish HTTP/1.1", b"Host: a", b"X-API-Key: " + KEY, b"Transfer-Encoding: Chunked"
)
CHUNKED = CHUNKS + b"5\r\n" + BODY[:5] + b"\r\n13;x=y\r\n" + BODY[5:] + b"\r\n0\r\nA: b\r\n\r\n"

# Whatever else these ask for, they are requests to publish, and are answered as such.
PLAIN = {
    "plain": publish(),
    "curl --http2": publish(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAA"
    ),
    "java": publish(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"),
    "in upper case": publish(b"CONNECTION: UPGRADE", b"UPGRADE: H2C"),
    "repeated": publish(b"Connection: keep-alive", b"Connection: upgrade", b"Upgrade: h2c"),
    "two protocols": publish(b"Connection: upgrade", b"Upgrade: h2c, TLS/1.0"),
    "a WebSocket, where there is none": publish(b"Connection: upgrade", b"Upgrade: websocket"),
    "a wish without a protocol": publish(b"Connection: upgrade"),
    "a protocol without a wish": publish(b"Upgrade: h2c"),
    "chunks": CHUNKED,
    "chunks and an upgrade": CHUNKED.replace(
        b"Host: a", b"Host: a\r\nConnection: upgrade\r\nUpgrade: h2c", 1
    ),
    "the length twice": publish(b"Content-Length: %d" % len(BODY)),
    "folded": publish(b"X-Long: one\r\n two\r\n\tthree"),
    "an empty line before it": b"\r\n" + publish(),
    "an absolute target": publish().replace(b"POST /", b"POST http://b.example:8000/", 1),
    "a later minor version": publish(version=b"1.2"),
}


@pytest.mark.parametrize("name", PLAIN)
async def test_a_request_is_answered_as_it_is(serve, raw, name):
    """In one packet, twice on one connection, and cut at every place."""
    running, sent = await serve(), PLAIN[name]
    for status, body in await answers(raw, running, sent * 2, 2):
        assert (status, list(json.loads(body))) == (200, ["result"])
    cuts = await asyncio.gather(
        *(answers(raw, running, sent, cut=cut) for cut in range(1, len(sent)))
    )
    assert {status for ((status, _),) in cuts} == {200}


HANDSHAKE = (
    b"Host: a",
    b"Sec-WebSocket-Version: 13",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
PATH = b"/connection/websocket"


@pytest.mark.parametrize(
    "lines",
    [
        (b"Connection: Upgrade", b"Upgrade: websocket"),
        (b"Connection: keep-alive, Upgrade", b"Upgrade: WebSocket"),
        (b"Connection: keep-alive", b"Connection: UPGRADE", b"Upgrade: websocket"),
        (b"Connection: ,upgrade ,", b"Upgrade: h2c, websocket"),
        (b"Connection: upgrade", b"Upgrade: h2c", b"Upgrade: websocket"),
        (b"Connection:\r\n Upgrade", b"Upgrade:websocket\t"),
    ],
)
async def test_every_spelling_of_a_handshake_opens_a_websocket(serve, raw, lines):
    """RFC 6455, 4.2.1: lists, any case, repeated; whole and cut everywhere."""
    running = await serve()
    sent = head(b"GET " + PATH + b" HTTP/1.1", *HANDSHAKE, *lines)

    async def opened(cut: int) -> bytes:
        reader, writer = await raw(running, upgrade=False)
        writer.write(sent[:cut])
        await writer.drain()
        await asyncio.sleep(0.002)
        writer.write(sent[cut:])
        line = await reader.readline()
        writer.close()
        return line

    lines_seen = await asyncio.gather(*(opened(cut) for cut in (0, *range(1, len(sent), 3))))
    assert set(lines_seen) == {b"HTTP/1.1 101 Switching Protocols\r\n"}


@pytest.mark.parametrize(
    ("start", "lines"),
    [
        (b"GET " + PATH + b" HTTP/1.0", (b"Connection: upgrade", b"Upgrade: websocket")),
        (b"GET " + PATH + b" HTTP/1.1", (b"Connection: not-upgrade", b"Upgrade: websocket")),
        (b"GET " + PATH + b" HTTP/1.1", (b"Connection: upgrade", b"Upgrade: websockets")),
        (b"GET " + PATH + b" HTTP/1.1", (b"Upgrade: websocket",)),
    ],
)
async def test_what_asks_for_no_websocket_gets_none(serve, raw, start, lines):
    """HTTP/1.0 has no upgrades, and a word that holds another is not that word."""
    ((status, _),) = await answers(raw, await serve(), head(start, *HANDSHAKE, *lines))
    assert status == 400


async def test_an_absolute_target_brings_its_host(serve, raw):
    """It opens WebSockets too, and ``Host`` does not count then (RFC 9112, 3.2.2)."""
    upgrade = (b"Connection: upgrade", b"Upgrade: websocket")
    start = b"GET HTTP://127.0.0.1:1" + PATH + b"?format=protobuf HTTP/1.1"
    running = await serve(dashboard={"enabled": True})
    reader, writer = await raw(running, upgrade=False)
    origin = b"Origin: http://127.0.0.1:1"  # the server's own page, by the target's host
    writer.write(head(start, *HANDSHAKE, *upgrade, origin))
    assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_balancers_may_ask_for_health_by_any_method(serve, raw, method, version):
    """A HEAD has the length and no body."""
    running = await serve()
    reader, writer = await raw(running, upgrade=False)
    writer.write(head(method.encode() + b" /health HTTP/" + version, b"Host: a"))
    answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    if version == b"1.0":
        assert await reader.read() == (b"" if method == "HEAD" else b"{}")


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_a_question_about_the_server_itself_is_answered(serve, raw, version):
    """``OPTIONS *`` (RFC 9110, 9.3.7), in both of its forms."""
    for target in (b"*", b"http://a"):
        reader, writer = await raw(await serve(), upgrade=False)
        writer.write(head(b"OPTIONS " + target + b" HTTP/" + version, b"Host: a"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 204 ")


REFUSED = {
    "no host": (400, head(b"GET /health HTTP/1.1")),
    "two hosts": (400, head(b"GET /health HTTP/1.1", b"Host: a", b"Host: b")),
    "a host that is none": (400, head(b"GET /health HTTP/1.1", b"Host: a b")),
    "a blank before the colon": (400, head(b"GET /health HTTP/1.1", b"Host: a", b"A : b")),
    "a first field that is folded": (400, head(b"GET /health HTTP/1.1", b" A: b", b"Host: a")),
    "a bare line feed": (400, b"GET /health HTTP/1.1\nHost: a\n\n"),
    "a bare return": (400, head(b"GET /health HTTP/1.1", b"Host: a", b"A: b\rc: d")),
    "a null": (400, head(b"GET /health HTTP/1.1", b"Host: a", b"A: \0")),
    "two lengths": (400, publish(b"Content-Length: 3")),
    "length and chunks": (400, publish(b"Transfer-Encoding: chunked")),
    "a negative length": (400, head(b"POST /api/info HTTP/1.1", b"Host: a", b"Content-Length: -1")),
    "a signed length": (400, head(b"POST /api/info HTTP/1.1", b"Host: a", b"Content-Length: +1")),
    "chunks in HTTP/1.0": (400, CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    "chunks that are not last": (400, CHUNKED.replace(b"Chunked", b"chunked, gzip", 1)),
    "a coding that is not known": (501, CHUNKED.replace(b"Chunked", b"gzip, chunked", 1)),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "a proxy": (405, head(b"CONNECT a:443 HTTP/1.1", b"Host: a:443")),
    "a target that is no path": (400, head(b"GET health HTTP/1.1", b"Host: a")),
    "two blanks": (400, head(b"GET  /health HTTP/1.1", b"Host: a")),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_ambiguous_is_refused_and_ends_the_connection(serve, raw, name):
    """With a status and a reason; nothing that follows is read as a request."""
    status, sent = REFUSED[name]
    reader, writer = await raw(await serve(), upgrade=False)
    writer.write(sent + publish())
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_an_expectation_is_met_before_the_body(serve, raw):
    """In whichever case; HTTP/1.0 knows no such thing (RFC 9110, 10.1.1)."""
    running = await serve()
    for version, start in (
        (b"1.1", b"HTTP/1.1 100 Continue\r\n"),
        (b"1.0", b"HTTP/1.1 200 OK\r\n"),
    ):
        sent = publish(b"Expect: 100-CONTINUE", version=version)
        reader, writer = await raw(running, upgrade=False)
        writer.write(sent[: -len(BODY)])
        if version == b"1.0":
            writer.write(BODY)
        assert await reader.readline() == start
        writer.write(BODY)
        assert b'"result"' in await reader.readuntil(b"}}")
        writer.close()


async def test_a_length_in_a_body_begins_no_request(serve, raw):
    """A body that looks like a request is a body, however it is framed."""
    inside = publish()
    body = b'{"channel":"a","data":' + json.dumps(inside.decode()).encode() + b"}"
    chunked = CHUNKS + b"%x\r\n" % len(inside) + inside + b"\r\n0\r\n\r\n"
    running = await serve()
    assert [s for s, _ in await answers(raw, running, publish(body=body) + publish(), 2)] == [
        200,
        200,
    ]
    assert [s for s, _ in await answers(raw, running, chunked + publish(), 2)] == [400, 200]


@pytest.mark.parametrize(
    ("lines", "name", "value"),
    [
        ((b"A: 1", b"a: 2"), b"a", b"1, 2"),
        ((b"Cookie: a=1", b"cookie: b=2"), b"cookie", b"a=1; b=2"),
        ((b"A:\t b \t",), b"a", b"b"),
        ((b"A: b\r\n  c",), b"a", b"b c"),
        ((b"A:",), b"a", b""),
    ],
)
def test_fields_have_one_form(lines, name, value):
    """RFC 9110, 5.3 and RFC 9112, 5."""
    assert read_head(head(b"GET / HTTP/1.1", b"Host: a", *lines)).fields[name] == value


@pytest.mark.parametrize(
    ("target", "form"),
    [
        (b"/a?b#c", b"/a?b"),
        ("/ž?ü".encode(), b"/%C5%BE?%C3%BC"),
        (b"http://b", b"/"),
        (b"http://b?x", b"/?x"),
        (b"HTTPS://b:1/x", b"/x"),
    ],
)
def test_targets_have_one_form(target, form):
    """Path and query, in ASCII."""
    assert read_head(head(b"GET " + target + b" HTTP/1.1", b"Host: a")).target == form


def test_a_host_must_be_there_only_since_http_1_1():
    """RFC 9112, 3.2."""
    assert read_head(head(b"GET / HTTP/1.0")).minor == 0
    with pytest.raises(HeadError):
        read_head(head(b"GET / HTTP/1.1"))
