"""Metrics of trading: what waits, what was written, how long it took."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cadenza.trading.venue import PaperVenue


class TradingCollector(Collector):
    """Reads the venue's own counters when it is scraped, so that an order costs no metric.

    Args:
        venue: Which.
    """

    def __init__(self, venue: PaperVenue) -> None:
        self._venue = venue

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        journal, clearing = self._venue.journal, self._venue.exchange.clearing
        stats = journal.stats
        for name, text, value in (
            ("cadenza_open_orders", "Open orders of users.", len(clearing.live)),
            ("cadenza_journal_pending", "Records decided and not yet handed to the store.",
             len(journal.batch)),
            ("cadenza_journal_failed", "1: nothing can be written, trading is halted.",
             int(journal.failure is not None)),
        ):  # fmt: skip
            yield GaugeMetricFamily(name, text, value=value)
        for name, text, count in (
            ("cadenza_orders", "Orders taken, over all starts.",
             self._venue.exchange.placing.next_order - 1),
            ("cadenza_executions", "Executions of users' orders, over all starts.",
             clearing.next_execution - 1),
            ("cadenza_journal_commits", "Commits since the start.", stats.commits),
            ("cadenza_journal_records", "Records in them.", stats.records),
            ("cadenza_journal_seconds", "Seconds from handing them over to their being durable.",
             stats.seconds),
        ):  # fmt: skip
            yield CounterMetricFamily(name, text, value=count)
