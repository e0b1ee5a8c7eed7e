"""Frames that RFC 6455 forbids, and frames that hold no message of the protocol."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import ClientState, DisconnectedError
from cadenza.protocol import frames
from support.client.conformance.byte_peer import PATIENCE
from support.client.events import Events, take
from support.client.peer_world import RECOVERABLE, connected, pub, subscribed

TEXT, BINARY = frames.TEXT, frames.BINARY
FINAL = 0x80
BROKEN = {
    "masked": (b"\x81\x81\0\0\0\0x", 1002),
    "first reserved bit": (b"\xc1\x01x", 1002),
    "second reserved bit": (b"\xa1\x01x", 1002),
    "third reserved bit": (b"\x91\x01x", 1002),
    **{f"opcode {it:x}": (bytes((FINAL | it, 0)), 1002) for it in (3, 4, 5, 6, 7)},
    **{f"opcode {it:x}": (bytes((FINAL | it, 0)), 1002) for it in (0xB, 0xC, 0xD, 0xE, 0xF)},
    "long ping": (b"\x89\x7e\0\x7e" + b"x" * 126, 1002),
    "fragmented ping": (b"\x09\x01x", 1002),
    "fragmented close": (b"\x08\x02\x0b\xb9", 1002),
    "nothing to continue": (b"\x80\x01x", 1002),
    "a message inside a fragmented one": (b"\x01\x01{\x81\x02{}", 1002),
    "text that is not UTF-8": (b"\x81\x02\xc3\x28", 1007),
    "half a character": (b"\x81\x01\xc3", 1007),
    "fragments that are no UTF-8 together": (b"\x01\x01\xc3\x80\x01\x28", 1007),
}
"""Bytes, and the code with which a client ends the connection."""
TOO_BIG = {
    "in 16 bits": b"\x81\x7e\xff\xff",
    "in 64 bits": b"\x81\x7f\0\0\0\1\0\0\0\0",
    "nearly all the bits": b"\x81\x7f" + b"\xff" * 8,
    "in fragments": frames.frame(TEXT, b"x" * 999).replace(b"\x81", b"\x01", 1)
    + frames.frame(frames.CONTINUATION, b"x" * 999),
}
CLOSES = {
    "no code": (frames.frame(frames.CLOSE, b""), 1000),
    "half a code": (frames.frame(frames.CLOSE, b"\x0b"), 1002),
    "a code that is not sent": (frames.close_frame(1006, ""), 1002),
    "a reserved code": (frames.close_frame(1004, ""), 1002),
    "code 0": (frames.close_frame(0, ""), 1002),
    "a code above 5000": (frames.close_frame(5001, ""), 1002),
    "a reason that is not UTF-8": (frames.frame(frames.CLOSE, b"\x0b\xb9\xff\xff"), 3001),
}
"""Close frames, and the code with which they are answered."""
NO_REPLIES = {
    "json": {
        "nothing": b"",
        "half an object": b'{"id":1',
        "a list": b"[]",
        "a number": b"7",
        "null": b"null",
        "an empty line between": b"{}\n\n{}",
        "a text id": b'{"id":"1"}',
        "a negative id": b'{"id":-1}',
        "an id of 33 bits": b'{"id":4294967296}',
        "a push of a number": b'{"push":1}',
        "an offset below zero": b'{"push":{"channel":"news","pub":{"data":1,"offset":-1}}}',
        "a deep nest": b'{"push":{"channel":"news","pub":{"data":' + b"[" * 100_000 + b"1",
        "zero bytes": b"\0\0\0\0",
    },
    "protobuf": {
        "nothing": b"",
        "half a length": b"\x80",
        "a length beyond the end": b"\x05\x08",
        "a length without an end": b"\xff" * 12,
        "a field beyond the end": b"\x02\x22\x7f",
        "a group": b"\x01\x0b",
        "field number 0": b"\x02\x00\x00",
        "an endless number": b"\x0b\x08" + b"\xff" * 10,
        "a channel that is no UTF-8": b"\x05\x22\x03\x12\x01\xff",
    },
}


async def broken_by(make, peer, sent, **options):
    """A subscribed client that has got one publication and then ``sent``.

    Returns:
        The client, its subscription, the events, and the peer's line.
    """
    events = Events()
    client = make(**options, **events.all("connecting", "disconnected", "error"))
    line = await connected(client, peer)
    await events.next("connecting")
    subscription = await subscribed(client, line, result=RECOVERABLE)
    line.write(line.encoding.frame(pub("news", 4, offset=4)) + sent)
    return client, subscription, events, line


async def mended(client, subscription, peer):
    """The client comes back, recovers after what was good, and works."""
    line = await peer.accept()
    await line.welcome()
    result = RECOVERABLE | {"recovered": True, "was_recovering": True, "offset": 4}
    asked = await line.answer("subscribe", result, pub("news", 5, offset=5))
    assert (asked["subscribe"]["offset"], asked["subscribe"]["epoch"]) == (4, "e")
    assert [it.data for it in await take(subscription, 2)] == [4, 5]
    asking = asyncio.ensure_future(client.rpc("m"))
    await line.answer("rpc", {"data": 1})
    assert await asking == 1
    closing = asyncio.ensure_future(client.close())
    await line.gone()
    await closing


@pytest.mark.parametrize("kind", BROKEN)
async def test_broken_frames(make, peer, kind):
    """The client says what is wrong, ends that connection, and goes on with a new one."""
    sent, code = BROKEN[kind]
    client, subscription, events, line = await broken_by(make, peer, sent)
    assert await line.gone() == code
    assert await events.next("connecting") == (1, "transport closed")
    await mended(client, subscription, peer)
    assert client.stats.errors == 0


@pytest.mark.parametrize("kind", TOO_BIG)
async def test_too_big(make, peer, kind):
    """A message over the limit would come again: the client stays away, and took none of it in."""
    client, subscription, events, line = await broken_by(
        make, peer, TOO_BIG[kind], max_message_bytes=1000
    )
    assert await line.gone() == 1009
    assert await events.next("disconnected") == (3, "message size limit exceeded")
    assert client.state is ClientState.DISCONNECTED
    assert [it.data for it in await take(subscription, 1)] == [4]
    with pytest.raises(DisconnectedError, match="message size limit"):
        await take(subscription, 1)


@pytest.mark.parametrize("kind", CLOSES)
async def test_odd_close_frames(make, peer, kind):
    """Whatever a close frame says, it ends the connection, is answered, and the client returns."""
    sent, code = CLOSES[kind]
    client, subscription, _, line = await broken_by(make, peer, sent)
    async with asyncio.timeout(PATIENCE):
        assert await line.gone() == code
    await mended(client, subscription, peer)


@pytest.mark.parametrize(
    ("protocol", "kind"),
    [(name, kind) for name, kinds in NO_REPLIES.items() for kind in kinds],
    indirect=["protocol"],
)
async def test_not_the_protocol(make, peer, protocol, kind):
    """A frame that holds no reply ends the connection, is told, and what stood before counts."""
    opcode = TEXT if protocol == "json" else BINARY
    sent = frames.frame(opcode, NO_REPLIES[protocol][kind])
    client, subscription, events, line = await broken_by(make, peer, sent)
    await line.gone()
    assert await events.next("connecting") == (1, "bad protocol")
    assert "not the protocol" in str(await events.next("error"))
    await mended(client, subscription, peer)


async def test_unknown_fields_are_passed_over(make, peer, protocol):
    """A newer server may say more than this client knows."""
    more = {
        "json": b'{"novel":1,"push":{"channel":"news","new":1,"pub":{"data":5,"offset":5,"q":1}}}',
        # A reply with field 88 and a push; that has field 99 and a publication, which has 90.
        "protobuf": b"\x19\x22\x14\x12\x04news"
        b"\x22\x09\x22\x015\x30\x05\xd2\x05\x01x\x9a\x06\x00\xc2\x05\x00",
    }[protocol]
    opcode = TEXT if protocol == "json" else BINARY
    _, subscription, events, _ = await broken_by(make, peer, frames.frame(opcode, more))
    assert [(it.offset, it.data) for it in await take(subscription, 2)] == [(4, 4), (5, 5)]
    assert events.count("error") == 0


async def test_pings_and_pongs_of_the_websocket(make, peer):
    """Its pings are answered with their bytes, pongs that nobody asked for change nothing."""
    sent = frames.frame(frames.PONG, b"?") + frames.frame(frames.PING, b"a" * 125)
    client, _, _, line = await broken_by(make, peer, sent)
    while (frames.PONG, b"a" * 125) not in line.frames:
        await line.receive()
    assert client.state is ClientState.CONNECTED
