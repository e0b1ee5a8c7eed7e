"""The client as its parts see it: subscriptions, live books and accounts are made with a host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Unpack

from cadenza.client.buffer import Buffer
from cadenza.client.callbacks import Callback, Dispatcher, Tasks
from cadenza.client.errors import ClientError
from cadenza.client.options import ClientOptions, SubscribeArguments
from cadenza.client.pending_calls import Done
from cadenza.client.states import ClientState
from cadenza.client.values import Cause, ClientStats, HistoryPage, PresenceStats, StreamPosition
from cadenza.protocol.messages import ClientInfo, Command

if TYPE_CHECKING:  # a subscription has a host, and a host gives subscriptions
    from cadenza.client.subscription import Subscription


class ClientHost(Protocol):
    """Everything that a part of a client may ask of it; ``Client`` is the one implementation.

    Attributes:
        options: The options of the client: timeouts, delays, clock and chance among them.
        tasks: The tasks of the client, which ``close`` ends.
        events: Delivers events to callbacks.
    """

    options: ClientOptions
    tasks: Tasks
    events: Dispatcher

    @property
    def state(self) -> ClientState:
        """Whether the client is disconnected, connecting or connected."""

    @property
    def is_connected(self) -> bool:
        """Whether commands can be sent."""

    @property
    def is_json(self) -> bool:
        """Whether payloads have to be JSON."""

    @property
    def stats(self) -> ClientStats:
        """Counters of the client."""

    # Requests of the user.

    async def publish(self, channel: str, data: Any) -> None:
        """Publish to a channel."""

    async def history(
        self,
        channel: str,
        limit: int = 0,
        *,
        since: StreamPosition | None = None,
        reverse: bool = False,
    ) -> HistoryPage:
        """Read the stream of a channel."""

    async def presence(self, channel: str) -> dict[str, ClientInfo]:
        """The clients in a channel, by client id."""

    async def presence_stats(self, channel: str) -> PresenceStats:
        """The numbers of clients and users in a channel."""

    async def rpc(self, method: str, data: Any = None) -> Any:
        """Call a method of the server's application, and return its decoded answer."""

    def subscription(self, channel: str, **given: Unpack[SubscribeArguments]) -> Subscription:
        """A subscription that has not begun."""

    # The connection.

    async def wait_connected(self) -> None:
        """Wait, at most ``timeout``, until commands can be sent."""

    def start(self, command: Command, what: str, done: Done | None) -> int:
        """Give a command an id and send it; only while connected. Returns the id."""

    def give_up(self, why: Cause) -> None:
        """Replace the connection, which cannot be trusted any more."""

    def hold(self, buffer: Buffer[Any]) -> None:
        """Read nothing more from the server until this buffer has room."""

    def trouble(self, error: ClientError, callback: Callback[ClientError] | None = None) -> None:
        """Report something that failed and will be tried again; by default to ``on_error``."""

    # The list of subscriptions.

    def adopt(self, subscription: Subscription) -> None:
        """Add a subscription that begins.

        Raises:
            UsageError: The channel has one already.
            ClosedError: The client was closed.
        """

    def forget(self, channel: str) -> None:
        """Remove the subscription of a channel, which has ended."""
