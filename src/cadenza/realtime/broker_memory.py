"""The broker of a single node: streams in this process, delivery by a function call."""

from __future__ import annotations

import heapq
import random
import string
from collections.abc import Callable
from functools import partial
from typing import Final

from cadenza.clock import Clock, LoopClock, Timer
from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.broker import (
    IDEMPOTENCY_TTL,
    BrokerEvents,
    Delivery,
    PublishOptions,
    PublishResult,
)
from cadenza.realtime.stream import HistoryFilter, Page, Stream, StreamPosition

_EPOCH_LETTERS: Final = string.ascii_letters
_SWEEP_SECONDS: Final = 1.0
_NOWHERE: Final = PublishResult(StreamPosition(0, ""))


class MemoryBroker:
    """Keeps everything in memory; a restart begins new streams with new epochs."""

    def __init__(self, clock: Clock | None = None, chance: random.Random | None = None) -> None:
        self._clock = clock or LoopClock()
        self._chance = chance or random.SystemRandom()
        self._events: BrokerEvents | None = None
        self._subscribed: set[str] = set()
        self._streams: dict[str, Stream] = {}
        self._results: dict[tuple[str, str], tuple[float, PublishResult]] = {}
        # (when, order, look): what may have expired then. A stream has at most one for its
        # publications and one for its meta data, which look again later when there was a renewal.
        self._expiries: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = 0
        self._sweeper: Timer | None = None
        self._sweep_at = 0.0

    def start(self, events: BrokerEvents) -> None:
        """See ``Broker``."""
        self._events = events

    def close(self) -> None:
        """See ``Broker``."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def publish(
        self, channel: str, publication: Publication, options: PublishOptions
    ) -> PublishResult:
        """See ``Broker``. Delivers before it returns."""
        key, now = options.idempotency_key, self._clock.monotonic()
        if key and (known := self._results.get((channel, key))) is not None and known[0] > now:
            return known[1]
        if options.history_size > 0 and options.history_ttl > 0:
            result, delivery = self._store(channel, publication, options)
        else:
            result, delivery = _NOWHERE, Delivery(publication, "")
        if key:
            self._results[channel, key] = (now + IDEMPOTENCY_TTL, result)
            self._look_at(now + IDEMPOTENCY_TTL, partial(self._sweep_result, (channel, key)))
        if delivery is not None and channel in self._subscribed and self._events is not None:
            self._events.on_publication(channel, delivery)
        return result

    def publish_join(self, channel: str, info: ClientInfo) -> None:
        """See ``Broker``."""
        if channel in self._subscribed and self._events is not None:
            self._events.on_join(channel, info)

    def publish_leave(self, channel: str, info: ClientInfo) -> None:
        """See ``Broker``."""
        if channel in self._subscribed and self._events is not None:
            self._events.on_leave(channel, info)

    def subscribe(self, channel: str) -> None:
        """See ``Broker``."""
        self._subscribed.add(channel)

    def unsubscribe(self, channel: str) -> None:
        """See ``Broker``."""
        self._subscribed.discard(channel)

    def history(self, channel: str, wanted: HistoryFilter, meta_ttl: float) -> Page:
        """See ``Broker``."""
        return self._stream(channel, meta_ttl).read(wanted)

    def remove_history(self, channel: str) -> None:
        """See ``Broker``."""
        stream = self._streams.get(channel)
        if stream is not None:
            stream.clear()

    def _store(
        self, channel: str, publication: Publication, options: PublishOptions
    ) -> tuple[PublishResult, Delivery | None]:
        stream = self._stream(channel, options.history_meta_ttl)
        if not stream.accepts_version(options.version, options.version_epoch):
            return PublishResult(stream.top, suppressed=True), None
        before = stream.newest() if options.delta else None
        stream.version = (options.version, options.version_epoch)
        stream.add(publication, options.history_size)
        stream.expires_at = self._clock.monotonic() + options.history_ttl
        if not stream.watched:
            stream.watched = True
            self._look_at(stream.expires_at, partial(self._sweep_publications, stream))
        previous = bytes(before.data) if before is not None else None
        delivery = Delivery(publication, stream.epoch, options.delta, previous)
        return PublishResult(stream.top), delivery

    def _stream(self, channel: str, meta_ttl: float) -> Stream:
        """The channel's stream without what has expired; a new one if there is none."""
        now = self._clock.monotonic()
        stream = self._streams.get(channel)
        if stream is None or stream.meta_expires_at <= now:
            stream = Stream("".join(self._chance.choices(_EPOCH_LETTERS, k=8)))
            self._streams[channel] = stream
            self._look_at(now + meta_ttl, partial(self._sweep_stream, channel, stream))
        elif stream.publications and stream.expires_at <= now:
            stream.clear()
        stream.meta_expires_at = now + meta_ttl
        return stream

    def _look_at(self, when: float, look: Callable[[float], None]) -> None:
        self._order += 1
        heapq.heappush(self._expiries, (when, self._order, look))
        self._schedule_sweep()

    def _schedule_sweep(self) -> None:
        now = self._clock.monotonic()
        when = max(now + _SWEEP_SECONDS, self._expiries[0][0])
        if self._sweeper is not None:
            if self._sweep_at <= when:
                return
            self._sweeper.cancel()
        self._sweep_at = when
        self._sweeper = self._clock.call_later(when - now, self._sweep)

    def _sweep(self) -> None:
        """Let go of what has expired; what was renewed meanwhile is looked at again later."""
        now = self._clock.monotonic()
        self._sweeper = None
        while self._expiries and self._expiries[0][0] <= now:
            heapq.heappop(self._expiries)[2](now)
        if self._expiries:
            self._schedule_sweep()

    def _sweep_result(self, place: tuple[str, str], now: float) -> None:
        known = self._results.get(place)
        if known is not None and known[0] <= now:
            del self._results[place]

    def _sweep_publications(self, stream: Stream, now: float) -> None:
        stream.watched = stream.expires_at > now and bool(stream.publications)
        if stream.watched:
            self._look_at(stream.expires_at, partial(self._sweep_publications, stream))
        else:
            stream.clear()

    def _sweep_stream(self, channel: str, stream: Stream, now: float) -> None:
        if self._streams.get(channel) is not stream:
            return
        if stream.meta_expires_at > now:
            self._look_at(stream.meta_expires_at, partial(self._sweep_stream, channel, stream))
        else:
            del self._streams[channel]
