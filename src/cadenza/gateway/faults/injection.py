"""Fault injection as one part of a gateway: everything that it gives to the other parts.

::

    faults = FaultInjection(config.faults, market)
    node = Node(access=Access(..., faults.verifier(verifier)), handlers=faults.handlers(handlers))
    feed = make_feed(config.market, faults.sink(market), clock)
    faults.attach(node)
    create_app(node, config, api_rpc=faults.rpc())

Where ``faults.enabled`` is false each of these gives back what it was given, so that nothing stands
in anybody's way.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

from cadenza.config import FaultsConfig
from cadenza.gateway.faults.admin import FaultCalls, disabled
from cadenza.gateway.faults.books import BookFaults, BookFilter, FaultySink
from cadenza.gateway.faults.connections import ConnectionFaults
from cadenza.gateway.faults.lookups import EarlyExpiry, HealthFaults, OrderRules
from cadenza.gateway.faults.table import FaultTable
from cadenza.market.feed import MarketSink
from cadenza.market.market import Market, MarketListener
from cadenza.protocol.codes import Disconnect
from cadenza.realtime import Clock, Connection, Handlers, LoopClock, Node, TokenVerifier
from cadenza.realtime.timers import Timers
from cadenza.server.api.methods import RPC
from cadenza.trading.orders.faults import OrderFaults


class FaultInjection:
    """The faults of one gateway.

    Args:
        config: The ``faults`` section.
        market: Whose books faults concern.
        clock: The time; the running loop's by default.
        chance: Random numbers; made from ``faults.seed`` by default.

    Attributes:
        enabled: Whether faults can be switched on at all.
        table: The faults that are on.
        orders: What whoever decides orders asks for each.
    """

    def __init__(
        self,
        config: FaultsConfig,
        market: Market,
        *,
        clock: Clock | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.enabled: Final = config.enabled
        clock = clock or LoopClock()
        self._timers = Timers(clock)
        # Chance here is for tests to repeat, and guards nothing.
        chance = chance or random.Random(config.seed)  # noqa: S311 - see above
        self.table: Final = FaultTable(config, clock, self._timers, chance)
        self._connections = ConnectionFaults(self.table, clock, self._timers)
        self._books = BookFaults(self.table, market)
        self._health = HealthFaults(self.table)
        rules = OrderRules(self.table)
        self.orders: Final[OrderFaults] = rules.orders

    @property
    def node_healthy(self) -> bool:
        """Whether no fault makes the node unhealthy."""
        return not self._health.reason

    def attach(self, node: Node) -> None:
        """Act on this node, and count hits where its metrics are read."""
        node.fault_counts = self.table.counts
        self._connections.attach(node)
        self._health.attach(node)

    def close(self) -> None:
        """End all faults. Call it after the node's shutdown, which lets go of what waits."""
        self.table.clear()
        self._timers.close()

    # What stands between the parts of a gateway.

    def handlers(self, handlers: Handlers) -> Handlers:
        """The handlers, and beside them ours."""
        if not self.enabled:
            return handlers
        connected, disconnected = handlers.connected, handlers.disconnected

        def on_connected(connection: Connection) -> None:
            self._connections.connected(connection)
            if connected is not None:
                connected(connection)

        def on_disconnected(connection: Connection, disconnect: Disconnect) -> None:
            self._connections.disconnected(connection)
            if disconnected is not None:
                disconnected(connection, disconnect)

        return msgspec.structs.replace(
            handlers, connected=on_connected, disconnected=on_disconnected
        )

    def verifier(self, verifier: TokenVerifier) -> TokenVerifier:
        """A verifier whose tokens may expire early."""
        return EarlyExpiry(verifier, self.table) if self.enabled else verifier

    def sink(self, sink: MarketSink) -> MarketSink:
        """What a feed is given in place of the market."""
        return FaultySink(sink, self._books) if self.enabled else sink

    def listener(self, listener: MarketListener) -> MarketListener:
        """What hears the market in place of the listener that publishes to subscribers."""
        return BookFilter(listener, self._books) if self.enabled else listener

    def rpc(self, after: RPC | None = None) -> RPC:
        """What answers the server API's ``rpc``; ``after`` has every other method."""
        return FaultCalls(self.table, after).rpc if self.enabled else disabled(after)
