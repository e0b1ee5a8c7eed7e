"""The whole configuration, in Centrifugo v6's names and with its defaults.

Where Cadenza differs on purpose:

- ``http_server.address`` is ``127.0.0.1`` (there: every interface). A server is opened to the
  network by somebody who says so.
- ``market`` and ``trading`` exist and are on; ``faults`` and ``dashboard`` exist and are off.
- ``client.token.ed25519_public_key`` and ``websocket.require_authorization`` are added; both
  are off by default. ``http_server.keep_alive_timeout`` is added; there, no limit is set.

As in Centrifugo, a zero or an empty text in a *file* means the default wherever the default is
something else (``http_server.address`` and our own options apart), and a negative
``client.ping_interval`` or ``client.pong_timeout`` turns it off.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.config.client import ClientConfig
from cadenza.config.gateway import DashboardConfig, FaultsConfig, MarketConfig, TradingConfig
from cadenza.config.http import (
    EmulationConfig,
    HealthConfig,
    HttpApiConfig,
    HttpServerConfig,
    HttpStreamConfig,
    LogConfig,
    NodeConfig,
    PrometheusConfig,
    RpcConfig,
    ShutdownConfig,
    SseConfig,
    UniHttpStreamConfig,
    UniSseConfig,
    WebSocketConfig,
)
from cadenza.realtime.options import ChannelRules

OWN_OPTIONS: Final = (
    "market",
    "trading",
    "faults",
    "dashboard",
    "client.token.ed25519_public_key",
    "client.subscription_token.ed25519_public_key",
    "websocket.require_authorization",
    "http_server.keep_alive_timeout",
)
"""Sections and options that Centrifugo does not have."""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration, a field for each section."""

    http_server: HttpServerConfig = HttpServerConfig()
    http_api: HttpApiConfig = HttpApiConfig()
    client: ClientConfig = ClientConfig()
    channel: ChannelRules = ChannelRules()
    rpc: RpcConfig = RpcConfig()
    websocket: WebSocketConfig = WebSocketConfig()
    sse: SseConfig = SseConfig()
    http_stream: HttpStreamConfig = HttpStreamConfig()
    emulation: EmulationConfig = EmulationConfig()
    uni_sse: UniSseConfig = UniSseConfig()
    uni_http_stream: UniHttpStreamConfig = UniHttpStreamConfig()
    log: LogConfig = LogConfig()
    node: NodeConfig = NodeConfig()
    shutdown: ShutdownConfig = ShutdownConfig()
    health: HealthConfig = HealthConfig()
    prometheus: PrometheusConfig = PrometheusConfig()
    market: MarketConfig = MarketConfig()
    trading: TradingConfig = TradingConfig()
    faults: FaultsConfig = FaultsConfig()
    dashboard: DashboardConfig = DashboardConfig()
