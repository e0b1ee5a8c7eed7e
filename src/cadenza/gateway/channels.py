"""The options of the channels of the Cadenza API, and the rules of who may read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from cadenza.config import Config, OrderBookConfig, TradeConfig, engine_rules
from cadenza.config.gateway import KlineConfig, TickerConfig
from cadenza.models.channels import (
    BOOK_KINDS,
    KLINE,
    MARKET,
    TICKER,
    TRADE,
    TRADING_ACCOUNT,
)
from cadenza.realtime import Access, ChannelOptions, Namespace, TokenVerifier

PRINTABLE: Final = r"\A[^\x00-\x1f\x7f]+\Z"
"""Market channels: symbols may have letters of any script, which other channels may not."""


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


def market_kinds(config: Config) -> dict[str, ChannelOptions]:
    """The options of every kind of market channel, by the kind's name.

    A ``market`` namespace in the configuration is the operator's word for all of them.
    """
    market = config.market
    by_operator = next((it for it in config.channel.namespaces if it.name == MARKET), None)
    books = by_operator or market_options(market.order_book)
    trades = by_operator or market_options(market.trade)
    return {
        **dict.fromkeys(BOOK_KINDS, books),
        TRADE: trades,
        TICKER: by_operator or market_options(market.ticker),
        KLINE: by_operator or market_options(market.kline),
    }


def own_namespaces(config: Config) -> tuple[Namespace, ...]:
    """The gateway's namespaces that the configuration does not define itself.

    Accounts are private: without a token that names the channel only the owner may subscribe.
    """
    configured = {namespace.name for namespace in config.channel.namespaces}
    wanted = []
    if config.market.enabled:
        wanted.append(Namespace(name=MARKET, channel_regex=PRINTABLE))
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
        kinds: Options by kind of market channel, for where the configuration has none.
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
