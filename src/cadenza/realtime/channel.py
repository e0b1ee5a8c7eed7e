"""A channel on this node: its subscribers in groups that are sent the same bytes.

Subscribers differ in their wire, in whether they take deltas and hold a base for one, and in
whether the engine watches their position; those that agree in all of it form a group. Nearly always
every positioned subscriber stands where the channel stands, so the position is checked once a
publication, not once a subscriber. The exceptions (a tags filter, a subscriber ahead of the
channel) are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from cadenza.protocol import codes
from cadenza.protocol.errors import PayloadError
from cadenza.protocol.messages import ClientInfo, JoinLeave, Push
from cadenza.realtime.broker import Delivery
from cadenza.realtime.encoding import PublicationEncoder, Variant, shown_info
from cadenza.realtime.outbox import Group, Outbox
from cadenza.realtime.stream import StreamPosition
from cadenza.realtime.subscription import Subscription
from cadenza.realtime.wire import Wire

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection


class GroupKey(NamedTuple):
    """What the members of a group agree in."""

    wire: Wire
    variant: Variant
    positioned: bool


def group_key(subscription: Subscription) -> GroupKey:
    """The group that a subscription belongs to now."""
    variant = Variant.PLAIN
    if subscription.delta:
        variant = Variant.PATCH if subscription.has_base else Variant.FULL
    return GroupKey(subscription.connection.wire, variant, subscription.positioned)


class Channel:
    """Subscribers of one channel on this node.

    Attributes:
        subscriptions: All of them, by connection, also those that are still being answered.
        position: The place of the newest publication with an offset; ``None`` before there was
            one and before anybody asked.
        checked_at: When the position was last known to be the broker's, in monotonic seconds.
    """

    def __init__(self, name: str, outbox: Outbox) -> None:
        self.name = name
        self.subscriptions: dict[Connection, Subscription] = {}
        self.position: StreamPosition | None = None
        self.checked_at = 0.0
        self._outbox = outbox
        self._groups: dict[GroupKey, Group] = {}
        # Read by every publication; rebuilt when a group comes or goes.
        self._posted_to: tuple[tuple[GroupKey, Group], ...] = ()
        self._has_deltas = False
        self._listeners: dict[Wire, Group] = {}
        self._waiting: dict[Connection, Subscription] = {}
        self._singles: dict[Connection, Subscription] = {}

    def add(self, subscription: Subscription) -> None:
        """A subscription that is being answered: publications wait in it."""
        connection = subscription.connection
        self.subscriptions[connection] = subscription
        self._waiting[connection] = subscription

    def activate(self, subscription: Subscription, position: StreamPosition | None) -> None:
        """The subscribe was answered as of ``position``: from here on everything is pushed."""
        connection = subscription.connection
        self._waiting.pop(connection, None)
        subscription.waiting = None
        if position is not None and (
            self.position is None or not any(key.positioned for key in self._groups)
        ):
            self.position = position
        self._place(subscription, position)
        if subscription.push_join_leave:
            self._listen(subscription)

    def remove(self, subscription: Subscription) -> None:
        """Push nothing more; what was pushed so far still goes out."""
        connection = subscription.connection
        if self.subscriptions.get(connection) is not subscription:
            return
        del self.subscriptions[connection]
        self._waiting.pop(connection, None)
        self._singles.pop(connection, None)
        self._leave(subscription)
        for group in self._listeners.values():
            if connection in group.members:
                self._outbox.settle(group)
                del group.members[connection]

    def suspend(self, subscription: Subscription) -> None:
        """Push no publications until ``refresh``: its subscriber is too slow for them."""
        subscription.stale = True
        self._singles.pop(subscription.connection, None)
        self._leave(subscription)

    def refresh(self, subscription: Subscription) -> None:
        """Go on with publications from here; the caller has pushed the state as of now."""
        subscription.stale = False
        self._place(subscription, self.position)

    def regroup(self, subscription: Subscription, old_wire: Wire) -> None:
        """The connection's wire changed."""
        if not subscription.active:
            return
        for key, group in list(self._groups.items()):
            if key.wire is old_wire and subscription.connection in group.members:
                self._take_out(key, group, subscription.connection)
                self._join(subscription)
        listeners = self._listeners.get(old_wire)
        if listeners is not None and subscription.connection in listeners.members:
            self._outbox.settle(listeners)
            del listeners.members[subscription.connection]
            self._listen(subscription)

    def deliver(self, delivery: Delivery) -> None:
        """Push a publication to everybody who should get it."""
        publication = delivery.publication
        in_order = not publication.offset or self._advance(delivery)
        encoder = PublicationEncoder(self.name, delivery)
        for key, group in self._posted_to:
            if in_order or not key.positioned:
                self._post(key, group, encoder)
        if self._waiting:
            for subscription in self._waiting.values():
                if subscription.waiting is not None:
                    subscription.waiting.append(publication)
        if self._singles:
            for subscription in list(self._singles.values()):
                self._deliver_single(subscription, delivery, encoder)
        if self._has_deltas:
            self._move_bases(has_base=publication.offset > 0)

    def push_join(self, info: ClientInfo) -> None:
        """Tell those who asked that a client subscribed."""
        self._tell(info, lambda shown: Push(channel=self.name, join=JoinLeave(info=shown)))

    def push_leave(self, info: ClientInfo) -> None:
        """Tell those who asked that a client went."""
        self._tell(info, lambda shown: Push(channel=self.name, leave=JoinLeave(info=shown)))

    def lose_state(self) -> None:
        """Something was missed: every subscriber that is watched must recover."""
        self.position = None
        for subscription in [*self.subscriptions.values()]:
            if subscription.positioned and subscription.active:
                subscription.connection.insufficient_state(subscription)

    def _advance(self, delivery: Delivery) -> bool:
        """Move the position; say whether positioned subscribers may get the publication."""
        offset = delivery.publication.offset
        before = self.position
        now = StreamPosition(offset, delivery.epoch)
        if before is None:
            self.position = now
            return True
        if before.epoch and before.epoch != delivery.epoch:
            self.lose_state()
            self.position = now
            return False
        if offset <= before.offset:
            return False
        if offset > before.offset + 1:
            self.lose_state()
            self.position = now
            return False
        self.position = now
        return True

    def _post(self, key: GroupKey, group: Group, encoder: PublicationEncoder) -> None:
        try:
            message = encoder.encode(key.wire, key.variant)
        except PayloadError:
            self._refuse(group)
        else:
            self._outbox.post(group, message)

    def _deliver_single(
        self, subscription: Subscription, delivery: Delivery, encoder: PublicationEncoder
    ) -> None:
        publication, connection = delivery.publication, subscription.connection
        stands_at = subscription.position
        if subscription.positioned and publication.offset and stands_at is not None:
            if publication.offset <= stands_at.offset and stands_at.epoch == delivery.epoch:
                return
            if stands_at != (publication.offset - 1, delivery.epoch):
                connection.insufficient_state(subscription)
                return
            subscription.position = StreamPosition(publication.offset, delivery.epoch)
        wanted = subscription.tags_filter
        if wanted is None or wanted(publication.tags):
            self._send(subscription, encoder)
        if connection not in self._singles:  # sending may have shown it to be slow, or ended it
            return
        subscription.has_base = subscription.positioned and publication.offset > 0
        if wanted is None and subscription.position == self.position:
            del self._singles[connection]
            subscription.position = None
            self._join(subscription)

    def _send(self, subscription: Subscription, encoder: PublicationEncoder) -> None:
        connection = subscription.connection
        try:
            message = encoder.encode(connection.wire, group_key(subscription).variant)
        except PayloadError:
            connection.disconnect(codes.INAPPROPRIATE_PROTOCOL)
        else:
            self._outbox.send(connection, message)

    def _move_bases(self, *, has_base: bool) -> None:
        """After a publication every watched delta subscriber holds the stream's newest as base.

        Unless the publication is in no stream: then clients hold it as their base and the stream
        does not, and the next one must be sent whole.
        """
        for key, group in list(self._groups.items()):
            moves = key.variant is (Variant.FULL if has_base else Variant.PATCH)
            if not moves or not key.positioned:
                continue
            for member in list(group.members):
                subscription = self.subscriptions[member]
                self._take_out(key, group, subscription.connection)
                subscription.has_base = has_base
                self._join(subscription)

    def _place(self, subscription: Subscription, position: StreamPosition | None) -> None:
        """Into a group, or among those that are looked at one by one."""
        ahead = subscription.positioned and position != self.position
        if subscription.tags_filter is not None or ahead:
            subscription.position = position
            self._singles[subscription.connection] = subscription
        else:
            self._join(subscription)

    def _join(self, subscription: Subscription) -> None:
        key = group_key(subscription)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key.wire)
            self._groups_changed()
        self._outbox.settle(group)
        group.members[subscription.connection] = None

    def _leave(self, subscription: Subscription) -> None:
        key = group_key(subscription)
        group = self._groups.get(key)
        if group is not None and subscription.connection in group.members:
            self._take_out(key, group, subscription.connection)

    def _take_out(self, key: GroupKey, group: Group, connection: Connection) -> None:
        self._outbox.settle(group)
        del group.members[connection]
        if not group.members:
            del self._groups[key]
            self._groups_changed()

    def _groups_changed(self) -> None:
        self._posted_to = tuple(self._groups.items())
        self._has_deltas = any(key.variant is not Variant.PLAIN for key in self._groups)

    def _listen(self, subscription: Subscription) -> None:
        wire = subscription.connection.wire
        group = self._listeners.setdefault(wire, Group(wire))
        self._outbox.settle(group)
        group.members[subscription.connection] = None

    def _tell(self, info: ClientInfo, push: Callable[[ClientInfo | None], Push]) -> None:
        for wire, group in list(self._listeners.items()):
            if not group.members:
                continue
            try:
                message = wire.push(push(shown_info(info, wire.codec)))
            except PayloadError:
                self._refuse(group)
            else:
                self._outbox.post(group, message)

    def _refuse(self, group: Group) -> None:
        """What was published cannot be said on this group's wire."""
        for member in list(group.members):
            member.disconnect(codes.INAPPROPRIATE_PROTOCOL)
