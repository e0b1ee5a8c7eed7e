"""Options of channels and clients: Centrifugo v6's names, with its defaults.

The structs are the engine's own parameters and, unchanged, the ``client`` and ``channel`` sections
of a configuration file. Booleans default to ``False``: nothing is allowed that nobody asked for.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from cadenza.realtime.duration import Duration

DeltaType = Literal["fossil"]
RecoveryMode = Literal["", "stream", "cache"]
DataFormat = Literal["", "json", "json_object", "binary"]


def _seconds(value: float) -> Duration:
    return Duration(value)


class ChannelOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of one namespace, or of the channels without one."""

    presence: bool = False
    """Keep who is subscribed, readable by the presence commands."""
    join_leave: bool = False
    """Publish a join when a client subscribes and a leave when it goes."""
    force_push_join_leave: bool = False
    """Push joins and leaves to every subscriber, not only to those that ask."""

    history_size: int = 0
    """Publications kept in the channel's stream; 0 keeps none."""
    history_ttl: Duration = _seconds(0)
    """How long the stream is kept after the newest publication, in whole seconds."""
    history_meta_ttl: Duration = _seconds(0)
    """How long offset and epoch outlive the stream; 0 takes the global value."""

    force_positioning: bool = False
    """Watch that no publication is missed, for every subscriber."""
    allow_positioning: bool = False
    """The same, for subscribers that ask."""
    force_recovery: bool = False
    """Let every subscriber recover what it missed; needs history."""
    allow_recovery: bool = False
    """The same, for subscribers that ask."""
    force_recovery_mode: RecoveryMode = ""
    """``cache`` recovers the newest publication only; empty is ``stream``."""
    auto_cache_recover: bool = False
    """In cache mode, treat every subscribe as if it had asked for recovery."""

    allowed_delta_types: tuple[DeltaType, ...] | None = None
    """Deltas that a subscriber may ask for."""
    delta_publish: bool = False
    """Compute deltas for every publication, not only for those that ask."""
    allow_tags_filter: bool = False
    """Subscribers may ask for publications with certain tags only."""

    allow_subscribe_for_client: bool = False
    """Users may subscribe without a subscription token."""
    allow_subscribe_for_anonymous: bool = False
    """Extends ``allow_subscribe_for_client`` to anonymous users; grants nothing alone."""
    allow_publish_for_client: bool = False
    """Users may publish."""
    allow_publish_for_subscriber: bool = False
    """Users may publish while they are subscribed."""
    allow_publish_for_anonymous: bool = False
    """Extends the two above to anonymous users; grants nothing alone."""
    allow_presence_for_client: bool = False
    """Users may ask who is subscribed."""
    allow_presence_for_subscriber: bool = False
    """Users may ask while they are subscribed."""
    allow_presence_for_anonymous: bool = False
    """Extends the two above to anonymous users; grants nothing alone."""
    allow_history_for_client: bool = False
    """Users may read the stream."""
    allow_history_for_subscriber: bool = False
    """Users may read the stream while they are subscribed."""
    allow_history_for_anonymous: bool = False
    """Extends the two above to anonymous users; grants nothing alone."""
    allow_user_limited_channels: bool = False
    """Users may subscribe to ``name#user`` where they are named."""

    channel_regex: str = ""
    """Searched in the part after the namespace boundary; empty allows every ASCII name."""
    publication_data_format: DataFormat = ""
    """Empty takes the global value."""
    client_publish_debounce_interval: Duration = _seconds(0)
    """Clients are told to publish at most once in it, and then the newest; SDKs obey. 0: off."""


class Namespace(ChannelOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channel options under a name: channels ``name:...`` have them."""

    name: str


class ChannelRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``channel`` section: how names are read, and the namespaces."""

    max_length: int = 255
    """Bytes of a channel name in a client's subscribe."""
    private_prefix: str = "$"
    """Channels that begin with it need a subscription token, whatever is allowed."""
    namespace_boundary: str = ":"
    """Ends the namespace in a channel name."""
    user_boundary: str = "#"
    """Begins the list of users in a channel name."""
    user_separator: str = ","
    """Stands between the users of that list."""
    history_meta_ttl: Duration = _seconds(720 * 3600)
    """How long offset and epoch are kept, where a channel does not say."""
    publication_data_format: DataFormat = ""
    """What a publication's payload must be; empty: anything but nothing."""
    without_namespace: ChannelOptions = ChannelOptions()
    """Options of the channels without a namespace."""
    namespaces: tuple[Namespace, ...] = ()
    """Namespaces: each a ``name`` and channel options."""


class PersonalChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``client.subscribe_to_user_personal_channel``: ``[namespace:]#user`` for everybody."""

    enabled: bool = False
    """Subscribe every user to a channel of its own from the server's side."""
    personal_channel_namespace: str = ""
    """Namespace of the personal channels; empty: none."""
    single_connection: bool = False
    """A user's new connection closes the older ones with 3504."""


class ClientOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits and timers of a connection: the engine's part of the ``client`` section."""

    channel_limit: int = 128
    """Subscriptions of one connection."""
    concurrency: int = 256
    """Calls of one connection that may wait for their answer at once; further commands wait."""
    queue_max_size: int = 1_048_576
    """Bytes waiting for one slow connection before it is closed with 3008."""

    ping_interval: Duration = _seconds(25)
    """0 sends no pings."""
    pong_timeout: Duration = _seconds(8)
    """0 expects no pongs."""
    stale_close_delay: Duration = _seconds(10)
    """Time to connect successfully, else 3502."""
    expired_close_delay: Duration = _seconds(25)
    """Time to refresh an expired connection, else 3005."""
    expired_sub_close_delay: Duration = _seconds(25)
    """Time to refresh an expired subscription, else it ends."""
    presence_update_interval: Duration = _seconds(27)
    """How often presence is renewed, and expiry and position are looked at."""
    channel_position_check_delay: Duration = _seconds(40)
    """After so long without a publication the position is compared with the broker's."""

    history_max_publication_limit: int = 300
    """Publications in one answer to ``history``."""
    recovery_max_publication_limit: int = 300
    """Publications that can be recovered; who missed more is not recovered."""

    connection_limit: int = 0
    """Connections of this node; 0: no limit."""
    connection_rate_limit: int = 0
    """New connections a second; 0: no limit."""
    user_connection_limit: int = 0
    """Connections of one user on this node; 0: no limit."""

    insecure: bool = False
    """Anybody connects, subscribes and publishes without a token. For experiments only."""
    allow_anonymous_connect_without_token: bool = False
    """Who has no token connects as an anonymous user."""
    disallow_anonymous_connection_tokens: bool = False
    """Refuse tokens without a user with 3507."""
    connect_include_server_time: bool = False
    """Put the server's time (ms) into the connect result."""
    subscribe_to_user_personal_channel: PersonalChannel = PersonalChannel()
