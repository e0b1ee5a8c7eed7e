"""Cadenza's own sections: ``market``, ``trading``, ``faults`` and ``dashboard``."""

from __future__ import annotations

from typing import Final, Literal

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
    """Start again after the last message."""


class SimulatedConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.simulated``: a market made of random numbers."""

    seed: int | None = None
    """The same seed gives the same market; absent: another one at every start."""
    rate: float = 20.0
    """Messages (order book events) a second and instrument, on average in the long run."""
    instruments: tuple[str, ...] = ()
    """Ids of the instruments to simulate, those of venue PAPER too; empty: all built-in ones."""
    regime: Regime = "auto"
    """Liveliness of the markets; ``auto``: calm, normal, busy and turbulent times in turn."""
    levels: int = 50
    """Price levels a side that the market makers maintain."""


class OrderBookConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.order_book``: the channels ``market:orderBook:...``."""

    depth: int = 0
    """Price levels a side in a snapshot; 0: every level."""
    update_interval: Duration = Duration(0.1)
    """Changes within this time leave as one delta; 0: each leaves at once."""
    history_size: int = 300
    """Publications kept for recovery; 0 switches recovery off."""
    history_ttl: Duration = Duration(60)
    """Time they are kept after the newest one."""


class TradeConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.trade``: the channels ``market:trade:...``."""

    history_size: int = 300
    """Publications kept for recovery; 0 switches recovery off."""
    history_ttl: Duration = Duration(60)
    """Time they are kept after the newest one."""


class TickerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.ticker``: the channels ``market:ticker:...``."""

    update_interval: Duration = Duration(0.1)
    """Least time between two publications of a ticker; 0: at each change."""
    history_size: int = 0
    """Publications kept for recovery; 0: a subscriber that comes back gets the latest ticker."""
    history_ttl: Duration = Duration(0)
    """Time they are kept after the newest one."""


class KlineConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``market.kline``: the channels ``market:kline:...``, and the candles to query."""

    update_interval: Duration = Duration(1)
    """Least time between two publications of a candle that forms; 0: at each trade."""
    history: int = 1000
    """Candles kept for each interval of an instrument, about 300 bytes each."""
    history_size: int = 300
    """Closed candles kept for recovery in a channel; 0 switches recovery off."""
    history_ttl: Duration = Duration(600)
    """Time they are kept after the newest one."""


class MarketConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``market`` section."""

    enabled: bool = True
    """Serve the ``market:`` channels."""
    feed: Feed = "simulated"
    """Source of the market data."""
    replay: ReplayConfig = ReplayConfig()
    simulated: SimulatedConfig = SimulatedConfig()
    order_book: OrderBookConfig = OrderBookConfig()
    trade: TradeConfig = TradeConfig()
    ticker: TickerConfig = TickerConfig()
    kline: KlineConfig = KlineConfig()


class DepositConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``trading.paper.deposit[]``: an amount of one asset."""

    asset: str = ""
    """Name of the asset, such as ``USDT``."""
    quantity: str = ""
    """The amount, a decimal."""


DEPOSIT: Final = tuple(
    DepositConfig(asset=asset, quantity=quantity)
    for asset, quantity in (
        ("USDT", "1000000"),
        ("USD", "1000000"),
        ("EUR", "1000000"),
        ("BTC", "10"),
        ("ETH", "200"),
        ("SOL", "5000"),
    )
)


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``trading.store``: the database of orders, accounts and money."""

    type: Literal["", "sqlite", "memory"] = ""
    """Empty: ``sqlite`` with a path, else ``memory``, which forgets everything at the end."""
    path: str = ""
    """Folder of the database; ``cadenza serve --data`` sets it. Made if missing."""
    sync: Literal["full", "normal"] = "full"
    """Orders are acknowledged when they survive a loss of power (``full``), or a crash of the
    process alone (``normal``), which is quicker."""


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``trading.paper``: the rules of the paper venue."""

    deposit: tuple[DepositConfig, ...] = DEPOSIT
    """Funds of a new account."""
    maker_fee: str = "0.0002"
    """Part of the cost, for the order that was in the book; a negative fee is a rebate."""
    taker_fee: str = "0.0005"
    """Part of the cost, for the order that took from the book."""
    self_trade: Literal["CANCEL_NEWEST", "CANCEL_OLDEST", "CANCEL_BOTH", "DECREMENT", "ALLOW"] = (
        "CANCEL_NEWEST"
    )
    """What to do when an order meets another of its account."""
    market_protection: str = "0.05"
    """How far from the best price an order without a limit may trade, as a part of that price."""
    quote_spread: str = "0.0005"
    """The dealer's margin on a quote, as a part of the price."""
    participants: bool = True
    """Let simulated makers and takers trade in the same books, if the feed is simulated."""
    account_limit: int = 100
    """Trading accounts a user may have."""
    open_order_limit: int = 10_000
    """Open orders an account may have."""


class TradingConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``trading`` section."""

    enabled: bool = True
    """Serve the trading operations and the channels ``tradingAccount:...``."""
    store: StoreConfig = StoreConfig()
    paper: PaperConfig = PaperConfig()
    currency: str = "USDT"
    """Asset that portfolios are valued in, unless a query names another."""
    order_rate_limit: int = 0
    """Orders and amendments a second and user; 0: no limit."""
    cancel_on_disconnect: bool = False
    """Cancel the open orders of a connection when it ends."""
    history_size: int = 5000
    """Events of an account kept for recovery."""
    history_ttl: Duration = Duration(600)
    """Time they are kept after the newest one."""


class FaultsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole ``faults`` section."""

    enabled: bool = False
    """Let calls of the server API (``rpc`` with the methods ``faults.*``) switch faults on."""
    seed: int | None = None
    """The same seed gives the same hits; absent: another one at every start."""
    max_active: int = 64
    """Most faults that may be on at once."""
    default_ttl: Duration = Duration(300)
    """Time after which a fault ends by itself, unless its call says otherwise."""
    max_ttl: Duration = Duration(3600)
    """Longest time that a call may ask for."""
    max_delay: Duration = Duration(60)
    """Longest delay, stall or order delay that a call may ask for."""


class DashboardConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``dashboard``: the page for watching markets, trading, and operating the gateway."""

    enabled: bool = False
    """Serve the page. It holds no secret: its user brings a token, or the key of the API."""
    handler_prefix: str = "/"
    """Path of the page; its files are under ``page/`` beside it."""
