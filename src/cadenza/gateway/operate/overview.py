"""The parts of a gateway at a glance, read where they count for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cadenza.gateway.operate.messages import (
    Counters,
    FaultsView,
    FeedView,
    JournalView,
    Overview,
    Queues,
)
from cadenza.models import HealthStatus

if TYPE_CHECKING:
    from cadenza.gateway.gateway import Gateway
    from cadenza.market.feed import Feed
    from cadenza.realtime import Node
    from cadenza.trading.venue import PaperVenue


async def overview(gateway: Gateway, time_ms: int) -> Overview:
    """Look at everything."""
    node, feed, trading = gateway.node, gateway.feed, gateway.trading
    return Overview(
        time_ms=time_ms,
        node=node.uid,
        nodes=[state.info for state in await node.admin.survey()],
        counters=counters_of(node),
        queues=queues_of(node),
        health=GatewayHealth(gateway).parts(),
        failures=dict(gateway.failures),
        feed=None if feed is None else _feed(gateway, feed),
        journal=None if trading is None else journal_of(trading.venue),
        faults=FaultsView(enabled=gateway.faults.enabled, active=gateway.faults.table.reports()[0]),
    )


def counters_of(node: Node) -> Counters:
    """What a node has counted."""
    return Counters(
        messages_sent=node.outbox.messages_sent,
        messages_received=sum(node.command_counts.values()),
        commands=node.command_counts,
        errors=node.error_counts,
        disconnects=node.disconnect_counts,
        conflations=node.slow.conflations,
        fault_hits=node.fault_counts,
    )


def queues_of(node: Node) -> Queues:
    """What waits for a node's clients."""
    queued = [connection.queued_bytes for connection in node.open_connections]
    return Queues(
        open_connections=len(queued),
        queued_bytes=sum(queued),
        queued_bytes_max=max(queued, default=0),
        slow_connections=len(node.slow),
        queue_max_size=node.client_options.queue_max_size,
    )


def journal_of(venue: PaperVenue) -> JournalView:
    """How far a venue's disk is behind its decisions."""
    journal, exchange = venue.journal, venue.exchange
    stats = journal.stats
    return JournalView(
        state=journal.state.value,
        pending=len(journal.batch),
        commits=stats.commits,
        records=stats.records,
        seconds=stats.seconds,
        last_commit_ms=round(stats.last * 1000, 3),
        open_orders=len(exchange.clearing.live),
        orders=exchange.placement.next_order - 1,
        executions=exchange.clearing.next_execution - 1,
        failure="" if journal.failure is None else str(journal.failure),
    )


def _feed(gateway: Gateway, feed: Feed) -> FeedView:
    statistics, market = feed.statistics()._asdict(), gateway.market
    by_market = {
        one.instrument_id for one in market.instruments() if market.fault(one.instrument_id)
    }
    statistics["stale"] = sorted(by_market.union(statistics["stale"]))
    return FeedView(kind=gateway.config.market.feed, **statistics)


class GatewayHealth:
    """Looks at the parts of a gateway.

    Args:
        gateway: Which.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def parts(self) -> Mapping[str, HealthStatus]:
        """How each part is; those there are not, are not named."""
        gateway = self._gateway
        node = gateway.node
        parts = {"node": _of(not (node.closing or node.unhealthy))}
        if gateway.feed is not None or gateway.failures:
            parts["market"] = HealthStatus.HEALTHY if self._is_fresh() else HealthStatus.DEGRADED
        if gateway.trading is not None:
            parts["database"] = _of(gateway.trading.venue.journal.failure is None)
        return parts

    def _is_fresh(self) -> bool:
        gateway = self._gateway
        if gateway.failures or (gateway.feed is not None and not gateway.feed.statistics().healthy):
            return False
        market = gateway.market
        return not any(market.fault(one.instrument_id) for one in market.instruments())


def _of(is_fine: bool) -> HealthStatus:
    return HealthStatus.HEALTHY if is_fine else HealthStatus.UNHEALTHY
