"""Servers that do not open a WebSocket: refusals, redirects, garbage, silence."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import CallTimeoutError, ClientState, DisconnectedError, TransportError
from support.client.conformance.byte_peer import response
from support.client.events import Events
from support.client.peer_world import connected

PASSING = [
    "200 OK",
    "204 No Content",
    "400 Bad Request",
    "404 Not Found",
    "408 Request Timeout",
    "429 Too Many Requests",
    "500 Internal Server Error",
    "502 Bad Gateway",
    "503 Service Unavailable",
]
GARBAGE = {
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
    "zeros": bytes(200),
    "an old HTTP": b"HTTP/0.9 101 Hello\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "a status of letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "a header without a colon": b"HTTP/1.1 101 OK\r\nUpgrade websocket\r\n\r\n",
    "a head without an end": b"HTTP/1.1 101 OK\r\n" + b"X: y\r\n" * 10_000,
    "a line without an end": b"HTTP/1.1 101 " + b"x" * 100_000,
    "half a head": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso",
}
WRONG = {
    "no upgrade": {"Upgrade": "h2c"},
    "no connection": {"Connection": "close"},
    "another key": {"Sec_WebSocket_Accept": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="},
    "an empty key": {"Sec_WebSocket_Accept": ""},
    "a subprotocol that nobody asked for": {"Sec_WebSocket_Protocol": "mqtt"},
    "an extension that nobody asked for": {"Sec_WebSocket_Extensions": "permessage-deflate"},
}


@pytest.fixture
def events():
    """What was told."""
    return Events()


@pytest.fixture
def opening(make, events):
    """``opening(**options)``: a client that is connecting, and the call."""

    def begin(**options):
        client = make(**events.all("error", "connecting"), **options)
        return client, asyncio.ensure_future(client.connect())

    return begin


async def then_it_connects(peer, client, connecting, line=None):
    """The next attempt succeeds, and the client works."""
    line = await peer.accept() if line is None else await line.upgrade()
    await line.welcome()
    await connecting
    assert await asyncio.gather(client.rpc("m"), line.answer("rpc", {"data": 1}))
    assert client.stats.connects == 1


@pytest.mark.parametrize("status", PASSING)
async def test_refusals_that_may_pass(peer, opening, events, status):
    """The client tries again, and tells what HTTP has said."""
    client, connecting = opening()
    line = await peer.knock()
    await line.head()
    line.write(response(status, {"Content-Length": "4"}, b"busy"))
    error = await events.next("error")
    assert isinstance(error, TransportError)
    assert error.status == int(status[:3])
    await then_it_connects(peer, client, connecting)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_refusals_that_stay(peer, opening, events, status):
    """What no retry would change is final, at the first connect and at any later one."""
    client, connecting = opening()
    line = await peer.accept()
    await line.welcome()
    await connecting
    line.cut()
    line = await peer.knock()
    await line.head()
    line.write(response(status, {"Content-Length": "0"}))
    error = await events.next("error")
    assert error.status == int(status[:3])
    assert error.is_denied
    with pytest.raises(DisconnectedError, match=status[:3]):
        await client.rpc("m")
    assert client.state is ClientState.DISCONNECTED


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"])
async def test_redirected(peer, opening, status):
    """A redirect is followed."""
    client, connecting = opening()
    line = await peer.knock()
    await line.head()
    line.write(response(status, {"Location": "/elsewhere", "Content-Length": "0"}))
    line.fin()
    line = await peer.accept()
    assert line.request.startswith(b"GET /elsewhere ")
    await line.welcome()
    await connecting
    assert client.state is ClientState.CONNECTED


async def test_redirected_for_ever(peer, opening, events):
    """A circle of redirects is a failed attempt, not an endless one."""
    client, connecting = opening()
    for _ in range(50):
        line = await peer.knock()
        if events.count("error"):
            break  # this is the next attempt
        await line.head()
        line.write(response("302 Found", {"Location": "/again", "Content-Length": "0"}))
        line.fin()
    assert 3 < len(peer.lines) < 50
    assert isinstance(await events.next("error"), TransportError)
    await then_it_connects(peer, client, connecting, line)


@pytest.mark.parametrize("location", ["", "ftp://127.0.0.1/", "http://[/", "ws://127.0.0.1:9/"])
async def test_redirected_nowhere(peer, opening, events, location):
    """A redirect that cannot be followed is a failed attempt."""
    client, connecting = opening()
    line = await peer.knock()
    await line.head()
    headers = {"Location": location} if location else {}
    line.write(response("302 Found", headers | {"Content-Length": "0"}))
    line.fin()
    assert isinstance(await events.next("error"), TransportError)
    await then_it_connects(peer, client, connecting)


@pytest.mark.parametrize("kind", GARBAGE)
async def test_garbage(peer, opening, events, kind):
    """What is no HTTP is a failed attempt."""
    client, connecting = opening()
    line = await peer.knock()
    await line.head()
    line.write(GARBAGE[kind])
    line.fin()
    assert isinstance(await events.next("error"), TransportError)
    await then_it_connects(peer, client, connecting)


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_answer(peer, opening, events, kind):
    """An answer that RFC 6455 does not allow is a failed attempt, whatever comes after it."""
    client, connecting = opening()
    line = await peer.knock()
    await line.head()
    connect = {"id": 1, "connect": {"client": "evil"}}
    line.write(line.switching(**WRONG[kind]) + line.encoding.frame(connect))
    assert isinstance(await events.next("error"), TransportError)
    await then_it_connects(peer, client, connecting)


async def test_silence(peer, opening, events):
    """Nobody answers the handshake: after ``timeout`` another attempt is made."""
    client, connecting = opening(timeout=0.2)
    line = await peer.knock()
    error = await events.next("error")
    assert isinstance(error, TransportError)
    assert error.status is None
    await line.gone()
    await then_it_connects(peer, client, connecting)


async def test_silence_for_ever(peer, opening):
    """``connect`` gives up in time and says why; the client itself goes on, until it is closed."""
    client, connecting = opening(timeout=0.1, start_timeout=0.35)
    with pytest.raises(CallTimeoutError) as caught:
        await connecting
    assert isinstance(caught.value.__cause__, TransportError)
    assert client.state is ClientState.CONNECTING
    await client.close()
    assert client.state is ClientState.DISCONNECTED


@pytest.mark.parametrize("when", ["at once", "after the request"])
async def test_closed_without_an_answer(peer, opening, events, when):
    """The line ends before anything was said."""
    client, connecting = opening()
    line = await peer.knock()
    if when == "after the request":
        await line.head()
    line.reset()
    assert isinstance(await events.next("error"), TransportError)
    await then_it_connects(peer, client, connecting)


async def test_what_the_request_says(make, peer):
    """The path, the subprotocol and the headers; and no token, which belongs into the protocol."""
    client = make(token="secret", headers={"X-Trace": "7"})
    line = await connected(client, peer)
    assert line.request.startswith(b"GET /connection/websocket HTTP/1.1\r\n")
    assert line.header("sec-websocket-protocol") == f"centrifuge-{client.options.protocol}"
    assert line.header("x-trace") == "7"
    assert line.header("sec-websocket-extensions") == ""
    assert b"secret" not in line.request
