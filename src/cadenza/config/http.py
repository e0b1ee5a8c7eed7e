"""Sections of the HTTP server: its ports, API, transports, and what operators need."""

from __future__ import annotations

from typing import Literal

import msgspec

from cadenza.config.values import Secret
from cadenza.realtime.duration import Duration


class TlsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_server.tls``: encryption of the port."""

    enabled: bool = False
    cert_pem: str = ""
    """The certificate: PEM text, PEM in base64, or the path of a PEM file."""
    key_pem: Secret = Secret("")
    """Its private key, in the same three forms."""


class HttpServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_server``: the ports to listen on."""

    address: str = "127.0.0.1"
    """Host to bind; empty: every interface, IPv6 and IPv4."""
    port: int = 8000
    """Port to listen on; 0: any free one."""
    internal_address: str = ""
    """Host of the internal port; empty: the same as ``address``."""
    internal_port: int = 0
    """Separate port for the HTTP API, health and metrics; 0: they share ``port``."""
    keep_alive_timeout: Duration = Duration(75)
    """How long a connection without a request is kept, counted in whole seconds; 0: for ever. It
    must be longer than whatever is in front keeps its idle connections (AWS load balancers and
    ingress-nginx: 60 s), or that one sends a request into a connection that is just being closed.
    Cadenza's own option."""
    tls: TlsConfig = TlsConfig()


class HttpApiConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_api``: publish, broadcast, disconnect, ... for a backend."""

    disabled: bool = False
    """Do not serve the API."""
    handler_prefix: str = "/api"
    """Path of the API."""
    key: Secret = Secret("")
    """Key that requests must bring; without one all are refused, unless ``insecure``."""
    error_mode: Literal["", "transport"] = ""
    """``transport``: errors also show in the HTTP status."""
    external: bool = False
    """Serve the API on ``port`` even when there is an ``internal_port``."""
    insecure: bool = False
    """Ask for no key. For experiments only."""


class WebSocketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``websocket``: the WebSocket transport, on unless disabled."""

    disabled: bool = False
    """Do not serve WebSockets."""
    handler_prefix: str = "/connection/websocket"
    """Path of the endpoint."""
    compression: bool = False
    """Compress messages for clients that offer permessage-deflate (RFC 7692)."""
    compression_min_size: int = 0
    """Bytes of a message below which it is not compressed."""
    compression_level: int = 1
    """1 (fastest) to 9 (smallest)."""
    message_size_limit: int = 65_536
    """Largest incoming message, bytes; a larger one closes the connection with 1009."""
    decompressed_message_size_limit: int = 0
    """Largest message after decompression, bytes; 0: ten times ``message_size_limit``."""
    require_authorization: bool = False
    """Refuse an upgrade without an ``Authorization: Bearer`` header with 401. Cadenza's own."""


class SseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sse``: server-sent events to the client, ``emulation`` back."""

    enabled: bool = False
    handler_prefix: str = "/connection/sse"
    """Path of the endpoint."""
    max_request_body_size: int = 65_536
    """Largest request body, bytes; a larger one is answered with 413."""


class HttpStreamConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_stream``: a streamed HTTP response to the client, ``emulation`` back."""

    enabled: bool = False
    handler_prefix: str = "/connection/http_stream"
    """Path of the endpoint."""
    max_request_body_size: int = 65_536
    """Largest request body, bytes; a larger one is answered with 413."""


class EmulationConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``emulation``: requests from clients of ``sse`` and ``http_stream`` to the server."""

    handler_prefix: str = "/emulation"
    """Path of the endpoint."""
    max_request_body_size: int = 65_536
    """Largest request body, bytes; a larger one is answered with 413."""


class HttpResponseTarget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP answer to give instead of a stream."""

    status_code: int = 0
    body: str = ""


class ConnectCodeResponse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connect error ``code`` becomes the HTTP answer ``to``."""

    code: int = 0
    to: HttpResponseTarget = HttpResponseTarget()


class ConnectCodeResponses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``connect_code_to_http_response`` of a unidirectional transport."""

    enabled: bool = False
    transforms: tuple[ConnectCodeResponse, ...] = ()


class UniSseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``uni_sse``: server-sent events, in one direction."""

    enabled: bool = False
    handler_prefix: str = "/connection/uni_sse"
    """Path of the endpoint."""
    max_request_body_size: int = 65_536
    """Largest request body, bytes; a larger one is answered with 413."""
    connect_code_to_http_response: ConnectCodeResponses = ConnectCodeResponses()


class UniHttpStreamConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``uni_http_stream``: a streamed HTTP response, in one direction."""

    enabled: bool = False
    handler_prefix: str = "/connection/uni_http_stream"
    """Path of the endpoint."""
    max_request_body_size: int = 65_536
    """Largest request body, bytes; a larger one is answered with 413."""
    connect_code_to_http_response: ConnectCodeResponses = ConnectCodeResponses()


LogLevel = Literal["none", "trace", "debug", "info", "warn", "error", "fatal"]


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``log``: messages for operators."""

    level: LogLevel = "info"
    """Least severe level that is written."""
    file: str = ""
    """File to write to; empty: standard error."""


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``node``: this server among others."""

    name: str = ""
    """Name that the API's ``info`` shows; empty: host name and port."""


class ShutdownConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``shutdown``: the end of the server."""

    timeout: Duration = Duration(30)
    """Time that clients get to leave in an orderly way."""


class HealthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``health``: the health endpoint."""

    enabled: bool = False
    handler_prefix: str = "/health"
    """Path of the endpoint."""


class PrometheusConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``prometheus``: the metrics endpoint."""

    enabled: bool = False
    handler_prefix: str = "/metrics"
    """Path of the endpoint."""


class RpcPingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rpc.ping``: a built-in RPC method that answers ``{}``."""

    enabled: bool = False
    method: str = "ping"
    """Name of the method."""


class RpcConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``rpc``: remote procedure calls."""

    ping: RpcPingConfig = RpcPingConfig()
