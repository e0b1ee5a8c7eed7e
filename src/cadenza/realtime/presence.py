"""Presence, the clients in a channel: the interface.

One test suite, ``tests/support/realtime/presence_contract.py``, runs on every implementation.

The contract: an entry lives until it is removed or until its TTL has passed since it was last
added, whichever comes first, so that the entries of a node that crashed go away; a node adds its
connections again every ``client.presence_update_interval``, which must be shorter than the TTL.
Reading never shows an expired entry.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from cadenza.protocol.messages import ClientInfo
from cadenza.realtime.eager import MaybeAwaitable


class PresenceStats(NamedTuple):
    """How many clients, and how many distinct users: all anonymous clients are one user."""

    num_clients: int
    num_users: int


class Presence(Protocol):
    """The clients of all channels, on all nodes."""

    def add(self, channel: str, info: ClientInfo) -> MaybeAwaitable[None]:
        """Add a client, or renew its entry and replace what it says."""

    def remove(self, channel: str, client: str) -> MaybeAwaitable[None]:
        """Remove a client. Harmless when it is not there."""

    def read(self, channel: str) -> MaybeAwaitable[dict[str, ClientInfo]]:
        """All clients of a channel, by client id. The caller may keep the dictionary."""

    def stats(self, channel: str) -> MaybeAwaitable[PresenceStats]:
        """How many there are, without reading them all where that is possible."""
