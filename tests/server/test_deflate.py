"""Compression of WebSocket messages."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from cadenza.protocol.frames import FrameError, FrameReader
from cadenza.server.deflate import ANSWER, Deflate

DEFLATE = Deflate(level=1, min_size=0, limit=10_000)


@pytest.mark.parametrize(
    ("offers", "accepted"),
    [
        ("", False),
        ("x-webkit-deflate-frame", False),
        ("permessage-deflate", True),
        ("Permessage-Deflate", True),
        ("permessage-deflate; client_max_window_bits", True),
        ("permessage-deflate; client_max_window_bits=10", True),
        ("permessage-deflate; server_no_context_takeover; client_no_context_takeover", True),
        ("permessage-deflate; server_max_window_bits=15", True),
        ('permessage-deflate; server_max_window_bits="15"', True),
        ("permessage-deflate; server_max_window_bits=10", False),
        ("permessage-deflate; something_new", False),
        ("permessage-deflate; server_max_window_bits=10, permessage-deflate", True),
    ],
)
def test_offers(offers, accepted):
    """An offer that asks for what we do not do is declined; the next may be fine."""
    assert bool(DEFLATE.answer(offers)) == accepted


@pytest.mark.parametrize(
    ("offers", "answer"),
    [
        ("permessage-deflate; client_max_window_bits", ANSWER),
        ('permessage-deflate; client_max_window_bits="8"', ANSWER),
        (
            'permessage-deflate; server_max_window_bits="15", permessage-deflate',
            f"{ANSWER}; server_max_window_bits=15",
        ),
        ("permessage-deflate; server_max_window_bits=9, permessage-deflate", ANSWER),
        ("permessage-deflate; x=y, permessage-deflate; client_no_context_takeover", ANSWER),
        ('x-y; z="a, permessage-deflate;", permessage-deflate', ANSWER),
        (
            r'permessage-deflate; server_max_window_bits="1\5"',
            f"{ANSWER}; server_max_window_bits=15",
        ),
        (", permessage-deflate ,", ANSWER),
        ("permessage-deflate; server_max_window_bits", ""),
        ("permessage-deflate; server_max_window_bits=015", ""),
        ("permessage-deflate; server_max_window_bits=16", ""),
        ("permessage-deflate; client_max_window_bits=7", ""),
        ("permessage-deflate; client_max_window_bits=08", ""),
        ("permessage-deflate; client_max_window_bits=", ""),
        ("permessage-deflate; server_no_context_takeover=1", ""),
        ('permessage-deflate; client_no_context_takeover=""', ""),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=10", ""),
        ("permessage-deflate; server_no_context_takeover; SERVER_no_context_takeover", ""),
        ("permessage-deflate=1", ""),
        ("permessage-deflate;", ""),
        ("permessage-deflate; a b", ""),
        ('permessage-deflate; server_max_window_bits="15', ""),
    ],
)
def test_answers(offers, answer):
    """RFC 7692, 5.1 and 7.1: the first offer that can be met, and what it must be told."""
    assert DEFLATE.answer(offers) == answer


def test_a_last_block_is_not_the_end_of_a_message():
    """RFC 7692, 7.2.3.4: its example, and one with a block after the last one."""
    last = bytes.fromhex("f348cdc9c90700")
    assert DEFLATE.inflate(last + b"\x00") == b"Hello"
    assert DEFLATE.inflate(last + bytes.fromhex("f248cdc9c90700")) == b"HelloHello"
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    part = bomb.compress(b"x" * 6000) + bomb.flush()
    with pytest.raises(FrameError):
        DEFLATE.inflate(part + part + b"\x00")


@given(st.binary(max_size=2000))
def test_what_is_compressed_inflates(payload):
    """There and back, for every payload above the least size."""
    compressed = DEFLATE.compress(payload)
    if payload:
        assert DEFLATE.inflate(compressed) == payload
    else:
        assert compressed is None


def test_small_messages_go_out_as_they_are():
    """``compression_min_size`` is the largest size that is not compressed."""
    deflate = Deflate(level=1, min_size=5, limit=100)
    assert deflate.compress(b"12345") is None
    assert deflate.compress(b"123456") is not None


def test_a_bomb_is_refused_before_it_goes_off():
    """1009 for what would be too long, without making it."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = bomb.compress(b"\0" * 50_000_000) + bomb.flush(zlib.Z_SYNC_FLUSH)
    with pytest.raises(FrameError) as refused:
        DEFLATE.inflate(packed[:-4])
    assert refused.value.code == 1009


@given(st.binary(max_size=200))
def test_broken_compression_is_a_protocol_error(data):
    """Any bytes inflate to something, or are refused with a close code."""
    reader = FrameReader(10_000, DEFLATE.inflate)
    reader.feed(bytes([0xC2, 0x80 | 126, 0, len(data), 0, 0, 0, 0]) + data)
    assert reader.failure is None or reader.failure.code in {1002, 1009}


@pytest.mark.parametrize("enabled", [False, True])
async def test_a_session(serve, dial, token, call, enabled):
    """Negotiated only where it is on; messages arrive the same either way."""
    running = await serve(websocket={"compression": enabled})
    client = await dial(running, compression="deflate")
    found = client.socket.response.headers.get("sec-websocket-extensions")
    assert found == (ANSWER if enabled else None)
    await client.ask({"id": 1, "connect": {"token": token()}})
    await client.ask({"id": 2, "subscribe": {"channel": "news"}})
    plain = await dial(running, compression=None)
    await plain.ask({"id": 1, "connect": {"token": token()}})
    await plain.ask({"id": 2, "subscribe": {"channel": "news"}})
    await call(running, "publish", {"channel": "news", "data": "x" * 5000})
    for reader in (client, plain):
        while "pub" not in (push := (await reader.receive())["push"]):
            pass
        assert push["pub"]["data"] == "x" * 5000


async def test_limits_of_compressed_messages(serve, dial, token):
    """The limit counts inflated bytes, ten times the plain limit unless configured."""
    running = await serve(websocket={"compression": True, "message_size_limit": 1000})
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True
    )
    client = await dial(running, extensions=[factory])
    await client.ask({"id": 1, "connect": {"token": token()}})
    padding = json.dumps({"id": 2, "rpc": {"method": "ping"}}) + " " * 9000
    await client.socket.send(padding)
    assert (await client.receive())["id"] == 2
    await client.socket.send(" " * 10_001)
    assert await client.end() == (1009, "")
