"""Sections of the HTTP server and of the server API that it carries."""

from __future__ import annotations

from typing import Literal

import msgspec

from cadenza.server.config.secret import Secret


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_server.tls``."""

    enabled: bool = False
    cert_pem: str = ""
    """The certificate: PEM text, PEM in base64, or the path of a PEM file."""
    key_pem: Secret = Secret("")
    """Its private key, in the same three forms."""


class HttpServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_server``: where to listen."""

    address: str = "127.0.0.1"
    """Host to bind; an empty text binds every interface."""
    port: int = 8000
    """0 takes a free one."""
    internal_address: str = ""
    """Host of the internal port; empty: the same as ``address``."""
    internal_port: int = 0
    """Own port for the HTTP API, health and metrics; 0: they share ``port``."""
    tls: TlsConfig = TlsConfig()


class HttpApiConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_api``: publish, broadcast, disconnect, ... for a backend."""

    disabled: bool = False
    """Do not serve the API."""
    handler_prefix: str = "/api"
    """Path of the API."""
    key: Secret = Secret("")
    """Without a key every request is refused, unless ``insecure``."""
    error_mode: Literal["", "transport"] = ""
    """``transport``: errors also show in the HTTP status."""
    external: bool = False
    """Serve the API on ``port`` even when there is an ``internal_port``."""
    insecure: bool = False
    """No key is asked for. For experiments only."""
