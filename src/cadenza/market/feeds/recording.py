"""Recordings: files and folders of them, found and read a bounded piece at a time.

A path is a file or a folder. The format is told by the first lines, not by the name. The messages
of all files come in the order in which they were received: files that follow one another in time
are parts of one recording, files of the same time are several sockets, or several markets.
"""

from __future__ import annotations

import gzip
import heapq
import logging
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cadenza.market.errors import BadMessageError, RecordingFormatError, RecordingNotFoundError
from cadenza.market.feeds.lines import OPENED, Line, Sample, split_line
from cadenza.market.feeds.recording_parquet import MAGIC, read_parquet
from cadenza.market.feeds.replay_cadenza import CadenzaDecoder
from cadenza.market.venues.catalog import VENUES, find_decoder
from cadenza.market.venues.decoder import Instruments
from cadenza.market.venues.messages import Declaration, Message
from cadenza.market.venues.sequence import SequenceRule

logger: Final = logging.getLogger("cadenza.market")

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""A longer line is no message: the largest recorded snapshot has 0.5 MB."""

SAMPLE_LINES: Final = 128
"""Lines looked at to tell the format: past the first depth update of every recording known."""

_GZIP_MAGIC: Final = b"\x1f\x8b"

FORMATS: Final = (*(venue.venue for venue in VENUES), "cadenza record")
"""For people: whose recordings can be read."""


class Decoder(Protocol):
    """Tells what the messages of a recording mean; see ``VenueDecoder``.

    Attributes:
        market: Recordings with equal ``market`` are parts of one.
        rule: How the venue's book updates follow one another.
        declarations: The instruments known from the beginning of the file.
    """

    market: str
    rule: SequenceRule
    declarations: Sequence[Declaration]

    @property
    def understood(self) -> str:
        """The channels that are understood, for people."""

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Tell what a message means; raises nothing."""

    def reopened(self) -> None:
        """The connection was made again."""


class Received(NamedTuple):
    """A message as it was received: when (ns since the epoch), from which source, and its bytes.

    ``bad`` is set instead when the line could not be read. Without either, the socket was opened.
    """

    time_ns: int
    source: int
    body: bytes
    bad: str = ""


class Recording:
    """One file.

    Args:
        path: Which.

    Raises:
        RecordingNotFoundError: It cannot be read.
        RecordingFormatError: It is in no known format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sample = _sample(path)
        self._looks = Sample.of(self._sample)
        decoder = self.decoder()
        self.market = decoder.market
        self.understood = decoder.understood
        # Files of lines in our own format have their times inside.
        self.first_ns = self._looks.first_ns or _first_ns(decoder, self._sample)

    def __repr__(self) -> str:
        return f"Recording({self.path.name})"

    def decoder(self, instruments: Instruments | None = None) -> Decoder:
        """A fresh decoder for a run from the beginning.

        Args:
            instruments: Shared by the recordings of one market; by default this one's own.
        """
        own = CadenzaDecoder.open(self._sample)
        if own is not None:
            return own
        looks = self._looks
        found = find_decoder(looks.address, looks.messages, instruments)
        if found is None or not (looks.address or looks.messages):
            raise RecordingFormatError(self.path, FORMATS)
        return found

    def received(self, decoder: Decoder, source: int = 0) -> Iterator[Received]:
        """Every message; a line that cannot be read takes the time before it."""
        time_ns = 0
        for number, line in enumerate(_lines(self.path), start=1):
            try:
                parts = self._split(decoder, line)
            except (BadMessageError, ValueError) as error:
                yield Received(time_ns, source, b"", f"{self.path.name}, line {number}: {error}")
                continue
            if parts is OPENED:
                yield Received(time_ns, source, b"")
            elif parts:
                time_ns = parts.time_ns
                yield Received(time_ns, source, parts.body)

    def _split(self, decoder: Decoder, line: bytes) -> Line | None:
        if isinstance(decoder, CadenzaDecoder):
            return decoder.split(line)
        return split_line(line, is_capture=self._looks.is_capture)


def merged(recordings: Sequence[tuple[Recording, Decoder]]) -> Iterator[Received]:
    """The messages of several recordings in the order they were received.

    A file is opened when its time has come, so that a folder may hold any number of them. Each
    keeps the order of its lines, whatever the times in them say.
    """
    waiting = sorted(
        range(len(recordings)), key=lambda source: recordings[source][0].first_ns, reverse=True
    )
    heap: list[tuple[int, int, Received, Iterator[Received]]] = []
    while heap or waiting:
        while waiting and (not heap or recordings[waiting[-1]][0].first_ns <= heap[0][0]):
            source = waiting.pop()
            recording, decoder = recordings[source]
            stream = recording.received(decoder, source)
            first = next(stream, None)
            if first is not None:
                heapq.heappush(heap, (first.time_ns, source, first, stream))
        if not heap:
            continue
        _, source, received, stream = heap[0]
        yield received
        following = next(stream, None)
        if following is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (following.time_ns, source, following, stream))


def find_recordings(path: Path) -> list[Recording]:
    """The recordings at a path, in the order of their names.

    Raises:
        RecordingNotFoundError: If there is nothing at the path or the folder holds no recording.
        RecordingFormatError: If the file is in no known format.
    """
    if not path.exists():
        raise RecordingNotFoundError(path, "no such file or folder")
    if path.is_file():
        return [Recording(path)]
    found: list[Recording] = []
    for file in sorted(entry for entry in path.iterdir() if entry.is_file()):
        try:
            found.append(Recording(file))
        except RecordingFormatError as error:
            logger.warning("left out: %s", error)
    if not found:
        raise RecordingNotFoundError(
            path, f"no recording in this folder (known formats: {', '.join(FORMATS)})"
        )
    return found


def _sample(path: Path) -> list[bytes]:
    try:
        return list(islice(_lines(path), SAMPLE_LINES))
    except PermissionError as error:
        raise RecordingNotFoundError(path, "not readable") from error
    except ModuleNotFoundError as error:
        raise RecordingNotFoundError(path, str(error)) from error
    except ValueError as error:
        raise RecordingFormatError(path, FORMATS) from error


def _first_ns(decoder: Decoder, sample: Sequence[bytes]) -> int:
    if isinstance(decoder, CadenzaDecoder):
        for line in sample:
            try:
                parts = decoder.split(line)
            except BadMessageError:
                continue
            if parts:
                return parts.time_ns
    return 0


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a plain, gzipped or Parquet file, whatever its name says."""
    with path.open("rb") as raw:
        magic = raw.read(len(MAGIC))
        if magic == MAGIC:
            yield from read_parquet(path)
            return
        is_gzip = magic.startswith(_GZIP_MAGIC)
        raw.seek(0)
        with gzip.open(raw) if is_gzip else raw as stream:
            try:
                while line := stream.readline(MAX_LINE_BYTES):
                    yield line
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                # A recorder that was killed leaves its last block incomplete.
                logger.warning("%s ends early: %s", path, error)
