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

import inspect
from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from typing import Any, Final

from websockets.exceptions import InvalidStatus

from cadenza.client.codec import CODECS
from cadenza.client.errors import CONNECT_TOKEN, TransportError, UsageError
from cadenza.client.options import ClientOptions
from cadenza.client.tokens import fetch_token
from cadenza.client.websocket import dial_websocket
from cadenza.client.websocket_api.connection import WebSocketConnection
from cadenza.client.websocket_api.models import WsCommand, WsConnectRequest, WsReply

PRODUCTION: Final = "wss://cadenza-ws.algo724.com/connection/websocket"
UAT: Final = "wss://cadenza-ws-uat.algo724.com/connection/websocket"
REST_PRODUCTION: Final = "https://cadenza-api.algo724.com"
REST_UAT: Final = "https://cadenza-api-uat.algo724.com"

MOST_SHOWN: Final = 200
"""Characters of a refusal's body that its message repeats."""

AccessToken = str | Callable[[], str | Awaitable[str]]
"""A token, or a function, plain or async, that returns one."""


class HandshakeError(TransportError):
    """The server refused the handshake by HTTP: ``status`` is 400, 401 or another.

    Attributes:
        body: The body of the server's answer as text; JSON if it is Cadenza.
    """

    def __init__(self, url: str, status: int, body: str) -> None:
        said = " ".join(body.split())[:MOST_SHOWN]
        super().__init__(url, f"HTTP {status} {said}".rstrip(), status=status)
        self.body = body


class Configuration:
    """The address of the API, and the token for it.

    Args:
        host: The address of the WebSocket: ``PRODUCTION``, ``UAT``, or your own.
        access_token: The JWT, or a function, plain or async, that returns one.
        timeout: Seconds for opening a connection and for each answer; overrides ``options``.
        options: Headers, proxy, TLS, limits and the client's name, as of ``cadenza.connect``.

    Attributes:
        host: The address of the WebSocket.
        access_token: The JWT, or the function for it.
        options: The options of connections.

    Raises:
        UsageError: The address is not that of a WebSocket, or a time cannot be right.
    """

    def __init__(
        self,
        host: str = PRODUCTION,
        access_token: AccessToken = "",
        *,
        timeout: float | None = None,
        options: ClientOptions | None = None,
    ) -> None:
        if not host.startswith(("ws://", "wss://")):
            raise UsageError(f"host begins with ws:// or wss://, not as {host!r}")
        self.host = host
        self.access_token = access_token
        given = options or ClientOptions()
        self.options = given if timeout is None else replace(given, timeout=timeout)

    def __repr__(self) -> str:
        return f"Configuration(host={self.host!r}, timeout={self.timeout:g})"

    @property
    def timeout(self) -> float:
        """Seconds for opening a connection and for each answer."""
        return self.options.timeout

    async def token(self) -> str:
        """The token; calls the function for it, if it is one.

        Raises:
            UnauthorizedError: The function has no token, or returned an empty one.
            TokenError: The function raised any other error.
        """
        if isinstance(self.access_token, str):
            return self.access_token
        ask = self.access_token

        async def fetch() -> str:
            given = ask()
            return await given if inspect.isawaitable(given) else given

        return await fetch_token(fetch, "access_token", CONNECT_TOKEN)


class _Connecting:
    """A connection to come: it is awaited, or entered with ``async with``."""

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
    """The documented WebSocket API.

    Args:
        configuration: The address and the token; by default the public server without a token.

    Attributes:
        configuration: The address and the token.
    """

    def __init__(self, configuration: Configuration | None = None) -> None:
        self.configuration = configuration or Configuration()

    def websocket_connect(self, ws_command: WsCommand | None = None) -> _Connecting:
        """Open the WebSocket and send a command.

        Args:
            ws_command: The command; by default connect with the access token.

        Returns:
            A connection to come: ``await`` it, or enter it with ``async with``, for a
            ``WebSocketConnection``.

        Raises:
            HandshakeError: The server answered the handshake with another status than 101.
            TransportError: No connection could be opened.
            TokenError: The function for the access token failed.
            UnauthorizedError: The function has no token.
            ConnectionLostError: It ended before the reply; the code is the server's.
            CallTimeoutError: No reply in time.
        """

        async def connect() -> WebSocketConnection:
            return await self._open(ws_command)

        return _Connecting(connect)

    async def _open(self, command: WsCommand | None) -> WebSocketConnection:
        configuration = self.configuration
        options = configuration.options
        if command is None:
            token = await configuration.token()
            command = WsCommand(id=1, connect=WsConnectRequest(token=token, name=options.name))
        try:
            transport = await dial_websocket(configuration.host, CODECS["json"], options)
        except TransportError as error:
            refusal = error.__cause__
            if not isinstance(refusal, InvalidStatus):
                raise
            answer = refusal.response
            body = bytes(answer.body or b"").decode(errors="replace")
            raise HandshakeError(configuration.host, answer.status_code, body) from refusal
        connection = WebSocketConnection(transport, options)
        transport.start(connection)
        try:
            connection.data = await connection.send(command) or WsReply()
        except BaseException:
            await connection.close()
            raise
        return connection
