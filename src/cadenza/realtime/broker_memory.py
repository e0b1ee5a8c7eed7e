"""The broker of a single node: streams in this process, delivery by a function call."""

from __future__ import annotations

import heapq
import random
import string
from typing import Final

from cadenza.protocol.messages import ClientInfo, Publication
from cadenza.realtime.broker import (
    IDEMPOTENCY_TTL,
    BrokerEvents,
    Delivery,
    PublishOptions,
    PublishResult,
)
from cadenza.realtime.clock import Cancellable, Clock, LoopClock
from cadenza.realtime.stream import HistoryFilter, Page, Position, Stream

_EPOCH_LETTERS: Final = string.ascii_letters
_SWEEP_SECONDS: Final = 1.0
_NOWHERE: Final = PublishResult(Position(0, ""))


class MemoryBroker:
    """Keeps everything in memory; a restart begins new streams with new epochs."""

    def __init__(self, clock: Clock | None = None, chance: random.Random | None = None) -> None:
        self._clock = clock or LoopClock()
        self._chance = chance or random.SystemRandom()
        self._events: BrokerEvents | None = None
        self._subscribed: set[str] = set()
        self._streams: dict[str, Stream] = {}
        self._results: dict[tuple[str, str], PublishResult] = {}
        # (when, channel, idempotency key or ""): what may have expired then.
        self._expiries: list[tuple[float, str, str]] = []
        self._sweeper: Cancellable | None = None

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
        key = options.idempotency_key
        if key and (known := self._results.get((channel, key))) is not None:
            return known
        if options.history_size > 0 and options.history_ttl > 0:
            result, delivery = self._store(channel, publication, options)
        else:
            result, delivery = _NOWHERE, Delivery(publication, "")
        if key:
            self._results[channel, key] = result
            self._expire(self._clock.monotonic() + IDEMPOTENCY_TTL, channel, key)
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
        if stream.expires_at <= (now := self._clock.monotonic()):
            self._expire(now + options.history_ttl, channel, "")
        stream.expires_at = now + options.history_ttl
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
            self._expire(now + meta_ttl, channel, "")
        elif stream.publications and stream.expires_at <= now:
            stream.clear()
        stream.meta_expires_at = now + meta_ttl
        return stream

    def _expire(self, when: float, channel: str, key: str) -> None:
        heapq.heappush(self._expiries, (when, channel, key))
        if self._sweeper is None:
            self._sweeper = self._clock.call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Let go of what has expired; what was renewed meanwhile is looked at again later."""
        now = self._clock.monotonic()
        self._sweeper = None
        while self._expiries and self._expiries[0][0] <= now:
            _, channel, key = heapq.heappop(self._expiries)
            if key:
                self._results.pop((channel, key), None)
            else:
                self._sweep_stream(channel, now)
        if self._expiries:
            delay = max(_SWEEP_SECONDS, self._expiries[0][0] - now)
            self._sweeper = self._clock.call_later(delay, self._sweep)

    def _sweep_stream(self, channel: str, now: float) -> None:
        stream = self._streams.get(channel)
        if stream is None:
            return
        if stream.publications and stream.expires_at > now:
            heapq.heappush(self._expiries, (stream.expires_at, channel, ""))
            return
        stream.clear()
        if stream.meta_expires_at <= now:
            del self._streams[channel]
        else:
            heapq.heappush(self._expiries, (stream.meta_expires_at, channel, ""))
