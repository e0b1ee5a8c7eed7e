"""The interface through which one node tells the others, and the controller of a lone node.

The contract: ``broadcast`` reaches every node once, this one included, in the order in which one
node sends; ``survey`` asks every node that is alive and returns what they answered within a bounded
time. Both return at once where they can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from cadenza.protocol.codes import Disconnect
from cadenza.realtime.claims import SubscriptionGrant
from cadenza.realtime.eager import MaybeAwaitable
from cadenza.realtime.stream import StreamPosition


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Connections of a user (``None``: of whoever), or one of them by client or session id."""

    user: str | None = None
    client: str = ""
    session: str = ""


class SubscribeUser(msgspec.Struct, frozen=True, kw_only=True, tag="subscribe"):
    """Subscribe connections to a channel from the server's side."""

    target: Target
    channel: str
    grant: SubscriptionGrant = SubscriptionGrant()
    recover_since: StreamPosition | None = None


class UnsubscribeUser(msgspec.Struct, frozen=True, kw_only=True, tag="unsubscribe"):
    """End the connections' subscription to a channel."""

    target: Target
    channel: str


class DisconnectUser(msgspec.Struct, frozen=True, kw_only=True, tag="disconnect"):
    """End connections, except those whose client ids are in ``whitelist``."""

    target: Target
    disconnect: Disconnect
    whitelist: tuple[str, ...] = ()


class RefreshUser(msgspec.Struct, frozen=True, kw_only=True, tag="refresh"):
    """Change the lifetime of connections; ``expire_at`` 0: they never expire."""

    target: Target
    expired: bool = False
    expire_at: int = 0
    info: bytes | None = None


class EmulatedFrame(msgspec.Struct, frozen=True, kw_only=True, tag="emulated"):
    """Commands that arrived here for a session of another node."""

    node: str
    session: str
    frame: bytes


ConnectionOrder = SubscribeUser | UnsubscribeUser | DisconnectUser | RefreshUser
Control = ConnectionOrder | EmulatedFrame


class NodeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """One node, as the others see it. ``uptime`` in whole seconds."""

    uid: str
    name: str
    version: str
    num_clients: int
    num_users: int
    num_subs: int
    num_channels: int
    uptime: int


class NodeState(msgspec.Struct, frozen=True, kw_only=True):
    """A node's answer to a survey: itself, and the subscribers of its channels."""

    info: NodeInfo
    channels: dict[str, int]


class Controller(Protocol):
    """Reaches all nodes."""

    def start(
        self, on_control: Callable[[Control], None], on_survey: Callable[[], NodeState]
    ) -> MaybeAwaitable[None]:
        """Begin. ``on_control`` and ``on_survey`` are this node's part; they never raise."""

    def close(self) -> MaybeAwaitable[None]:
        """Stop. Idempotent."""

    def broadcast(self, control: Control) -> MaybeAwaitable[None]:
        """Tell all nodes."""

    def survey(self) -> MaybeAwaitable[list[NodeState]]:
        """Ask all nodes."""

    def knows(self, node: str) -> bool:
        """Whether there is another node with that uid."""


class LocalController:
    """There are no other nodes."""

    def __init__(self) -> None:
        self._on_control: Callable[[Control], None] | None = None
        self._on_survey: Callable[[], NodeState] | None = None

    def start(
        self, on_control: Callable[[Control], None], on_survey: Callable[[], NodeState]
    ) -> None:
        """See ``Controller``."""
        self._on_control, self._on_survey = on_control, on_survey

    def close(self) -> None:
        """See ``Controller``."""
        self._on_control = self._on_survey = None

    def broadcast(self, control: Control) -> None:
        """See ``Controller``."""
        if self._on_control is not None:
            self._on_control(control)

    def survey(self) -> list[NodeState]:
        """See ``Controller``."""
        return [] if self._on_survey is None else [self._on_survey()]

    def knows(self, node: str) -> bool:  # noqa: ARG002 - the interface's signature
        """See ``Controller``."""
        return False
