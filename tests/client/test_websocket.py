"""The transport over real sockets: what comes early, what is held back, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from base64 import b64encode

import pytest

import cadenza.client
from cadenza.client import DisconnectedError, TransportError
from cadenza.client.codec import CODECS
from cadenza.client.options import ClientOptions
from cadenza.client.websocket import dial_websocket
from cadenza.protocol import frames

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATIENCE = 10


class Heard:
    """A receiver that keeps what it is told."""

    def __init__(self):
        self.frames = []
        self.end = asyncio.get_running_loop().create_future()
        self.came = asyncio.Event()

    def frame(self, data):
        self.frames.append(data)
        self.came.set()

    def writable(self):
        pass

    def lost(self, code, reason):
        self.end.set_result((code, reason))


@contextlib.asynccontextmanager
async def raw_server(after_head, status="101 Switching Protocols"):
    """A server that answers the handshake and sends bytes in the same packet."""
    heard = asyncio.get_running_loop().create_future()

    async def handle(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(it for it in head.split(b"\r\n") if it.lower().startswith(b"sec-websocket-key"))
        digest = hashlib.sha1(key.split(b": ")[1] + GUID).digest()
        answer = (
            f"HTTP/1.1 {status}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {b64encode(digest).decode()}\r\n"
        )
        if not status.startswith("101"):
            answer += f"Content-Length: {len(after_head)}\r\n"
        writer.write(answer.encode() + b"\r\n" + after_head)
        received = await reader.read(-1)
        writer.close()
        await writer.wait_closed()
        heard.set_result(received)

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"ws://127.0.0.1:{port}/connection/websocket", heard
        await heard


async def dialed(url):
    return await dial_websocket(url, CODECS["json"], ClientOptions())


async def test_what_comes_with_the_handshake_is_delivered():
    """A frame and a half in the packet of the answer are not lost."""
    async with (
        asyncio.timeout(PATIENCE),
        raw_server(frames.frame(frames.TEXT, b"one") + b"\x81") as (
            url,
            _,
        ),
    ):
        socket, heard = await dialed(url), Heard()
        socket.start(heard)
        assert heard.frames == [b"one"]
        socket.feed(b"\x03two")
        assert heard.frames == [b"one", b"two"]
        await socket.close()


async def test_a_paused_transport_holds_back():
    """Nothing is delivered while it is paused, not even the end; all of it afterwards, in order."""
    both = frames.frame(frames.TEXT, b"one") + frames.frame(frames.TEXT, b"two")
    async with (
        asyncio.timeout(PATIENCE),
        raw_server(both + frames.close_frame(3001, "shutdown")) as (
            url,
            _,
        ),
    ):
        socket, heard = await dialed(url), Heard()
        assert heard.frames == []
        take = heard.frame

        def pause_at_first(data):
            take(data)
            socket.pause()

        heard.frame = pause_at_first
        socket.start(heard)
        assert (heard.frames, heard.end.done()) == ([b"one"], False)
        socket.resume()
        assert (heard.frames, heard.end.done()) == ([b"one", b"two"], False)
        socket.resume()
        assert await heard.end == (3001, "shutdown")
        await socket.close()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"\x81\x81\0\0\0\0x", 1002),  # masked
        (b"\x91\x01x", 1002),  # a reserved bit
        (b"\x83\x01x", 1002),  # an unknown opcode
        (b"\x81\x7f" + (2**32).to_bytes(8, "big"), 1009),  # 4 GiB
    ],
)
async def test_broken_framing_ends_the_connection(sent, code):
    """The peer is told the code of RFC 6455, the receiver hears it after what was good."""
    good = frames.frame(frames.TEXT, b"good")
    async with asyncio.timeout(PATIENCE), raw_server(good + sent) as (url, received):
        socket, heard = await dialed(url), Heard()
        socket.start(heard)
        assert heard.frames == [b"good"]
        assert await heard.end == (code, "")
        await socket.close()
        (answer,) = frames.FrameReader(1024).feed(await received)
        assert (answer[0], answer[1][:2]) == (frames.CLOSE, code.to_bytes(2, "big"))


async def test_native_pings_are_answered():
    """A ping of the WebSocket itself gets its pong, with the same bytes."""
    async with (
        asyncio.timeout(PATIENCE),
        raw_server(frames.frame(frames.PING, b"p")) as (url, received),
    ):
        socket, heard = await dialed(url), Heard()
        socket.start(heard)
        await socket.close()
        pong, close = frames.FrameReader(1024).feed(await received)
        assert (pong, close[0]) == ((frames.PONG, b"p"), frames.CLOSE)
        assert not heard.end.done()


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_refusal_by_http_is_final(status):
    """What no retry would change ends the client, with the status in the error."""
    async with asyncio.timeout(PATIENCE), raw_server(b"no", status) as (url, _):
        client = cadenza.client.connect(url)
        with pytest.raises(DisconnectedError, match=f"HTTP {status[:3]}"):
            await client.connect()
        await client.close()


async def test_other_refusals_say_their_status():
    """503 may pass: a failed dial, which is tried again."""
    async with (
        asyncio.timeout(PATIENCE),
        raw_server(b"full", "503 Service Unavailable") as (url, _),
    ):
        with pytest.raises(TransportError) as caught:
            await dialed(url)
        assert (caught.value.status, caught.value.is_denied) == (503, False)
