"""Market data on its way to subscribers: payloads into channels, and the state for newcomers."""

from __future__ import annotations

import logging
from typing import Final

from cadenza.gateway.channels import book_channels, parse, trade_channels
from cadenza.market.errors import BookFaultError, InstrumentIdError, UnknownInstrumentError
from cadenza.market.instrument import InstrumentId
from cadenza.market.market import Market
from cadenza.models import UpdateType
from cadenza.protocol import codes
from cadenza.realtime import ChannelOptions, CommandError, Node, SubscribeEvent, SubscribeReply
from cadenza.realtime.eager import settle, waits
from cadenza.realtime.subscription import Snapshot

logger: Final = logging.getLogger("cadenza.gateway")


class MarketData:
    """A listener of the market that publishes what it hears.

    Args:
        market: Where snapshots are read.
        books: Options of order book channels.
        trades: Options of trade channels.
        declares_late: Instruments become known as the feed goes, so that a channel of one that is
            not known yet may be subscribed to.
    """

    def __init__(
        self,
        market: Market,
        books: ChannelOptions,
        trades: ChannelOptions,
        *,
        declares_late: bool = False,
    ) -> None:
        self._market = market
        self._declares_late = declares_late
        self._books = books
        self._trades = trades
        self._node: Node | None = None
        self._book_channels: dict[str, tuple[str, ...]] = {}
        self._trade_channels: dict[str, tuple[str, ...]] = {}

    def attach(self, node: Node) -> None:
        """Publish to this node from here on."""
        self._node = node
        self._market.add_listener(self)

    # What the market says.

    def on_book(self, instrument_id: str, payload: bytes, update_type: UpdateType) -> None:  # noqa: ARG002 - the listener's signature
        """See ``MarketListener``: the same bytes go to all names of the book."""
        names = self._book_channels.get(instrument_id)
        if names is None:
            names = self._book_channels[instrument_id] = book_channels(instrument_id)
        for name in names:
            self._publish(name, payload, self._books)

    def on_trade(self, instrument_id: str, payload: bytes) -> None:
        """See ``MarketListener``."""
        names = self._trade_channels.get(instrument_id)
        if names is None:
            names = self._trade_channels[instrument_id] = trade_channels(instrument_id)
        for name in names:
            self._publish(name, payload, self._trades)

    def on_book_health(self, instrument_id: str, fault: BookFaultError | None) -> None:
        """See ``MarketListener``: subscribers keep what they have until there is a snapshot."""
        if fault is None:
            logger.info("order book of %s is healthy again", instrument_id)
        else:
            logger.warning("order book of %s is stale: %s", instrument_id, fault)

    def _publish(self, channel: str, payload: bytes, options: ChannelOptions) -> None:
        if self._node is None:
            return
        result = self._node.publish_to(channel, payload, options=options)
        if waits(result):
            self._node.in_background(_finished(result))

    # What subscribers ask.

    def on_subscribe(self, event: SubscribeEvent) -> SubscribeReply | None:
        """Refuse market channels that cannot exist; leave the rest to the channel's options.

        Raises:
            CommandError: 102, there is no such kind of channel, or no such instrument.
        """
        channel = parse(event.channel)
        if channel is None:
            return None
        if not channel.is_known or not self._has(channel.instrument_id):
            raise CommandError(codes.UNKNOWN_CHANNEL)
        return None

    def snapshot_of(self, name: str) -> Snapshot | None:
        """How to read a channel's state: order books have one."""
        channel = parse(name)
        if channel is None or not channel.is_book or not self._has(channel.instrument_id):
            return None
        instrument_id = channel.instrument_id
        return lambda: self._snapshot(instrument_id)

    def _snapshot(self, instrument_id: str) -> bytes | None:
        return self._market.snapshot(instrument_id) if self._knows(instrument_id) else None

    def _has(self, instrument_id: str) -> bool:
        """Whether there is such an instrument, or may be."""
        if self._knows(instrument_id):
            return True
        if not self._declares_late:
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


async def _finished(result: object) -> None:
    await settle(result)
