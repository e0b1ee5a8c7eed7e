"""What the gateway says about itself."""

from __future__ import annotations

import pytest

from cadenza import __version__
from cadenza.models import HealthCheck, HealthStatus, RpcHealthCheck, SystemInfo
from support.gateway.payload_check import check


async def test_info(world):
    """The same over both surfaces; the documentation is a path that is served."""
    info = world.rpc("query.system.info")["data"]
    check(info, SystemInfo)
    assert (await world.get(""))["data"] == info
    assert info["version"] == __version__
    path = info["documentation"].removeprefix("/api/v3/")
    assert (await world.http("GET", path, token="")).status_code == 200


@pytest.mark.parametrize(
    ("parts", "status", "whole"),
    [
        ({}, 200, "healthy"),
        ({"market": "healthy", "database": "healthy"}, 200, "healthy"),
        ({"market": "degraded", "database": "healthy"}, 200, "degraded"),
        ({"node": "healthy", "market": "degraded", "database": "unhealthy"}, 503, "unhealthy"),
    ],
)
async def test_health(world, parts, status, whole):
    """Without a token and without an envelope; as bad as the worst part."""
    world.health.found = {name: HealthStatus(value) for name, value in parts.items()}
    response = await world.http("GET", "health", token="")
    assert response.status_code == status
    found = response.json()
    check(found, HealthCheck)
    assert found == {
        "status": whole,
        "timestamp": 1_700_000_000_000,
        "isoDateTime": "2023-11-14T22:13:20.000Z",
        "version": __version__,
        "checks": {name: {"status": value} for name, value in parts.items()},
    }
    rpc = world.rpc("query.system.check")["data"]
    check(rpc, RpcHealthCheck)
    assert rpc["timestamp"] == "2023-11-14T22:13:20.000Z"
    assert rpc["status"] == whole
