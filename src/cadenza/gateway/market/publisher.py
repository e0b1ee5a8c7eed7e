"""The publisher of market data: payloads into channels, and the state for new subscribers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from cadenza.gateway.market.summaries import MarketSummaries
from cadenza.gateway.outlet import Outlet
from cadenza.market.errors import BookFaultError, InstrumentIdError, UnknownInstrumentError
from cadenza.market.instrument import InstrumentId
from cadenza.market.market import Market
from cadenza.models import UpdateType, Venue
from cadenza.models.channels import (
    BOOK_KINDS,
    TRADE,
    MarketChannel,
    book_channels,
    parse,
    trade_channel,
)
from cadenza.protocol import codes
from cadenza.realtime import ChannelOptions, CommandError, SubscribeEvent, SubscribeReply
from cadenza.realtime.subscription import Snapshot

logger: Final = logging.getLogger("cadenza.gateway")


class MarketData:
    """A listener of the market that publishes what it hears.

    Args:
        market: Has the snapshots and the instruments.
        outlet: Publishes the payloads.
        kinds: Channel options by kind of market channel.
        summaries: Tickers and klines; without them there are no such channels.
        declares_late: Instruments become known as the feed goes, so that a channel of one that is
            not known yet may be subscribed to.
        is_shared: Backends publish what the market does not have: whatever it does not know is a
            plain channel.

    Attributes:
        declares_late: As given.
    """

    def __init__(
        self,
        market: Market,
        outlet: Outlet,
        kinds: Mapping[str, ChannelOptions],
        *,
        summaries: MarketSummaries | None = None,
        declares_late: bool = False,
        is_shared: bool = False,
    ) -> None:
        self._market = market
        self._summaries = summaries
        self.declares_late = declares_late
        self._is_shared = is_shared
        self._books = kinds[BOOK_KINDS[0]]
        self._trades = kinds[TRADE]
        self._outlet = outlet
        self._book_channels: dict[str, tuple[str, ...]] = {}
        self._trade_channels: dict[str, str] = {}

    # What the market says.

    def on_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:  # noqa: ARG002 - the listener's signature
        """See ``MarketListener``: the same bytes go to all names of the book."""
        names = self._book_channels.get(instrument_id)
        if names is None:
            names = self._book_channels[instrument_id] = book_channels(instrument_id)
        for name in names:
            self._outlet.publish(name, payload, self._books)

    def on_trade(self, instrument_id: str, payload: bytes) -> None:
        """See ``MarketListener``."""
        name = self._trade_channels.get(instrument_id)
        if name is None:
            name = self._trade_channels[instrument_id] = trade_channel(instrument_id)
        self._outlet.publish(name, payload, self._trades)

    def on_book_health(self, instrument_id: str, fault: BookFaultError | None) -> None:
        """See ``MarketListener``: subscribers keep what they have until there is a snapshot."""
        if fault is None:
            logger.info("order book of %s is healthy again", instrument_id)
        else:
            logger.warning("order book of %s is stale: %s", instrument_id, fault)

    # What subscribers ask.

    def on_subscribe(self, event: SubscribeEvent) -> SubscribeReply | None:
        """Refuse market channels that cannot exist; leave the rest to the channel's options.

        Raises:
            CommandError: 102, there is no such kind of channel, interval, instrument or venue.
        """
        channel = parse(event.channel)
        if channel is None:
            return None
        is_there = channel.is_known and self._exists(channel)
        if not is_there and not self._is_shared:
            raise CommandError(codes.UNKNOWN_CHANNEL)
        return None

    def snapshot_of(self, name: str) -> Snapshot | None:
        """How to read a channel's state: all but trades have one."""
        channel = parse(name)
        if channel is None or not channel.is_known or not self._exists(channel):
            return None
        instrument_id = channel.instrument_id
        if channel.is_book:
            return lambda: self._snapshot(instrument_id)
        if channel.is_summary and self._summaries is not None:
            return self._summaries.subscribed(name, channel)
        return None

    def _snapshot(self, instrument_id: str) -> bytes | None:
        return self._market.snapshot(instrument_id) if self._knows(instrument_id) else None

    def _exists(self, channel: MarketChannel) -> bool:
        """Whether a channel of a known kind is about something that there is, or may be."""
        if channel.is_summary and self._summaries is None:
            return False
        if not channel.venue:
            return self._has(channel.instrument_id)
        if self.declares_late:
            return channel.venue in Venue.__members__
        return any(found.venue == channel.venue for found in self._market.instruments())

    def _has(self, instrument_id: str) -> bool:
        """Whether there is such an instrument, or may be."""
        if self._knows(instrument_id):
            return True
        if not self.declares_late:
            return False
        try:
            InstrumentId.parse(instrument_id)
        except InstrumentIdError:
            return False
        return True

    def _knows(self, instrument_id: str) -> bool:
        try:
            self._market.listing(instrument_id)
        except UnknownInstrumentError:
            return False
        return True
