"""What the trading side needs of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Unpack

from cadenza.client.buffer import Buffer
from cadenza.client.callbacks import Callback, Dispatcher, Tasks
from cadenza.client.errors import ClientError
from cadenza.client.options import ClientOptions, SubscribeArguments
from cadenza.client.states import ClientState
from cadenza.client.subscription import Subscription

if TYPE_CHECKING:
    from cadenza.client.values import ClientStats


class ClientHost(Protocol):
    """A client, as an account sees it."""

    options: ClientOptions
    tasks: Tasks
    events: Dispatcher

    @property
    def state(self) -> ClientState:
        """Disconnected, connecting or connected."""

    @property
    def is_connected(self) -> bool:
        """Whether commands can be sent."""

    @property
    def stats(self) -> ClientStats:
        """Counters."""

    async def wait_connected(self) -> None:
        """Wait, at most ``timeout``, until commands can be sent."""

    async def rpc(self, method: str, data: Any = None) -> Any:
        """Call a method of the server's application and give its answer, decoded from JSON."""

    def subscription(self, channel: str, **given: Unpack[SubscribeArguments]) -> Subscription:
        """A subscription that has not begun."""

    def hold(self, buffer: Buffer[Any]) -> None:
        """Read nothing more until this buffer has room."""

    def trouble(self, error: ClientError, callback: Callback[ClientError] | None = None) -> None:
        """Something failed and is tried again."""
