"""The grammar of channel names: namespace, private prefix, list of users (section 8.1).

``$chat:room#ann,bob`` is private, lies in the namespace ``chat`` and is meant for two users. Which
of these marks mean something in a given namespace is a matter of configuration, not of grammar.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChannelGrammar:
    """The marks by which a channel name is read; an empty one switches its feature off."""

    namespace_boundary: str = ":"
    user_boundary: str = "#"
    user_separator: str = ","
    private_prefix: str = "$"

    def namespace(self, channel: str) -> str:
        """The namespace of a channel, or ``""`` when its name has no boundary.

        Everything before the first boundary, without the private prefix: ``$a:b:c`` is in ``a``.
        """
        boundary = self.namespace_boundary
        if not boundary or boundary not in channel:
            return ""
        name, found, _ = self._public(channel).partition(boundary)
        return name if found else ""

    def rest(self, channel: str) -> str:
        """The part of a name that a namespace's ``channel_regex`` looks at.

        The name after the namespace boundary; the whole name, with its private prefix, when there
        is no boundary.
        """
        boundary = self.namespace_boundary
        if not boundary or boundary not in channel:
            return channel
        _, found, rest = self._public(channel).partition(boundary)
        return rest if found else channel

    def is_private(self, channel: str) -> bool:
        """Whether a subscription needs a token of its own, whatever the namespace allows."""
        prefix = self.private_prefix
        return prefix != "" and channel.startswith(prefix)

    def users(self, channel: str) -> tuple[str, ...] | None:
        """The users after the last user boundary; ``None`` when the name has no such list.

        An empty list holds one empty user, so ``news#`` is a channel of anonymous users.
        """
        boundary = self.user_boundary
        if not boundary or boundary not in channel:
            return None
        listed = channel.rpartition(boundary)[2]
        return tuple(listed.split(self.user_separator)) if self.user_separator else (listed,)

    def user_allowed(self, channel: str, user: str) -> bool:
        """Whether ``user`` is on the list of a channel; everybody is where there is no list."""
        users = self.users(channel)
        return users is None or user in users

    def _public(self, channel: str) -> str:
        return channel.removeprefix(self.private_prefix)
