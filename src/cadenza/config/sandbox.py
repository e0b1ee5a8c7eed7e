"""The sandbox: the configuration of ``cadenza serve`` without a file, for this machine only."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from cadenza.config.client import ClientConfig, TokenConfig
from cadenza.config.config import Config
from cadenza.config.gateway import DashboardConfig, FaultsConfig
from cadenza.config.http import (
    HealthConfig,
    HttpApiConfig,
    HttpStreamConfig,
    NodeConfig,
    PrometheusConfig,
    RpcConfig,
    RpcPingConfig,
    SseConfig,
)
from cadenza.config.values import Secret

LOCAL_ORIGINS: Final = tuple(
    f"{scheme}://{host}{port}"
    for scheme in ("http", "https")
    for host in ("localhost", "127.0.0.1")
    for port in ("", ":*")
)
_KEY_BYTES: Final = 32


def sandbox(token_hex: Callable[[int], str] = secrets.token_hex) -> Config:
    """A configuration with random keys, and everything that people and programs use switched on.

    That is every transport and report, the page, and faults on demand.

    Args:
        token_hex: Random source: ``token_hex(32)`` gives 32 bytes as hexadecimal text. Two are
            taken, the tokens' key first and then the API's.
    """
    token = TokenConfig(hmac_secret_key=Secret(token_hex(_KEY_BYTES)))
    return Config(
        client=ClientConfig(token=token, allowed_origins=LOCAL_ORIGINS),
        http_api=HttpApiConfig(key=Secret(token_hex(_KEY_BYTES))),
        sse=SseConfig(enabled=True),
        http_stream=HttpStreamConfig(enabled=True),
        health=HealthConfig(enabled=True),
        prometheus=PrometheusConfig(enabled=True),
        rpc=RpcConfig(ping=RpcPingConfig(enabled=True)),
        node=NodeConfig(name="sandbox"),
        faults=FaultsConfig(enabled=True),
        dashboard=DashboardConfig(enabled=True),
    )
