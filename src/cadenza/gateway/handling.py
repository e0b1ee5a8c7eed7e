"""What the gateway decides for the node: who may subscribe, what comes first, what a call does."""

from __future__ import annotations

from cadenza.gateway.account_access import AccountAccess
from cadenza.gateway.api import Registry, rpc_handler
from cadenza.gateway.market.publisher import MarketData
from cadenza.gateway.trading.account_channel import CHANNEL
from cadenza.gateway.trading.trading import Trading
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Connection, Handlers, SubscribeEvent, SubscribeReply


class Handling:
    """The handlers of a gateway's node.

    Args:
        data: Decides about market channels; ``None``: there is no market.
        trading: Decides about account channels; ``None``: nobody trades here.
        registry: The operations.
    """

    def __init__(
        self, data: MarketData | None, trading: Trading | None, registry: Registry
    ) -> None:
        self._data = data
        self._trading = trading
        self._registry = registry
        self._accounts = AccountAccess(trading.events) if trading is not None else None

    def handlers(self) -> Handlers:
        """What the node is given."""
        return Handlers(
            subscribe=self._subscribe,
            snapshot=self._data.snapshot_of if self._data is not None else None,
            rpc=rpc_handler(self._registry),
            disconnected=self._disconnected if self._trading is not None else None,
        )

    def _subscribe(self, event: SubscribeEvent) -> SubscribeReply | None:
        if self._accounts is not None and event.channel.startswith(CHANNEL):
            return self._accounts.on_subscribe(event)
        return self._data.on_subscribe(event) if self._data is not None else None

    def _disconnected(self, connection: Connection, _: Disconnect) -> None:
        if self._trading is not None:
            self._trading.sessions.ended(connection.client)
