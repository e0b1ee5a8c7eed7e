"""Fault injection as one part of a gateway: what it puts between the other parts.

::

    table = FaultTable(config.faults, clock, chance)
    verifier = with_early_expiry(verifier, table)
    node = Node(access=Access(..., verifier), fault_counts=table.counts)
    faults = FaultInjection(table, node, market)
    feed = make_feed(config.market, faults.sink(market), clock, chance)
    market.add_listener(faults.listener(data))
    node.handle(faults.handlers(handlers))
    create_app(node, config, api_rpc=faults.rpc())

Where ``faults.enabled`` is false each of these gives back what it was given, so that nothing stands
in anybody's way.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.gateway.faults.admin import FaultCalls, disabled
from cadenza.gateway.faults.books import BookFaults, BookFilter, FaultySink
from cadenza.gateway.faults.connections import ConnectionFaults
from cadenza.gateway.faults.lookups import EarlyExpiry, HealthFaults, OrderRules
from cadenza.gateway.faults.table import FaultTable
from cadenza.market.feed import MarketSink
from cadenza.market.market import Market, MarketListener
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Connection, Handlers, Node, TokenVerifier
from cadenza.server.api.methods import RPC
from cadenza.trading.orders.faults import OrderFaults


def with_early_expiry(verifier: TokenVerifier, table: FaultTable) -> TokenVerifier:
    """A verifier whose tokens may expire early; the same one where there are no faults."""
    return EarlyExpiry(verifier, table) if table.is_enabled else verifier


class FaultInjection:
    """The faults of one gateway, and who carries them out.

    Args:
        table: The faults that are on.
        node: Its connections are dropped, delayed and expired, its health is spoilt.
        market: Its books lose changes and go stale.

    Attributes:
        table: As given.
        connections: Carries out the faults of connections.
        orders: The faults of orders, for whoever decides orders.
    """

    def __init__(self, table: FaultTable, node: Node, market: Market) -> None:
        self.table: Final = table
        self.connections: Final = ConnectionFaults(table, node)
        self._books = BookFaults(table, market)
        self._health = HealthFaults(table, node)
        self.orders: Final[OrderFaults] = OrderRules(table).orders

    def close(self) -> None:
        """End all faults. Call it after the node's shutdown, which lets go of what waits."""
        self.table.close()
        self.connections.close()

    # What stands between the parts of a gateway.

    def handlers(self, handlers: Handlers) -> Handlers:
        """The handlers, and beside them ours."""
        if not self.table.is_enabled:
            return handlers
        connected, disconnected = handlers.connected, handlers.disconnected

        def on_connected(connection: Connection) -> None:
            self.connections.connected(connection)
            if connected is not None:
                connected(connection)

        def on_disconnected(connection: Connection, disconnect: Disconnect) -> None:
            self.connections.disconnected(connection)
            if disconnected is not None:
                disconnected(connection, disconnect)

        return msgspec.structs.replace(
            handlers, connected=on_connected, disconnected=on_disconnected
        )

    def sink(self, sink: MarketSink) -> MarketSink:
        """The sink that a feed is given in place of the market."""
        return FaultySink(sink, self._books) if self.table.is_enabled else sink

    def listener(self, listener: MarketListener) -> MarketListener:
        """The listener that hears the market in place of the one that publishes to subscribers."""
        return BookFilter(listener, self._books) if self.table.is_enabled else listener

    def rpc(self, after: RPC | None = None) -> RPC:
        """The answers of the server API's ``rpc``; ``after`` has every other method."""
        return FaultCalls(self.table, after).rpc if self.table.is_enabled else disabled(after)
