"""The recorder: subscribes, recovers, and writes down what could not be recovered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from cadenza.cli.recording.files import FLUSH_SECONDS, Sink
from cadenza.cli.recording.lines import (
    gap_line,
    instrument_line,
    publication_line,
    subscribed_line,
)
from cadenza.cli.recording.state import ChannelState, RecordingState
from cadenza.cli.session import Notes, Session
from cadenza.client import (
    Cause,
    ClientError,
    Publication,
    StreamPosition,
    Subscribed,
    Subscription,
    UnsubscribedError,
)
from cadenza.models.channels import parse

INSTRUMENTS: Final = "query.instrument.list"
RESYNC_SECONDS: Final = 10.0
"""Seconds between two subscriptions, at least, to a book whose updates do not fit."""
TICKS: Final = 2
"""Notes of progress between two flushes."""
_MARKET: Final = "market"
_KINDS: Final = frozenset({"orderBook", "orderbook", "trade"})


class Recorder:
    """Records the channels of one session into one sink.

    Args:
        session: A connected client.
        sink: Takes the lines.
        state: The state of the recording so far.
        notes: Hears of gaps and losses.
        clock_ns: Gives nanoseconds since the epoch, UTC.
        limit: Ends after so many publications; ``None``: never.

    Attributes:
        publications: Publications that this run has recorded.
        gaps: Gaps that it has noted.
    """

    def __init__(
        self,
        session: Session,
        sink: Sink,
        state: RecordingState,
        *,
        notes: Notes,
        clock_ns: Callable[[], int],
        limit: int | None,
    ) -> None:
        self.publications = 0
        self.gaps = 0
        self._session = session
        self._sink = sink
        self._state = state
        self._notes = notes
        self._clock_ns = clock_ns
        self._limit = limit
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._resyncing = ""
        self._resynced: dict[str, float] = {}
        self._subscriptions: dict[str, Subscription] = {}

    async def run(self, channels: Sequence[str], progress: Callable[[Recorder], None]) -> None:
        """Record until the limit is reached.

        Args:
            channels: The channels; a recording of them goes on where it stands.
            progress: Called every ``FLUSH_SECONDS / TICKS``.

        Raises:
            ClientError: A subscription has failed or ended, or the client is disconnected for good.
            OSError: The sink cannot be written to.
        """
        ticking = asyncio.ensure_future(self._tick(progress))
        try:
            await self._describe(channels)
            for channel in channels:
                if not self._ended.done():
                    await self._subscribe(channel)
            ends: set[asyncio.Future[Any]] = {self._ended, self._session.over, ticking}
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for future in done:
                future.result()
        finally:
            self._end(None)
            ticking.cancel()
            await asyncio.gather(self._ended, ticking, return_exceptions=True)

    async def _tick(self, progress: Callable[[Recorder], None]) -> None:
        while True:
            for _ in range(TICKS):
                progress(self)
                await asyncio.sleep(FLUSH_SECONDS / TICKS)
            self._sink.flush()

    async def _describe(self, channels: Sequence[str]) -> None:
        """Write down the instruments of the channels, if the server has such a call."""
        wanted = {found for channel in channels if (found := instrument_of(channel))}
        if not wanted:
            return
        try:
            asked = {"pagination": {"limit": 1000}}
            answer = await self._session.client.rpc(INSTRUMENTS, asked)
        except ClientError as error:
            self._notes(f"the steps of the instruments are not known: {error}")
            return
        shown = answer.get("data") if isinstance(answer, dict) else None
        for instrument in shown if isinstance(shown, list) else ():
            if isinstance(instrument, dict) and instrument.get("instrumentId") in wanted:
                self._sink.write(instrument_line(self._clock_ns(), instrument))

    async def _subscribe(self, channel: str) -> None:
        state = self._state.channel(channel)
        since = state.position
        subscription = self._session.client.subscription(
            channel,
            since=since and (since.offset, since.epoch),
            recoverable=True,
            on_publication=lambda it: self._take(state, it),
            on_subscribed=lambda it: self._subscribed(channel, state, it),
            on_unsubscribed=lambda why: self._unsubscribed(channel, why),
            on_error=lambda error: self._notes(str(error)),
        )
        self._subscriptions[channel] = subscription
        subscription.subscribe()
        await subscription.ready()

    def _subscribed(self, channel: str, state: ChannelState, event: Subscribed) -> None:
        now, before = self._clock_ns(), state.position
        is_fresh = not event.recovered
        if is_fresh and (before is not None or state.publications):
            reason = "could not be recovered" if event.was_recovering else "began anew"
            self._write(gap_line(now, channel, before, reason))
            self.gaps += 1
            self._notes(f"{channel}: a gap, what was missed {reason}")
        elif not is_fresh:
            self._notes(f"{channel}: recovered what was missed")
        position = None if event.position is None else StreamPosition(*event.position)
        self._write(subscribed_line(now, channel, position, is_fresh=is_fresh))
        state.subscribed(position, is_fresh=is_fresh)

    def _take(self, state: ChannelState, publication: Publication) -> None:
        if self._ended.done():
            return
        now = self._clock_ns()
        self._write(publication_line(now, publication))
        self.publications += 1
        if not state.publication(now, publication.offset, publication.raw):
            asyncio.get_running_loop().call_soon(self._resync, publication.channel)
        if self.publications == self._limit:
            self._end(None)

    def _write(self, line: bytes) -> None:
        try:
            self._sink.write(line)
        except OSError as error:
            self._end(error)

    def _resync(self, channel: str) -> None:
        """Get a SNAPSHOT of a book whose update does not fit, by subscribing again."""
        now = asyncio.get_running_loop().time()
        last = self._resynced.get(channel)
        is_soon = last is not None and now - last < RESYNC_SECONDS
        if self._ended.done() or is_soon or not self._session.client.is_connected:
            return
        self._resynced[channel] = now
        self._notes(f"{channel}: an update does not fit the book; subscribing anew")
        subscription, self._resyncing = self._subscriptions[channel], channel
        try:
            subscription.subscriber.invalidate()
            subscription.unsubscribe()
            subscription.subscribe()
        finally:
            self._resyncing = ""

    def _unsubscribed(self, channel: str, why: Cause) -> None:
        if channel != self._resyncing:
            self._end(UnsubscribedError(channel, *why))

    def _end(self, error: Exception | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)
            self._ended.exception()  # seen, where nobody waits for it


def instrument_of(channel: str) -> str | None:
    """The instrument whose book or trades a channel carries; ``None`` for other channels."""
    found = parse(channel)
    if found is None or not (found.is_book or found.is_trade):
        return None
    return found.instrument_id
