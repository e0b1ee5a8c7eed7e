"""One client's connection: its state, its commands in order, and its way out.

Frames go to the ``inbox``. What a command means in which state is the table in ``states``; what
the commands do stands in ``commands``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cadenza.protocol import codes
from cadenza.protocol.codes import Disconnect, ErrorCode, Unsubscribe
from cadenza.protocol.messages import (
    ClientInfo,
    Error,
    Push,
    Reply,
    UnsubscribePush,
    payload,
)
from cadenza.realtime.claims import LONGEST_TTL, ConnectClaims
from cadenza.realtime.inbox import Inbox
from cadenza.realtime.keepalive import Keepalive
from cadenza.realtime.slow_readers import CONFLATE_AT
from cadenza.realtime.states import State
from cadenza.realtime.subscription import Subscription
from cadenza.realtime.timers import Deadline
from cadenza.realtime.transport import Transport

if TYPE_CHECKING:
    from cadenza.realtime.node import Node
    from cadenza.realtime.outbox import Batch

logger: Final = logging.getLogger("cadenza.realtime")

_NO_CHANNELS: Final[frozenset[str]] = frozenset()  # shared: an empty set is 216 bytes


class Connection:
    """A client, from the opening of its transport to the end.

    Attributes:
        client: Its id, made by the server; others see it.
        session: A secret that lets emulated transports send commands; empty elsewhere.
        user: The user id; empty for anonymous users.
        info: Payload bytes that others see beside the user.
        meta: Payload bytes that stay in the server.
        connected_at: Unix seconds at which its ``connect`` succeeded; 0: it has not.
        expire_at: Unix seconds at which the connection should have been refreshed; 0: never.
        preset: Claims of a token that the transport verified before the connection began.
        subscriptions: By channel, those that are being answered included.
        token_channels: The server-side channels that the connection's token named.
        refusal: Code of the error that its ``connect`` was answered with; 0: none.
        calls: Calls that are decided and not answered yet.
    """

    __slots__ = (
        "__weakref__",
        "_expiry",
        "_held",
        "_held_bytes",
        "_inbox",
        "_stale",
        "_tick",
        "calls",
        "client",
        "connected_at",
        "expire_at",
        "info",
        "keepalive",
        "meta",
        "name",
        "node",
        "parts",
        "paused",
        "preset",
        "refusal",
        "session",
        "state",
        "subscriptions",
        "token_channels",
        "transport",
        "user",
        "version",
        "wire",
        "write",
    )

    def __init__(self, node: Node, transport: Transport, preset: ConnectClaims | None) -> None:
        self.node = node
        self.transport = transport
        self.wire = transport.wire
        self.client = node.new_id()
        self.session = node.new_id() if transport.emulated else ""
        self.state = State.NEW
        self.user = ""
        self.info: bytes | None = None
        self.meta: bytes | None = None
        self.name = ""
        self.version = ""
        self.connected_at = 0.0
        self.expire_at = 0
        self.preset = preset
        self.refusal = 0
        self.calls = 0
        self.subscriptions: dict[str, Subscription] = {}
        self.token_channels = _NO_CHANNELS
        self.parts: list[Batch] = []
        self.write: Callable[[bytes], None] = transport.write
        self.paused = False
        self.keepalive: Keepalive | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._inbox = Inbox(self)
        self._expiry: Deadline | None = None
        self._tick: Deadline | None = None
        delay = node.client_options.stale_close_delay
        self._stale = node.timers.after(delay, self._close_stale) if delay else None

    def __repr__(self) -> str:
        return (
            f"<Connection {self.client} {self.state.value} user={self.user!r} "
            f"{self.transport.name} {len(self.subscriptions)} subscriptions>"
        )

    # What comes in.

    def receive(self, frame: bytes) -> None:
        """One complete frame from the client."""
        self._inbox.receive(frame)

    def switch_dialect(self) -> None:
        """Speak camelCase from here on, as the client does."""
        old = self.wire
        if old.camel is old:
            return
        self.node.outbox.flush()
        self.wire = old.camel
        for subscription in self.subscriptions.values():
            self.node.hub.channel(subscription.channel).regroup(subscription, old)

    # What goes out.

    def reply(self, reply: Reply) -> None:
        """Answer a command; ``reply.id`` says which."""
        if self.state is not State.CLOSED:
            self.node.outbox.send(self, self.wire.codec.encode(reply))

    def refuse(self, command_id: int, error: ErrorCode) -> None:
        """Answer a command with an error."""
        self.node.count_error(error)
        shown = Error(code=error.code, message=error.message, temporary=error.temporary)
        self.reply(Reply(id=command_id, error=shown))

    def push(self, push: Push) -> None:
        """Send a push to this client only."""
        if self.state is not State.CLOSED:
            self.node.outbox.send(self, self.wire.push(push))

    def pause_writing(self) -> None:
        """The transport's buffer is full: what is written from here on waits in memory."""
        if self.state is State.CLOSED or self.paused:
            return
        self.paused = True
        self.write = self._hold
        self.node.slow_readers.pause(self)

    def resume_writing(self) -> None:
        """The transport's buffer has drained: write what waited."""
        if self.state is State.CLOSED or not self.paused:
            return
        self.paused = False
        self.write = self.transport.write
        held, self._held, self._held_bytes = self._held, [], 0
        for data in held:
            self.write(data)  # may pause again, and is held again then
        if not self.paused:
            self.node.slow_readers.resume(self)

    def reroute(self, transport: Transport) -> None:
        """Write to another transport from here on: one that wraps the one so far, or unwraps it."""
        self.transport = transport
        if self.state is not State.CLOSED and not self.paused:
            self.write = transport.write

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen on it."""
        return self.state is not State.CLOSED

    @property
    def queued_bytes(self) -> int:
        """Bytes that wait because the transport's buffer is full."""
        return self._held_bytes

    def _hold(self, data: bytes) -> None:
        self._held.append(data)
        self._held_bytes += len(data)
        limit = self.node.client_options.queue_max_size
        if self._held_bytes > limit:
            self.disconnect(codes.SLOW)
        elif self._held_bytes > limit // CONFLATE_AT:
            self.node.slow_readers.held(self)

    # Who it is.

    def client_info(self, chan_info: bytes | None = None) -> ClientInfo:
        """The client as others see it."""
        return ClientInfo(
            user=self.user,
            client=self.client,
            conn_info=payload(self.info),
            chan_info=payload(chan_info),
        )

    # How it lives, and how it ends.

    def accepted(self) -> None:
        """Its ``connect`` succeeded."""
        self.state = State.CONNECTED
        self.connected_at = self.node.clock.time()
        if self._stale is not None:
            self._stale.cancel()
            self._stale = None
        options = self.node.client_options
        if options.ping_interval and not self.transport.frame_ping:
            self.keepalive = Keepalive(self)
        self._schedule_tick()

    def refused(self, error: ErrorCode) -> None:
        """Its ``connect`` is answered with an error: read nothing more, end as stale."""
        self.state = State.REFUSED
        self.refusal = error.code

    def set_expiry(self, expire_at: int) -> None:
        """Expire at ``expire_at`` (Unix seconds), with some grace; 0: never."""
        self.expire_at = expire_at
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if expire_at and self.is_open:
            grace = self.node.client_options.expired_close_delay
            left = max(0.0, min(LONGEST_TTL, expire_at - self.node.clock.time()))
            self._expiry = self.node.timers.after(left + grace, self._close_expired)

    def insufficient_state(self, subscription: Subscription) -> None:
        """A publication of this subscription was missed."""
        if subscription.server_side:
            self.disconnect(codes.INSUFFICIENT_STATE)
        else:
            self.node.end_subscription(subscription, codes.INSUFFICIENT_STATE_UNSUBSCRIBE)

    def disconnect(self, disconnect: Disconnect) -> None:
        """End the connection from the server's side. Idempotent."""
        if self.state is State.CLOSED:
            return
        # Replies and pushes so far go out first, except to a client that does not read them.
        if disconnect not in {codes.SLOW, codes.CONNECTION_CLOSED}:
            self.node.outbox.flush()
            held, self._held = self._held, []
            for data in held:
                self.transport.write(data)
        if self.is_open:  # flushing may have ended it, as slow
            self._end(disconnect)
            self.transport.close(disconnect)

    def lost(self) -> None:
        """The transport is gone."""
        if self.state is not State.CLOSED:
            self._end(codes.CONNECTION_CLOSED)

    def broken(self) -> None:
        """Writing to the transport failed: nothing can be said any more, so drop it."""
        if self.state is not State.CLOSED:
            self._end(codes.WRITE_ERROR)
            self.transport.abort()

    def _end(self, disconnect: Disconnect) -> None:
        self.state = State.CLOSED
        self.write = _discard
        self._held.clear()
        self._held_bytes = 0
        self._inbox.close()
        for deadline in (self._stale, self._expiry, self._tick):
            if deadline is not None:
                deadline.cancel()
        if self.keepalive is not None:
            self.keepalive.stop()
        self.node.connection_ended(self, disconnect)

    def _close_expired(self) -> None:
        self._expiry = None
        self.disconnect(codes.CONNECTION_EXPIRED)

    def _close_stale(self) -> None:
        self._stale = None
        self.disconnect(codes.STALE)

    def _schedule_tick(self, *, soon: bool = True) -> None:
        """Presence, position and expiry of subscriptions are looked after now and then.

        The first time after half to one interval, so that a node's connections spread out.
        """
        interval = self.node.client_options.presence_update_interval
        if interval:
            delay = interval * (0.5 + self.node.chance.random() / 2) if soon else interval
            self._tick = self.node.timers.after(delay, self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        self.node.membership.look_after(self)
        if self.state is State.CONNECTED:
            self._schedule_tick(soon=False)


def unsubscribe_push(channel: str, end: Unsubscribe) -> Push:
    """Tell a client that the server ended a subscription."""
    return Push(channel=channel, unsubscribe=UnsubscribePush(code=end.code, reason=end.reason))


def _discard(_: bytes) -> None:
    """Write nothing: the connection is over."""
