"""The documented connection against a peer that misbehaves, and a server that is strict."""

from __future__ import annotations

import asyncio

import pytest

import cadenza
from cadenza import (
    Configuration,
    HandshakeError,
    WebSocketApi,
    WsCommand,
    WsConnectRequest,
    WsRPCRequest,
    WsSendRequest,
)
from cadenza.client.websocket_api.connection import MOST_WAITING
from support.client.events import FastClock

CONFIG = {
    "client": {"ping_interval": "1s", "pong_timeout": "-1s"},
    "websocket": {"require_authorization": True},
    "rpc": {"ping": {"enabled": True}},
}
PATIENCE = 20.0
PUSH = {"push": {"channel": "a", "pub": {"data": 5}}}


def rpc(number):
    return WsCommand(id=number, rpc=WsRPCRequest(method="m"))


@pytest.fixture
async def opened(peer):
    """``opened(ping=..., pong=...)``: the peer's end and the connection, which is closed later."""
    found = []

    async def make(options=None, **welcome):
        configuration = Configuration(peer.url, "t", options=options)

        async def connect():
            return await WebSocketApi(configuration).websocket_connect()

        opening = asyncio.ensure_future(connect())
        line = await peer.accept()
        await line.welcome(**welcome)
        found.append(await opening)
        return line, found[-1]

    yield make
    for connection in found:
        await connection.close()


async def called(owner, name):
    """Wait until somebody has called ``owner.name``."""
    happened = asyncio.Event()
    original = getattr(owner, name)

    def call(*arguments):
        original(*arguments)
        happened.set()

    setattr(owner, name, call)
    async with asyncio.timeout(PATIENCE):
        await happened.wait()


async def rest_of(connection):
    """What an iteration gives until it ends."""
    async with asyncio.timeout(PATIENCE):
        return [reply.push.pub.data async for reply in connection]


async def test_a_peer_that_wants_no_pongs_gets_none(opened):
    """A pong that nobody asked for would end the connection with 3501."""
    line, connection = await opened(ping=25)
    pinged = asyncio.ensure_future(called(connection, "frame"))
    await asyncio.sleep(0)
    await line.send_text("{}")
    await pinged
    sending = asyncio.ensure_future(connection.send(rpc(2)))
    assert "rpc" in await line.answer("rpc")
    await sending


async def test_pings_without_pongs_of_the_server(server, token):
    """The real server pings, is not answered, and goes on."""
    headers = {"authorization": f"Bearer {token('ann')}"}
    options = cadenza.ClientOptions(headers=headers)
    configuration = Configuration(server.ws, token("ann"), options=options)
    async with WebSocketApi(configuration).websocket_connect() as connection:
        assert (connection.data.connect.ping, connection.data.connect.pong) == (1, None)
        await called(connection, "frame")
        answer = await connection.send(WsCommand(id=2, rpc=WsRPCRequest(method="ping")))
        assert answer.error is None


async def test_only_an_empty_message_is_a_ping(opened):
    """What a newer server may say is no ping."""
    line, connection = await opened(ping=25, pong=True)
    await line.send({"novel": {"a": 1}}, {})
    assert await line.command() == {}
    sending = asyncio.ensure_future(connection.send(rpc(2)))
    assert "rpc" in await line.answer("rpc")
    await sending


async def test_a_silent_peer_is_given_up(opened):
    """No ping in time ends the connection, and says so."""
    _, connection = await opened(cadenza.ClientOptions(clock=FastClock(1000)), ping=25, pong=True)
    with pytest.raises(cadenza.ConnectionLostError, match="no ping"):
        await rest_of(connection)


@pytest.mark.parametrize("text", ["nonsense", "[1]", '{"id": "x"}', "[" * 9000 + "]" * 9000])
async def test_what_is_no_reply_ends_with_an_error(opened, text):
    """What stood before it is delivered; nothing that comes after it is."""
    line, connection = await opened()
    await line.send(PUSH)
    await line.send_text(text)
    await line.send(PUSH)
    assert (await anext(connection)).push.pub.data == 5
    with pytest.raises(cadenza.ConnectionLostError, match="1002 what came is no reply"):
        await rest_of(connection)


async def test_a_broken_line_is_no_quiet_end(opened):
    """A call and an iteration both hear of it."""
    line, connection = await opened()
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.command("rpc")
    line.cut()
    with pytest.raises(cadenza.ConnectionLostError):
        await calling
    with pytest.raises(cadenza.ConnectionLostError, match="1006"):
        await rest_of(connection)


async def test_iteration_ends_with_close(opened):
    """After what had come."""
    line, connection = await opened()
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.command("rpc")
    await line.send(PUSH, {"id": 2, "rpc": {}})
    await calling
    await connection.close()
    assert await rest_of(connection) == [5]


async def test_a_reply_behind_what_is_not_read(opened):
    """The bound on unread replies leaves room for the reply to a command."""
    line, connection = await opened()
    paused = asyncio.ensure_future(called(connection._transport, "pause"))
    await asyncio.sleep(0)
    for _ in range(MOST_WAITING // 64 + 1):
        await line.send(*[PUSH] * 64)
    await paused
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.answer("rpc")
    assert (await calling).id == 2
    await line.close(1000)
    assert len(await rest_of(connection)) == 64 * (MOST_WAITING // 64 + 1)


async def test_too_much_that_is_not_read(opened):
    """A call beyond all bounds fails at once and says why; reading makes it work again."""
    line, connection = await opened()
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.command("rpc")
    for _ in range(2 * MOST_WAITING // 64 + 1):
        await line.send(*[PUSH] * 64)
    with pytest.raises(cadenza.UsageError, match="replies wait to be iterated over"):
        await calling
    with pytest.raises(cadenza.UsageError, match="replies wait to be iterated over"):
        await connection.send(rpc(3))
    await line.command("rpc")
    for _ in range(2 * MOST_WAITING):
        await anext(connection)
    calling = asyncio.ensure_future(connection.send(rpc(4)))
    await line.answer("rpc")
    assert (await calling).id == 4


async def test_no_answer(opened):
    """In time is what the options say."""
    line, connection = await opened(cadenza.ClientOptions(timeout=0.05))
    with pytest.raises(cadenza.CallTimeoutError, match="command 2"):
        await connection.send(rpc(2))
    await line.command("rpc")
    await line.send({"id": 2, "rpc": {}})
    assert (await anext(connection)).id == 2


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (WsCommand(id=2), "one request, not none"),
        (WsCommand(id=0, rpc=WsRPCRequest()), "not 0"),
        (WsCommand(id="2", rpc=WsRPCRequest()), "not '2'"),
        (WsCommand(id=2, rpc=WsRPCRequest(), send=WsSendRequest()), "not rpc, send"),
        (WsCommand(id=2, rpc=WsRPCRequest(data={1j})), "cannot be sent"),
    ],
)
async def test_commands_that_cannot_be_right(opened, command, why):
    """They are refused before anything is sent, and the connection goes on."""
    line, connection = await opened()
    with pytest.raises(cadenza.UsageError, match=why):
        await connection.send(command)
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.answer("rpc")
    assert (await calling).id == 2


async def test_unauthorized(server, token):
    """401, with what the server says about it, and no more than once."""
    with pytest.raises(HandshakeError) as caught:
        await WebSocketApi(Configuration(server.ws, token("ann"))).websocket_connect()
    error = caught.value
    assert (error.status, error.is_denied) == (401, True)
    assert '"an Authorization: Bearer header is required"' in error.body
    assert str(error).count(server.ws) == 1


async def test_bad_request(server, token):
    """400: another version of WebSocket than the server's."""
    options = cadenza.ClientOptions(headers={"Sec-WebSocket-Version": "12"})
    with pytest.raises(HandshakeError, match="Sec-WebSocket-Version must be 13") as caught:
        await WebSocketApi(Configuration(server.ws, "t", options=options)).websocket_connect()
    assert caught.value.status == 400


async def test_nobody_listens():
    """That is no refusal by HTTP."""
    with pytest.raises(cadenza.TransportError) as caught:
        await WebSocketApi(Configuration("ws://127.0.0.1:9", "t")).websocket_connect()
    assert not isinstance(caught.value, HandshakeError)


async def test_tokens_that_cannot_be_had():
    """The error says that the function failed, and not what it knows."""

    def broken():
        raise LookupError("the secret place")

    with pytest.raises(cadenza.TokenError, match=r"access_token failed: LookupError$"):
        await WebSocketApi(Configuration(access_token=broken)).websocket_connect()
    with pytest.raises(cadenza.UnauthorizedError):
        await WebSocketApi(Configuration(access_token=lambda: "")).websocket_connect()


def test_timeouts_are_one():
    """Of the options, unless one is given beside them."""
    options = cadenza.ClientOptions(timeout=7, headers={"a": "b"})
    assert Configuration(options=options).timeout == 7
    given = Configuration(options=options, timeout=3)
    assert (given.timeout, given.options.timeout, given.options.headers) == (3, 3, {"a": "b"})
    with pytest.raises(cadenza.UsageError, match="timeout"):
        Configuration(timeout=0)


async def test_cancelled_while_the_line_breaks(opened):
    """No exception is left that nobody has seen, and the id is free."""
    line, connection = await opened()
    calling = asyncio.ensure_future(connection.send(rpc(2)))
    await line.command("rpc")
    connection.lost(3001, "shutdown")
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert connection._waiting == {}


async def test_opening_that_is_cancelled(peer):
    """The transport is closed, and no task stays."""
    before = asyncio.all_tasks()
    command = WsCommand(id=1, connect=WsConnectRequest(token="t"))

    async def connect():
        return await WebSocketApi(Configuration(peer.url)).websocket_connect(command)

    opening = asyncio.ensure_future(connect())
    line = await peer.accept()
    await line.command("connect")
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await line.gone()
    assert {it for it in asyncio.all_tasks() - before if "websockets" not in repr(it)} == set()
