"""The ``market`` section, Cadenza's own: which market data is served, and from where."""

from __future__ import annotations

from typing import Literal

import msgspec

from cadenza.realtime.duration import Duration

Feed = Literal["simulated", "replay", "none"]
Regime = Literal["auto", "calm", "normal", "busy", "turbulent"]


class ReplayConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.replay``: a recording played again."""

    path: str = ""
    """File or folder of recordings."""
    speed: float | Literal["max"] = 1.0
    """Times real time, or ``"max"``: as fast as it can be read."""
    loop: bool = False
    """Begin again after the last message."""


class SimulatedConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.simulated``: a market made up from random numbers."""

    seed: int | None = None
    """The same seed gives the same market; absent: another one at every start."""
    rate: float = 20.0
    """Messages (order book events) a second and instrument, on average in the long run."""
    instruments: tuple[str, ...] = ()
    """Identifiers to simulate, those of venue PAPER included; empty: all that are built in."""
    regime: Regime = "auto"
    """How lively the markets are; ``auto``: calm, normal, busy and turbulent times in turn."""
    levels: int = 50
    """Price levels of a side that the market makers keep up."""


class OrderBookConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.order_book``: the channels ``market:orderBook:...``."""

    depth: int = 0
    """Price levels of a side in a snapshot; 0: every level."""
    update_interval: Duration = Duration(0.1)
    """Changes within it leave as one delta; 0: each at once."""
    history_size: int = 300
    """Publications kept for recovery; 0 switches recovery off."""
    history_ttl: Duration = Duration(60)
    """How long they are kept after the newest."""


class TradeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.trade``: the channels ``market:trade:...``."""

    history_size: int = 300
    """Publications kept for recovery; 0 switches recovery off."""
    history_ttl: Duration = Duration(60)
    """How long they are kept after the newest."""


class TickerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.ticker``: the channels ``market:ticker:...``."""

    update_interval: Duration = Duration(0.1)
    """A ticker that changes is published at most once within it; 0: at each change."""
    history_size: int = 0
    """Publications kept for recovery; 0: whoever comes back gets the ticker as it is then."""
    history_ttl: Duration = Duration(0)
    """How long they are kept after the newest."""


class KlineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.kline``: the channels ``market:kline:...``, and what can be asked for."""

    update_interval: Duration = Duration(1)
    """A candle that forms is published at most once within it; 0: at each trade."""
    history: int = 1000
    """Candles kept an interval and instrument, about 300 bytes each."""
    history_size: int = 300
    """Closed candles kept for recovery in a channel; 0 switches recovery off."""
    history_ttl: Duration = Duration(600)
    """How long they are kept after the newest."""


class MarketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``market`` section."""

    enabled: bool = True
    """Serve the ``market:`` channels."""
    feed: Feed = "simulated"
    """Where market data comes from."""
    replay: ReplayConfig = ReplayConfig()
    simulated: SimulatedConfig = SimulatedConfig()
    order_book: OrderBookConfig = OrderBookConfig()
    trade: TradeConfig = TradeConfig()
    ticker: TickerConfig = TickerConfig()
    kline: KlineConfig = KlineConfig()
