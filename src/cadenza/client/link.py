"""One open connection: commands of a tick leave as one frame, replies and pushes come in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from cadenza.client.codec import Codec, frames
from cadenza.client.errors import ClientError, ConnectionLostError
from cadenza.client.options import ClientOptions
from cadenza.client.pending_calls import Done, PendingCalls
from cadenza.client.states import ClientEvent
from cadenza.client.transport import Transport
from cadenza.clock import Timer
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.messages import Command, Push, Reply

FIRST_CODE: Final = 3000
TOO_BIG: Final = 1009


class Ending(NamedTuple):
    """The end of a connection, as an event of the client.

    Attributes:
        event: The event.
        code: The code for the user.
        reason: The words for the user.
        error: An error to report; ``None`` if there is none.
    """

    event: ClientEvent
    code: int
    reason: str
    error: ClientError | None = None


def ending_of(code: int, reason: str) -> Ending:
    """The end that a close code, or a disconnect push, means for the client."""
    if code == TOO_BIG:
        return Ending(ClientEvent.TERMINATED, 3, "message size limit exceeded")
    if code < FIRST_CODE:
        return Ending(ClientEvent.LOST, 1, "transport closed")
    again = Disconnect(code, reason).reconnect
    return Ending(ClientEvent.LOST if again else ClientEvent.TERMINATED, code, reason)


class Link:
    """One open connection.

    Args:
        transport: Carries frames.
        codec: The encoding of messages.
        options: The options of the client.
        on_push: Called with each push, in order.
        is_over: Whether nothing more should be read now; its argument is whether calls wait for
            replies.
        room: Waits until it should be read again.

    Attributes:
        calls: The commands that wait for a reply.
    """

    def __init__(
        self,
        transport: Transport,
        codec: Codec,
        options: ClientOptions,
        *,
        on_push: Callable[[Push], None],
        is_over: Callable[[bool], bool],
        room: Callable[[], Awaitable[None]],
    ) -> None:
        self.calls = PendingCalls(options.clock, options.timeout)
        self._transport = transport
        self._codec = codec
        self._decode = codec.decode
        self._options = options
        self._now = options.clock.monotonic
        self._on_push = on_push
        self._is_over = is_over
        self._room = room
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[None] | None = None
        self._is_paused = False
        self._outbox: list[bytes] = []
        self._will_flush = False
        self._ended: asyncio.Future[Ending] = self._loop.create_future()
        self._is_done = False
        self._heard = self._now()
        self._patience = 0.0
        self._watch: Timer | None = None
        self._pong = False

    def send(self, command: Command, what: str = "", done: Done | None = None) -> None:
        """Put a command into the next frame; ``done`` is called with its reply or an error."""
        encoded = self._codec.encode(command)
        if self._is_done:  # the client has it until it is closed
            if done is not None:
                ending = self._ended.result()
                done(ConnectionLostError(ending.code, ending.reason))
            return
        if done is not None:
            self.calls.add(command.id, what, done)
            if self._is_paused and not self._is_over(True):
                self._resume()  # or the consumer would wait for a reply that is not read
        self._outbox.append(encoded)
        if not self._will_flush:
            self._will_flush = True
            self._loop.call_soon(self._flush)

    def end(self, ending: Ending) -> None:
        """End the connection; the first reason counts."""
        self._is_done = True
        if not self._ended.done():
            self._ended.set_result(ending)

    def expect_pings(self, interval: int, *, pong: bool) -> None:
        """The server pings every ``interval`` seconds (0: never) and may want answers."""
        self._pong = pong
        if interval:
            self._patience = interval + self._options.max_server_ping_delay
            self._heard = self._now()
            self._watch = self._options.clock.call_later(self._patience, self._look)

    async def run(self) -> Ending:
        """Carry messages until the end, and leave nothing behind: no task, timer, or call."""
        lost = ConnectionLostError(1, "connection closed")
        try:
            self._transport.start(self)
            ending = await asyncio.shield(self._ended)
            lost = ConnectionLostError(ending.code, ending.reason)
            return ending
        finally:
            if self._watch is not None:
                self._watch.cancel()
            if self._waiting is not None:
                self._waiting.cancel()
            self.end(Ending(ClientEvent.LOST, 1, "connection closed"))
            self.calls.fail(lost)
            await self._transport.close()

    # Called by the transport.

    def frame(self, data: bytes) -> None:
        """Replies and pushes came."""
        self._heard = self._now()
        try:
            for reply in self._decode(data):
                push = reply.push
                if push is None or push.pub is None or self._is_done:
                    self._take(reply)
                else:
                    self._on_push(push)
        except DecodeError as error:
            wrong = ClientError(f"the server sent what is not the protocol: {error}")
            self.end(Ending(ClientEvent.LOST, 1, "bad protocol", wrong))
        except Exception as error:  # noqa: BLE001 - any failure ends the connection, and is told
            broken = ClientError(f"the connection failed: {type(error).__name__}: {error}")
            broken.__cause__ = error
            self.end(Ending(ClientEvent.LOST, 1, "internal error", broken))
        if self._is_over(bool(self.calls)):
            self._pause()

    def writable(self) -> None:
        """The server reads again."""
        self._flush()

    def lost(self, code: int, reason: str) -> None:
        """The server or the network has ended the connection."""
        self.end(ending_of(code, reason))

    def _pause(self) -> None:
        self._is_paused = True
        self._transport.pause()
        if self._waiting is None:
            self._waiting = self._loop.create_task(self._wait_for_room(), name="cadenza room")

    async def _wait_for_room(self) -> None:
        await self._room()
        self._waiting = None
        self._resume()

    def _resume(self) -> None:
        self._heard = self._now()  # silence while nothing is read is not the server's
        self._is_paused = False
        self._transport.resume()

    def _flush(self) -> None:
        self._will_flush = False
        if not self._transport.is_writable:
            return
        taken, self._outbox = self._outbox, []
        for frame in frames(taken, self._codec.separator, self._options.max_frame_bytes):
            self._transport.write(frame)

    def _take(self, reply: Reply) -> None:
        if self._is_done:
            return  # it belongs to a connection that was given up
        push = reply.push
        if push is not None:
            gone = push.disconnect
            if gone is not None:
                self.end(ending_of(gone.code, gone.reason))
            else:
                self._on_push(push)
        elif reply.id:
            self.calls.answer(reply)
        elif self._pong:
            self.send(Command())

    def _look(self) -> None:
        silent = self._now() - self._heard
        if silent >= self._patience and not self._is_paused:
            self.end(Ending(ClientEvent.NO_PING, 2, "no ping"))
            return
        rest = self._patience - silent if silent < self._patience else self._patience
        self._watch = self._options.clock.call_later(rest, self._look)
