"""uvicorn's HTTP/1.1 protocol behind our own reading of heads, and with deadlines.

Heads are read by ``request_head``, which sees them before the parser does: what a request is, and
whether it becomes a WebSocket, is decided there. uvicorn waits for ever for a request's head, for
a body that was announced, and for a peer to read what it asked for; each would let anybody hold
sockets and memory for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from cadenza.server.request_head import HeadError, RequestHead, check_start, read_head

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

HEAD_TIMEOUT: Final = 10.0
"""Seconds for a request's head, from its first byte; the first one from the connection's begin."""
BODY_TIMEOUT: Final = 30.0
"""Seconds for a request's body, from the end of its head."""
WRITE_TIMEOUT: Final = 30.0
"""Seconds for a peer to read what fills the write buffer."""
HEAD_LIMIT: Final = 65_536
"""Bytes of a request's head."""

_HEAD_END: Final = b"\r\n\r\n"


class HttpProtocol(HttpToolsProtocol):
    """One connection, up to its end or its upgrade to a WebSocket.

    Args:
        upgrades: Whether a path is one at which WebSockets are opened. Elsewhere, and for any
            other protocol, a wish to upgrade is ignored and the request answered as it is.
    """

    def __init__(
        self, *args: Any, upgrades: Callable[[str], bool] = lambda _: False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._upgrades = upgrades
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._head = bytearray()
        # What the parser is given next: a head, so many bytes of a body, or chunks up to their end.
        self._wants_head = True
        self._body_left = 0
        self._tail = b""

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See ``asyncio.Protocol``."""
        super().connection_made(transport)  # type: ignore[arg-type] # uvicorn narrows it
        self._expect(HEAD_TIMEOUT)

    def connection_lost(self, exc: Exception | None) -> None:
        """See ``asyncio.Protocol``."""
        self._expect_nothing()
        self._unset_keepalive_if_required()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See ``asyncio.Protocol``."""
        self._unset_keepalive_if_required()
        if self._reading is None:
            self._expect(HEAD_TIMEOUT)
        try:
            self._take(data)
        except HeadError as error:
            self._refuse(error.status, error.why)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(400, "not a request")

    def pause_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        super().pause_writing()
        if self._writing is None:
            self._writing = self.loop.call_later(WRITE_TIMEOUT, self.transport.abort)

    def resume_writing(self) -> None:
        """See ``asyncio.Protocol``."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    # Between asyncio and the parser.

    def _take(self, data: bytes) -> None:
        """Hand on heads in their one form, and bodies piece by piece.

        Raises:
            HeadError: A head cannot be answered.
        """
        while data and not self.transport.is_closing():
            if self._wants_head:
                found = self._complete_head(data)
                if found is None:
                    return
                head, data = found
                if head.asks_for_websocket and self._upgrades(head.path):
                    self._upgrade(head, data)
                    return
                self._body_left, self._tail = head.content_length, _HEAD_END[2:]
                self._wants_head = False  # until the parser says that the message is complete
                self.parser.feed_data(head.encoded(upgrades=False))
            elif self._body_left:
                part, data = data[: self._body_left], data[self._body_left :]
                self._body_left -= len(part)
                self.parser.feed_data(part)
            else:
                part, data = self._chunks(data)
                self.parser.feed_data(part)

    def _complete_head(self, data: bytes) -> tuple[RequestHead, bytes] | None:
        """The head that these bytes complete, and what comes after it.

        Raises:
            HeadError: It is none, or too long.
        """
        before = self._head
        before += data if before else data.lstrip(b"\r\n")  # empty lines before it (RFC 9112, 2.2)
        end = before.find(_HEAD_END, max(0, len(before) - len(data) - 3))
        if min(end if end >= 0 else len(before), len(before)) > HEAD_LIMIT:
            raise HeadError(431, "the head is too long")
        if end < 0:
            check_start(bytes(before))
            return None
        whole = bytes(before)
        before.clear()
        end += len(_HEAD_END)
        return read_head(whole[:end]), whole[end:]

    def _chunks(self, data: bytes) -> tuple[bytes, bytes]:
        """Bytes of a chunked body up to the next place where it may end: an empty line."""
        seen = self._tail + data
        end = seen.find(_HEAD_END)
        if end < 0:
            self._tail = seen[-3:]
            return data, b""
        size = end + len(_HEAD_END) - len(self._tail)
        self._tail = _HEAD_END[2:]
        return data[:size], data[size:]

    # The parser's side.

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        if self._wants_head:  # it would be one that nobody has read
            raise HeadError(400, "two messages in one")

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._expect(BODY_TIMEOUT)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """See httptools."""
        self._wants_head = True
        self._expect_nothing()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """See uvicorn. No limit on idling is 0."""
        super().on_response_complete()
        if not self.timeout_keep_alive:
            self._unset_keepalive_if_required()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _CloseDelimited(cycle, app)
        super()._start_asgi_task(cycle, app)

    def _upgrade(self, head: RequestHead, early: bytes) -> None:
        """Hand the socket over, with what the client has sent in advance."""
        self._expect_nothing()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            # The answer to an earlier request is under way, and would have nowhere to go.
            self.transport.abort()
            return
        self.connections.discard(self)
        if self.ws_protocol_class is None:
            raise TypeError("upgrades without a protocol for them")
        protocol: Any = self.ws_protocol_class(
            config=self.config,  # type: ignore[call-arg] # uvicorn's own way to call it
            server_state=self.server_state,
            app_state=self.app_state,
        )
        protocol.connection_made(self.transport)
        self.transport.set_protocol(protocol)
        protocol.data_received(head.encoded(upgrades=True))
        if early:
            protocol.data_received(early)

    def _refuse(self, status: int, why: str) -> None:
        """Say what is wrong and end: where the next request begins is not known any more."""
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            text = f"{why}\n".encode()
            lines = [
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
                "content-type: text/plain; charset=utf-8",
                f"content-length: {len(text)}",
                "connection: close",
                "",
                "",
            ]
            self.transport.write("\r\n".join(lines).encode() + text)
        self.transport.close()

    def _expect(self, seconds: float) -> None:
        self._expect_nothing()
        self._reading = self.loop.call_later(seconds, self._too_late)

    def _expect_nothing(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _too_late(self) -> None:
        """Nobody reads an answer to what was never asked: drop the connection."""
        self._reading = None
        self.transport.abort()


class _CloseDelimited:
    """An application that answers HTTP/1.0: a body without a length ends with the connection.

    Such a client knows no chunks (RFC 9112, 6.1).

    Args:
        cycle: uvicorn's answer to this request.
        app: The application.
    """

    def __init__(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._cycle = cycle
        self._app = app
        self._ends_by_closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""

        async def plainly(message: Message) -> None:
            self._prepare(message)
            await send(message)

        await self._app(scope, receive, plainly)

    def _prepare(self, message: Message) -> None:
        """Have uvicorn count what is sent in place of framing it."""
        cycle = self._cycle
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message.get("headers", [])}
            if b"content-length" not in names:
                self._ends_by_closing = True
                cycle.chunked_encoding = False
        elif self._ends_by_closing and cycle.scope["method"] != "HEAD":
            cycle.expected_content_length = len(message.get("body", b""))
