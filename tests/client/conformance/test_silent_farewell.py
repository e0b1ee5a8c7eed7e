"""Closing a connection whose peer does not answer: the socket is let go of all the same."""

from __future__ import annotations

import asyncio

import pytest

from cadenza.client import ClientError, ClientState
from support.client.conformance.byte_peer import PATIENCE
from support.client.peer_world import connected

FEW_TURNS = 6


@pytest.fixture
async def silent(client, peer):
    """A connected client, and its line, whose peer answers no close frame."""
    line = await connected(client, peer)
    line.is_polite = False
    return client, line


async def assert_let_go(line):
    """The client has closed its socket: nothing else would end this."""
    async with asyncio.timeout(PATIENCE):
        await line.gone()


async def some_turns():
    for _ in range(FEW_TURNS):
        await asyncio.sleep(0)


async def test_close(silent):
    """The answer is waited for a moment."""
    client, line = silent
    await client.close()
    assert client.state is ClientState.DISCONNECTED
    await assert_let_go(line)


async def test_disconnect_and_close(silent):
    """A close while a disconnect waits."""
    client, line = silent
    disconnecting = asyncio.ensure_future(client.disconnect())
    await some_turns()
    await client.close()
    await disconnecting
    await assert_let_go(line)


async def test_two_closes(silent):
    """Two tasks close at once."""
    client, line = silent
    first = asyncio.ensure_future(client.close())
    await some_turns()
    await client.close()
    await first
    await assert_let_go(line)


@pytest.mark.parametrize("again", ["close", "disconnect"])
async def test_a_cancelled_close(silent, again):
    """The one who closes does not want to wait."""
    client, line = silent
    closing = asyncio.ensure_future(getattr(client, again)())
    await some_turns()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await client.close()
    await assert_let_go(line)


async def test_close_while_a_bad_connection_is_closed(silent):
    """The client is giving up a connection by itself when it is closed."""
    client, line = silent
    subscribing = asyncio.ensure_future(client.subscribe("news"))
    command = await line.command("subscribe")
    await line.send({"id": command["id"], "rpc": {}})  # no answer to a subscribe: it gives up
    while not any(opcode == 8 for opcode, _ in line.frames):
        await line.receive()
    await client.close()
    with pytest.raises(ClientError, match=r"(disconnect|unsubscribe) called"):
        await subscribing
    await assert_let_go(line)
