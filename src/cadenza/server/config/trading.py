"""The ``trading`` section, Cadenza's own: the paper venue."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from cadenza.realtime.duration import Duration


class DepositConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``trading.paper.deposit[]``: how much of one asset."""

    asset: str = ""
    """Such as ``USDT``."""
    quantity: str = ""
    """A decimal."""


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
    """``trading.store``: where orders, accounts and money are kept."""

    type: Literal["", "sqlite", "memory"] = ""
    """Empty: ``sqlite`` with a path, else ``memory``, which forgets everything at the end."""
    path: str = ""
    """Folder of the database; ``cadenza serve --data`` sets it. Made if missing."""
    sync: Literal["full", "normal"] = "full"
    """Orders are acknowledged when they survive a loss of power (``full``), or a crash of the
    process alone (``normal``), which is quicker."""


class PaperConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``trading.paper``: how the paper venue does it."""

    deposit: tuple[DepositConfig, ...] = DEPOSIT
    """What a new account is funded with."""
    maker_fee: str = "0.0002"
    """Of the cost, for the order that was in the book; a negative one is a rebate."""
    taker_fee: str = "0.0005"
    """Of the cost, for the order that came."""
    self_trade: Literal["CANCEL_NEWEST", "CANCEL_OLDEST", "CANCEL_BOTH", "DECREMENT", "ALLOW"] = (
        "CANCEL_NEWEST"
    )
    """What happens when an order meets another of its account."""
    market_protection: str = "0.05"
    """How far from the best price an order without a limit may trade, as a part of that price."""
    quote_spread: str = "0.0005"
    """What the dealer takes on a quote, as a part of the price."""
    participants: bool = True
    """Simulated makers and takers trade in the same books, while the feed is simulated."""
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
    """What portfolios are summed up in, unless a query names another."""
    order_rate_limit: int = 0
    """Orders and amendments a second and user; 0: no limit."""
    cancel_on_disconnect: bool = False
    """Cancel the open orders of a connection when it ends."""
    history_size: int = 5000
    """Events of an account kept for recovery."""
    history_ttl: Duration = Duration(600)
    """How long they are kept after the newest."""
