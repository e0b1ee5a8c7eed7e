"""One open connection of the documented WebSocket API: commands out, replies and pushes in."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final, Self

import msgspec

from cadenza.client.errors import CallTimeoutError, ClientError, ConnectionLostError, UsageError
from cadenza.client.options import ClientOptions
from cadenza.client.transport import Transport
from cadenza.client.websocket_api.models import WsCommand, WsReply
from cadenza.clock import Timer

SWITCHING: Final = 101
PONG: Final = b"{}"
LAST_ID: Final = 2**32 - 1
MOST_WAITING: Final = 4096
"""Replies that may wait to be read; then nothing more is read from the server. While a command
waits for its reply, up to as many again are taken."""
NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002


class WebSocketConnection:
    """An open connection: send commands, and iterate over replies and pushes.

    Made by ``WebSocketApi.websocket_connect``. An iteration ends with ``close``, or when the server
    closes normally; any other end is raised as ``ConnectionLostError``, after everything that came
    before it.

    Args:
        transport: Carries frames.
        options: The options of the client.

    Attributes:
        status: 101, as the connection is open.
        data: The reply to the command that the connection was opened with.
    """

    def __init__(self, transport: Transport, options: ClientOptions) -> None:
        self.status = SWITCHING
        self.data = WsReply()
        self._transport = transport
        self._options = options
        self._waiting: dict[int, asyncio.Future[WsReply]] = {}
        self._came: deque[WsReply] = deque()
        self._news = asyncio.Event()
        self._end: tuple[int, str] | None = None
        self._is_paused = False
        self._pong = False
        self._heard = 0.0
        self._patience = 0.0
        self._watch: Timer | None = None

    async def send(self, command: WsCommand) -> WsReply | None:
        """Send a command, and wait for its reply.

        Args:
            command: The command, with an id that no command waits for.

        Returns:
            The reply, which may carry an error; ``None`` for ``send``, which has no reply.

        Raises:
            UsageError: The command cannot be right, or its reply stands behind too many that are
                not read.
            CallTimeoutError: No answer came in time.
            ConnectionLostError: The connection ended first.
        """
        wire = _wire_of(command)
        if command.send is not None:
            del wire["id"]
            self._write(wire)
            return None
        if command.id in self._waiting:
            raise UsageError(f"id {command.id} waits for its reply already")
        return await self._call(command.id, wire)

    async def _call(self, number: int, wire: dict[str, Any]) -> WsReply:
        answered: asyncio.Future[WsReply] = asyncio.get_running_loop().create_future()
        seconds = self._options.timeout
        late = CallTimeoutError(f"command {number}", seconds)
        timer = self._options.clock.call_later(seconds, lambda: _fail(answered, late))
        self._waiting[number] = answered
        try:
            self._write(wire)
            self._make_room()
            return await answered
        finally:
            timer.cancel()
            del self._waiting[number]
            if answered.done() and not answered.cancelled():
                answered.exception()  # retrieved, also when the caller was cancelled meanwhile

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WsReply:
        while not self._came:
            if self._end is not None:
                if self._end[0] == NORMAL:
                    raise StopAsyncIteration
                raise ConnectionLostError(*self._end)
            self._news.clear()
            await self._news.wait()
        if self._is_paused and len(self._came) <= MOST_WAITING // 2:
            self._resume()
        return self._came.popleft()

    async def close(self) -> None:
        """Close it; an iteration ends."""
        self.lost(NORMAL, "closed")
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # Called by the transport.

    def frame(self, data: bytes) -> None:
        """Replies came: answers go to their commands, everything else to the iteration."""
        if self._end is not None:
            return
        self._heard = self._options.clock.monotonic()
        for line in data.removesuffix(b"\n").split(b"\n"):
            try:
                found = msgspec.json.decode(line)
                reply = WsReply.from_wire(found)
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                self.lost(PROTOCOL_ERROR, f"what came is no reply: {error}")
                self._transport.pause()
                return
            self._take(reply, is_ping=not found)
        self._news.set()
        self._make_room()

    def writable(self) -> None:
        """See ``transport.Receiver``."""

    def lost(self, code: int, reason: str) -> None:
        """The connection has ended; the first reason counts."""
        if self._end is not None:
            return
        self._end = (code, reason)
        if self._watch is not None:
            self._watch.cancel()
        for answered in self._waiting.values():
            _fail(answered, ConnectionLostError(code, reason))
        self._news.set()

    def _take(self, reply: WsReply, *, is_ping: bool) -> None:
        if is_ping:
            if self._pong:
                self._transport.write(PONG)
            return
        if reply.connect is not None:
            self._expect_pings(reply.connect.ping or 0, pong=bool(reply.connect.pong))
        answered = self._waiting.get(reply.id or 0)
        if answered is not None and not answered.done():
            answered.set_result(reply)
        else:
            self._came.append(reply)

    def _expect_pings(self, interval: int, *, pong: bool) -> None:
        self._pong = pong
        if interval and self._watch is None:
            self._patience = interval + self._options.max_server_ping_delay
            self._watch = self._options.clock.call_later(self._patience, self._look)

    def _look(self) -> None:
        silent = self._options.clock.monotonic() - self._heard
        if silent >= self._patience and not self._is_paused:
            self.lost(2, "no ping")
            return
        rest = self._patience - silent if silent < self._patience else self._patience
        self._watch = self._options.clock.call_later(rest, self._look)

    def _make_room(self) -> None:
        """Read on as far as the bounds allow, and fail the calls if that is not enough."""
        waits = any(not answered.done() for answered in self._waiting.values())
        is_full = len(self._came) > MOST_WAITING * (2 if waits else 1)
        if is_full and not self._is_paused:
            self._is_paused = True
            self._transport.pause()
        elif self._is_paused and not is_full and waits:
            self._resume()
        if is_full:
            for answered in self._waiting.values():
                _fail(answered, UsageError(f"{len(self._came)} replies wait to be iterated over"))

    def _resume(self) -> None:
        # Silence while nothing is read is not the server's.
        self._heard = self._options.clock.monotonic()
        self._is_paused = False
        self._transport.resume()

    def _write(self, wire: dict[str, Any]) -> None:
        if self._end is not None:
            raise ConnectionLostError(*self._end)
        try:
            self._transport.write(msgspec.json.encode(wire))
        except (TypeError, ValueError) as error:
            raise UsageError(f"this cannot be sent: {error}") from error


def _fail(answered: asyncio.Future[WsReply], error: ClientError) -> None:
    if not answered.done():
        answered.set_exception(error)


def _wire_of(command: WsCommand) -> dict[str, Any]:
    """The wire form of a command for which the server will not close the connection."""
    wire = command.to_wire()
    requests = sorted(set(wire) - {"id"})
    if len(requests) != 1:
        raise UsageError(f"a command has one request, not {', '.join(requests) or 'none'}")
    number: Any = command.id  # models are checked where they are read, not where they are made
    if not isinstance(number, int) or not 1 <= number <= LAST_ID:
        raise UsageError(f"the id of a command is 1 to {LAST_ID}, not {number!r}")
    return wire
