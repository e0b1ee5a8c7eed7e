"""The ``dashboard`` section, Cadenza's own: the page for people."""

from __future__ import annotations

import msgspec


class DashboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``dashboard``: the page on which one sees the markets, trades, and operates the gateway."""

    enabled: bool = False
    """Serve the page. It holds no secret: whoever uses it brings a token, or the API's key."""
    handler_prefix: str = "/"
    """Path of the page; its files are under ``page/`` beside it."""
