"""The outbox: all messages of one turn of the event loop, one write per connection.

Messages are collected in batches: one for each group of subscribers that get the same bytes, one
for each connection that is spoken to alone. At the end of the turn a connection with one batch is
written that batch's bytes, which were framed once for all; a connection with several is written
their messages merged in the order in which they were sent. So every connection sees replies and
pushes in the order in which the node produced them, whatever channels they came from.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from cadenza.clock import Clock
from cadenza.realtime.wire import Wire

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection

logger: Final = logging.getLogger("cadenza.realtime")

BATCH_LIMIT: Final = 262_144
"""Bytes in one batch after which a turn's output is written without waiting for its end."""


class Batch:
    """Encoded messages that go out together, and their place in the order of all messages."""

    __slots__ = ("framed", "messages", "order", "owner", "size", "wire")

    def __init__(self, wire: Wire, owner: Connection | None = None) -> None:
        self.wire = wire
        self.owner = owner  # the one recipient, or None for a group's batch
        self.messages: list[bytes] = []
        self.order: list[int] = []
        self.size = 0
        self.framed: bytes | None = None

    def frame(self) -> bytes:
        """The bytes to write, made once."""
        self.framed = self.wire.framing(self.messages)
        return self.framed


class Group:
    """Connections that are sent the same messages in the same form."""

    __slots__ = ("batch", "members", "wire")

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.members: dict[Connection, None] = {}
        self.batch: Batch | None = None


class Outbox:
    """Everything that waits for the end of the turn."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._order = 0
        self._groups: list[Group] = []
        self._touched: list[Connection] = []
        self._scheduled = False
        self.messages_sent = 0

    def post(self, group: Group, message: bytes) -> None:
        """Send an encoded message to all members of a group."""
        batch = group.batch
        if batch is None:
            batch = group.batch = Batch(group.wire)
            self._groups.append(group)
        self._append(batch, message)

    def send(self, recipient: Connection, message: bytes) -> None:
        """Send an encoded message to one recipient."""
        parts = recipient.parts
        if parts and parts[-1].owner is recipient:
            batch = parts[-1]
        else:
            batch = Batch(recipient.wire, recipient)
            if not parts:
                self._touched.append(recipient)
            parts.append(batch)
        self.messages_sent += 1
        self._append(batch, message)

    def settle(self, group: Group) -> None:
        """Fix who gets what was sent to a group. Call it before a member joins or leaves."""
        batch = group.batch
        if batch is None:
            return
        group.batch = None
        touched = self._touched
        for member in group.members:
            parts = member.parts
            if not parts:
                touched.append(member)
            parts.append(batch)
        self.messages_sent += len(group.members) * len(batch.messages)

    def flush(self) -> None:
        """Write everything now. Runs by itself at the end of the turn."""
        self._scheduled = False
        groups, self._groups = self._groups, []
        for group in groups:
            self.settle(group)
        touched, self._touched = self._touched, []
        for recipient in touched:
            parts = recipient.parts
            if len(parts) == 1:
                part = parts[0]
                data = part.framed
                if data is None:
                    data = part.frame()
            else:
                data = _merge(parts)
            parts.clear()
            try:
                recipient.write(data)
            except Exception:
                # One broken transport must not cost the others what they are to get.
                logger.exception("writing to client %s failed", recipient.client)
                recipient.broken()

    def _append(self, batch: Batch, message: bytes) -> None:
        self._order += 1
        batch.messages.append(message)
        batch.order.append(self._order)
        batch.size += len(message)
        if not self._scheduled:
            self._scheduled = True
            self._clock.call_soon(self.flush)
        if batch.size > BATCH_LIMIT:
            self.flush()


def _merge(parts: list[Batch]) -> bytes:
    """The messages of several batches in the order in which they were sent."""
    if not parts:
        return b""
    numbered = [pair for part in parts for pair in zip(part.order, part.messages, strict=True)]
    numbered.sort()
    return parts[0].wire.framing([message for _, message in numbered])
