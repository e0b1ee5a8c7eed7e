"""The inbox of a connection: frames are read into commands, and those are handled in order.

A frame that arrives while a command of the one before still waits is queued, and a client that
sends faster than it is served is not read for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes, dialect
from cadenza.protocol.errors import DecodeError, PayloadError
from cadenza.protocol.messages import Command
from cadenza.realtime import eager
from cadenza.realtime.errors import CommandError, Disconnected
from cadenza.realtime.states import MOVES, REQUESTS, Move, State, classify

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

logger: Final = logging.getLogger("cadenza.realtime")

INBOX_LIMIT: Final = 64
"""Frames of one connection that wait for a command before the transport stops reading."""

EMULATED_LIMIT: Final = 1024
"""Frames of an emulated connection that wait before it is ended as asking for too much."""


class Inbox:
    """The incoming side of one connection."""

    __slots__ = ("_busy", "_connection", "_queue")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._busy: asyncio.Task[None] | None = None
        self._queue: deque[bytes] | None = None

    def close(self) -> None:
        """The connection is over: what waits is not for anybody."""
        self._queue = None

    def receive(self, frame: bytes) -> None:
        """One complete frame from the client."""
        if self._busy is None:
            self._busy = eager.start(self._work(frame))
            if self._busy is not None:
                self._busy.add_done_callback(self._worked)
        elif self._connection.is_open:
            self._enqueue(frame)

    def _enqueue(self, frame: bytes) -> None:
        if self._queue is None:
            self._queue = deque()
        self._queue.append(frame)
        transport = self._connection.transport
        if len(self._queue) >= INBOX_LIMIT:
            transport.pause_reading()
        # Frames that come by other requests keep coming, whatever this transport reads.
        if transport.emulated and len(self._queue) > EMULATED_LIMIT:
            self._connection.disconnect(codes.RATE_LIMITED)

    def _worked(self, _: asyncio.Task[None]) -> None:
        self._busy = None
        while self._queue and self._busy is None:
            if len(self._queue) == INBOX_LIMIT // 2:
                self._connection.transport.resume_reading()
            self.receive(self._queue.popleft())

    async def _work(self, frame: bytes) -> None:
        """Run the commands of one frame, one after another."""
        connection = self._connection
        try:
            for command in connection.wire.codec.decode(frame):
                request = self._admit(command)
                if request:
                    await self._run(command, request)
        except DecodeError as error:
            if connection.state is not State.REFUSED:
                logger.debug("client %s sent no command: %s", connection.client, error)
                connection.disconnect(codes.BAD_REQUEST_CLOSE)
        except Disconnected as end:
            connection.disconnect(end.disconnect)
        except PayloadError:
            connection.disconnect(codes.INAPPROPRIATE_PROTOCOL)

    def _admit(self, command: Command) -> str:
        """Look up what the command means now: the name of the request to run, or nothing."""
        given, request = classify(command)
        move = MOVES[self._connection.state, given]
        if move is Move.RUN or move is Move.CONNECT:
            if request in dialect.SPELLED_TWICE and dialect.is_camel(command):
                self._connection.switch_dialect()
            return request
        if move is Move.PONG:
            self._pong()
        elif move is Move.PING:
            self._ping_command(command)
        elif move is Move.CLOSE:
            raise Disconnected(codes.BAD_REQUEST_CLOSE)
        return ""

    async def _run(self, command: Command, request: str) -> None:
        connection = self._connection
        try:
            await connection.node.commands[request](connection, command)
        except CommandError as refusal:
            connection.refuse(command.id, refusal.error)
        except (Disconnected, PayloadError):
            raise
        except Exception as error:
            logger.exception("%s of client %s failed", request, connection.client)
            accepted = request == "connect" and connection.state is not State.NEW
            if connection.wire.unidirectional or accepted:
                raise Disconnected(codes.SERVER_ERROR) from error
            if request == "connect":
                connection.refused(codes.INTERNAL)
            connection.refuse(command.id, codes.INTERNAL)
        connection.node.count_command(request)

    def _pong(self) -> None:
        keepalive = self._connection.keepalive
        if keepalive is None or not keepalive.pong():
            raise Disconnected(codes.BAD_REQUEST_CLOSE)

    def _ping_command(self, command: Command) -> None:
        if all(getattr(command, name) is None for name in REQUESTS):
            raise Disconnected(codes.BAD_REQUEST_CLOSE)
        self._connection.refuse(command.id, codes.NOT_AVAILABLE)
