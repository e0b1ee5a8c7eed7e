"""The system: its name, version and health, in REST and RPC shapes."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from cadenza.models.enums_trading import HealthStatus
from cadenza.models.scalars import Iso, Millis


class SystemInfo(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who answers (``RpcSystemInfo``); the same over REST and RPC."""

    name: str
    version: str
    description: str
    documentation: str


class ComponentHealth(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one part of the system is."""

    status: HealthStatus


class HealthChecks(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """The parts of the system; one that it does not have is left out.

    ``market`` and ``node`` are Cadenza's additions: the feed with its books, and the engine that
    serves connections.
    """

    database: ComponentHealth | UnsetType = UNSET
    temporal: ComponentHealth | UnsetType = UNSET
    redis: ComponentHealth | UnsetType = UNSET
    market: ComponentHealth | UnsetType = UNSET
    node: ComponentHealth | UnsetType = UNSET


class HealthCheck(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """How the system is, as ``GET health`` answers it, without an envelope.

    ``iso_date_time`` is ``timestamp`` in RFC 3339.
    """

    status: HealthStatus
    timestamp: Millis
    version: str
    checks: HealthChecks
    iso_date_time: Iso | UnsetType = UNSET


class RpcHealthCheck(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", repr_omit_defaults=True
):
    """How the system is, as RPC shows it."""

    status: HealthStatus
    timestamp: Iso
    version: str
    checks: HealthChecks | UnsetType = UNSET
