"""The rules of Centrifugo: which channel has which options, and who may do what in it.

Facts: sections 3.2, 4 and 8 of the protocol's description.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from cadenza.protocol import codes
from cadenza.protocol.channel import ChannelGrammar
from cadenza.protocol.errors import DecodeError
from cadenza.protocol.json_reader import JsonReader
from cadenza.realtime.claims import Override, TokenVerifier
from cadenza.realtime.errors import CommandError
from cadenza.realtime.options import ChannelOptions, ChannelRules, ClientOptions, DataFormat
from cadenza.realtime.subscription import Subscription

Action = Literal["publish", "presence", "history"]

_any_json: Final[JsonReader[msgspec.Raw]] = JsonReader(msgspec.Raw)
_any_object: Final[JsonReader[dict[str, msgspec.Raw]]] = JsonReader(dict[str, msgspec.Raw])


class Access:
    """Channel options by name, and permissions by channel options.

    Args:
        rules: The ``channel`` section of the configuration.
        client: The engine's part of the ``client`` section.
        verifier: Verifies tokens; without one every token is invalid.
    """

    def __init__(
        self, rules: ChannelRules, client: ClientOptions, verifier: TokenVerifier | None = None
    ) -> None:
        self.rules = rules
        self.client = client
        self.verifier = verifier
        self.grammar = ChannelGrammar(
            namespace_boundary=rules.namespace_boundary,
            user_boundary=rules.user_boundary,
            user_separator=rules.user_separator,
            private_prefix=rules.private_prefix,
        )
        self._options: dict[str, ChannelOptions] = {"": rules.without_namespace}
        self._options.update({namespace.name: namespace for namespace in rules.namespaces})
        self._kinds: dict[str, dict[str, ChannelOptions]] = {}
        self._patterns = {
            name: re.compile(options.channel_regex)
            for name, options in self._options.items()
            if options.channel_regex
        }

    def set_kind(self, namespace: str, kind: str, options: ChannelOptions) -> None:
        """Give the channels ``namespace:kind:...`` options of their own.

        For applications whose channels of one namespace differ, as order books and trades do.
        """
        self._kinds.setdefault(namespace, {})[kind] = options

    def find_options(self, channel: str) -> ChannelOptions | None:
        """The options of a channel; ``None`` if its namespace is not configured."""
        return self._find(self.grammar.namespace(channel), channel)

    def _find(self, namespace: str, channel: str) -> ChannelOptions | None:
        if namespace in self._kinds:
            kind = self.grammar.rest(channel).partition(self.rules.namespace_boundary)[0]
            found = self._kinds[namespace].get(kind)
            if found is not None:
                return found
        return self._options.get(namespace)

    def options(self, channel: str) -> ChannelOptions:
        """The options of a channel.

        Raises:
            CommandError: 102, its namespace is not configured.
        """
        options = self.find_options(channel)
        if options is None:
            raise CommandError(codes.UNKNOWN_CHANNEL)
        return options

    def checked_options(self, channel: str) -> ChannelOptions:
        """The options of a channel that a client names.

        Raises:
            CommandError: 102 as above; 107, the name breaks the namespace's rules.
        """
        namespace = self.grammar.namespace(channel)
        options = self._find(namespace, channel)
        if options is None:
            raise CommandError(codes.UNKNOWN_CHANNEL)
        pattern = self._patterns.get(namespace) if self._patterns else None
        fine = channel.isascii() if pattern is None else pattern.search(self.grammar.rest(channel))
        if not fine:
            raise CommandError(codes.BAD_REQUEST)
        return options

    def meta_ttl(self, options: ChannelOptions) -> float:
        """How long offset and epoch of a channel are kept, in seconds."""
        return float(options.history_meta_ttl or self.rules.history_meta_ttl)

    def may_subscribe(self, user: str, channel: str, options: ChannelOptions) -> bool:
        """Whether a user may subscribe without a token."""
        if self.grammar.is_private(channel):
            return False
        if options.allow_user_limited_channels and self.grammar.users(channel) is not None:
            return self.grammar.user_allowed(channel, user) or self.client.insecure
        allowed = options.allow_subscribe_for_client and (
            bool(user) or options.allow_subscribe_for_anonymous
        )
        return allowed or self.client.insecure

    def may(
        self,
        action: Action,
        user: str,
        options: ChannelOptions,
        subscription: Subscription | None,
    ) -> bool:
        """Whether a user may act in a channel, being subscribed to it or not."""
        for_client, for_subscriber, for_anonymous = _PERMISSIONS[action]
        if user or getattr(options, for_anonymous):
            if getattr(options, for_client):
                return True
            if subscription is not None and getattr(options, for_subscriber):
                return True
        return self.client.insecure

    def check_data(self, data: bytes, options: ChannelOptions) -> None:
        """Check the payload of a publication.

        Raises:
            CommandError: 107, it is not what ``publication_data_format`` wants.
        """
        wanted: DataFormat = options.publication_data_format or self.rules.publication_data_format
        if not wanted:
            if not data:
                raise CommandError(codes.BAD_REQUEST)
        elif wanted != "binary":
            try:
                if wanted == "json":
                    _any_json.read(data)
                elif _any_object.read(data) is None or data.strip() == b"null":
                    raise CommandError(codes.BAD_REQUEST)
            except DecodeError as error:
                raise CommandError(codes.BAD_REQUEST) from error


_PERMISSIONS: Final[dict[Action, tuple[str, str, str]]] = {
    action: (
        f"allow_{action}_for_client",
        f"allow_{action}_for_subscriber",
        f"allow_{action}_for_anonymous",
    )
    for action in ("publish", "presence", "history")
}


def with_override(options: ChannelOptions, override: Override) -> ChannelOptions:
    """Channel options as a token wants them for one subscription."""
    changes = {
        name: value
        for name in override.__struct_fields__
        if (value := getattr(override, name)) is not None
    }
    if not changes:
        return options
    return msgspec.structs.replace(options, **changes)
