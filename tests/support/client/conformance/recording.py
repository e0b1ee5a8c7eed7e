"""A session as it was recorded: every byte that a server sends, from handshake to close frame."""

from __future__ import annotations

from typing import NamedTuple

from cadenza.protocol import frames
from support.client.peer_world import pub

CHANNEL = "news"
EPOCH = "e"
FIRST = 3
STREAM = [{"data": f"n{offset}", "offset": offset} for offset in range(4, 11)]
"""What is ever published: the first six in the recorded session, the last after it."""
LIVE = 6
RPC_RESULT = {"n": 1}


class Step(NamedTuple):
    """Bytes, and the command after which they come; ``request`` is that of HTTP."""

    after: str
    data: bytes


def session(line):
    """The steps of the session. ``line`` has read its request; command ids count from 1."""
    frame = line.encoding.frame
    live = [pub(CHANNEL, **it) for it in STREAM[:LIVE]]
    subscribed = {"recoverable": True, "positioned": True, "epoch": EPOCH, "offset": FIRST}
    return [
        Step("request", line.switching()),
        Step(
            "connect",
            frame({"id": 1, "connect": {"client": "c1", "version": "1", "ping": 25, "pong": True}}),
        ),
        Step(
            "subscribe",
            frame({"id": 2, "subscribe": subscribed}, live[0])
            + frame(live[1])
            + frame(live[2], live[3])
            + frame({}),
        ),
        Step(
            "rpc",
            frame(live[4], {"id": 3, "rpc": {"data": RPC_RESULT}}, live[5])
            + frames.close_frame(3001, "shutdown"),
        ),
    ]


async def play(line, stop=None):
    """Send the session, or its first ``stop`` bytes.

    Where the next byte would answer a command, that command is waited for: at such a stop the
    client has sent it.
    """
    await line.head()
    left = 1 << 30 if stop is None else stop
    for step in session(line):
        if step.after != "request":
            await line.command(step.after)
        line.write(step.data[:left])
        if left < len(step.data):
            return
        left -= len(step.data)


async def go_on(line):
    """After the session: an honest server of the same stream, until the client leaves.

    Returns:
        The position that the client wanted to recover from, and how many rpcs it sent.
    """
    await line.upgrade()
    await line.welcome()
    command = await line.command("subscribe")
    asked = command["subscribe"]
    assert asked["recover"]
    since = asked["offset"]
    result = {
        "recoverable": True,
        "positioned": True,
        "epoch": EPOCH,
        "offset": since,  # what was asked for: the publications move the client on
        "recovered": True,
        "was_recovering": True,
        "publications": [it for it in STREAM if it["offset"] > since],
    }
    await line.send({"id": command["id"], "subscribe": result})
    calls = 0
    while (command := await line.next_command()) is not None:
        if "rpc" in command:
            calls += 1
            await line.send({"id": command["id"], "rpc": {"data": RPC_RESULT}})
    return (since, asked["epoch"]), calls
