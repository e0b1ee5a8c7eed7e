"""How long a stream is kept: a rule that every section with a history has."""

from __future__ import annotations

from cadenza.config.problems import Report
from cadenza.realtime.duration import Duration


def check_history(path: str, size: int, ttl: Duration, report: Report) -> None:
    """Size and TTL go together, and the TTL counts whole seconds."""
    if bool(size) != bool(ttl):
        report.error(path, "needs both history_size and history_ttl, or none")
    if ttl % 1:
        report.error(f"{path}.history_ttl", f"must be whole seconds, not {ttl}")
