"""Ticker channels: subscribers get the ticker as it is, then each change of it.

An instrument's channel begins with the present ticker. A venue's channel has one publication an
instrument; when somebody subscribes, all of them are published again with the next beat. A ticker
has changed when there was a trade or when the best bid or ask is another.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.gateway.outlet import Outlet
from cadenza.market.errors import UnknownInstrumentError
from cadenza.market.market import Market
from cadenza.market.tickers import Tickers, TickerState
from cadenza.models.channels import MarketChannel, ticker_channel
from cadenza.realtime import ChannelOptions
from cadenza.realtime.subscription import Snapshot

_encode: Final = msgspec.json.Encoder().encode
_EPSILON: Final = 1e-3
_NOTHING: Final[TickerState] = (0, None, None)


class _Channel:
    """One channel with subscribers.

    Attributes:
        shown: The state published last, by instrument id.
        shown_at: When, in monotonic seconds.
    """

    __slots__ = ("about", "name", "shown", "shown_at")

    def __init__(self, name: str, about: MarketChannel) -> None:
        self.name = name
        self.about = about
        self.shown: dict[str, TickerState] = {}
        self.shown_at: dict[str, float] = {}


class TickerChannels:
    """Publishes tickers to the channels that are listened to.

    Args:
        market: Knows which instruments a venue has.
        tickers: The tickers.
        outlet: Publishes the payloads.
        options: Of the channels.
        update_interval: Seconds between two publications of one ticker; 0: none.
    """

    def __init__(
        self,
        market: Market,
        tickers: Tickers,
        outlet: Outlet,
        options: ChannelOptions,
        update_interval: float,
    ) -> None:
        self._market = market
        self._tickers = tickers
        self._outlet = outlet
        self._options = options
        self._update_interval = update_interval
        self._active: dict[str, _Channel] = {}

    def subscribed(self, name: str, about: MarketChannel) -> Snapshot | None:
        """Somebody is about to subscribe: how the state of the channel is read."""
        channel = self._active.get(name)
        if channel is None:
            channel = self._active[name] = _Channel(name, about)
            if self._options.history_size:
                # Nothing was published while nobody listened; who recovers must not miss it.
                for instrument_id in self._instruments(about):
                    self._publish(channel, instrument_id, 0.0)
        if about.venue:
            channel.shown.clear()
            channel.shown_at.clear()
            return None
        return lambda: self._state(about.instrument_id)

    def _state(self, instrument_id: str) -> bytes | None:
        try:
            ticker = self._tickers.ticker(instrument_id)
        except UnknownInstrumentError:
            return None
        return _encode(ticker) if ticker is not None else None

    def on_change(self, instrument_id: str, now: float) -> None:
        """A trade or a change of the book: publish it, if that is wanted at each change."""
        venue, _, _ = instrument_id.partition(":")
        for name in (ticker_channel(instrument_id), ticker_channel(venue)):
            channel = self._active.get(name)
            if channel is not None:
                self._publish(channel, instrument_id, now)

    def beat(self, now: float) -> None:
        """Forget who has gone, and publish what has changed.

        Args:
            now: Monotonic seconds.
        """
        for channel in tuple(self._active.values()):
            if not self._outlet.has_subscribers(channel.name):
                del self._active[channel.name]
                continue
            for instrument_id in self._instruments(channel.about):
                shown_at = channel.shown_at.get(instrument_id)
                if shown_at is None or now - shown_at >= self._update_interval - _EPSILON:
                    self._publish(channel, instrument_id, now)

    def _instruments(self, about: MarketChannel) -> list[str]:
        if not about.venue:
            return [about.instrument_id]
        return [
            instrument.instrument_id
            for instrument in self._market.instruments()
            if instrument.venue == about.venue
        ]

    def _publish(self, channel: _Channel, instrument_id: str, now: float) -> None:
        """Publish a ticker if it is another than the one published last."""
        try:
            state = self._tickers.state(instrument_id)
        except UnknownInstrumentError:  # one that may still be declared
            return
        if state == channel.shown.get(instrument_id, _NOTHING):
            return
        payload = self._state(instrument_id)
        if payload is not None:
            channel.shown[instrument_id] = state
            channel.shown_at[instrument_id] = now
            self._outlet.publish(channel.name, payload, self._options)
