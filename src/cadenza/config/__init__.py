"""Configuration: Centrifugo v6's options and Cadenza's own, from file, environment and flags.

``load`` reads and checks them, and gives a ``Config``, which has a struct for each section.
``dump`` and ``dumps`` write one. A program that needs no file makes the structs itself, or begins
with those of ``sandbox``.
"""

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
from cadenza.config.errors import ConfigError, PatternError, Problem
from cadenza.config.formats import FORMATS, Format, dump, dumps
from cadenza.config.gateway import (
    DashboardConfig,
    DepositConfig,
    FaultsConfig,
    KlineConfig,
    MarketConfig,
    OrderBookConfig,
    PaperConfig,
    ReplayConfig,
    SimulatedConfig,
    StoreConfig,
    TickerConfig,
    TradeConfig,
    TradingConfig,
)
from cadenza.config.http import (
    ConnectCodeResponse,
    ConnectCodeResponses,
    EmulationConfig,
    HealthConfig,
    HttpApiConfig,
    HttpResponseTarget,
    HttpServerConfig,
    HttpStreamConfig,
    LogConfig,
    NodeConfig,
    PrometheusConfig,
    RpcConfig,
    RpcPingConfig,
    ShutdownConfig,
    SseConfig,
    TlsConfig,
    UniHttpStreamConfig,
    UniSseConfig,
    WebSocketConfig,
)
from cadenza.config.load import engine_rules, load, load_tree
from cadenza.config.re2 import compile_pattern
from cadenza.config.report import ConfigWarning
from cadenza.config.sandbox import LOCAL_ORIGINS, sandbox
from cadenza.config.values import Secret

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
