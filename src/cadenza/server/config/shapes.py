"""Shapes of Centrifugo's sections that Cadenza lacks: the option names, with their defaults.

A shape is a mapping of names, a list with the shape of its items, ``None`` for an option that
is off when zero or empty, or the default for one that is not. They serve to tell an option
that is known but lacking from one that is misspelt.
"""

from __future__ import annotations

from typing import Final, TypeAlias

Shape: TypeAlias = "dict[str, Shape] | list[Shape] | str | int | None"


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
