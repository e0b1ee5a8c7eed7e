"""How the gateway is, part by part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cadenza.models import HealthStatus

if TYPE_CHECKING:
    from cadenza.gateway.gateway import Gateway


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
