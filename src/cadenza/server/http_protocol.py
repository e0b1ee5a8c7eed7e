"""uvicorn's HTTP/1.1 protocol with deadlines: silent clients do not stay.

uvicorn waits for ever for a request's head, for a body that was announced, and for a peer to read
what it asked for; each would let anybody hold sockets and memory for nothing.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD_TIMEOUT: Final = 10.0
"""Seconds for a request's head, from its first byte; the first one from the connection's begin."""
BODY_TIMEOUT: Final = 30.0
"""Seconds for a request's body, from the end of its head."""
WRITE_TIMEOUT: Final = 30.0
"""Seconds for a peer to read what fills the write buffer."""
HEAD_LIMIT: Final = 65_536
"""Bytes of a request's head."""

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class HttpProtocol(HttpToolsProtocol):
    """One connection, up to its end or its upgrade to a WebSocket."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._wants_head = True
        self._has_ended = False
        self._head_size = 0

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
        """See ``asyncio.Protocol``. As uvicorn's, but bytes after an upgrade are not lost."""
        self._unset_keepalive_if_required()
        if self._reading is None:
            self._expect(HEAD_TIMEOUT)
        self._has_ended = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        # Bytes that ended a request were a body of it, or a whole one: no head that grows.
        if self._wants_head and not self._has_ended:
            self._head_size += len(data)
            if self._head_size > HEAD_LIMIT:
                self.transport.write(_TOO_LARGE)
                self.transport.close()

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

    # The parser's side.

    def on_headers_complete(self) -> None:
        """See httptools."""
        self._wants_head = False
        self._expect(BODY_TIMEOUT)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """See httptools."""
        self._wants_head, self._has_ended, self._head_size = True, True, 0
        self._expect_nothing()
        super().on_message_complete()

    def _upgrade(self, early: bytes) -> None:
        if not self._should_upgrade():
            return  # to something else: the application has answered it as a plain request
        self._expect_nothing()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            # The answer to an earlier request is under way, and would have nowhere to go.
            self.transport.abort()
            return
        self.handle_websocket_upgrade()
        if early:
            self.transport.get_protocol().data_received(early)  # type: ignore[attr-defined] # it is our WebSocketProtocol

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
