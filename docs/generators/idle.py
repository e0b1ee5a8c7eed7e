"""A gateway with the defaults, put together and never run: what it serves can be read off it."""

from __future__ import annotations

from functools import cache

from cadenza.config import Config
from cadenza.gateway.gateway import Gateway


@cache
def gateway() -> Gateway:
    """The one that all generators look at."""
    return Gateway(Config())
