"""Operations about the gateway itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from cadenza.gateway.api.operation import Caller, NoParams, Operation, Reply, RestForm, RpcForm
from cadenza.models import (
    ComponentHealth,
    HealthCheck,
    HealthChecks,
    HealthStatus,
    RpcHealthCheck,
    SystemInfo,
    iso_of,
)

DOCUMENTATION: Final = "/api/v3/openapi.json"
_WORSE: Final = (HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.UNHEALTHY)


class Health(Protocol):
    """The health of the gateway."""

    def parts(self) -> Mapping[str, HealthStatus]:
        """How each part is, by its name in `HealthChecks`; the whole is as bad as its worst."""


class System:
    """Answers about the gateway.

    Args:
        version: The version of the gateway.
        health: Its health.
        time_ms: The time, in milliseconds since the Unix epoch, UTC.
    """

    def __init__(self, version: str, health: Health, time_ms: Callable[[], int]) -> None:
        self._health = health
        self._version = version
        self._time_ms = time_ms
        self._info = SystemInfo(
            name="Cadenza",
            version=version,
            description="A real-time trading gateway: market data, and a paper venue.",
            documentation=DOCUMENTATION,
        )

    def info(self, _: Caller, __: NoParams) -> Reply:
        """Name and version."""
        return Reply(self._info)

    def check(self, _: Caller, __: NoParams) -> Reply:
        """Its health, part by part and as a whole."""
        parts, now = self._health.parts(), self._time_ms()
        found = HealthCheck(
            status=max(parts.values(), key=_WORSE.index, default=HealthStatus.HEALTHY),
            timestamp=now,
            iso_date_time=iso_of(now),
            version=self._version,
            checks=HealthChecks(
                **{name: ComponentHealth(status=status) for name, status in parts.items()}
            ),
        )
        return Reply(found)


def _status(found: HealthCheck) -> int:
    return 503 if found.status is HealthStatus.UNHEALTHY else 200


def system_operations(
    version: str, health: Health, time_ms: Callable[[], int]
) -> tuple[Operation, ...]:
    """Info and health."""
    system = System(version, health, time_ms)
    return (
        Operation(
            name="query.system.info",
            doc="Name and version of the gateway.",
            run=system.info,
            rpc=RpcForm(method="query.system.info", result=SystemInfo),
            rest=RestForm(http="GET", path="", result=SystemInfo),
        ),
        Operation(
            name="query.system.check",
            doc="How the gateway is; over REST without an envelope, and 503 when it is unhealthy.",
            run=system.check,
            rpc=RpcForm(method="query.system.check", result=RpcHealthCheck),
            rest=RestForm(
                http="GET",
                path="health",
                result=HealthCheck,
                public=True,
                enveloped=False,
                status=_status,
            ),
        ),
    )
