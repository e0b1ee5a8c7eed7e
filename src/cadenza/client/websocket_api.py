"""The WebSocket API as it is documented: a configuration, one call, and models.

::

    configuration = Configuration(access_token=token)
    api = WebSocketApi(configuration)
    async with api.websocket_connect(WsCommand(id=1, connect=WsConnectRequest(token=token))) as it:
        print(it.status, it.data)
        async for reply in it:
            ...

It is the wire and nothing more: no reconnect, no recovery. ``cadenza.connect`` has those.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, Self

import msgspec

from cadenza.client.codec import CODECS
from cadenza.client.errors import (
    CallTimeoutError,
    ConnectionLostError,
    TransportError,
    UsageError,
)
from cadenza.client.options import ClientOptions
from cadenza.client.transport import Transport
from cadenza.client.websocket import dial_websocket
from cadenza.client.ws_models import WsCommand, WsConnectRequest
from cadenza.client.ws_reply import WsReply

PRODUCTION: Final = "wss://cadenza-ws.algo724.com/connection/websocket"
UAT: Final = "wss://cadenza-ws-uat.algo724.com/connection/websocket"
REST_PRODUCTION: Final = "https://cadenza-api.algo724.com"
REST_UAT: Final = "https://cadenza-api-uat.algo724.com"
SWITCHING: Final = 101
PONG: Final = b"{}"
MOST_WAITING: Final = 4096
"""Replies that may wait to be read; then nothing more is read from the server."""

AccessToken = str | Callable[[], str | Awaitable[str]]


class ApiError(TransportError):
    """The server refused the handshake by HTTP: ``status`` is 400, 401 or another."""


class Configuration:
    """Where the API is, and with which token.

    Args:
        host: The address of the WebSocket: ``PRODUCTION``, ``UAT``, or your own.
        access_token: The JWT, or a function, plain or async, that gives one.
        timeout: Seconds for opening a connection and for each answer.
        options: Headers, proxy and TLS, as of ``cadenza.connect``.
    """

    def __init__(
        self,
        host: str = PRODUCTION,
        access_token: AccessToken = "",
        *,
        timeout: float = 5.0,
        options: ClientOptions | None = None,
    ) -> None:
        if not host.startswith(("ws://", "wss://")):
            raise UsageError(f"host begins with ws:// or wss://, not as {host!r}")
        self.host = host
        self.access_token = access_token
        self.timeout = timeout
        self.options = options or ClientOptions(timeout=timeout)

    def __repr__(self) -> str:
        return f"Configuration(host={self.host!r}, timeout={self.timeout:g})"

    async def token(self) -> str:
        """The token, asked for if need be."""
        if isinstance(self.access_token, str):
            return self.access_token
        given = self.access_token()
        return await given if inspect.isawaitable(given) else given


class WebSocketConnection:
    """An open connection: send commands, iterate over what comes.

    Attributes:
        status: 101, as the connection is open.
        data: The reply to the command that it was opened with.
    """

    def __init__(self, transport: Transport, timeout: float) -> None:
        self.status = SWITCHING
        self.data = WsReply()
        self._transport = transport
        self._timeout = timeout
        self._waiting: dict[int, asyncio.Future[WsReply]] = {}
        self._came: deque[WsReply] = deque()
        self._news = asyncio.Event()
        self._end: ConnectionLostError | None = None
        self._is_paused = False

    async def send(self, command: WsCommand) -> WsReply | None:
        """Send a command and wait for its reply, an error included; ``send`` has none.

        Raises:
            CallTimeoutError: No answer in time.
            ConnectionLostError: The connection ended first.
        """
        wire = command.to_wire()
        if command.send is not None:
            del wire["id"]
            self._write(wire)
            return None
        if command.id in self._waiting:
            raise UsageError(f"id {command.id} waits for its reply already")
        answered = asyncio.get_running_loop().create_future()
        self._waiting[command.id] = answered
        try:
            self._write(wire)
            async with asyncio.timeout(self._timeout):
                reply: WsReply = await answered
        except TimeoutError:
            raise CallTimeoutError(f"command {command.id}", self._timeout) from None
        finally:
            del self._waiting[command.id]
        return reply

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WsReply:
        while not self._came:
            if self._end is not None:
                if self._end.close_code < 3000:
                    raise StopAsyncIteration
                raise self._end.with_traceback(None)
            self._news.clear()
            await self._news.wait()
        if self._is_paused and len(self._came) <= MOST_WAITING // 2:
            self._is_paused = False
            self._transport.resume()
        return self._came.popleft()

    async def close(self) -> None:
        """Close it; an iteration ends."""
        self.lost(1000, "closed")
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # What the transport calls.

    def frame(self, data: bytes) -> None:
        """Replies came: answers go to who waits, all else to the iteration."""
        for line in data.removesuffix(b"\n").split(b"\n"):
            try:
                reply = WsReply.from_wire(msgspec.json.decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                self.lost(1002, f"what came is no reply: {error}")
                return
            answered = self._waiting.get(reply.id or 0)
            if reply.is_ping:
                self._transport.write(PONG)
            elif answered is not None and not answered.done():
                answered.set_result(reply)
            else:
                self._came.append(reply)
        self._news.set()
        if len(self._came) > MOST_WAITING and not self._is_paused:
            self._is_paused = True
            self._transport.pause()

    def writable(self) -> None:
        """See ``transport.Receiver``."""

    def lost(self, code: int, reason: str) -> None:
        """The end."""
        if self._end is None:
            self._end = ConnectionLostError(code, reason)
            for answered in self._waiting.values():
                if not answered.done():
                    answered.set_exception(self._end)
            self._news.set()

    def _write(self, wire: dict[str, Any]) -> None:
        if self._end is not None:
            raise self._end.with_traceback(None)
        try:
            self._transport.write(msgspec.json.encode(wire))
        except (TypeError, ValueError) as error:
            raise UsageError(f"this cannot be sent: {error}") from error


class _Connecting:
    """A connection that is awaited, or entered."""

    def __init__(self, connect: Callable[[], Awaitable[WebSocketConnection]]) -> None:
        self._connect = connect
        self._connection: WebSocketConnection | None = None

    def __await__(self) -> Generator[Any, None, WebSocketConnection]:
        return self._connect().__await__()

    async def __aenter__(self) -> WebSocketConnection:
        self._connection = await self._connect()
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        if self._connection is not None:
            await self._connection.close()


class WebSocketApi:
    """The API: ``await api.websocket_connect(command)``, or ``async with``."""

    def __init__(self, configuration: Configuration | None = None) -> None:
        self.configuration = configuration or Configuration()

    def websocket_connect(self, ws_command: WsCommand | None = None) -> _Connecting:
        """Open the WebSocket and send a command; without one, connect with the access token.

        Awaiting, or entering it, gives a ``WebSocketConnection``.

        Raises:
            ApiError: The server answered the handshake with an HTTP status: 400, 401 or another.
            TransportError: No connection could be opened.
            ConnectionLostError: It ended before the reply; the code is the server's.
            CallTimeoutError: No reply in time.
        """

        async def connect() -> WebSocketConnection:
            return await self._open(ws_command)

        return _Connecting(connect)

    async def _open(self, command: WsCommand | None) -> WebSocketConnection:
        configuration = self.configuration
        if command is None:
            token = await configuration.token()
            command = WsCommand(id=1, connect=WsConnectRequest(token=token, name="cadenza"))
        try:
            transport = await dial_websocket(
                configuration.host, CODECS["json"], configuration.options
            )
        except TransportError as error:
            if error.status is None:
                raise
            raise ApiError(configuration.host, str(error), status=error.status) from error
        connection = WebSocketConnection(transport, configuration.timeout)
        transport.start(connection)
        try:
            connection.data = await connection.send(command) or WsReply()
        except BaseException:
            await connection.close()
            raise
        return connection
