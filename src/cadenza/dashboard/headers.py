"""The headers of every answer of the page: what a browser may do with it, which is little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_FIXED: Final[Mapping[str, str]] = {
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "camera=(), clipboard-read=(), display-capture=(), geolocation=(), microphone=(), "
        "payment=(), usb=()"
    ),
    "referrer-policy": "no-referrer",
    "vary": "Host",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'{sockets}; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def headers(host: str = "") -> dict[str, str]:
    """The headers.

    Args:
        host: By which the page was asked for, if it is a known one. Not every browser takes
            ``'self'`` for WebSockets too, so they are named.
    """
    sockets = f" ws://{host} wss://{host}" if host else ""
    return {**_FIXED, "content-security-policy": _POLICY.format(sockets=sockets)}
