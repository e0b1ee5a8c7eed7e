"""Presence of a single node, in memory."""

from __future__ import annotations

from cadenza.clock import Clock, LoopClock
from cadenza.protocol.messages import ClientInfo
from cadenza.realtime.presence import PresenceStats


class MemoryPresence:
    """Entries with an optional TTL; without one they live until they are removed.

    A single process sees all its connections end, so the default needs no TTL.
    """

    def __init__(self, clock: Clock | None = None, ttl: float = 0.0) -> None:
        self._clock = clock or LoopClock()
        self._ttl = ttl
        # Renewing moves an entry to the end, so a channel's oldest entries come first.
        self._channels: dict[str, dict[str, tuple[float, ClientInfo]]] = {}

    def add(self, channel: str, info: ClientInfo) -> None:
        """See ``Presence``."""
        clients = self._channels.setdefault(channel, {})
        if self._ttl:
            clients.pop(info.client, None)
        clients[info.client] = (self._clock.monotonic() + self._ttl, info)

    def remove(self, channel: str, client: str) -> None:
        """See ``Presence``."""
        clients = self._channels.get(channel)
        if clients is not None:
            clients.pop(client, None)
            if not clients:
                del self._channels[channel]

    def read(self, channel: str) -> dict[str, ClientInfo]:
        """See ``Presence``."""
        return {client: info for client, (_, info) in self._alive(channel).items()}

    def stats(self, channel: str) -> PresenceStats:
        """See ``Presence``."""
        clients = self._alive(channel)
        return PresenceStats(len(clients), len({info.user for _, info in clients.values()}))

    def _alive(self, channel: str) -> dict[str, tuple[float, ClientInfo]]:
        clients = self._channels.get(channel, {})
        if self._ttl and clients:
            now = self._clock.monotonic()
            expired = []
            for client, (expires_at, _) in clients.items():
                if expires_at > now:
                    break
                expired.append(client)
            for client in expired:
                self.remove(channel, client)
        return self._channels.get(channel, {})
