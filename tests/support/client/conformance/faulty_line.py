"""A TCP connection in memory between the client's real WebSocket and the real engine, and its ills.

Bytes take time, come in pieces, stand still, and are cut off in the middle of a frame; one end may
learn of the end long before the other.
"""

from __future__ import annotations

import asyncio
from collections import deque

from cadenza.client.websocket import WebSocket
from cadenza.protocol import frames
from cadenza.server.wires import WEBSOCKET_JSON, WEBSOCKET_PROTOBUF

LONGEST = 0.4
"""Seconds that a piece may take on its way."""
HIGH_WATER = 65_536


class Pipe:
    """One direction: pieces arrive later, in order, unless the line is cut before.

    Attributes:
        stalled_until: Nothing arrives before this time of the loop.
        waiting: Bytes on their way.
    """

    def __init__(self, chance, deliver):
        self.stalled_until = 0.0
        self.waiting = 0
        self._loop = asyncio.get_running_loop()
        self._chance = chance
        self._deliver = deliver
        self._last = 0.0
        self._pieces = deque()
        self._is_cut = False

    def send(self, data):
        """Bytes, in one to three pieces."""
        for _ in range(2):
            if self._chance.random() < 0.3 and len(data) > 1:
                at = self._chance.randrange(1, len(data))
                self._later(data[:at])
                data = data[at:]
        self._later(data)

    def end(self):
        """Nothing more follows what was sent."""
        self._later(b"")

    def cut(self):
        """What is on its way is lost."""
        self._is_cut = True

    def _later(self, piece):
        delay = self._chance.random() ** 3 * LONGEST
        self._last = max(self._last, self._loop.time() + delay)
        self.waiting += len(piece)
        self._pieces.append(piece)
        self._loop.call_at(self._last, self._arrive)

    def _arrive(self):
        """One more piece is due: the first, whichever timer of the same moment came first."""
        if self._is_cut:
            return
        if self._loop.time() < self.stalled_until:
            self._last = max(self._last, self.stalled_until)
            self._loop.call_at(self.stalled_until, self._arrive)
            return
        piece = self._pieces.popleft()
        self.waiting -= len(piece)
        self._deliver(piece)


class Line:
    """One connection.

    Args:
        node: The engine.
        codec: The client's.
        limit: The longest message that the client takes.
        chance: Random numbers.

    Attributes:
        socket: The client's end, as a transport of the client.
        is_open: Whether either end can still say anything to the other.
    """

    def __init__(self, node, codec, limit, chance):
        self.is_open = True
        self._chance = chance
        self._to_client = Pipe(chance, self._client_reads)
        self._to_server = Pipe(chance, self._server_reads)
        self._server = _ServerEnd(self, WEBSOCKET_JSON if codec.is_text else WEBSOCKET_PROTOBUF)
        self._client = _ClientEnd(self)
        self._frames = frames.FrameReader(1 << 20)
        self._is_lost_there = False
        self.socket = WebSocket(self._client, is_text=codec.is_text, limit=limit)
        self._connection = node.connect(self._server)

    # What is done to it.

    def cut(self, here=0.0, there=0.0):
        """It breaks: what is on its way is lost; each end learns of it after seconds, or never."""
        self.is_open = False
        self._to_client.cut()
        self._to_server.cut()
        loop = asyncio.get_running_loop()
        if here is not None:
            loop.call_later(here, self._client.lose)
        if there is not None:
            loop.call_later(there, self._lose_there)

    def stall(self, seconds):
        """Nothing arrives for a while, in either direction."""
        until = asyncio.get_running_loop().time() + seconds
        self._to_client.stalled_until = self._to_server.stalled_until = until

    def heal(self):
        """What stands still moves again."""
        self.stall(0.0)

    # What the two ends do.

    def to_client(self, data):
        self._to_client.send(data)
        if self._to_client.waiting > HIGH_WATER:
            self._connection.pause_writing()

    def to_server(self, data):
        self._to_server.send(data)

    def end_from_client(self):
        """The client has closed its socket."""
        self._to_server.end()
        asyncio.get_running_loop().call_soon(self._client.lose)

    def end_from_server(self):
        """The server has."""
        self._to_client.end()

    def _client_reads(self, piece):
        self._connection.resume_writing()
        if piece:
            self._client.read(piece)
        else:
            self.cut()

    def _server_reads(self, piece):
        if not piece:
            self.cut()
            return
        for opcode, payload in self._frames.feed(piece):
            if opcode == frames.CLOSE:
                self.end_from_server()
            elif not self._is_lost_there and not self._server.is_closed:
                self._connection.receive(payload)
        assert self._frames.failure is None, self._frames.failure

    def _lose_there(self):
        if not self._is_lost_there:
            self._is_lost_there = True
            self._connection.lost()


class _ServerEnd:
    """See ``realtime.transport.Transport``."""

    emulated = False
    frame_ping = False
    headers: dict[str, str] = {}  # noqa: RUF012 - never written
    name = "websocket"

    def __init__(self, line, wire):
        self.wire = wire
        self.is_closed = False
        self._line = line

    def write(self, data):
        if self._line.is_open:
            self._line.to_client(data)

    def close(self, disconnect):
        if not self.is_closed and self._line.is_open:
            self._line.to_client(frames.close_frame(disconnect.code, disconnect.reason))
            self._line.end_from_server()
        self.is_closed = True

    def abort(self):
        self.is_closed = True
        self._line.cut()

    def pause_reading(self):
        """Commands of one client are few."""

    def resume_reading(self):
        """See ``pause_reading``."""


class _ClientEnd(asyncio.Transport):
    """The transport under the client's WebSocket; it may be told to read nothing."""

    def __init__(self, line):
        super().__init__()
        self._line = line
        self._closing = False
        self._lost = False
        self._paused = False
        self._unread = []

    def write(self, data):
        if self._line.is_open and not self._closing:
            self._line.to_server(data)

    def is_closing(self):
        return self._closing

    def close(self):
        if not self._closing:
            self._closing = True
            self._line.end_from_client()

    def abort(self):
        self._closing = True
        self._line.cut()

    def pause_reading(self):
        self._paused = True

    def resume_reading(self):
        self._paused = False
        while self._unread and not self._paused:
            self._line.socket.feed(self._unread.pop(0))

    def read(self, piece):
        if self._lost:
            return
        self._unread.append(piece)
        if not self._paused:
            self.resume_reading()

    def lose(self):
        if self._lost:
            return
        if self._unread:  # a socket gives what has arrived before it tells of the end
            asyncio.get_running_loop().call_later(0.1, self.lose)
            return
        self._lost = self._closing = True
        self._line.socket.connection_lost(None)
