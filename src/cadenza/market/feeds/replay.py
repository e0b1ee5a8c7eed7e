"""The replay feed: recordings at their own pace, at a multiple of it, or flat out.

At a gap in its updates a book is declared stale, so that nothing more of it is published, and the
replay goes on holding its newest updates. The next snapshot in the recording, or
the beginning of the next loop, makes the book healthy again. A recording without another snapshot
leaves the book stale to its end, and ``ReplayFeed.statistics`` says so.

In a second pass (``loop``) time goes on. Every pass is dated after the one before, so
that candles follow one another, and its trades have ids of their own (``71-2`` is 71 in the second
pass).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cadenza.clock import Clock
from cadenza.market.feed import FeedStatistics, MarketSink
from cadenza.market.feeds.delivery import Delivery
from cadenza.market.feeds.recording import Decoder, Recording, find_recordings, merged
from cadenza.market.feeds.replay_cadenza import CadenzaDecoder
from cadenza.market.venues.decoder import Instruments
from cadenza.models import Instrument

logger: Final = logging.getLogger("cadenza.market")

MAX_SPEED: Final = math.inf
"""As fast as the machine can, still letting others run in between."""

MEANINGLESS_AFTER: Final = 1000
"""Messages without any of a market among them after which the operator is told so."""

SLICE_SECONDS: Final = 0.003
MAX_BURST: Final = 64
"""Others get their turn after so much time or so many messages, whichever comes first."""


class Pacer:
    """Holds messages back until their time.

    Args:
        clock: The time.
        speed: Recorded seconds a second; infinite for no holding back.
        max_silence_s: A longer silence in the recording (a night between two files) is cut to this.
    """

    def __init__(self, clock: Clock, speed: float, max_silence_s: float) -> None:
        self._clock = clock
        self._speed = speed
        self._max_silence_s = max_silence_s
        self._previous_ns = 0
        self._due = self._slice_start = clock.monotonic()
        self._burst = 0
        self.lag_ms = 0.0

    def restart(self) -> None:
        """Take the next message as due now."""
        self._previous_ns = 0
        self._due = self._clock.monotonic()

    def delay(self, time_ns: int) -> float | None:
        """Seconds to sleep before the message of this receive time.

        ``None`` for not at all; 0 for giving way to others.
        """
        if self._previous_ns and time_ns > self._previous_ns:
            silence = min((time_ns - self._previous_ns) / 1e9, self._max_silence_s)
            self._due += silence / self._speed
        self._previous_ns = max(time_ns, self._previous_ns)
        now = self._clock.monotonic()
        ahead = self._due - now if math.isfinite(self._speed) else 0.0
        self.lag_ms = max(0.0, -ahead * 1000)
        self._burst += 1
        is_slice_over = now - self._slice_start >= SLICE_SECONDS or self._burst >= MAX_BURST
        return max(ahead, 0.0) if ahead > 0 or is_slice_over else None

    async def wait(self, delay: float) -> None:
        """Sleep, and begin a new slice."""
        await self._clock.sleep(delay)
        self._slice_start = self._clock.monotonic()
        self._burst = 0


class ReplayFeed:
    """A ``Feed`` of recordings.

    Args:
        path: A recording, or a folder of them (see ``recording``).
        sink: Takes the market data.
        clock: Paces the replay.
        speed: 1 is the recording's own pace, 10 is ten times as fast, ``MAX_SPEED`` flat out.
        loop: Begin again after the last message, each book with a fresh SNAPSHOT. Otherwise the
            market stands still with its final books.
        max_silence_s: The longest silence kept, in recorded seconds.

    Raises:
        RecordingNotFoundError: If there is nothing to replay at the path.
        RecordingFormatError: If the file is in no known format.
        ValueError: If the speed is not positive.
    """

    def __init__(
        self,
        path: Path,
        sink: MarketSink,
        clock: Clock,
        *,
        speed: float = 1.0,
        loop: bool = False,
        max_silence_s: float = 60.0,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be positive, not {speed}")
        self._path = path
        self._recordings = find_recordings(path)
        known = [decoder.declarations for _, decoder in self._sources()]
        self._declarations = {
            declaration.instrument.instrument_id: declaration
            for declared in known
            for declaration in declared
        }
        self.declares_late = not all(known)
        self._delivery = Delivery(sink)
        self._pacer = Pacer(clock, speed, max_silence_s)
        self._loop = loop
        self._messages = 0
        self._loops = 0
        self._is_finished = False
        self._is_warned = False

    def instruments(self) -> Sequence[Instrument]:
        """The instruments known from the files' first lines; others come with their snapshots."""
        return [declaration.instrument for declaration in self._declarations.values()]

    def statistics(self) -> FeedStatistics:
        """The counters now."""
        return self._delivery.statistics()._replace(
            messages=self._messages,
            loops=self._loops,
            lag_ms=self._pacer.lag_ms,
            finished=self._is_finished,
        )

    async def run(self) -> None:
        """Replay to the end, or for ever with ``loop``."""
        while True:
            before = self._messages
            span_ms = await self._run_once()
            if not self._loop or self._messages == before:
                break
            self._loops += 1
            self._delivery.restart()
            self._delivery.shift_ms += span_ms
            self._delivery.suffix = f"-{self._loops + 1}"
            self._pacer.restart()
        self._is_finished = True
        logger.info("replay of %s finished: %s", self._path, self.statistics())

    def _sources(self) -> list[tuple[Recording, Decoder]]:
        """Every file with a decoder; those of one market know its instruments together."""
        markets: dict[str, Instruments] = {}
        parts: dict[str, CadenzaDecoder] = {}
        sources: list[tuple[Recording, Decoder]] = []
        for recording in self._recordings:
            market = recording.market
            decoder = recording.decoder(markets.setdefault(market, Instruments()))
            if isinstance(decoder, CadenzaDecoder):
                decoder = parts.setdefault(market, decoder)
            sources.append((recording, decoder))
        return sources

    async def _run_once(self) -> int:
        """Play everything once; returns how much later the next pass is, in milliseconds."""
        sources = self._sources()
        delivery, pacer = self._delivery, self._pacer
        for recording, decoder in sources:
            for declaration in decoder.declarations:
                delivery.deliver(declaration, decoder.rule, recording.market)
        first_ns = last_ns = 0
        for time_ns, source, body, bad in merged(sources):
            recording, decoder = sources[source]
            if not body and not bad:
                decoder.reopened()
                continue
            delay = pacer.delay(time_ns)
            if delay is not None:
                await pacer.wait(delay)
            first_ns, last_ns = first_ns or time_ns, max(last_ns, time_ns)
            self._messages += 1
            if self._messages == MEANINGLESS_AFTER:
                self._warn_if_meaningless()
            if bad:
                delivery.skip(bad)
                continue
            for message in decoder.decode(time_ns, body):
                delivery.deliver(message, decoder.rule, recording.market)
        self._report()
        # The next pass begins with a whole second, at least one after this one's last message.
        return ((last_ns - first_ns) // 1_000_000_000 + 2) * 1000

    def _report(self) -> None:
        """Say what was missing or not understood in a pass, in the first one."""
        if self._loops:
            return
        delivery = self._delivery
        for instrument_id in delivery.waiting():
            logger.warning(
                "%s: no book at the end of %s: its updates have no snapshot they continue "
                "(a recording that goes on from another needs both files in one folder)",
                instrument_id,
                self._path,
            )
        self._warn_if_meaningless()
        for name, count in sorted(delivery.unknown.items(), key=lambda item: -item[1]):
            logger.warning(
                "%d messages of channel %s are not used; understood are: %s",
                count,
                name,
                self._understood(),
            )

    def _warn_if_meaningless(self) -> None:
        if self._delivery.has_delivered or self._is_warned:
            return
        self._is_warned = True
        names = ", ".join(
            f"{name} ({count})" for name, count in self._delivery.unknown.most_common(10)
        )
        logger.error(
            "nothing is understood of the first %d messages of %s: no book, no trade. "
            "Channels: %s. Understood are: %s",
            self._messages,
            self._path,
            names or "none",
            self._understood(),
        )

    def _understood(self) -> str:
        found = {recording.market: recording.understood for recording in self._recordings}
        return "; ".join(f"{market}: {channels}" for market, channels in found.items())
