"""Options that Centrifugo v6 has and Cadenza lacks, with what their absence means.

An option of this table that is set to something other than its default is named in a warning and
left out; the sentence says what the operator must know.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

Shape: TypeAlias = "dict[str, Shape] | list[Shape] | str | int | None"
"""The options of a section by name, the one shape of a list's items, or a default; ``None`` stands
for any value that is off: zero, empty, false."""


class Unsupported(msgspec.Struct, frozen=True):
    """One option or section that Cadenza does not have.

    Attributes:
        sentence: What the operator must know if it is set, as the second half of a sentence.
        shape: Its default, or the options in it with theirs.
    """

    sentence: str
    shape: Shape = None


def options(names: str = "", **defaults: Shape) -> dict[str, Shape]:
    """A mapping of options: ``names`` are off by default, ``defaults`` are not."""
    return {**dict.fromkeys(names.split()), **defaults}


TLS: Final = options(
    "enabled cert_pem key_pem server_ca_pem client_ca_pem insecure_skip_verify server_name"
)

PROXY: Final = options(
    "endpoint http_headers grpc_metadata emulated_headers binary_encoding include_connection_meta",
    timeout="1s",
    http=options("static_headers status_to_code_transforms", tls=TLS),
    grpc=options("credentials_key credentials_value compression static_metadata", tls=TLS),
)

REDIS: Final = options(
    "db user password client_name force_resp2 cluster_address sentinel_address sentinel_user "
    "sentinel_password sentinel_master_name sentinel_client_name",
    address="redis://127.0.0.1:6379",
    connect_timeout="1s",
    io_timeout="4s",
    tls=TLS,
    sentinel_tls=TLS,
    replica_client=options("enabled"),
)
_PRESENCE: Final = options("presence_hash_field_ttl presence_user_mapping", presence_ttl="60s")
REDIS_BROKER: Final = REDIS | options("history_use_lists", prefix="centrifugo")
REDIS_PRESENCE: Final = REDIS | _PRESENCE | options(prefix="centrifugo")
REDIS_ENGINE: Final = REDIS_BROKER | _PRESENCE
REDIS_MAP: Final = REDIS | options(
    "skip_pub_sub",
    prefix="centrifugo",
    cleanup_interval="1s",
    cleanup_batch_size=100,
    idempotent_result_ttl="5m",
)

NATS_BROKER: Final = options(
    "allow_wildcards",
    prefix="centrifugo",
    url="nats://localhost:4222",
    dial_timeout="1s",
    write_timeout="1s",
    tls=TLS,
    raw_mode=options("enabled channel_replacements prefix"),
)

_POSTGRES: Final = options(
    "dsn binary_data use_notify notify_dsn skip_schema_init",
    tls=TLS,
    pool_size=16,
    num_shards=8,
    cleanup_interval="1m",
    idempotent_result_ttl="5m",
    stream_retention="24h",
    table_prefix="cf",
    outbox=options(poll_interval="100ms", batch_size=1000),
    partition_lookahead_days=2,
    partition_retention_days=7,
)
POSTGRES_BROKER: Final = _POSTGRES
POSTGRES_MAP: Final = _POSTGRES | options(ttl_check_interval="1s")
POSTGRES_CONTROLLER: Final = options(
    "dsn use_notify notify_dsn skip_schema_init",
    tls=TLS,
    pool_size=8,
    num_shards=1,
    table_prefix="cf",
    poll_interval="50ms",
    partition_retention_days=1,
    partition_lookahead_days=2,
    partition_cleanup_interval="1m",
    batch_size=1000,
)


def _publication_mode(suffix: str, tags: str) -> Shape:
    names = ("channels", "idempotency-key", "delta", "version", "version-epoch")
    mode = {f"{name}_{suffix}".replace("-", "_"): f"centrifugo-{name}" for name in names}
    return options("enabled", **mode, **{tags: "centrifugo-tag-"})


_CONSUMER_POSTGRES: Final = options(
    "dsn outbox_table_name partition_notification_channel partition_notification_dsn use_try_lock",
    num_partitions=1,
    partition_select_limit=100,
    partition_poll_interval="300ms",
    tls=TLS,
)
_CONSUMER_KAFKA: Final = options(
    "brokers topics consumer_group fetch_max_bytes fetch_read_uncommitted sasl_mechanism "
    "sasl_user sasl_password assume_role_arn instance_id",
    max_poll_records=100,
    fetch_max_wait="500ms",
    partition_queue_max_size=1000,
    dial_timeout="3s",
    tls=TLS,
    method_header="centrifugo-method",
    publication_data_mode=_publication_mode("header", "tags_header_prefix"),
)
_CONSUMER_NATS: Final = options(
    "credentials_file username password token stream_name use_existing_consumer subjects "
    "durable_consumer_name",
    url="nats://127.0.0.1:4222",
    deliver_policy="new",
    max_ack_pending=100,
    method_header="centrifugo-method",
    publication_data_mode=_publication_mode("header", "tags_header_prefix"),
    tls=TLS,
)
_CONSUMER_REDIS: Final = REDIS | options(
    "prefix streams consumer_group",
    visibility_timeout="30s",
    num_workers=1,
    payload_value="payload",
    method_value="method",
    publication_data_mode=_publication_mode("value", "tags_value_prefix"),
)
_CONSUMER_GOOGLE: Final = options(
    "project_id subscriptions auth_mechanism credentials_file",
    max_outstanding_messages=100,
    max_outstanding_bytes=1_000_000,
    method_attribute="centrifugo-method",
    publication_data_mode=_publication_mode("attribute", "tags_attribute_prefix"),
)
_CONSUMER_SQS: Final = options(
    "queues sns_envelope region credentials_profile assume_role_arn localstack_endpoint",
    max_number_of_messages=10,
    wait_time_time="20s",
    visibility_timeout="30s",
    max_concurrency=1,
    method_attribute="centrifugo-method",
    publication_data_mode=_publication_mode("attribute", "tags_attribute_prefix"),
)
_CONSUMER_AZURE: Final = options(
    "connection_string use_azure_identity fully_qualified_namespace tenant_id client_id "
    "client_secret queues use_sessions",
    max_concurrent_calls=1,
    max_receive_messages=1,
    method_property="centrifugo-method",
    publication_data_mode=_publication_mode("property", "tags_property_prefix"),
)
CONSUMER: Final = options(
    "name enabled type",
    postgresql=_CONSUMER_POSTGRES,
    kafka=_CONSUMER_KAFKA,
    nats_jetstream=_CONSUMER_NATS,
    redis_stream=_CONSUMER_REDIS,
    google_pub_sub=_CONSUMER_GOOGLE,
    aws_sqs=_CONSUMER_SQS,
    azure_service_bus=_CONSUMER_AZURE,
)
UNI_WEBSOCKET: Final = options(
    "enabled compression compression_min_size read_buffer_size use_write_buffer_pool "
    "write_buffer_size decompressed_message_size_limit disable_closing_handshake "
    "disable_disconnect_push join_push_messages",
    handler_prefix="/connection/uni_websocket",
    compression_level=1,
    write_timeout="1000ms",
    message_size_limit=65_536,
)
MAP: Final = options(
    "mode key_ttl stream_size stream_ttl meta_ttl remove_client_on_unsubscribe client_key "
    "allow_publish_for_client allow_publish_for_subscriber allow_publish_for_anonymous "
    "allow_remove_for_client allow_remove_for_subscriber allow_remove_for_anonymous "
    "publish_proxy_enabled remove_proxy_enabled default_page_size min_page_size max_page_size "
    "live_transition_max_publication_limit subscribe_catch_up_timeout",
    publish_proxy_name="default",
    remove_proxy_name="default",
)
SHARED_POLL: Final = options(
    "proxy_name refresh_interval refresh_batch_size max_keys_per_connection mode "
    "channel_shutdown_delay track_expired_extra_delay publish_enabled"
)


_ALONE: Final = "this node keeps everything in its own memory and shares nothing with others"
_NO_PROXY: Final = "Cadenza does not ask a backend"

_NAMESPACE: Final = {
    "subscription_type": Unsupported("only stream subscriptions exist here", "stream"),
    "map": Unsupported("map subscriptions do not exist here", MAP),
    "shared_poll": Unsupported("shared poll subscriptions do not exist here", SHARED_POLL),
    "map_clients_presence_channel_prefix": Unsupported("map presence does not exist here"),
    "map_users_presence_channel_prefix": Unsupported("map presence does not exist here"),
    "subscribe_proxy_enabled": Unsupported(
        f"{_NO_PROXY} whether a client may subscribe: only tokens and the namespace's own "
        "permissions decide"
    ),
    "subscribe_proxy_name": Unsupported(_NO_PROXY, "default"),
    "publish_proxy_enabled": Unsupported(
        f"{_NO_PROXY} about publications: they are neither checked nor changed, only the "
        "namespace's own permissions decide"
    ),
    "publish_proxy_name": Unsupported(_NO_PROXY, "default"),
    "sub_refresh_proxy_enabled": Unsupported(
        f"{_NO_PROXY} to prolong a subscription: clients must send a new token"
    ),
    "sub_refresh_proxy_name": Unsupported(_NO_PROXY, "default"),
    "subscribe_stream_proxy_enabled": Unsupported("streams from a backend do not exist here"),
    "subscribe_stream_proxy_name": Unsupported(_NO_PROXY, "default"),
    "subscribe_stream_proxy_bidirectional": Unsupported("streams from a backend do not exist here"),
}

_HTTP_SERVER: Final = {
    "http_server.tls.client_ca_pem": Unsupported(
        "client certificates are not asked for: the server answers everybody who can reach it"
    ),
    "http_server.tls.server_ca_pem": Unsupported("it has no meaning for a listening port"),
    "http_server.tls.insecure_skip_verify": Unsupported("it has no meaning for a listening port"),
    "http_server.tls.server_name": Unsupported("it has no meaning for a listening port"),
    "http_server.tls_autocert": Unsupported(
        "certificates are not obtained by themselves: without http_server.tls the port is "
        "served unencrypted",
        options("enabled host_whitelist cache_dir email server_name http", http_addr=":80"),
    ),
    "http_server.tls_external": Unsupported("http_server.tls never covers the internal port"),
    "http_server.internal_tls": Unsupported(
        "the internal port is served unencrypted: keep it on a private address", TLS
    ),
    "http_server.http3": Unsupported("HTTP/3 does not exist here", options("enabled")),
    "http_server.h2c_external": Unsupported("HTTP/2 does not exist here"),
}

_TRANSPORTS: Final = {
    "client.channel_position_max_time_lag": Unsupported(
        "publications do not travel between nodes here, so none can be late", "0s"
    ),
    "websocket.write_timeout": Unsupported(
        "a client that does not read is bounded by client.queue_max_size and by "
        "client.pong_timeout instead",
        "1s",
    ),
    "websocket.read_buffer_size": Unsupported("buffers are sized by the server itself"),
    "websocket.write_buffer_size": Unsupported("buffers are sized by the server itself"),
    "websocket.use_write_buffer_pool": Unsupported("buffers are managed by the server itself"),
    "webtransport": Unsupported(
        "WebTransport does not exist here",
        options("enabled", handler_prefix="/connection/webtransport", message_size_limit=65_536),
    ),
    "uni_websocket": Unsupported(
        "the unidirectional WebSocket transport does not exist here", UNI_WEBSOCKET
    ),
    "uni_grpc": Unsupported(
        "the unidirectional gRPC transport does not exist here",
        options("enabled address max_receive_message_size", port=11_000, tls=TLS),
    ),
    "init": Unsupported(
        "the connection init endpoint does not exist here",
        options("enabled", handler_prefix="/connection/init"),
    ),
}

_ENGINES: Final = {
    "engine": Unsupported(
        f"{_ALONE}: several nodes behind one balancer would not see each other's publications",
        options(type="memory", redis=REDIS_ENGINE),
    ),
    "broker": Unsupported(
        f"{_ALONE}: publications do not reach other nodes and do not outlive a restart",
        options(
            "enabled",
            type="memory",
            redis=REDIS_BROKER,
            nats=NATS_BROKER,
            postgres=POSTGRES_BROKER,
            redisnats=options(redis=REDIS_BROKER, nats=NATS_BROKER),
        ),
    ),
    "presence_manager": Unsupported(
        f"{_ALONE}: presence shows only clients of this node",
        options("enabled", type="memory", redis=REDIS_PRESENCE),
    ),
    "map_broker": Unsupported(
        "map subscriptions do not exist here",
        options(type="memory", redis=REDIS_MAP, postgres=POSTGRES_MAP),
    ),
    "controller": Unsupported(
        f"{_ALONE}: API commands act on this node only",
        options("enabled type", postgres=POSTGRES_CONTROLLER),
    ),
    "shared_poll": Unsupported(
        "shared poll subscriptions do not exist here",
        options(
            "hmac_secret_key hmac_previous_secret_key hmac_previous_secret_key_valid_until "
            "concurrency_limit"
        ),
    ),
}

_PROXIES: Final = {
    "client.proxy.connect": Unsupported(
        f"{_NO_PROXY} who may connect: clients need a token, unless anonymous ones are allowed",
        PROXY | options("enabled"),
    ),
    "client.proxy.refresh": Unsupported(
        f"{_NO_PROXY} to prolong a connection: clients must send a new token",
        PROXY | options("enabled"),
    ),
    **{
        f"channel.proxy.{name}": Unsupported(f"{_NO_PROXY} about channels", PROXY)
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
    "rpc.proxy": Unsupported(f"{_NO_PROXY} about RPC calls", PROXY),
    "rpc.without_namespace": Unsupported(
        f"{_NO_PROXY} about RPC calls", options("proxy_enabled", proxy_name="default")
    ),
    "rpc.namespaces": Unsupported(
        f"{_NO_PROXY} about RPC calls", [options("name proxy_enabled", proxy_name="default")]
    ),
    "rpc.namespace_boundary": Unsupported("RPC methods have no namespaces here", ":"),
    "proxies": Unsupported(_NO_PROXY, [PROXY | options("name")]),
}

_OPERATIONS: Final = {
    "grpc_api": Unsupported(
        "the server API is served over HTTP only",
        options(
            "enabled error_mode address key reflection max_receive_message_size",
            port=10_000,
            tls=TLS,
        ),
    ),
    "consumers": Unsupported(
        "nothing is consumed from queues: publish through the HTTP API", [CONSUMER]
    ),
    "admin": Unsupported(
        "the admin interface does not exist here",
        options(
            "enabled handler_prefix password secret insecure web_path web_proxy_address external"
        ),
    ),
    "prometheus.instrument_http_handlers": Unsupported("these metrics do not exist here"),
    "prometheus.recovered_publications_histogram": Unsupported("these metrics do not exist here"),
    "prometheus.native_histograms": Unsupported("these metrics do not exist here"),
    "swagger": Unsupported(
        "the API explorer does not exist here", options("enabled", handler_prefix="/swagger")
    ),
    "debug": Unsupported(
        "Go's profiler does not exist here", options("enabled", handler_prefix="/debug/pprof")
    ),
    "opentelemetry": Unsupported(
        "traces are not exported", options("enabled api consuming google_cloud_adc_auth")
    ),
    "graphite": Unsupported(
        "metrics are not sent to Graphite: use prometheus",
        options("enabled tags", host="localhost", port=2003, prefix="centrifugo", interval="10s"),
    ),
    "usage_stats": Unsupported("nothing is reported to anybody", options("disabled")),
    "node.info_metrics_aggregate_interval": Unsupported("the interval is fixed", "60s"),
    "pid_file": Unsupported("no such file is written"),
    "enable_unreleased_features": Unsupported("there are none"),
}

UNSUPPORTED: Final[dict[str, Unsupported]] = {
    **_HTTP_SERVER,
    **_TRANSPORTS,
    **_ENGINES,
    **_PROXIES,
    **_OPERATIONS,
    **{f"channel.without_namespace.{name}": lack for name, lack in _NAMESPACE.items()},
    **{f"channel.namespaces[].{name}": lack for name, lack in _NAMESPACE.items()},
}
"""The options by path, with ``[]`` for the items of a list."""

GROUPS: Final = frozenset(
    path.rpartition(".")[0]
    for path in UNSUPPORTED
    if path.startswith(("client.proxy.", "channel.proxy."))
)
"""Sections that Cadenza lacks whole, with a sentence of its own for each part of them."""
