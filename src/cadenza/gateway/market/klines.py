"""Kline channels: subscribers get the candle that forms, and each candle once it is over.

A channel with subscribers carries two kinds of publications. The candle that forms goes out with
``isClosed`` false, at most once an update interval and only if it has changed; it is in no history,
as the next one says more. A candle that is over goes out once with ``isClosed`` true, in order,
also when it is flat, and is kept for recovery.

Nothing is published to a channel that nobody listens to. So that a client that recovers after such
a time misses no candle, or is told that it does, the first new subscriber has the candles that were
closed meanwhile stored before its position is read.
"""

from __future__ import annotations

from typing import Final

import msgspec

from cadenza.gateway.outlet import Outlet
from cadenza.market.candles import NOT_BEGUN
from cadenza.market.klines import Klines
from cadenza.models import KlineInterval
from cadenza.models.channels import MarketChannel
from cadenza.realtime import ChannelOptions
from cadenza.realtime.subscription import Snapshot

_encode: Final = msgspec.json.Encoder().encode
_EPSILON: Final = 1e-3
"""Seconds by which a beat may come early."""


class _Channel:
    """One channel that has, or had, subscribers.

    Attributes:
        next_open: The open time of the first candle whose close has not been published.
        shown: The forming candle last published, as open time and number of trades.
        shown_at: When, in monotonic seconds.
    """

    __slots__ = ("instrument_id", "interval", "name", "next_open", "shown", "shown_at")

    def __init__(
        self, name: str, instrument_id: str, interval: KlineInterval, next_open: int
    ) -> None:
        self.name = name
        self.instrument_id = instrument_id
        self.interval = interval
        self.next_open = next_open
        self.shown = (NOT_BEGUN, 0)
        self.shown_at = 0.0


class KlineChannels:
    """Publishes candles to the channels that are listened to.

    Args:
        klines: The candles. Their ``history`` should exceed the channels' ``history_size``.
        outlet: Publishes the payloads.
        options: Of the channels.
        update_interval: Seconds between two publications of one forming candle; 0: none.
    """

    def __init__(
        self, klines: Klines, outlet: Outlet, options: ChannelOptions, update_interval: float
    ) -> None:
        self._klines = klines
        self._outlet = outlet
        self._options = options
        self._unkept = msgspec.structs.replace(options, history_size=0, history_ttl=0)
        self._update_interval = update_interval
        self._known: dict[str, _Channel] = {}
        self._active: dict[str, dict[str, _Channel]] = {}
        klines.listen(self.on_second)

    def subscribed(self, name: str, about: MarketChannel) -> Snapshot | None:
        """Somebody is about to subscribe: how the state of the channel is read.

        The state is the candle that forms. It stands in for what a slow reader missed only as
        long as no candle has been closed since the subscription began; later there is none, and
        the reader has to recover.
        """
        if about.interval is None:
            return None
        instrument_id, interval = about.instrument_id, about.interval
        self._klines.series(instrument_id)  # whoever is due by the clock gets its close first
        began = self._klines.newest_open(instrument_id, interval)
        channel = self._known.get(name)
        if channel is None:
            channel = self._known[name] = _Channel(name, instrument_id, interval, began)
        elif self._options.history_size:
            self._publish_closed(channel)
        else:
            channel.next_open = began
        self._active.setdefault(instrument_id, {})[name] = channel
        return lambda: self._state(channel, began)

    def _state(self, channel: _Channel, began: int) -> bytes | None:
        self._klines.series(channel.instrument_id)
        newest = self._klines.newest_open(channel.instrument_id, channel.interval)
        return self._forming(channel) if newest == began != NOT_BEGUN else None

    def on_second(self, instrument_id: str) -> None:
        """A second is over, and perhaps longer candles with it: publish those."""
        for channel in tuple(self._active.get(instrument_id, {}).values()):
            self._publish_closed(channel)

    def on_trade(self, instrument_id: str, now: float) -> None:
        """A trade was counted: publish what forms, if that is wanted with each trade."""
        for channel in tuple(self._active.get(instrument_id, {}).values()):
            self._publish_forming(channel, now)

    def beat(self, now: float) -> None:
        """Forget who has gone; publish what the clock has closed, and what forms and has changed.

        Args:
            now: Monotonic seconds.
        """
        for instrument_id, channels in tuple(self._active.items()):
            for channel in tuple(channels.values()):
                if not self._outlet.has_subscribers(channel.name):
                    self._rest(channel)
            if channels:
                self._klines.series(instrument_id)
            for channel in tuple(channels.values()):
                if now - channel.shown_at >= self._update_interval - _EPSILON:
                    self._publish_forming(channel, now)

    def _rest(self, channel: _Channel) -> None:
        """Nobody listens any more: remember only how far it came."""
        channels = self._active[channel.instrument_id]
        del channels[channel.name]
        if not channels:
            del self._active[channel.instrument_id]
        if channel.next_open == NOT_BEGUN:  # perhaps an instrument that there will never be
            del self._known[channel.name]

    def _publish_closed(self, channel: _Channel) -> None:
        newest = self._klines.newest_open(channel.instrument_id, channel.interval)
        if newest == channel.next_open:
            return
        if newest > channel.next_open:
            for kline in self._klines.closed(
                channel.instrument_id, channel.interval, channel.next_open
            ):
                self._outlet.publish(channel.name, _encode(kline), self._options)
        # Otherwise a recording has begun again, and what formed will never be closed.
        channel.next_open = newest

    def _publish_forming(self, channel: _Channel, now: float) -> None:
        series = self._klines.series(channel.instrument_id)
        if series is None or not series.has_begun:
            return
        state = (series.newest_open(channel.interval), series.trades)
        if state == channel.shown:
            return
        channel.shown, channel.shown_at = state, now
        payload = self._forming(channel)
        self._outlet.publish(channel.name, payload, self._unkept)

    def _forming(self, channel: _Channel) -> bytes:
        return _encode(self._klines.kline(channel.instrument_id, channel.interval, limit=1))
