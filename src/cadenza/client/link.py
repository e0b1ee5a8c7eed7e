"""One open connection: commands of a tick leave as one frame, replies and pushes come in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from cadenza.client.calls import Calls, Done
from cadenza.client.clock import Timer
from cadenza.client.codec import Codec, frames
from cadenza.client.errors import ClientError, ConnectionLostError
from cadenza.client.options import ClientOptions
from cadenza.client.states import Event
from cadenza.client.transport import Transport, TransportClosed
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import Command, Push, Reply

FIRST_CODE = 3000
TOO_BIG = 1009


class Ending(NamedTuple):
    """Why a connection ended, as an event of the client; ``error`` is worth reporting."""

    event: Event
    code: int
    reason: str
    error: ClientError | None = None


def ending_of(code: int, reason: str) -> Ending:
    """What a close code (or a disconnect push) means for the client."""
    if code == TOO_BIG:
        return Ending(Event.TERMINATED, 3, "message size limit exceeded")
    if code < FIRST_CODE:
        return Ending(Event.LOST, 1, "transport closed")
    again = Disconnect(code, reason).reconnect
    return Ending(Event.LOST if again else Event.TERMINATED, code, reason)


class Link:
    """The connection.

    Attributes:
        calls: What waits for a reply.
    """

    def __init__(
        self,
        transport: Transport,
        codec: Codec,
        options: ClientOptions,
        *,
        on_push: Callable[[Push], None],
        is_over: Callable[[], bool],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        self.calls = Calls(options.clock, options.timeout)
        self._transport = transport
        self._codec = codec
        self._options = options
        self._on_push = on_push
        self._is_over = is_over
        self._room = room
        self._is_waiting = False
        self._outbox: list[bytes] = []
        self._wake = asyncio.Event()
        self._ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._heard = options.clock.now()
        self._patience = 0.0
        self._watch: Timer | None = None
        self._pong = False

    def send(self, command: Command, what: str = "", done: Done | None = None) -> None:
        """Put a command into the next frame; ``done`` gets what comes back."""
        encoded = self._codec.encode(command)
        if done is not None:
            self.calls.add(command.id, what, done)
        self._outbox.append(encoded)
        self._wake.set()

    def end(self, ending: Ending) -> None:
        """The connection is over; the first reason counts."""
        if not self._ended.done():
            self._ended.set_result(ending)

    def expect_pings(self, interval: int, *, pong: bool) -> None:
        """The server pings every ``interval`` seconds (0: never) and may want answers."""
        self._pong = pong
        if interval:
            self._patience = interval + self._options.max_server_ping_delay
            self._heard = self._options.clock.now()
            self._watch = self._options.clock.call_later(self._patience, self._look)

    async def run(self) -> Ending:
        """Carry messages until the end, and leave nothing behind: no task, timer, or call."""
        tasks = [asyncio.ensure_future(self._read()), asyncio.ensure_future(self._write())]
        lost = ConnectionLostError(1, "connection closed")
        try:
            ending = await asyncio.shield(self._ended)
            lost = ConnectionLostError(ending.code, ending.reason)
            return ending
        finally:
            if self._watch is not None:
                self._watch.cancel()
            for task in tasks:
                task.cancel()
            self.end(Ending(Event.LOST, 1, "connection closed"))
            self.calls.fail(lost)
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._transport.close()

    async def _read(self) -> None:
        with self._ending_with():
            while True:
                frame = await self._transport.receive()
                self._heard = self._options.clock.now()
                for reply in self._codec.decode(frame):
                    self._take(reply)
                if self._is_over():
                    await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        """Silence while we do not read is not the server's."""
        self._is_waiting = True
        try:
            await self._room()
        finally:
            self._is_waiting = False
            self._heard = self._options.clock.now()

    async def _write(self) -> None:
        with self._ending_with():
            while True:
                await self._wake.wait()
                self._wake.clear()
                taken, self._outbox = self._outbox, []
                limit = self._options.max_frame_bytes
                for frame in frames(taken, self._codec.separator, limit):
                    await self._transport.send(frame)

    @contextlib.contextmanager
    def _ending_with(self) -> Iterator[None]:
        try:
            yield
        except TransportClosed as closed:
            self.end(ending_of(closed.code, closed.reason))
        except DecodeError as error:
            wrong = ClientError(f"the server sent what is not the protocol: {error}")
            self.end(Ending(Event.LOST, 1, "bad protocol", wrong))
        except Exception as error:  # noqa: BLE001  whatever it is, the connection is over and told
            broken = ClientError(f"the connection failed: {type(error).__name__}: {error}")
            broken.__cause__ = error
            self.end(Ending(Event.LOST, 1, "internal error", broken))

    def _take(self, reply: Reply) -> None:
        if self._ended.done():
            return  # what the reader still holds belongs to a connection that is given up
        if reply.push is not None:
            gone = reply.push.disconnect
            if gone is not None:
                self.end(ending_of(gone.code, gone.reason))
            else:
                self._on_push(reply.push)
        elif reply.id:
            self.calls.answer(reply)
        elif self._pong:
            self.send(Command())

    def _look(self) -> None:
        silent = self._options.clock.now() - self._heard
        if silent >= self._patience and not self._is_waiting:
            self.end(Ending(Event.NO_PING, 2, "no ping"))
            return
        rest = self._patience - silent if silent < self._patience else self._patience
        self._watch = self._options.clock.call_later(rest, self._look)
