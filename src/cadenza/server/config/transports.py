"""Sections of the transports: where clients connect, and how much they may send."""

from __future__ import annotations

import msgspec


class WebSocketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``websocket``: on unless disabled."""

    disabled: bool = False
    """Do not serve WebSockets."""
    handler_prefix: str = "/connection/websocket"
    """Path."""
    compression: bool = False
    """Compress messages for clients that offer permessage-deflate (RFC 7692)."""
    compression_min_size: int = 0
    """Bytes of a message below which it is sent as it is."""
    compression_level: int = 1
    """1 (fastest) to 9 (smallest)."""
    message_size_limit: int = 65_536
    """Bytes of one incoming message; more closes the connection with 1009."""
    decompressed_message_size_limit: int = 0
    """Bytes after decompression; 0: ten times ``message_size_limit``."""
    require_authorization: bool = False
    """Refuse an upgrade without an ``Authorization: Bearer`` header with 401. Cadenza's own."""


class SseConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``sse``: server-sent events down, ``emulation`` up."""

    enabled: bool = False
    handler_prefix: str = "/connection/sse"
    """Path."""
    max_request_body_size: int = 65_536
    """Bytes; more is answered with 413."""


class HttpStreamConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``http_stream``: a streamed HTTP response down, ``emulation`` up."""

    enabled: bool = False
    handler_prefix: str = "/connection/http_stream"
    """Path."""
    max_request_body_size: int = 65_536
    """Bytes; more is answered with 413."""


class EmulationConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``emulation``: the way up for ``sse`` and ``http_stream``."""

    handler_prefix: str = "/emulation"
    """Path."""
    max_request_body_size: int = 65_536
    """Bytes; more is answered with 413."""


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
    """``uni_sse``: server-sent events without a way up."""

    enabled: bool = False
    handler_prefix: str = "/connection/uni_sse"
    """Path."""
    max_request_body_size: int = 65_536
    """Bytes; more is answered with 413."""
    connect_code_to_http_response: ConnectCodeResponses = ConnectCodeResponses()


class UniHttpStreamConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``uni_http_stream``: a streamed HTTP response without a way up."""

    enabled: bool = False
    handler_prefix: str = "/connection/uni_http_stream"
    """Path."""
    max_request_body_size: int = 65_536
    """Bytes; more is answered with 413."""
    connect_code_to_http_response: ConnectCodeResponses = ConnectCodeResponses()
