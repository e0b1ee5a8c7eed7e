"""The channels of the Cadenza API, and how their names are read.

``market:orderBook:{instrumentId}`` and ``market:trade:{instrumentId}`` are the documented names;
``market:orderbook:{venue}:{symbol}`` is the newer spelling of the first. As an instrument id is
``VENUE:BASE/QUOTE``, the newer name of a trade channel is the same text as the older. Both
spellings of a book are names of one stream of payloads.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cadenza.realtime import ChannelOptions, Namespace
from cadenza.server.config import Config, OrderBookConfig, TradeConfig

MARKET: Final = "market"
TRADING_ACCOUNT: Final = "tradingAccount"
BOOK_KINDS: Final = ("orderBook", "orderbook")
TRADE_KINDS: Final = ("trade",)


class MarketChannel(NamedTuple):
    """A channel of the market namespace: its kind and the instrument it is about."""

    kind: str
    instrument_id: str

    @property
    def is_book(self) -> bool:
        """Whether it carries an order book."""
        return self.kind in BOOK_KINDS

    @property
    def is_known(self) -> bool:
        """Whether there is such a kind of channel."""
        return self.is_book or self.kind in TRADE_KINDS


def parse(channel: str) -> MarketChannel | None:
    """Read a channel name from the left: namespace, kind, instrument; ``None`` for others."""
    namespace, boundary, rest = channel.partition(":")
    if namespace != MARKET or not boundary:
        return None
    kind, _, instrument_id = rest.partition(":")
    return MarketChannel(kind, instrument_id)


def book_channels(instrument_id: str) -> tuple[str, ...]:
    """All names of an instrument's book."""
    return tuple(f"{MARKET}:{kind}:{instrument_id}" for kind in BOOK_KINDS)


def trade_channels(instrument_id: str) -> tuple[str, ...]:
    """All names of an instrument's trades."""
    return tuple(f"{MARKET}:{kind}:{instrument_id}" for kind in TRADE_KINDS)


def market_options(history: OrderBookConfig | TradeConfig) -> ChannelOptions:
    """Options of a kind of market channel: anybody with a token may read, and recover."""
    return ChannelOptions(
        allow_subscribe_for_client=True,
        history_size=history.history_size,
        history_ttl=history.history_ttl,
        force_recovery=history.history_size > 0,
        allow_history_for_subscriber=True,
    )


def own_namespaces(config: Config) -> tuple[Namespace, ...]:
    """The gateway's namespaces that the configuration does not define itself.

    Accounts are private: nobody may subscribe without a token that names the channel.
    """
    configured = {namespace.name for namespace in config.channel.namespaces}
    wanted = []
    if config.market.enabled:
        wanted.append(Namespace(name=MARKET))
    if config.trading.enabled:
        wanted.append(
            Namespace(
                name=TRADING_ACCOUNT,
                history_size=config.market.trade.history_size,
                history_ttl=config.market.trade.history_ttl,
                force_recovery=config.market.trade.history_size > 0,
            )
        )
    return tuple(namespace for namespace in wanted if namespace.name not in configured)
