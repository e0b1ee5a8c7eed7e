"""Pings and pongs of one connection: an empty message each way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cadenza.protocol import codes

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.timers import Deadline


class Keepalive:
    """Sends pings at an interval, and ends the connection when a pong fails to come.

    Only a pong counts as life. The first ping comes at a random moment between half an interval
    and a whole one, so that the connections of a restart spread out.

    Args:
        connection: The connection to keep alive, or to end when it is silent.
        frame: The frame that a transport with pings of its own writes; empty: the protocol's ping.
    """

    __slots__ = ("_connection", "_deadline", "_frame", "_waiting")

    def __init__(self, connection: Connection, frame: bytes = b"") -> None:
        self._connection = connection
        self._frame = frame
        self._waiting = False
        node = connection.node
        first = node.client_options.ping_interval * (0.5 + node.chance.random() / 2)
        self._deadline: Deadline | None = node.timers.after(first, self._ping)

    def pong(self) -> bool:
        """A pong came; whether one was due."""
        if not self._waiting:
            return False
        self._waiting = False
        return True

    def stop(self) -> None:
        """The connection is over."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _ping(self) -> None:
        connection = self._connection
        options = connection.node.client_options
        self._deadline = None
        connection.write(self._frame or connection.wire.ping)
        if not connection.is_open:  # writing may have ended it
            return
        if options.pong_timeout and not connection.wire.unidirectional:
            self._waiting = True
            self._deadline = connection.node.timers.after(options.pong_timeout, self._check)
        else:
            self._deadline = connection.node.timers.after(options.ping_interval, self._ping)

    def _check(self) -> None:
        if self._waiting:
            self._deadline = None
            self._connection.disconnect(codes.NO_PONG)
            return
        options = self._connection.node.client_options
        rest = options.ping_interval - options.pong_timeout
        self._deadline = self._connection.node.timers.after(rest, self._ping)
