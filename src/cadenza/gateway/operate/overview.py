"""The parts of a gateway at a glance, read where they count for themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cadenza.gateway.faults.table import FaultTable
from cadenza.gateway.operate.messages import (
    Counters,
    FaultsView,
    FeedView,
    JournalView,
    Overview,
    Queues,
)
from cadenza.market.feed import Feed
from cadenza.market.market import Market
from cadenza.models import HealthStatus
from cadenza.realtime import Node
from cadenza.trading.venue import PaperVenue


@dataclass(frozen=True)
class Parts:
    """The parts of a gateway that operators look at.

    Attributes:
        node: Connections and channels.
        market: Instruments and their books.
        feed: Drives the market; ``None``: nothing does.
        feed_kind: The feed's name in the configuration: ``simulated``, ``replay`` or ``none``.
        venue: The paper venue; ``None``: trading is switched off.
        faults: The faults that are on.
        failures: The parts that have failed and stand still, each with its error.
    """

    node: Node
    market: Market
    feed: Feed | None
    feed_kind: str
    venue: PaperVenue | None
    faults: FaultTable
    failures: Mapping[str, str]


async def overview(parts: Parts, time_ms: int) -> Overview:
    """Look at everything; ``time_ms`` is the time that the overview tells, Unix milliseconds."""
    node, feed, venue = parts.node, parts.feed, parts.venue
    return Overview(
        time_ms=time_ms,
        node=node.uid,
        nodes=[state.info for state in await node.admin.survey()],
        counters=counters_of(node),
        queues=queues_of(node),
        health=GatewayHealth(parts).parts(),
        failures=dict(parts.failures),
        feed=None if feed is None else _feed(parts, feed),
        journal=None if venue is None else journal_of(venue),
        faults=FaultsView(enabled=parts.faults.is_enabled, active=parts.faults.reports()[0]),
    )


def counters_of(node: Node) -> Counters:
    """The counters of a node."""
    return Counters(
        messages_sent=node.outbox.messages_sent,
        messages_received=sum(node.command_counts.values()),
        commands=node.command_counts,
        errors=node.error_counts,
        disconnects=node.disconnect_counts,
        conflations=node.slow_readers.conflations,
        fault_hits=node.fault_counts,
    )


def queues_of(node: Node) -> Queues:
    """The bytes that wait for a node's clients."""
    queued = [connection.queued_bytes for connection in node.open_connections]
    return Queues(
        open_connections=len(queued),
        queued_bytes=sum(queued),
        queued_bytes_max=max(queued, default=0),
        slow_connections=len(node.slow_readers),
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


def _feed(parts: Parts, feed: Feed) -> FeedView:
    statistics, market = feed.statistics()._asdict(), parts.market
    by_market = {
        one.instrument_id for one in market.instruments() if market.fault(one.instrument_id)
    }
    statistics["stale"] = sorted(by_market.union(statistics["stale"]))
    return FeedView(kind=parts.feed_kind, **statistics)


class GatewayHealth:
    """Tells how the parts of a gateway are.

    Args:
        parts: The parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def parts(self) -> Mapping[str, HealthStatus]:
        """How each part is; those there are not, are not named."""
        node, venue = self._parts.node, self._parts.venue
        parts = {"node": _of(not (node.closing or node.unhealthy))}
        if self._parts.feed is not None or self._parts.failures:
            parts["market"] = HealthStatus.HEALTHY if self._is_fresh() else HealthStatus.DEGRADED
        if venue is not None:
            parts["database"] = _of(venue.journal.failure is None)
        return parts

    def _is_fresh(self) -> bool:
        feed, market = self._parts.feed, self._parts.market
        if self._parts.failures or (feed is not None and not feed.statistics().healthy):
            return False
        return not any(market.fault(one.instrument_id) for one in market.instruments())


def _of(is_fine: bool) -> HealthStatus:
    return HealthStatus.HEALTHY if is_fine else HealthStatus.UNHEALTHY
