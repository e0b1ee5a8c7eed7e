"""Origins: the web pages that may talk to the server, by the ``Origin`` header of browsers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Final

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?", re.ASCII)


class Origins:
    """Patterns of allowed origins; in one, ``*`` stands for any text.

    A request without an ``Origin`` comes from no browser and is always fine; with one it needs a
    match, so an empty list refuses every browser.

    A server with a page of its own allows that page too: an ``Origin`` that is the server itself,
    under the name by which it was asked (the ``Host`` header). Only an IP address or ``localhost``
    counts as such a name. Anybody can make a name of theirs point to this server, so that their
    page comes from an origin with that name and asks for it (DNS rebinding); nobody can do that
    with an address. Other names must be in the list.

    Args:
        patterns: The list.
        own_scheme: ``http`` or ``https`` of the server's own page; empty: it has none.
    """

    def __init__(self, patterns: Iterable[str], own_scheme: str = "") -> None:
        self._own_scheme = own_scheme
        self._patterns = [
            re.compile(".*".join(re.escape(part) for part in pattern.lower().split("*")))
            for pattern in patterns
        ]

    def allows(self, origin: str | None, host: str = "") -> bool:
        """Whether a request with these ``Origin`` and ``Host`` headers may proceed."""
        if not origin:
            return True
        origin = origin.lower()
        return self._is_own(origin, host.lower()) or any(
            pattern.fullmatch(origin) for pattern in self._patterns
        )

    def knows(self, host: str) -> bool:
        """Whether a page that comes from this server, by this ``Host``, may talk to it."""
        host = host.lower()
        if _HOST.fullmatch(host) is None:
            return False
        # A proxy in front may speak TLS where this server does not.
        return any(self.allows(f"{scheme}://{host}", host) for scheme in ("http", "https"))

    def cors(self, request: Mapping[str, str]) -> dict[str, str]:
        """Headers that let the page of an allowed origin read the answer; else none."""
        origin = request.get("origin")
        if not origin or not self.allows(origin, request.get("host", "")):
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

    def _is_own(self, origin: str, host: str) -> bool:
        if not self._own_scheme or origin != f"{self._own_scheme}://{host}":
            return False
        found = _HOST.fullmatch(host)
        return found is not None and _cannot_be_pointed(found[1])


def _cannot_be_pointed(name: str) -> bool:
    """Whether nobody else decides which machine a name of the ``Host`` header means."""
    if name == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
