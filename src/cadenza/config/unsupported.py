"""What Centrifugo v6 has and Cadenza lacks: every option, and what its absence means.

An option of this table that a file sets to something else than its default is named in a
warning and left out; the sentence says what the operator must know.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.server.config import shapes
from cadenza.server.config.shapes import Shape, options


class Lacking(msgspec.Struct, frozen=True):
    """One option or section that Cadenza does not have."""

    sentence: str
    shape: Shape = None


_ALONE: Final = "this node keeps everything in its own memory and shares nothing with others"
_NO_PROXY: Final = "Cadenza does not ask a backend"

_NAMESPACE: Final = {
    "subscription_type": Lacking("only stream subscriptions exist here", "stream"),
    "map": Lacking("map subscriptions do not exist here", shapes.MAP),
    "shared_poll": Lacking("shared poll subscriptions do not exist here", shapes.SHARED_POLL),
    "map_clients_presence_channel_prefix": Lacking("map presence does not exist here"),
    "map_users_presence_channel_prefix": Lacking("map presence does not exist here"),
    "subscribe_proxy_enabled": Lacking(
        f"{_NO_PROXY} whether a client may subscribe: only tokens and the namespace's own "
        "permissions decide"
    ),
    "subscribe_proxy_name": Lacking(_NO_PROXY, "default"),
    "publish_proxy_enabled": Lacking(
        f"{_NO_PROXY} about publications: they are neither checked nor changed, only the "
        "namespace's own permissions decide"
    ),
    "publish_proxy_name": Lacking(_NO_PROXY, "default"),
    "sub_refresh_proxy_enabled": Lacking(
        f"{_NO_PROXY} to prolong a subscription: clients must send a new token"
    ),
    "sub_refresh_proxy_name": Lacking(_NO_PROXY, "default"),
    "subscribe_stream_proxy_enabled": Lacking("streams from a backend do not exist here"),
    "subscribe_stream_proxy_name": Lacking(_NO_PROXY, "default"),
    "subscribe_stream_proxy_bidirectional": Lacking("streams from a backend do not exist here"),
}

_HTTP_SERVER: Final = {
    "http_server.tls.client_ca_pem": Lacking(
        "client certificates are not asked for: the server answers everybody who can reach it"
    ),
    "http_server.tls.server_ca_pem": Lacking("it has no meaning for a listening port"),
    "http_server.tls.insecure_skip_verify": Lacking("it has no meaning for a listening port"),
    "http_server.tls.server_name": Lacking("it has no meaning for a listening port"),
    "http_server.tls_autocert": Lacking(
        "certificates are not obtained by themselves: without http_server.tls the port is "
        "served unencrypted",
        options("enabled host_whitelist cache_dir email server_name http", http_addr=":80"),
    ),
    "http_server.tls_external": Lacking("http_server.tls never covers the internal port"),
    "http_server.internal_tls": Lacking(
        "the internal port is served unencrypted: keep it on a private address", shapes.TLS
    ),
    "http_server.http3": Lacking("HTTP/3 does not exist here", options("enabled")),
    "http_server.h2c_external": Lacking("HTTP/2 does not exist here"),
}

_TRANSPORTS: Final = {
    "client.channel_position_max_time_lag": Lacking(
        "publications do not travel between nodes here, so none can be late", "0s"
    ),
    "websocket.write_timeout": Lacking(
        "a client that does not read is bounded by client.queue_max_size and by "
        "client.pong_timeout instead",
        "1s",
    ),
    "websocket.read_buffer_size": Lacking("buffers are sized by the server itself"),
    "websocket.write_buffer_size": Lacking("buffers are sized by the server itself"),
    "websocket.use_write_buffer_pool": Lacking("buffers are managed by the server itself"),
    "webtransport": Lacking(
        "WebTransport does not exist here",
        options("enabled", handler_prefix="/connection/webtransport", message_size_limit=65_536),
    ),
    "uni_websocket": Lacking(
        "the unidirectional WebSocket transport does not exist here", shapes.UNI_WEBSOCKET
    ),
    "uni_grpc": Lacking(
        "the unidirectional gRPC transport does not exist here",
        options("enabled address max_receive_message_size", port=11_000, tls=shapes.TLS),
    ),
    "init": Lacking(
        "the connection init endpoint does not exist here",
        options("enabled", handler_prefix="/connection/init"),
    ),
}

_ENGINES: Final = {
    "engine": Lacking(
        f"{_ALONE}: several nodes behind one balancer would not see each other's publications",
        options(type="memory", redis=shapes.REDIS_ENGINE),
    ),
    "broker": Lacking(
        f"{_ALONE}: publications do not reach other nodes and do not outlive a restart",
        options(
            "enabled",
            type="memory",
            redis=shapes.REDIS_BROKER,
            nats=shapes.NATS_BROKER,
            postgres=shapes.POSTGRES_BROKER,
            redisnats=options(redis=shapes.REDIS_BROKER, nats=shapes.NATS_BROKER),
        ),
    ),
    "presence_manager": Lacking(
        f"{_ALONE}: presence shows only clients of this node",
        options("enabled", type="memory", redis=shapes.REDIS_PRESENCE),
    ),
    "map_broker": Lacking(
        "map subscriptions do not exist here",
        options(type="memory", redis=shapes.REDIS_MAP, postgres=shapes.POSTGRES_MAP),
    ),
    "controller": Lacking(
        f"{_ALONE}: API commands act on this node only",
        options("enabled type", postgres=shapes.POSTGRES_CONTROLLER),
    ),
    "shared_poll": Lacking(
        "shared poll subscriptions do not exist here",
        options(
            "hmac_secret_key hmac_previous_secret_key hmac_previous_secret_key_valid_until "
            "concurrency_limit"
        ),
    ),
}

_PROXIES: Final = {
    "client.proxy.connect": Lacking(
        f"{_NO_PROXY} who may connect: clients need a token, unless anonymous ones are allowed",
        shapes.PROXY | options("enabled"),
    ),
    "client.proxy.refresh": Lacking(
        f"{_NO_PROXY} to prolong a connection: clients must send a new token",
        shapes.PROXY | options("enabled"),
    ),
    **{
        f"channel.proxy.{name}": Lacking(f"{_NO_PROXY} about channels", shapes.PROXY)
        for name in (
            "subscribe",
            "publish",
            "sub_refresh",
            "subscribe_stream",
            "map_publish",
            "map_remove",
            "shared_poll_refresh",
        )
    },
    "rpc.proxy": Lacking(f"{_NO_PROXY} about RPC calls", shapes.PROXY),
    "rpc.without_namespace": Lacking(
        f"{_NO_PROXY} about RPC calls", options("proxy_enabled", proxy_name="default")
    ),
    "rpc.namespaces": Lacking(
        f"{_NO_PROXY} about RPC calls", [options("name proxy_enabled", proxy_name="default")]
    ),
    "rpc.namespace_boundary": Lacking("RPC methods have no namespaces here", ":"),
    "proxies": Lacking(_NO_PROXY, [shapes.PROXY | options("name")]),
}

_OPERATIONS: Final = {
    "grpc_api": Lacking(
        "the server API is served over HTTP only",
        options(
            "enabled error_mode address key reflection max_receive_message_size",
            port=10_000,
            tls=shapes.TLS,
        ),
    ),
    "consumers": Lacking(
        "nothing is consumed from queues: publish through the HTTP API", [shapes.CONSUMER]
    ),
    "admin": Lacking(
        "the admin interface does not exist here",
        options(
            "enabled handler_prefix password secret insecure web_path web_proxy_address external"
        ),
    ),
    "prometheus.instrument_http_handlers": Lacking("these metrics do not exist here"),
    "prometheus.recovered_publications_histogram": Lacking("these metrics do not exist here"),
    "prometheus.native_histograms": Lacking("these metrics do not exist here"),
    "swagger": Lacking(
        "the API explorer does not exist here", options("enabled", handler_prefix="/swagger")
    ),
    "debug": Lacking(
        "Go's profiler does not exist here", options("enabled", handler_prefix="/debug/pprof")
    ),
    "opentelemetry": Lacking(
        "traces are not exported", options("enabled api consuming google_cloud_adc_auth")
    ),
    "graphite": Lacking(
        "metrics are not sent to Graphite: use prometheus",
        options("enabled tags", host="localhost", port=2003, prefix="centrifugo", interval="10s"),
    ),
    "usage_stats": Lacking("nothing is reported to anybody", options("disabled")),
    "node.info_metrics_aggregate_interval": Lacking("the interval is fixed", "60s"),
    "pid_file": Lacking("no such file is written"),
    "enable_unreleased_features": Lacking("there are none"),
}

LACKING: Final[dict[str, Lacking]] = {
    **_HTTP_SERVER,
    **_TRANSPORTS,
    **_ENGINES,
    **_PROXIES,
    **_OPERATIONS,
    **{f"channel.without_namespace.{name}": lack for name, lack in _NAMESPACE.items()},
    **{f"channel.namespaces[].{name}": lack for name, lack in _NAMESPACE.items()},
}
"""Option path (``[]`` for the items of a list) to what there is to say about it."""

GROUPS: Final = frozenset(
    path.rpartition(".")[0]
    for path in LACKING
    if path.startswith(("client.proxy.", "channel.proxy."))
)
"""Sections that Cadenza lacks whole but says something different about each part of."""
