"""Why clients are refused, for the log: which option would allow it.

A client is told a code and no more, as what an operator allows is not its business. The operator
reads the rest in the log. A reason is written at most every ten seconds, with how often it was
seen meanwhile; it names the channel and the options, and nothing else that a client sent.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from cadenza.clock import Clock
from cadenza.protocol.channel import ChannelGrammar
from cadenza.realtime.options import ChannelOptions

if TYPE_CHECKING:
    from cadenza.realtime.access import Action

logger: Final = logging.getLogger("cadenza.realtime")

QUIET_SECONDS: Final = 10.0
"""How long a reason that was written is only counted."""

MOST_REASONS: Final = 1024
"""Reasons that are remembered; further ones wait until some of these are old."""

LONGEST_CHANNEL: Final = 100
"""Characters of a channel name in the log."""

BY_HANDLER: Final = "a handler of the program refused it"
NO_VERIFIER: Final = "the node has no verifier of tokens"
MISMATCH: Final = "the subscription token is for another channel, user or client"
UNREADABLE: Final = "the subscription token is not accepted"
NOT_SUBSCRIBED: Final = "the client is not subscribed to it"
RESERVED_TYPE: Final = "the request has a type, which no option allows"
NO_ANONYMOUS_TOKENS: Final = (
    "the token names no user, and client.disallow_anonymous_connection_tokens is set"
)
TOKENLESS: Final = (
    "the client has no token, and client.allow_anonymous_connect_without_token is not set"
)

NEEDED_TO_RECOVER: Final = "force_recovery or allow_recovery, or the right to read history"
NEEDED_FOR_POSITIONS: Final = "force_positioning or allow_positioning, or the right to read history"
NEEDED_FOR_JOINS: Final = (
    "join_leave, with force_push_join_leave or presence and the right to read presence"
)
NEEDED_FOR_DELTA: Final = "allowed_delta_types with the type that was asked for"


class Refusals:
    """Writes down why clients were refused.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str, str], tuple[float, int]] = {}

    def tell(self, request: str, what: str, why: str, channel: str = "") -> None:
        """Write a reason, unless it was written just now.

        Args:
            request: The command, such as ``publish``.
            what: What came of it, such as ``103 permission denied``.
            why: The reason, and what would allow it.
            channel: The channel it was about; empty: none.
        """
        now = self._clock.monotonic()
        key = (request, what, why)
        since, more = self._seen.get(key, (now - QUIET_SECONDS, 0))
        if now - since < QUIET_SECONDS:
            self._seen[key] = (since, more + 1)
            return
        if key not in self._seen and len(self._seen) >= MOST_REASONS:
            self._forget(now)
            if len(self._seen) >= MOST_REASONS:
                return
        self._seen[key] = (now, 0)
        named = f" of {channel[:LONGEST_CHANNEL]!r}" if channel else ""
        again = f" ({more} more since it was last said)" if more else ""
        logger.info("%s%s: %s; %s%s", request, named, what, why, again)

    def _forget(self, now: float) -> None:
        """Drop the reasons that may be written again anyway."""
        self._seen = {key: it for key, it in self._seen.items() if now - it[0] < QUIET_SECONDS}


def place(grammar: ChannelGrammar, channel: str) -> str:
    """The section of the configuration that has a channel's options."""
    namespace = grammar.namespace(channel)
    return f"channel.namespaces {namespace[:LONGEST_CHANNEL]!r}" if namespace else _WITHOUT


def needed_to_act(
    action: Action, user: str, options: ChannelOptions, *, is_subscribed: bool
) -> str:
    """The options that would let a user publish, or read presence or history."""
    for_client, for_subscriber = f"allow_{action}_for_client", f"allow_{action}_for_subscriber"
    needed = []
    if not (getattr(options, for_client) or (is_subscribed and getattr(options, for_subscriber))):
        if is_subscribed:
            needed.append(f"{for_subscriber} or {for_client}")
        elif getattr(options, for_subscriber):
            needed.append(f"{for_client}, or a subscription, as {for_subscriber} is set")
        else:
            needed.append(f"{for_client}, or {for_subscriber} and a subscription")
    if not user and not getattr(options, f"allow_{action}_for_anonymous"):
        needed.append(f"allow_{action}_for_anonymous, as the client has no user")
    return " and ".join(needed)


def needed_to_subscribe(
    grammar: ChannelGrammar, user: str, channel: str, options: ChannelOptions
) -> str:
    """What would let a user subscribe without being refused: options, or a token."""
    if grammar.is_private(channel):
        return "a subscription token, as the name begins with channel.private_prefix"
    users = grammar.users(channel)
    if users is not None and options.allow_user_limited_channels:
        return "a subscription token, as the name lists the users who may (channel.user_boundary)"
    needed = []
    if not options.allow_subscribe_for_client:
        needed.append("allow_subscribe_for_client")
    if not user and not options.allow_subscribe_for_anonymous:
        needed.append("allow_subscribe_for_anonymous, as the client has no user")
    text = " and ".join(needed)
    if users is not None and grammar.user_allowed(channel, user):
        text += ", or allow_user_limited_channels, as the name lists the user"
    return f"{text}, or a subscription token"


def needed_to_keep(action: Action) -> str:
    """The options that make history or presence available at all."""
    return "history_size and history_ttl" if action == "history" else "presence"


_WITHOUT: Final = "channel.without_namespace"
