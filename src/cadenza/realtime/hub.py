"""The hub: the connections of this node, and the subscribers of its channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cadenza.realtime.channel import Channel

if TYPE_CHECKING:
    from cadenza.realtime.connection import Connection
    from cadenza.realtime.outbox import Outbox


class Hub:
    """Indexes of a node's connections and of the channels that they subscribe to."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self.connections: dict[str, Connection] = {}
        self.sessions: dict[str, Connection] = {}
        self.users: dict[str, dict[Connection, None]] = {}
        self.channels: dict[str, Channel] = {}
        self.num_subscriptions = 0

    def add(self, connection: Connection) -> None:
        """An authenticated connection."""
        self.connections[connection.client] = connection
        self.users.setdefault(connection.user, {})[connection] = None
        if connection.session:
            self.sessions[connection.session] = connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection. Harmless when it was never added."""
        if self.connections.pop(connection.client, None) is None:
            return
        self.sessions.pop(connection.session, None)
        of_user = self.users[connection.user]
        del of_user[connection]
        if not of_user:
            del self.users[connection.user]

    def channel(self, name: str) -> Channel:
        """The channel of that name, made if nobody listened to it."""
        channel = self.channels.get(name)
        if channel is None:
            channel = self.channels[name] = Channel(name, self._outbox)
        return channel

    def find(
        self, user: str | None = None, client: str = "", session: str = ""
    ) -> Iterator[Connection]:
        """The connections of a user, or only the one with that client or session id.

        A user of ``None`` finds by client or session alone.
        """
        if user is None:
            found = [self.connections.get(client) or self.sessions.get(session)]
        else:
            found = list(self.users.get(user, ()))
        for connection in found:
            if (
                connection is not None
                and client in {"", connection.client}
                and session in {"", connection.session}
            ):
                yield connection
