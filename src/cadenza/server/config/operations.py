"""Small sections for those who operate the server: logs, node, health, metrics, shutdown, ping."""

from __future__ import annotations

from typing import Literal

import msgspec

from cadenza.realtime.duration import Duration

LogLevel = Literal["none", "trace", "debug", "info", "warn", "error", "fatal"]


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``log``."""

    level: LogLevel = "info"
    """The least severe messages that are written."""
    file: str = ""
    """Path to write to; empty: standard error."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``node``."""

    name: str = ""
    """As shown by the API's ``info``; empty: host name and port."""


class ShutdownConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``shutdown``."""

    timeout: Duration = Duration(30)
    """How long clients get to leave in order."""


class HealthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``health``."""

    enabled: bool = False
    handler_prefix: str = "/health"
    """Path."""


class PrometheusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``prometheus``: metrics."""

    enabled: bool = False
    handler_prefix: str = "/metrics"
    """Path."""


class RpcPingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rpc.ping``: a built-in RPC method that answers ``{}``."""

    enabled: bool = False
    method: str = "ping"
    """Its name."""


class RpcConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rpc``."""

    ping: RpcPingConfig = RpcPingConfig()
