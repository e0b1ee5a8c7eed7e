"""Configuration: Centrifugo v6's options and Cadenza's own, from file, environment and flags."""

from __future__ import annotations

from cadenza.config.client import (
    ClientConfig,
    ConnectCodeTransform,
    ConnectCodeTransforms,
    DisconnectTarget,
    SubscriptionTokenConfig,
    TokenConfig,
    unidirectional_disconnects,
)
from cadenza.config.config import Config
from cadenza.config.gateway import (
    KlineConfig,
    MarketConfig,
    OrderBookConfig,
    ReplayConfig,
    SimulatedConfig,
    TickerConfig,
    TradeConfig,
)
from cadenza.config.http import HttpApiConfig, HttpServerConfig, TlsConfig
from cadenza.config.load import engine_rules, load, load_tree
from cadenza.config.problems import ConfigError, ConfigWarning, Problem
from cadenza.config.re2 import PatternError, compile_pattern
from cadenza.config.sandbox import LOCAL_ORIGINS, sandbox
from cadenza.server.config.dashboard import DashboardConfig
from cadenza.server.config.dumping import FORMATS, Format, dump, dumps
from cadenza.server.config.faults import FaultsConfig
from cadenza.server.config.operations import (
    HealthConfig,
    LogConfig,
    NodeConfig,
    PrometheusConfig,
    RpcConfig,
    RpcPingConfig,
    ShutdownConfig,
)
from cadenza.server.config.secret import Secret
from cadenza.server.config.trading import DepositConfig, PaperConfig, StoreConfig, TradingConfig
from cadenza.server.config.transports import (
    ConnectCodeResponse,
    ConnectCodeResponses,
    EmulationConfig,
    HttpResponseTarget,
    HttpStreamConfig,
    SseConfig,
    UniHttpStreamConfig,
    UniSseConfig,
    WebSocketConfig,
)

__all__ = [
    "FORMATS",
    "LOCAL_ORIGINS",
    "ClientConfig",
    "Config",
    "ConfigError",
    "ConfigWarning",
    "ConnectCodeResponse",
    "ConnectCodeResponses",
    "ConnectCodeTransform",
    "ConnectCodeTransforms",
    "DashboardConfig",
    "DepositConfig",
    "DisconnectTarget",
    "EmulationConfig",
    "FaultsConfig",
    "Format",
    "HealthConfig",
    "HttpApiConfig",
    "HttpResponseTarget",
    "HttpServerConfig",
    "HttpStreamConfig",
    "KlineConfig",
    "LogConfig",
    "MarketConfig",
    "NodeConfig",
    "OrderBookConfig",
    "PaperConfig",
    "PatternError",
    "Problem",
    "PrometheusConfig",
    "ReplayConfig",
    "RpcConfig",
    "RpcPingConfig",
    "Secret",
    "ShutdownConfig",
    "SimulatedConfig",
    "SseConfig",
    "StoreConfig",
    "SubscriptionTokenConfig",
    "TickerConfig",
    "TlsConfig",
    "TokenConfig",
    "TradeConfig",
    "TradingConfig",
    "UniHttpStreamConfig",
    "UniSseConfig",
    "WebSocketConfig",
    "compile_pattern",
    "dump",
    "dumps",
    "engine_rules",
    "load",
    "load_tree",
    "sandbox",
    "unidirectional_disconnects",
]
