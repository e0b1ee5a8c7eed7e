"""The line is cut after every single byte of a session: nothing is lost, doubled or left behind."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest

from cadenza.client import ConnectionLostError
from cadenza.client.codec import CODECS
from cadenza.protocol import frames
from support.client.conformance.byte_peer import ENCODINGS, PATIENCE, Line
from support.client.conformance.cut_life import Life
from support.client.conformance.recording import (
    EPOCH,
    FIRST,
    RPC_RESULT,
    STREAM,
    go_on,
    play,
    session,
)


async def live(peer, protocol, stop, end):
    """A life with a cut after ``stop`` bytes; ``end`` cuts the line.

    Returns:
        Its ``Life``, the position from which it recovered, and how many rpcs came after the cut.
    """
    life = Life(peer, protocol)
    before = asyncio.all_tasks()
    running = asyncio.ensure_future(life.run())
    line = await peer.knock()
    await play(line, stop)
    end(line)
    second = await peer.knock()
    async with asyncio.timeout(PATIENCE):
        since, calls = await go_on(second)
        await running
    for it in (line, second):
        it.end()
    peer.lines.clear()
    left = asyncio.all_tasks() - before
    assert {it for it in left if "cadenza" in it.get_name()} == set()
    assert life.clock.pending == set()
    return life, since, calls


def length_of(encoding):
    """Bytes of the session, and of its beginning that a client needs to be told everything."""
    steps = session(FakeLine(ENCODINGS[encoding]))
    return sum(len(step.data) for step in steps)


class FakeLine:
    """As much of a line as the recording asks for."""

    def __init__(self, encoding):
        self.encoding = encoding

    request = b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    header = Line.header
    switching = Line.switching


class Known(NamedTuple):
    """What a client can know."""

    position: int
    is_subscribed: bool
    is_answered: bool


def known_after(encoding, stop):
    """What a client can know after ``stop`` bytes of the session."""
    offset, kinds = FIRST, set()
    reader = frames.FrameReader(1 << 20, masked=False)
    steps = session(FakeLine(ENCODINGS[encoding]))
    data = b"".join(step.data for step in steps)[len(steps[0].data) : stop]
    for opcode, payload in reader.feed(data):
        if opcode == frames.CLOSE:
            continue
        for reply in CODECS[encoding].decode(payload):
            kinds |= {kind for kind in ("subscribe", "rpc") if getattr(reply, kind) is not None}
            if reply.push is not None and reply.push.pub is not None:
                offset = reply.push.pub.offset
    return Known(offset, "subscribe" in kinds, "rpc" in kinds)


def assert_one_rpc(life, known, calls, where):
    """The call was answered, or it was in flight at the cut, failed so, and was not repeated."""
    if known.is_answered:
        assert (life.outcome, calls) == (RPC_RESULT, 0), where
    elif isinstance(life.outcome, ConnectionLostError):
        assert known.is_subscribed, where
        assert calls == 0, where
    else:
        assert (life.outcome, calls) == (RPC_RESULT, 1), where


@pytest.mark.parametrize("part", range(4))
async def test_ended_after_every_byte(peer, protocol, part):
    """The client recovers from exactly where it was, and each publication comes once, in order.

    A call in flight fails with ``ConnectionLostError``, and only such a call; no task and no timer
    stays behind.
    """
    for stop in range(part, length_of(protocol) + 1, 4):
        life, since, calls = await live(peer, protocol, stop, Line.fin)
        where = f"cut after byte {stop}"
        known = known_after(protocol, stop)
        assert life.seen == [(it["offset"], it["data"]) for it in STREAM], where
        assert since == (known.position, EPOCH), where
        assert_one_rpc(life, known, calls, where)
        assert life.gaps == [0], where


@pytest.mark.parametrize("part", range(4))
async def test_reset_after_every_byte(peer, protocol, part):
    """The same when the line breaks, so that nobody knows how much of it still arrived."""
    for stop in range(part, length_of(protocol) + 1, 4):
        life, (offset, epoch), calls = await live(peer, protocol, stop, Line.reset)
        where = f"reset after byte {stop}"
        known = known_after(protocol, stop)
        assert life.seen == [(it["offset"], it["data"]) for it in STREAM], where
        assert FIRST <= offset <= known.position, where
        assert epoch == EPOCH, where
        if life.outcome == RPC_RESULT:
            assert calls == 1 or known.is_answered, where
        else:
            assert isinstance(life.outcome, ConnectionLostError), where
            assert calls == 0, where
