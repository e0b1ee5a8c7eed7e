"""Which web pages may talk to the server: the ``Origin`` header of browsers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


class Origins:
    """Patterns of allowed origins; in one, ``*`` stands for any text.

    A request without an ``Origin`` comes from no browser and is always fine; with one it needs a
    match, so an empty list refuses every browser.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [
            re.compile(".*".join(re.escape(part) for part in pattern.lower().split("*")))
            for pattern in patterns
        ]

    def allows(self, origin: str | None) -> bool:
        """Whether a request with this ``Origin`` header may proceed."""
        if not origin:
            return True
        origin = origin.lower()
        return any(pattern.fullmatch(origin) for pattern in self._patterns)

    def cors(self, request: Mapping[str, str]) -> dict[str, str]:
        """Headers that let the page of an allowed origin read the answer; else none."""
        origin = request.get("origin")
        if not origin or not self.allows(origin):
            return {}
        headers = {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "vary": "Origin",
        }
        wanted = request.get("access-control-request-headers")
        if wanted:
            headers["access-control-allow-headers"] = wanted
        return headers
