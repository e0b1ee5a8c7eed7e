"""The channels of the Cadenza API, and how their names are read.

``market:orderBook:{instrumentId}`` and ``market:trade:{instrumentId}`` are the documented names;
``market:orderbook:{venue}:{symbol}`` is the newer spelling of the first. As an instrument id is
``VENUE:BASE/QUOTE``, the newer name of a trade channel is the same text as the older. Both
spellings of a book are names of one stream of payloads.

``market:ticker:{instrumentId}`` carries one ticker, ``market:ticker:{venue}`` those of a venue and
``market:kline:{instrumentId}:{interval}`` the candles of one interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from cadenza.config import Config, OrderBookConfig, TradeConfig, engine_rules
from cadenza.config.gateway import KlineConfig, TickerConfig
from cadenza.models import KlineInterval
from cadenza.realtime import Access, ChannelOptions, Namespace, TokenVerifier

MARKET: Final = "market"
TRADING_ACCOUNT: Final = "tradingAccount"
BOOK_KINDS: Final = ("orderBook", "orderbook")
TRADE_KINDS: Final = ("trade",)
TICKER: Final = "ticker"
KLINE: Final = "kline"
SUMMARY_KINDS: Final = (TICKER, KLINE)

_INTERVALS: Final = {interval.value: interval for interval in KlineInterval}


class MarketChannel(NamedTuple):
    """A channel of the market namespace: its kind and what it is about.

    Attributes:
        kind: ``orderBook``, ``trade``, ``ticker``, ``kline``, or what else was written there.
        instrument_id: The instrument; empty for the tickers of a venue.
        venue: The venue, of tickers of a venue only.
        interval: The interval, of klines only; ``None`` if there is no such interval.
    """

    kind: str
    instrument_id: str
    venue: str = ""
    interval: KlineInterval | None = None

    @property
    def is_book(self) -> bool:
        """Whether it carries an order book."""
        return self.kind in BOOK_KINDS

    @property
    def is_summary(self) -> bool:
        """Whether it carries tickers or klines."""
        return self.kind in SUMMARY_KINDS

    @property
    def is_known(self) -> bool:
        """Whether there is such a kind of channel, and such an interval."""
        if self.kind == KLINE:
            return self.interval is not None
        return self.is_book or self.is_summary or self.kind in TRADE_KINDS


def parse(channel: str) -> MarketChannel | None:
    """Read a channel name from the left: namespace, kind, instrument; ``None`` for others."""
    namespace, boundary, rest = channel.partition(":")
    if namespace != MARKET or not boundary:
        return None
    kind, _, about = rest.partition(":")
    if kind == TICKER and ":" not in about:
        return MarketChannel(kind, "", venue=about)
    if kind == KLINE:
        instrument_id, _, interval = about.rpartition(":")
        return MarketChannel(kind, instrument_id, interval=_INTERVALS.get(interval))
    return MarketChannel(kind, about)


def book_channels(instrument_id: str) -> tuple[str, ...]:
    """All names of an instrument's book."""
    return tuple(f"{MARKET}:{kind}:{instrument_id}" for kind in BOOK_KINDS)


def trade_channels(instrument_id: str) -> tuple[str, ...]:
    """All names of an instrument's trades."""
    return tuple(f"{MARKET}:{kind}:{instrument_id}" for kind in TRADE_KINDS)


def ticker_channel(about: str) -> str:
    """The channel of an instrument's ticker, or of all tickers of a venue."""
    return f"{MARKET}:{TICKER}:{about}"


def kline_channel(instrument_id: str, interval: KlineInterval) -> str:
    """The channel of an instrument's candles of one interval."""
    return f"{MARKET}:{KLINE}:{instrument_id}:{interval}"


def market_options(
    history: OrderBookConfig | TradeConfig | TickerConfig | KlineConfig,
) -> ChannelOptions:
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

    Accounts are private: without a token that names the channel only the owner may subscribe.
    """
    configured = {namespace.name for namespace in config.channel.namespaces}
    wanted = []
    if config.market.enabled:
        wanted.append(Namespace(name=MARKET))
    if config.trading.enabled:
        trading = config.trading
        wanted.append(
            Namespace(
                name=TRADING_ACCOUNT,
                history_size=trading.history_size,
                history_ttl=trading.history_ttl,
                force_recovery=trading.history_size > 0,
                allow_history_for_subscriber=True,
            )
        )
    return tuple(namespace for namespace in wanted if namespace.name not in configured)


def access_of(
    config: Config, kinds: Mapping[str, ChannelOptions], verifier: TokenVerifier
) -> Access:
    """The rules of a configuration, with the gateway's own namespaces and kinds of channels.

    Args:
        config: The configuration.
        kinds: Options of the kinds of market channels, where the configuration has none.
        verifier: Verifies tokens.
    """
    own = own_namespaces(config)
    rules = engine_rules(config.channel)
    rules = msgspec.structs.replace(rules, namespaces=(*rules.namespaces, *own))
    access = Access(rules, config.client, verifier)
    if any(namespace.name == MARKET for namespace in own):
        for kind, options in kinds.items():
            access.set_kind(MARKET, kind, options)
    return access
