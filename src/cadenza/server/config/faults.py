"""The ``faults`` section, Cadenza's own: faults that can be injected to test clients."""

from __future__ import annotations

import msgspec

from cadenza.realtime.duration import Duration


class FaultsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``faults`` section."""

    enabled: bool = False
    """Let calls of the server API (``rpc`` with the methods ``faults.*``) switch faults on."""
    seed: int | None = None
    """The same seed gives the same hits; absent: another one at every start."""
    max_active: int = 64
    """Faults that may be on at once."""
    default_ttl: Duration = Duration(300)
    """A fault ends by itself after so long, unless its call says otherwise."""
    max_ttl: Duration = Duration(3600)
    """The longest that a call may ask for."""
    max_delay: Duration = Duration(60)
    """The longest delay, stall or order delay that a call may ask for."""
