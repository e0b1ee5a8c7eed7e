"""Options of Centrifugo's commercial edition that Cadenza lacks, and what their absence means.

Who comes from there has them in a file; what else is in that file is to work all the same. Their
sections are not looked into: what is said of them holds whatever stands inside.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = {
    "pattern": "channels are told apart by their namespace only, not by patterns",
    "shared_position_sync": "every subscription looks at its own position: this node is the broker",
    "keep_latest_publication": "deltas are made from the history, so they need history_size",
    "allow_channel_compaction": "publications carry the name of their channel",
    "batch_max_size": "publications are not held back: each is sent at once",
    "batch_max_delay": "publications are not held back: each is sent at once",
    "batch_flush_latest": "every publication is sent, not the latest of a batch alone",
    "broker_name": "there is one broker, in this node's memory",
    "presence_manager_name": "there is one presence, in this node's memory",
    "cache_empty_proxy_enabled": "Cadenza does not ask a backend when a channel is empty",
    "cache_empty_proxy_name": "Cadenza does not ask a backend when a channel is empty",
    "state_proxy_enabled": "Cadenza does not tell a backend that channels come and go",
    "state_events": "Cadenza does not tell a backend that channels come and go",
    "subscribe_cel": "expressions are not evaluated: only tokens and the namespace's own "
    "permissions decide",
    "publish_cel": "expressions are not evaluated: only the namespace's own permissions decide",
    "history_cel": "expressions are not evaluated: only the namespace's own permissions decide",
    "presence_cel": "expressions are not evaluated: only the namespace's own permissions decide",
    "client_publication": "publications of clients are not checked against a schema",
}
"""Of a namespace, and of the channels without one."""

_BATCHES: Final = "what is written at once is what is ready at once; nothing waits for more"
_KEYS: Final = "one key set for all tokens: jwks_public_endpoint"
_CLAIMS: Final = "only the claims that the documentation lists are read"
_METRICS: Final = "these metrics do not exist here"
_NOT_SHARED: Final = "this node keeps everything in its own memory and shares nothing with others"

OTHERS: Final = {
    "brokers": _NOT_SHARED,
    "presence_managers": _NOT_SHARED,
    "map_brokers": "map subscriptions do not exist here",
    "channel.patterns": "channels are told apart by their namespace only, not by patterns",
    "channel.proxy.cache_empty": "Cadenza does not ask a backend when a channel is empty",
    "channel.proxy.state": "Cadenza does not tell a backend that channels come and go",
    "client.batch_periodic_events": "every connection has its own timers",
    "client.write_delay": _BATCHES,
    "client.write_with_timer": _BATCHES,
    "client.reply_without_queue": _BATCHES,
    "client.max_messages_in_frame": _BATCHES,
    "client.queue_shrink_delay": "a connection's queue is given back as soon as it is sent",
    "client.rate_limit": "commands are not limited by rate, only by client.concurrency and by "
    "client.queue_max_size: limit them in front of the server",
    "client.token.jwks": _KEYS,
    "client.token.labels_from_claim": _CLAIMS,
    "client.token.meta_from_claim": _CLAIMS,
    "client.subscription_token.jwks": _KEYS,
    "clickhouse_analytics": "nothing is exported for analytics",
    "database": "this server keeps nothing in a database for its clients",
    "features": "there are no features to buy",
    "license": "there is nothing to license",
    "http_api.jwks": "callers of the server API are known by http_api.key only: tokens from an "
    "identity provider are refused",
    "prometheus.additional_client_names": _METRICS,
    "prometheus.channel_namespace_resolution": _METRICS,
    "prometheus.client_labels": _METRICS,
    "prometheus.expose_transport_accept_protocol": _METRICS,
    "push_notifications": "nothing is sent to phones: clients must be connected",
    "sentry": "failures are logged, not sent anywhere",
    "server_tags_filter": "the server filters nothing that clients did not ask to have filtered",
    "shared_poll_relay": "shared poll subscriptions do not exist here",
    "singleflight": "nothing is asked of others, so nothing can be asked together",
    "token_revoke": "tokens are not revoked one by one: they are good until they expire",
    "unified_proxy": "Cadenza does not ask a backend",
    "user_block": "users are not blocked by the server: disconnect them, and give no new tokens",
    "user_status": "the status of users is not kept",
    "user_tokens_invalidate": "tokens are not revoked by user: they are good until they expire",
    "websocket.compression_prepared_message_cache_size": "a message is compressed once for all "
    "connections that share it, for as long as it is being sent",
    "websocket.process_commands_off_read_loop": "memory of connections is managed by the server "
    "itself",
}
"""By the option's path; a section stands for all that is in it."""
