"""The audience and the issuer of a token: ``aud`` and ``iss``, exact or by pattern."""

from __future__ import annotations

import re
from typing import Final

from cadenza.config import TokenConfig, compile_pattern
from cadenza.config.rules_tokens import PLACEHOLDER
from cadenza.realtime.claims import TokenInvalid
from cadenza.server.tokens.payload import Payload

_HARMLESS: Final = re.compile(r"[\w~-]+(\.[\w~-]+)*", re.ASCII)


class Audience:
    """The expected audience and issuer; what is not configured is not checked."""

    def __init__(self, config: TokenConfig) -> None:
        self._audience, self._issuer = config.audience, config.issuer
        self._audience_pattern = _compiled(config.audience_regex)
        self._issuer_pattern = _compiled(config.issuer_regex)
        self.checks_nothing = not any(
            (config.audience, config.issuer, config.audience_regex, config.issuer_regex)
        )

    def check(self, payload: Payload) -> None:
        """Return if the token is meant for this server, else raise ``TokenInvalid``."""
        if self.checks_nothing:
            return
        if self._audience and self._audience not in payload.audiences:
            raise TokenInvalid("the token is for another audience")
        if self._issuer and self._issuer != payload.iss:
            raise TokenInvalid("the token is from another issuer")
        self._matches(payload)

    def _matches(self, payload: Payload) -> list[re.Match[str]]:
        matches = []
        if self._issuer_pattern is not None:
            matches += _first(self._issuer_pattern, [payload.iss or ""], "issuer")
        if self._audience_pattern is not None:
            matches += _first(self._audience_pattern, payload.audiences, "audience")
        return matches

    def endpoint(self, template: str, payload: Payload) -> str:
        """The key set's URL for this token, which nobody has verified yet.

        Raises:
            TokenInvalid: A pattern does not match, or a value could change the URL's shape.
        """
        values: dict[str, str] = {}
        for match in self._matches(payload):
            values |= {name: value or "" for name, value in match.groupdict().items()}

        def fill(found: re.Match[str]) -> str:
            value = values.get(found[1], "")
            if not _HARMLESS.fullmatch(value):
                raise TokenInvalid("issuer or audience cannot stand in the URL of a key set")
            return value

        return PLACEHOLDER.sub(fill, template)


def _compiled(pattern: str) -> re.Pattern[str] | None:
    return compile_pattern(pattern) if pattern else None


def _first(pattern: re.Pattern[str], values: list[str], what: str) -> list[re.Match[str]]:
    for value in values:
        if match := pattern.search(value):
            return [match]
    raise TokenInvalid(f"the token is of another {what}")
