"""Nonsense at a real server: others are served, close codes are right, nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import sys
from pathlib import Path

import httpx
import pytest
import websockets

KEY = "unit-test-hmac-key-0123456789abcdef"
CONFIG = {
    "client": {
        "token": {"hmac_secret_key": KEY},
        "allow_anonymous_connect_without_token": True,
    },
    "channel": {
        "without_namespace": {
            "allow_subscribe_for_client": True,
            "allow_subscribe_for_anonymous": True,
            "allow_publish_for_client": True,
            "allow_publish_for_anonymous": True,
            "history_size": 5,
            "history_ttl": "60s",
        }
    },
    "http_stream": {"enabled": True},
    "prometheus": {"enabled": True},
    "log": {"level": "warn"},
}
UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PROTOBUF = UPGRADE.replace(b"websocket HTTP", b"websocket?format=protobuf HTTP")
CODES = {1000, 1002, 1007, 1009, 3000, 3003, 3500, 3501, 3502, 3507}


def frame(opcode, payload, first=0x80):
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = b"\xfe" + struct.pack(">H", size)
    else:
        length = b"\xff" + struct.pack(">Q", size)
    return bytes([first | opcode]) + length + b"\0\0\0\0" + payload


def close_code(data):
    """The code of the close frame at the end of what a server sent; ``None`` without one."""
    at, code = 0, None
    while len(data) - at >= 2:
        opcode, size, start = data[at] & 0x0F, data[at + 1], at + 2
        if size == 126:
            size, start = struct.unpack(">H", data[start : start + 2])[0], start + 2
        elif size == 127:
            size, start = struct.unpack(">Q", data[start : start + 8])[0], start + 8
        if opcode == 8:
            code = struct.unpack(">H", data[start : start + 2])[0]
        at = start + size
    return code


async def throw(server, data):
    """Send bytes and the end of the stream; what comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = b""
    with contextlib.suppress(ConnectionError):
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        async with asyncio.timeout(20):
            answer = await reader.read()
    writer.transport.abort()
    return answer


async def throw_frames(server, data, upgrade=UPGRADE):
    """The same behind an upgrade: the server's frames."""
    head, _, frames = (await throw(server, upgrade + data)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    return frames


def value(chance, depth=0):
    """A random JSON value, with the protocol's words in it now and then."""
    words = ["id", "connect", "subscribe", "publish", "channel", "data", "token", "history", "rpc"]
    kind = chance.randrange(8 if depth < 4 else 6)
    return [
        lambda: None,
        lambda: chance.random() < 0.5,
        lambda: chance.randrange(-(2**70), 2**70),
        lambda: chance.random() * 1e300,
        lambda: chance.choice([*words, "", "\u0000", "ü😀", "x" * 1000]),
        lambda: chance.randrange(5),
        lambda: [value(chance, depth + 1) for _ in range(chance.randrange(4))],
        lambda: {
            chance.choice(words): value(chance, depth + 1) for _ in range(chance.randrange(5))
        },
    ][kind]()


def commands(chance):
    """A connect, and then a frame of nearly a command."""
    names = ["subscribe", "publish", "history", "presence", "rpc", "refresh", "unsubscribe", "send"]
    noise = {"id": chance.randrange(1, 9), chance.choice(names): value(chance)}
    return frame(1, b'{"id":1,"connect":{}}') + frame(1, json.dumps(noise).encode())


FRAMES = {
    "random bytes": lambda chance: chance.randbytes(chance.randrange(1, 200)),
    "random text": lambda chance: frame(1, chance.randbytes(50)),
    "random json": lambda chance: frame(1, json.dumps(value(chance)).encode()),
    "random commands": commands,
    "too big": lambda chance: frame(2, b"x" * chance.randrange(65_537, 200_000)),
    "only announced": lambda chance: b"\x82\xff" + struct.pack(">Q", chance.randrange(2**63)),
    "fragments": lambda chance: frame(1, b"{", 0) + frame(0, b"}", 0) * chance.randrange(3000),
    "control frames": lambda chance: frame(chance.randrange(8, 16), chance.randbytes(9)) * 50,
    "deep json": lambda chance: frame(1, b'{"a":' * chance.randrange(1, 10_000)),
}


@pytest.fixture
async def watch(server):
    """A client that must be served all the time, and the counts of the server afterwards."""
    async with websockets.connect(server.ws, proxy=None) as client:
        await client.send('{"id":1,"connect":{}}')
        await client.recv()

        async def check():
            await client.send('{"id":2,"rpc":{"method":"x"}}')
            while json.loads(await asyncio.wait_for(client.recv(), 20)).get("id") != 2:
                pass

        await check()
        yield check
        await check()
        async with httpx.AsyncClient(trust_env=False) as web, asyncio.timeout(20):
            while (  # noqa: ASYNC110 - another process has no events for us
                "cadenza_open_connections 1.0" not in (await web.get(f"{server.url}/metrics")).text
            ):
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("kind", FRAMES)
async def test_nonsense_in_frames(server, watch, kind):
    """Every connection ends with a close code of the protocol, or because its client left."""
    chance = random.Random(kind)
    for _ in range(20):
        answers = await asyncio.gather(
            *(throw_frames(server, FRAMES[kind](chance)) for _ in range(5))
        )
        assert {close_code(answer) for answer in answers} <= CODES | {None}
        await watch()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(1, b"nonsense"), 3501),
        (frame(1, b"\xff"), 1007),
        (frame(2, b"x" * 65_537), 1009),
        (frame(1, b"{", 0) + frame(0, b"x" * 65_536), 1009),
        (frame(3, b""), 1002),
        (b"\x81\x02{}", 1002),
    ],
)
async def test_nonsense_has_its_close_code(server, watch, data, code):
    """The code says whose fault it was."""
    assert close_code(await throw_frames(server, data)) == code


async def test_truncated_protobuf(server, watch):
    """Every prefix of a valid frame, and every single flipped byte of it."""
    connect = b"\x08\x01\x22\x06\x0a\x00\x12\x02{}"
    whole = bytes([len(connect)]) + connect
    cut = [whole[:size] for size in range(len(whole))]
    flipped = [
        whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
        for at in range(len(whole))
        for bit in range(8)
    ]
    for payload in (*cut, *flipped):
        answer = await throw_frames(server, frame(2, payload), PROTOBUF)
        assert close_code(answer) in CODES | {None}


async def test_nonsense_instead_of_http(server, watch):
    """Bytes that are no request are answered with 400, or with nothing."""
    chance = random.Random(7)
    for _ in range(100):
        answer = await throw(server, chance.randbytes(chance.randrange(1, 400)))
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
    for at in range(0, len(UPGRADE), 3):
        broken = UPGRADE[:at] + bytes([chance.randrange(256)]) + UPGRADE[at + 1 :]
        answer = await throw(server, broken)
        assert answer == b"" or answer.split(b" ")[1] in {b"101", b"400", b"404", b"405"}
    await watch()


async def test_nonsense_in_requests(server, watch):
    """No body of any endpoint is an internal error."""
    chance = random.Random(9)
    headers = {"X-API-Key": "tests-api-key"}
    paths = ["/api/publish", "/api/batch", "/api/subscribe", "/api/history", "/api", "/emulation"]
    async with httpx.AsyncClient(trust_env=False, base_url=server.url, headers=headers) as web:
        for number in range(200):
            body = json.dumps(value(chance)).encode() if number % 2 else chance.randbytes(40)
            response = await web.post(paths[number % len(paths)], content=body)
            assert response.status_code < 500
    await watch()


async def test_memory_comes_back(server, watch):
    """Thousands of connections, broken in every way, leave no memory behind."""
    if sys.platform != "linux":
        pytest.skip("there is no /proc to read the memory of the server from")

    def resident():
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    chance = random.Random(11)

    async def round_of_nonsense():
        for make in FRAMES.values():
            await asyncio.gather(*(throw_frames(server, make(chance)) for _ in range(40)))

    await round_of_nonsense()
    before = resident()
    for _ in range(5):
        await round_of_nonsense()
        await watch()
    assert resident() - before < 20_000_000
    assert "Traceback" not in server.log
