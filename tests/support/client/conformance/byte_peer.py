"""A peer on real sockets that decides every byte: handshakes, frames, halves of frames, cuts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import struct
from base64 import b64encode

import msgspec

from cadenza.protocol import frames, json_codec, protobuf_codec
from cadenza.protocol.messages import Reply

PATIENCE = 10.0
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_HEAD_END = b"\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)
_reply = msgspec.json.Decoder(Reply)


class Encoding:
    """One of the two ways to write the protocol, from the server's side."""

    def __init__(self, name, module, opcode):
        self.name = name
        self.opcode = opcode
        self._module = module

    def frame(self, *replies):
        """Replies, given as JSON has them, as one whole WebSocket frame."""
        return frames.frame(self.opcode, self.payload(*replies))

    def payload(self, *replies):
        """What such a frame carries."""
        messages = [_reply.decode(json.dumps(reply)) for reply in replies]
        return self._module.encode_frame(messages)

    def commands(self, payload):
        """The commands of a frame, as JSON has them; a pong is ``{}``."""
        found = self._module.decode_commands(payload)
        return [json.loads(json_codec.encode_message(command)) for command in found]


ENCODINGS = {
    "json": Encoding("json", json_codec, frames.TEXT),
    "protobuf": Encoding("protobuf", protobuf_codec, frames.BINARY),
}


class Line:
    """One accepted connection, before its handshake.

    Attributes:
        request: The head of the request that opened it, once it was read.
        encoding: What the client asked for there.
        frames: The frames that came, as pairs of opcode and payload, control frames included.
        is_polite: Whether a close frame is answered.
    """

    def __init__(self, reader, writer):
        self.request = b""
        self.encoding = ENCODINGS["json"]
        self.frames = []
        self.is_polite = True
        self._is_ended = False
        self._reader = reader
        self._writer = writer
        self._socket = writer.get_extra_info("socket")
        self._received = frames.FrameReader(1 << 24)
        self._commands = []
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    # The handshake.

    async def head(self):
        """Read the request."""
        async with asyncio.timeout(PATIENCE):
            self.request = await self._reader.readuntil(_HEAD_END)
        if b"centrifuge-protobuf" in self.request:
            self.encoding = ENCODINGS["protobuf"]

    def header(self, name):
        """A header of the request."""
        lines = self.request.decode().split("\r\n")
        found = [it.partition(": ")[2] for it in lines if it.lower().startswith(f"{name}:")]
        return found[0] if found else ""

    def switching(self, **changes):
        """The answer that opens the WebSocket; ``changes`` are headers to replace."""
        digest = hashlib.sha1(self.header("sec-websocket-key").encode() + _GUID).digest()
        headers = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Accept": b64encode(digest).decode(),
            "Sec-WebSocket-Protocol": f"centrifuge-{self.encoding.name}",
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        return response("101 Switching Protocols", headers)

    async def upgrade(self):
        """Read the request and open the WebSocket."""
        await self.head()
        self.write(self.switching())
        return self

    # What the client says.

    async def receive(self):
        """One more frame of the client; ``None``: it has ended the connection."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    data = await self._reader.read(65536)
                except ConnectionError:
                    return None
                if not data:
                    return None
                found = self._received.feed(data)
                assert self._received.failure is None, self._received.failure
                self.frames += found
                if self.is_polite and any(opcode == frames.CLOSE for opcode, _ in found):
                    self.close(1000)
                if found:
                    return found

    async def next_command(self):
        """The next command; ``None``: the client has ended the connection."""
        while not self._commands:
            found = await self.receive()
            if found is None:
                return None
            for opcode, payload in found:
                if opcode == self.encoding.opcode:
                    self._commands += self.encoding.commands(payload)
        return self._commands.pop(0)

    async def command(self, kind=None):
        """The next command, which must be of ``kind``; pongs are passed over when it is given."""
        while True:
            command = await self.next_command()
            assert command is not None, f"the client went away before its {kind}"
            if command or kind is None:
                assert kind is None or kind in command, f"expected {kind}, got {command}"
                return command

    async def gone(self):
        """Wait until the client has ended the connection; gives the code of its close frame."""
        if not self.request:
            async with asyncio.timeout(PATIENCE):
                await self._reader.read(-1)
            return None
        while await self.receive() is not None:
            pass
        closes = [payload for opcode, payload in self.frames if opcode == frames.CLOSE]
        return frames.close_code(closes[0]) if closes else None

    async def farewell(self):
        """Answer the close frame when it comes, if the test has left the line open."""
        with contextlib.suppress(AssertionError):
            while self.request and await self.receive() is not None:
                pass

    # What it is told.

    def write(self, data):
        """Bytes as they are."""
        self._writer.write(data)

    async def drain(self):
        """Wait until they have left."""
        await self._writer.drain()

    def push(self, *replies):
        """Replies in one frame, at once."""
        if not self._is_ended:
            self.write(self.encoding.frame(*replies))

    async def send(self, *replies):
        """Replies in one frame."""
        self.write(self.encoding.frame(*replies))

    async def answer(self, kind, result=None, *more):
        """Take a command of ``kind`` and answer it; ``more`` replies share the frame."""
        command = await self.command(kind)
        await self.send({"id": command["id"], kind: result or {}}, *more)
        return command

    async def refuse(self, kind, code, message, *, temporary=False):
        """Take a command of ``kind`` and answer with an error."""
        command = await self.command(kind)
        error = {"code": code, "message": message, "temporary": temporary}
        await self.send({"id": command["id"], "error": error})
        return command

    async def welcome(self, **result):
        """Take the connect command and accept it."""
        return await self.answer("connect", {"client": "c1", "version": "peer", **result})

    def close(self, code, reason=""):
        """A close frame, and the end of what is sent."""
        if not self._is_ended:
            self.write(frames.close_frame(code, reason))
            self.fin()

    def fin(self):
        """The line ends after what was sent, without a close frame."""
        self._is_ended = True
        with contextlib.suppress(OSError):
            self._writer.write_eof()

    def reset(self):
        """The line breaks, and takes along what the client has not read."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()

    cut = reset

    def end(self):
        """Let go of it."""
        self._writer.transport.abort()


class BytePeer:
    """The listener: gives its lines in the order in which they came.

    Attributes:
        url: Where it is.
        lines: All that came.
    """

    def __init__(self):
        self.url = ""
        self.lines = []
        self._accepted = asyncio.Queue()

    async def knock(self):
        """The next line before its handshake."""
        async with asyncio.timeout(PATIENCE):
            return await self._accepted.get()

    async def next_line(self):
        """The next line before its handshake, however long it takes."""
        return await self._accepted.get()

    async def accept(self):
        """The next line, open."""
        return await (await self.knock()).upgrade()

    def take(self, reader, writer):
        """A connection came."""
        line = Line(reader, writer)
        self.lines.append(line)
        self._accepted.put_nowait(line)


def response(status, headers, body=b""):
    """An HTTP response."""
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + _HEAD_END + body


@contextlib.asynccontextmanager
async def byte_peer():
    """A peer that listens on a free port."""
    peer = BytePeer()
    server = await asyncio.start_server(peer.take, "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        peer.url = f"ws://127.0.0.1:{port}/connection/websocket"
        yield peer
    finally:
        server.close()
        for line in peer.lines:
            line.end()
        await server.wait_closed()
