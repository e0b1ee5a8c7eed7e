"""The channels of the Cadenza API: the one place where their names are made and read.

``market:orderBook:{instrumentId}`` and ``market:trade:{instrumentId}`` are the documented names;
``market:orderbook:{venue}:{symbol}`` is the newer spelling of the first. As an instrument id is
``VENUE:BASE/QUOTE``, the newer name of a trade channel is the same text as the older. Both
spellings of a book are names of one stream of payloads.

``market:ticker:{instrumentId}`` carries one ticker, ``market:ticker:{venue}`` those of a venue and
``market:kline:{instrumentId}:{interval}`` the candles of one interval.

``tradingAccount:{accountId}`` carries what happens to a trading account.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from cadenza.models.enums import KlineInterval

MARKET: Final = "market"
"""The namespace of market data."""

BOOK_KINDS: Final = ("orderBook", "orderbook")
TRADE: Final = "trade"
TICKER: Final = "ticker"
KLINE: Final = "kline"
SUMMARY_KINDS: Final = (TICKER, KLINE)

TRADING_ACCOUNT: Final = "tradingAccount"
"""The namespace of trading accounts."""

_ACCOUNT_PREFIX: Final = f"{TRADING_ACCOUNT}:"
_INTERVALS: Final = {interval.value: interval for interval in KlineInterval}


class MarketChannel(NamedTuple):
    """A channel of the market namespace: its kind and what it is about.

    Attributes:
        kind: ``orderBook``, ``orderbook``, ``trade``, ``ticker``, ``kline``, or whatever else was
            written there.
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
    def is_trade(self) -> bool:
        """Whether it carries public trades."""
        return self.kind == TRADE

    @property
    def is_summary(self) -> bool:
        """Whether it carries tickers or klines."""
        return self.kind in SUMMARY_KINDS

    @property
    def is_known(self) -> bool:
        """Whether there is such a kind of channel, and such an interval."""
        if self.kind == KLINE:
            return self.interval is not None
        return self.is_book or self.is_trade or self.is_summary


def parse(channel: str) -> MarketChannel | None:
    """Read the name of a market channel, from the left: namespace, kind, instrument.

    Returns:
        The parts; ``None`` for a name of another namespace, or of none.
    """
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
    """Both names of an instrument's book, the documented one first."""
    return tuple(f"{MARKET}:{kind}:{instrument_id}" for kind in BOOK_KINDS)


def book_channel(instrument_id: str) -> str:
    """The documented name of an instrument's book."""
    return f"{MARKET}:{BOOK_KINDS[0]}:{instrument_id}"


def trade_channel(instrument_id: str) -> str:
    """The channel of an instrument's public trades."""
    return f"{MARKET}:{TRADE}:{instrument_id}"


def ticker_channel(about: str) -> str:
    """The channel of an instrument's ticker, or of all tickers of a venue."""
    return f"{MARKET}:{TICKER}:{about}"


def kline_channel(instrument_id: str, interval: KlineInterval | str) -> str:
    """The channel of an instrument's candles of one interval."""
    return f"{MARKET}:{KLINE}:{instrument_id}:{interval}"


def account_channel(account_id: str) -> str:
    """The channel of a trading account."""
    return _ACCOUNT_PREFIX + account_id


def account_of(channel: str) -> str | None:
    """The id of the trading account that a channel is about; ``None`` for other channels."""
    if not channel.startswith(_ACCOUNT_PREFIX):
        return None
    return channel.removeprefix(_ACCOUNT_PREFIX)
