"""Metrics for Prometheus, under Centrifugo's names where the two mean the same.

The engine counts in plain integers; this collector reads them when it is scraped, so that a
delivery costs no metric.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from cadenza.realtime import Node

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class NodeCollector(Collector):
    """What one node has to say about itself."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        yield from self._gauges()
        yield from self._counters()

    def _gauges(self) -> Iterator[Metric]:
        node, hub = self._node, self._node.hub
        by_transport: dict[str, int] = {}
        for connection in hub.connections.values():
            name = connection.transport.name
            by_transport[name] = by_transport.get(name, 0) + 1
        clients = GaugeMetricFamily(
            "centrifugo_client_connections_inflight",
            "Authenticated connections by transport.",
            labels=["transport"],
        )
        for name, count in by_transport.items():
            clients.add_metric([name], count)
        yield clients
        build = GaugeMetricFamily("centrifugo_node_build", "The version.", labels=["version"])
        build.add_metric([node.version], 1)
        yield build
        queued = sum(connection.queued_bytes for connection in node.open_connections)
        for name, text, value in (
            ("centrifugo_node_num_clients", "Authenticated connections.", len(hub.connections)),
            ("centrifugo_node_num_users", "Users with a connection.", len(hub.users)),
            ("centrifugo_node_num_channels", "Channels with subscribers.", len(hub.channels)),
            ("centrifugo_node_num_subscriptions", "Subscriptions.", hub.num_subscriptions),
            ("cadenza_open_connections", "Open transports.", len(node.open_connections)),
            (
                "cadenza_slow_connections",
                "Connections that read too slowly.",
                len(node.slow_readers),
            ),
            ("cadenza_queued_bytes", "Bytes that wait for slow connections.", queued),
        ):
            yield GaugeMetricFamily(name, text, value=value)

    def _counters(self) -> Iterator[Metric]:
        node = self._node
        commands = CounterMetricFamily(
            "centrifugo_client_command", "Commands handled, by method.", labels=["method"]
        )
        for method, count in node.command_counts.items():
            commands.add_metric([method], count)
        yield commands
        errors = CounterMetricFamily(
            "centrifugo_client_num_reply_errors", "Errors in replies, by code.", labels=["code"]
        )
        for code, count in node.error_counts.items():
            errors.add_metric([str(code)], count)
        yield errors
        ends = CounterMetricFamily(
            "centrifugo_client_num_server_disconnects",
            "Connections that ended, by disconnect code.",
            labels=["code"],
        )
        for code, count in node.disconnect_counts.items():
            ends.add_metric([str(code)], count)
        yield ends
        faults = CounterMetricFamily(
            "cadenza_fault_hits", "Hits of injected faults, by kind.", labels=["kind"]
        )
        for kind, count in node.fault_counts.items():
            faults.add_metric([kind], count)
        yield faults
        yield CounterMetricFamily(
            "centrifugo_transport_messages_sent",
            "Messages written to clients, replies included.",
            value=node.outbox.messages_sent,
        )
        yield CounterMetricFamily(
            "cadenza_conflations",
            "Snapshots given to slow subscribers in place of what they missed.",
            value=node.slow_readers.conflations,
        )


class Metrics:
    """The registry of one server: the node, and what a program adds.

    Args:
        node: The node whose counters are read.
        more: Collectors of the program.
    """

    def __init__(self, node: Node, more: Iterable[Collector] = ()) -> None:
        self.registry = CollectorRegistry()
        for collector in (NodeCollector(node), *more):
            self.registry.register(collector)

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)
