"""The same session, however its bytes are cut up on the way: in single bytes, chunks, fragments."""

from __future__ import annotations

import asyncio
import itertools
import random

import pytest

from cadenza.protocol import frames
from support.client.conformance.byte_peer import PATIENCE
from support.client.conformance.cut_life import Life
from support.client.conformance.recording import RPC_RESULT, STREAM, go_on, session

FINAL = 0x80


def whole(data, _):
    yield data


def single_bytes(data, _):
    for at in range(len(data)):
        yield data[at : at + 1]


def chunks(data, chance):
    at = 0
    while at < len(data):
        size = chance.choice((1, 2, 3, 7, 50, 200))
        yield data[at : at + size]
        at += size


def fragments(data, chance):
    """Each message in several frames, some empty, with pings of the WebSocket between them."""
    for opcode, payload in frames.FrameReader(1 << 20, masked=False).feed(data):
        if opcode >= frames.CLOSE:
            yield frames.frame(opcode, payload)
            continue
        cuts = sorted(chance.choices(range(len(payload) + 1), k=4))
        edges = itertools.pairwise([0, *cuts, len(payload)])
        parts = [payload[start:stop] for start, stop in edges]
        for number, part in enumerate(parts):
            frame = bytearray(frames.frame(opcode if number == 0 else frames.CONTINUATION, part))
            if number < len(parts) - 1:
                frame[0] &= ~FINAL
            yield bytes(frame)
            if chance.random() < 0.3:
                yield frames.frame(frames.PING, b"between")


def fragments_in_bytes(data, chance):
    for fragment in fragments(data, chance):
        yield from single_bytes(fragment, chance)


@pytest.mark.parametrize("cut_up", [whole, single_bytes, chunks, fragments, fragments_in_bytes])
@pytest.mark.parametrize("seed", range(3))
async def test_bytes_in_any_pieces(peer, protocol, cut_up, seed):
    """Everything arrives once and in order; pieces make no difference."""
    chance = random.Random(seed)
    life = Life(peer, protocol)
    running = asyncio.ensure_future(life.run())
    line = await peer.knock()
    await line.head()
    for number, step in enumerate(session(line)):
        if number:
            await line.command(step.after)
        # The handshake is no WebSocket yet: it comes in pieces, but not in fragments.
        pieces = cut_up if number else (whole if cut_up is whole else single_bytes)
        for piece in pieces(step.data, chance):
            line.write(piece)
            await asyncio.sleep(0)  # the client reads it before the next one comes
            await asyncio.sleep(0)
    line.fin()
    second = await peer.knock()
    async with asyncio.timeout(PATIENCE):
        _, calls = await go_on(second)
        await running
    assert life.seen == [(it["offset"], it["data"]) for it in STREAM]
    assert (life.outcome, calls, life.gaps) == (RPC_RESULT, 0, [0])
    assert life.clock.pending == set()


async def test_everything_in_one_packet(peer, protocol):
    """Handshake, replies to commands that are not sent yet, and the close frame at once.

    An answer to a command of which nobody knows yet belongs to nobody: the client connects anew.
    """
    life = Life(peer, protocol)
    running = asyncio.ensure_future(life.run())
    line = await peer.knock()
    await line.head()
    line.write(b"".join(step.data for step in session(line)))
    line.fin()
    second = await peer.knock()
    async with asyncio.timeout(PATIENCE):
        await go_on(second)
        await running
    assert life.seen == [(it["offset"], it["data"]) for it in STREAM]
    assert life.outcome == RPC_RESULT
    assert life.client.stats.connects == 2, "the answer to connect was in the packet too"
    left = life.clock.pending.copy()
    life.clock.clear()
    assert left == set()
