"""The WebSocket of the client: the library websockets opens it, our own protocol carries it.

The library knows handshakes, proxies, redirects and TLS. Once a connection is open, each message
costs it a future, two switches of tasks and a queue, several times what decoding the message
costs. So the open transport is handed to ``WebSocket``, which passes messages on as they arrive.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from cadenza.client.codec import Codec
from cadenza.client.errors import TransportError
from cadenza.client.options import ClientOptions
from cadenza.client.transport import ABNORMAL, Receiver
from cadenza.protocol import frames

CLOSE_SECONDS: Final = 1.0
"""How long the peer may take to answer a close frame."""
FIRST_BUFFER: Final = 4096
LARGEST_BUFFER: Final = 2**18
"""The read buffer doubles up to this size whenever one read fills it."""
_NORMAL: Final = 1000
_HEAD_END: Final = b"\r\n\r\n"


class WebSocket(asyncio.BufferedProtocol):
    """An open WebSocket, as a ``transport.Transport``.

    Args:
        transport: The open socket.
        is_text: Whether messages are sent as text.
        limit: The largest message that is accepted, in bytes.

    Attributes:
        is_writable: Whether the peer reads.
    """

    def __init__(self, transport: asyncio.Transport, *, is_text: bool, limit: int) -> None:
        self.is_writable = True
        self._transport = transport
        self._opcode = frames.TEXT if is_text else frames.BINARY
        self._reader = frames.FrameReader(limit, masked=False)
        self._buffer = bytearray(FIRST_BUFFER)
        self._receiver: Receiver | None = None
        self._held: deque[tuple[int, bytes]] = deque()
        self._is_paused = True  # until it is started
        self._has_said_goodbye = False
        self._lost: tuple[int, str] | None = None
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # Called by the client.

    def start(self, receiver: Receiver) -> None:
        """Begin to deliver."""
        self._receiver = receiver
        self.resume()

    def write(self, frame: bytes) -> None:
        """Send one message."""
        self._write(self._opcode, frame)

    def pause(self) -> None:
        """Stop reading."""
        if not self._is_paused and not self._transport.is_closing():
            self._transport.pause_reading()
        self._is_paused = True

    def resume(self) -> None:
        """Read again."""
        self._is_paused = False
        while self._held and not self._is_paused:
            self._take(*self._held.popleft())
        if self._is_paused:
            return
        if self._lost is not None:
            self._tell_end()
        elif not self._transport.is_closing():
            self._transport.resume_reading()

    async def close(self) -> None:
        """Send a close frame and wait a moment for the answer."""
        self._receiver = None
        if not self._gone.done():
            self._end(_NORMAL, "")
            self.resume()
            try:
                await asyncio.wait([self._gone], timeout=CLOSE_SECONDS)
            finally:  # also when the caller is cancelled
                if not self._gone.done():
                    self._transport.abort()

    # Called by the event loop.

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - a hint, and a poor one
        """The buffer for the next bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        data = bytes(memoryview(self._buffer)[:nbytes])
        if nbytes == len(self._buffer) < LARGEST_BUFFER:
            self._buffer = bytearray(2 * nbytes)
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer."""
        for opcode, payload in self._reader.feed(data):
            if self._is_paused:
                self._held.append((opcode, payload))
            else:
                self._take(opcode, payload)
        failure = self._reader.failure
        if failure is not None and self._lost is None:
            self._end(failure.code, "")
            self._transport.close()
            self._finish(failure.code, "")

    def eof_received(self) -> None:
        """Nothing more comes from the peer: the transport closes itself."""

    def pause_writing(self) -> None:
        """The peer does not read."""
        self.is_writable = False

    def resume_writing(self) -> None:
        """The peer reads again."""
        self.is_writable = True
        if self._receiver is not None:
            self._receiver.writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - lost is lost
        """The socket is closed."""
        if not self._gone.done():
            self._gone.set_result(None)
        self._finish(ABNORMAL, "")

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode in (frames.TEXT, frames.BINARY):
            if self._receiver is not None:
                self._receiver.frame(payload)
        elif opcode == frames.PING:
            self._write(frames.PONG, payload)
        elif opcode == frames.CLOSE:
            code = frames.close_code(payload)
            self._end(code, "")
            self._transport.close()
            self._finish(code, payload[2:].decode(errors="replace"))

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self._has_said_goodbye and not self._transport.is_closing():
            self._transport.write(frames.masked_frame(opcode, payload, os.urandom(4)))

    def _end(self, code: int, reason: str) -> None:
        """Send a close frame, after which nothing is written."""
        self._write(frames.CLOSE, frames.close_payload(code, reason))
        self._has_said_goodbye = True

    def _finish(self, code: int, reason: str) -> None:
        """Note the end; frames that are held are delivered before it is told."""
        if self._lost is None:
            self._lost = (code, reason)
            if not self._is_paused:
                self._tell_end()

    def _tell_end(self) -> None:
        receiver, self._receiver = self._receiver, None
        if receiver is not None and self._lost is not None:
            receiver.lost(*self._lost)


class _Opening(ClientConnection):
    """The library's connection, which gets nothing beyond the head of a successful answer.

    Attributes:
        early: The bytes that came after the head.
        is_lost: Whether the socket was closed before it was handed over.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.early = b""
        self.is_lost = False
        self._head = b""
        self._is_open = False

    def data_received(self, data: bytes) -> None:
        """Bytes of the answer, and what may follow in the same packet."""
        if self._is_open:
            self.early += data
            return
        self._head += data
        end = self._head.find(_HEAD_END)
        if end < 0:
            super().data_received(data)
            return
        rest = self._head[end + len(_HEAD_END) :]
        super().data_received(data[: len(data) - len(rest)])
        self._is_open = self.response is not None and self.protocol.handshake_exc is None
        if self._is_open:
            self.early = rest
        elif rest:
            super().data_received(rest)  # the body of a refusal

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self.is_lost = True
        super().connection_lost(exc)


async def dial_websocket(url: str, codec: Codec, options: ClientOptions) -> WebSocket:
    """Open a WebSocket.

    Args:
        url: The address, ``ws://`` or ``wss://``.
        codec: The encoding, which names the subprotocol.
        options: The options of the client.

    Raises:
        TransportError: It did not open; the cause says why, ``status`` is that of HTTP.
    """
    secure: dict[str, Any] = {"ssl": options.ssl} if options.ssl is not None else {}
    try:
        opening = await connect(
            url,
            subprotocols=[Subprotocol(codec.subprotocol)],
            compression=None,
            additional_headers=dict(options.headers),
            proxy=options.proxy,
            open_timeout=options.timeout,
            ping_interval=None,  # the protocol has its own pings
            close_timeout=CLOSE_SECONDS,
            create_connection=_Opening,
            **secure,
        )
    except InvalidStatus as error:
        raise TransportError(url, str(error), status=error.response.status_code) from error
    except Exception as error:
        raise TransportError(url, str(error) or type(error).__name__) from error
    return _hand_over(opening, codec, options)


def _hand_over(opening: ClientConnection, codec: Codec, options: ClientOptions) -> WebSocket:
    assert isinstance(opening, _Opening)  # noqa: S101 - create_connection made it
    socket = WebSocket(opening.transport, is_text=codec.is_text, limit=options.max_message_bytes)
    opening.transport.set_protocol(socket)
    if opening.early:
        socket.feed(opening.early)
    if opening.is_lost:
        socket.connection_lost(None)
    return socket
