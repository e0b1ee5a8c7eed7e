"""The catalogue of codes: errors in replies, disconnects, unsubscribes.

Errors: below 100 local to a client, 100 to 399 the protocol's, 400 to 1999 an application's.
Disconnects: 3000-3499 and 4000-4499 (and from 5000) reconnect, 3500-3999 and 4500-4999 are final;
an application has 4000-4999. Unsubscribes: below 2500 final, from 2500 subscribe again.
Source: Centrifugo v6 client protocol.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class ErrorCode(NamedTuple):
    """An ``error`` of a reply: the command failed, the connection goes on."""

    code: int
    message: str
    temporary: bool = False
    """The same command may succeed when it is sent again."""


class Disconnect(NamedTuple):
    """The end of a connection: the close frame's code and reason."""

    code: int
    reason: str

    @property
    def reconnect(self) -> bool:
        """Whether a client should connect again."""
        return not (3500 <= self.code < 4000 or 4500 <= self.code < 5000)


class Unsubscribe(NamedTuple):
    """The end of a subscription by the server."""

    code: int
    reason: str

    @property
    def resubscribe(self) -> bool:
        """Whether a client should subscribe again at once."""
        return self.code >= 2500


# Errors. Each: when it is sent, and what the client should do.

INTERNAL: Final = ErrorCode(100, "internal server error", temporary=True)
"""Something broke in the server, and was logged there. Try again."""
UNAUTHORIZED: Final = ErrorCode(101, "unauthorized")
"""For applications: who are you? The protocol itself never sends it."""
UNKNOWN_CHANNEL: Final = ErrorCode(102, "unknown channel")
"""The channel's namespace is not configured. Check the name."""
PERMISSION_DENIED: Final = ErrorCode(103, "permission denied")
"""The channel's options or the token do not allow it. Get a token that does."""
METHOD_NOT_FOUND: Final = ErrorCode(104, "method not found")
"""There is no RPC of this name."""
ALREADY_SUBSCRIBED: Final = ErrorCode(105, "already subscribed")
"""This connection has the subscription, maybe from the server's side. Use it."""
LIMIT_EXCEEDED: Final = ErrorCode(106, "limit exceeded")
"""``client.channel_limit`` is reached. Unsubscribe from something first."""
BAD_REQUEST: Final = ErrorCode(107, "bad request")
"""The command's fields cannot be right. Do not repeat it."""
NOT_AVAILABLE: Final = ErrorCode(108, "not available")
"""The feature is off here."""
TOKEN_EXPIRED: Final = ErrorCode(109, "token expired")
"""Get a new token and try again."""
EXPIRED: Final = ErrorCode(110, "expired")
"""The lifetime that the token grants is over already."""
TOO_MANY_REQUESTS: Final = ErrorCode(111, "too many requests", temporary=True)
"""A rate limit. Wait, then try again."""
UNRECOVERABLE_POSITION: Final = ErrorCode(112, "unrecoverable position")
"""The stream is not the one (epoch) that the position belongs to. Load the state again."""
CONCURRENT_PAGINATION: Final = ErrorCode(113, "concurrent pagination", temporary=True)
"""Map subscriptions only: one page at a time."""

ERRORS: Final[dict[int, ErrorCode]] = {
    error.code: error
    for error in (
        INTERNAL,
        UNAUTHORIZED,
        UNKNOWN_CHANNEL,
        PERMISSION_DENIED,
        METHOD_NOT_FOUND,
        ALREADY_SUBSCRIBED,
        LIMIT_EXCEEDED,
        BAD_REQUEST,
        NOT_AVAILABLE,
        TOKEN_EXPIRED,
        EXPIRED,
        TOO_MANY_REQUESTS,
        UNRECOVERABLE_POSITION,
        CONCURRENT_PAGINATION,
    )
}

# Disconnects.

CONNECTION_CLOSED: Final = Disconnect(3000, "connection closed")
"""The client left, or its network did. Nobody is there to read a close frame."""
SHUTDOWN: Final = Disconnect(3001, "shutdown")
"""The node goes down. Reconnect, maybe to another."""
SERVER_ERROR: Final = Disconnect(3004, "internal server error")
"""Something broke in the server, and was logged there."""
CONNECTION_EXPIRED: Final = Disconnect(3005, "connection expired")
"""No refresh came in time. Reconnect with a new token."""
SUBSCRIPTION_EXPIRED: Final = Disconnect(3006, "subscription expired")
"""A server-side subscription was not renewed in time, or its new token had expired."""
SLOW: Final = Disconnect(3008, "slow")
"""The client does not read as fast as its channels write (``client.queue_max_size``)."""
WRITE_ERROR: Final = Disconnect(3009, "write error")
"""For transports that can tell that a write failed."""
INSUFFICIENT_STATE: Final = Disconnect(3010, "insufficient state")
"""Something was missed in a server-side subscription. Reconnect and recover."""
FORCE_RECONNECT: Final = Disconnect(3011, "force reconnect")
"""An operator wants the client to connect again."""
NO_PONG: Final = Disconnect(3012, "no pong")
"""No answer to a ping within ``client.pong_timeout``."""
RATE_LIMITED: Final = Disconnect(3013, "too many requests")
"""For applications: slow down, then reconnect."""
STATE_INVALIDATED: Final = Disconnect(3014, "state invalidated")
"""Reconnect after dropping the token and every recovery position."""
INVALID_TOKEN: Final = Disconnect(3500, "invalid token")
"""The token was not made for this server, this user or this channel."""
BAD_REQUEST_CLOSE: Final = Disconnect(3501, "bad request")
"""Something received was not the protocol: a fault in the client's program."""
STALE: Final = Disconnect(3502, "stale")
"""No successful connect command within ``client.stale_close_delay``."""
FORCE_DISCONNECT: Final = Disconnect(3503, "force disconnect")
"""An operator, or the server API, ended the connection."""
CONNECTION_LIMIT: Final = Disconnect(3504, "connection limit")
"""``client.user_connection_limit``, or another connection of the user took over."""
CHANNEL_LIMIT: Final = Disconnect(3505, "channel limit")
"""More server-side subscriptions than ``client.channel_limit``."""
INAPPROPRIATE_PROTOCOL: Final = Disconnect(3506, "inappropriate protocol")
"""A payload that is not JSON was published to a JSON connection. Use Protobuf."""
PERMISSION_DENIED_CLOSE: Final = Disconnect(3507, "permission denied")
"""The connection itself is not allowed."""
NOT_AVAILABLE_CLOSE: Final = Disconnect(3508, "not available")
"""The server has no handler for what the client sends."""
TOO_MANY_ERRORS: Final = Disconnect(3509, "too many errors")
"""For applications: the client keeps on failing."""

DISCONNECTS: Final[dict[int, Disconnect]] = {
    disconnect.code: disconnect
    for disconnect in (
        CONNECTION_CLOSED,
        SHUTDOWN,
        SERVER_ERROR,
        CONNECTION_EXPIRED,
        SUBSCRIPTION_EXPIRED,
        SLOW,
        WRITE_ERROR,
        INSUFFICIENT_STATE,
        FORCE_RECONNECT,
        NO_PONG,
        RATE_LIMITED,
        STATE_INVALIDATED,
        INVALID_TOKEN,
        BAD_REQUEST_CLOSE,
        STALE,
        FORCE_DISCONNECT,
        CONNECTION_LIMIT,
        CHANNEL_LIMIT,
        INAPPROPRIATE_PROTOCOL,
        PERMISSION_DENIED_CLOSE,
        NOT_AVAILABLE_CLOSE,
        TOO_MANY_ERRORS,
    )
}

# Unsubscribes. 0 and 1 are the server's own words for "the client did it" and never on the wire.

CLIENT_UNSUBSCRIBED: Final = Unsubscribe(0, "client unsubscribed")
CLIENT_DISCONNECTED: Final = Unsubscribe(1, "client disconnected")
SERVER_UNSUBSCRIBED: Final = Unsubscribe(2000, "server unsubscribe")
"""The server API ended it. Final."""
INSUFFICIENT_STATE_UNSUBSCRIBE: Final = Unsubscribe(2500, "insufficient state")
"""Something was missed. Subscribe again and recover."""
SUBSCRIPTION_EXPIRED_UNSUBSCRIBE: Final = Unsubscribe(2501, "subscription expired")
"""No ``sub_refresh`` came in time. Subscribe again with a new token."""
STATE_INVALIDATED_UNSUBSCRIBE: Final = Unsubscribe(2502, "state invalidated")
"""Subscribe again after dropping token and position."""
