"""The ``trading`` section, Cadenza's own: the paper venue."""

from __future__ import annotations

import msgspec


class TradingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``trading`` section."""

    enabled: bool = True
    """Serve the channels ``tradingAccount:...``."""
