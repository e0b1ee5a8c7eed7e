"""Faults of connections: dropped, delayed, stalled, expired."""

from __future__ import annotations

import math
from typing import Final

from cadenza.gateway.faults.line import Line
from cadenza.gateway.faults.specs import AnyFault, Delay, Drop, Expire, Stall, Target
from cadenza.gateway.faults.table import ActiveFault, FaultTable
from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect
from cadenza.protocol.messages import Push, RefreshPush
from cadenza.realtime import Connection, Node
from cadenza.realtime.claims import seconds_left
from cadenza.realtime.timers import Timers

KINDS: Final = (Drop, Delay, Stall, Expire)


def fits(target: Target, connection: Connection) -> bool:
    """Whether a fault of connections concerns this one now."""
    return (
        target.user in {"", connection.user}
        and target.client in {"", connection.client}
        and (not target.channel or target.channel in connection.subscriptions)
    )


def may_fit(target: Target, connection: Connection) -> bool:
    """Whether it does, or would with another subscription."""
    return target.user in {"", connection.user} and target.client in {"", connection.client}


class ConnectionFaults:
    """Carries out ``KINDS`` on the connections of a node.

    Args:
        table: The faults that are on.
        node: Has the connections.
    """

    def __init__(self, table: FaultTable, node: Node) -> None:
        self._table = table
        self._node = node
        self._clock = node.clock
        self._timers = Timers(node.clock)
        self._lines: dict[Connection, Line] = {}
        table.carries(self, KINDS)

    def close(self) -> None:
        """Let go of what waits, once the node is shut down."""
        self._timers.close()

    @property
    def lines(self) -> int:
        """Connections that are written to late now."""
        return len(self._lines)

    # What the node says.

    def connected(self, connection: Connection) -> None:
        """A connection was accepted; its answer has not left yet."""
        if self._is_delayed(connection):
            self._line(connection)

    def disconnected(self, connection: Connection) -> None:
        """A connection is over; its last words, if it gets any, are said in this same turn."""
        line = self._lines.pop(connection, None)
        if line is not None:
            self._clock.call_soon(line.drop)

    # What the table says: see ``Injector``.

    def check(self, spec: AnyFault) -> None:
        """Everything can be carried out."""

    def act(self, fault: ActiveFault) -> None:
        """Do to the connections that there are what the fault does once."""
        for connection in list(self._node.hub.connections.values()):
            if isinstance(fault.spec, Delay):
                if may_fit(fault.spec.target, connection):
                    self._line(connection)
            elif fits(fault.spec.target, connection) and fault.strikes():
                self._hit(fault.spec, connection)

    def ended(self, fault: ActiveFault) -> None:
        """Take the lines away that nothing waits in."""
        if isinstance(fault.spec, Delay):
            for connection in list(self._lines):
                self._idle(connection)

    def _hit(self, spec: AnyFault, connection: Connection) -> None:
        match spec:
            case Drop(code=0):
                connection.transport.abort()
            case Drop(code=code, reason=reason):
                connection.disconnect(Disconnect(code, reason))
            case Stall(ms=ms):
                self._line(connection).stall(ms / 1000)
            case Expire(ms=0):
                connection.disconnect(codes.CONNECTION_EXPIRED)
            case Expire(ms=ms):
                self._shorten(connection, ms / 1000)
            case _:
                raise AssertionError(spec)

    def _shorten(self, connection: Connection, seconds: float) -> None:
        """Let a connection expire in so long, unless it does so earlier anyway."""
        now = self._clock.time()
        expire_at = math.ceil(now + seconds)
        if connection.expire_at and connection.expire_at <= expire_at:
            return
        connection.set_expiry(expire_at)
        connection.push(Push(refresh=RefreshPush(expires=True, ttl=seconds_left(expire_at, now))))

    # Lines.

    def _line(self, connection: Connection) -> Line:
        line = self._lines.get(connection)
        if line is None:
            line = Line(connection, self._clock, self._timers, self._delay_of, self._idle)
            self._lines[connection] = line
            connection.reroute(line)
        return line

    def _is_delayed(self, connection: Connection) -> bool:
        return any(may_fit(fault.spec.target, connection) for fault in self._table.of(Delay))

    def _delay_of(self, connection: Connection) -> float:
        """Seconds by which what is written now is late: the longest of the faults that hit."""
        longest = 0
        for fault in self._table.of(Delay):
            spec = fault.spec
            if isinstance(spec, Delay) and fits(spec.target, connection) and fault.strikes():
                longest = max(longest, spec.ms)
        return longest / 1000

    def _idle(self, connection: Connection) -> None:
        """Nothing waits for a connection: without a fault that wants it, its line goes."""
        line = self._lines.get(connection)
        if line is not None and line.is_idle and not self._is_delayed(connection):
            del self._lines[connection]
            connection.reroute(line.inner)
