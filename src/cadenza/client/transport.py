"""A connection that carries frames: what the client needs of it, and the WebSocket that does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from cadenza.client.codec import Codec
from cadenza.client.errors import TransportError
from cadenza.client.options import ClientOptions

ABNORMAL: Final = 1006
CLOSE_SECONDS: Final = 1.0
"""How long the peer may take to answer a close frame."""


class TransportClosed(Exception):  # noqa: N818  an event of the transport, no fault by itself
    """The peer, or the line, ended it: the code and reason of the close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Transport(Protocol):
    """An open connection. One task sends, one receives; both calls can be cancelled."""

    async def send(self, frame: bytes) -> None:
        """Write a frame, waiting while the peer does not read; raises ``TransportClosed``."""

    async def receive(self) -> bytes:
        """The next frame; raises ``TransportClosed``."""

    async def close(self) -> None:
        """End it; never raises, returns soon."""


Dial = Callable[[str, Codec, ClientOptions], Awaitable[Transport]]
"""Opens a transport; raises ``TransportError``."""


class WebSocket:
    """A transport over a WebSocket."""

    def __init__(self, connection: ClientConnection, *, is_text: bool) -> None:
        self._connection = connection
        self._is_text = is_text

    async def send(self, frame: bytes) -> None:
        """Write one message."""
        try:
            await self._connection.send(frame, text=self._is_text)
        except ConnectionClosed as error:
            raise _closed(error) from error

    async def receive(self) -> bytes:
        """The next message, text not decoded."""
        try:
            return await self._connection.recv(decode=False)
        except ConnectionClosed as error:
            raise _closed(error) from error

    async def close(self) -> None:
        """A close frame with code 1000."""
        await self._connection.close()


async def dial_websocket(url: str, codec: Codec, options: ClientOptions) -> Transport:
    """Open a WebSocket.

    Raises:
        TransportError: It did not open; the cause says why.
    """
    secure: dict[str, Any] = {"ssl": options.ssl} if options.ssl is not None else {}
    try:
        connection = await connect(
            url,
            subprotocols=[Subprotocol(codec.subprotocol)],
            compression=None,
            additional_headers=dict(options.headers),
            proxy=options.proxy,
            open_timeout=options.timeout,
            ping_interval=None,  # the protocol has its own pings
            close_timeout=CLOSE_SECONDS,
            max_size=options.max_message_bytes,
            **secure,
        )
    except Exception as error:
        raise TransportError(url, str(error) or type(error).__name__) from error
    return WebSocket(connection, is_text=codec.is_text)


def _closed(error: ConnectionClosed) -> TransportClosed:
    frame = error.rcvd or error.sent
    return TransportClosed(frame.code, frame.reason) if frame else TransportClosed(ABNORMAL, "")
