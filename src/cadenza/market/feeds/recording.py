"""Recordings: files and folders of them, found and read a bounded piece at a time.

A path is a file or a folder. The format is told by the first lines, not by the name. Files of one
market (say, one symbol on one venue) follow one another in the order of their names, as parts of
one recording; different markets run side by side, in the order their messages were received.
"""

from __future__ import annotations

import gzip
import heapq
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cadenza.market.errors import BadMessageError, RecordingFormatError, RecordingNotFoundError
from cadenza.market.feeds import (
    replay_binance,
    replay_cadenza,
    replay_coinbase,
    replay_kraken,
    replay_okx,
)
from cadenza.market.feeds.continuity import SequenceRule
from cadenza.market.feeds.messages import Declaration, Message
from cadenza.market.feeds.recording_parquet import MAGIC, read_parquet

logger: Final = logging.getLogger("cadenza.market")

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""A longer line is no message: the largest recorded snapshot has 0.5 MB."""

SAMPLE_LINES: Final = 128
"""Lines looked at to tell the format: past the first depth update of every recording known."""

_GZIP_MAGIC: Final = b"\x1f\x8b"


FORMATS: Final[dict[str, Callable[[Sequence[bytes]], Decoder | None]]] = {
    "Binance (spot, USD-M, COIN-M)": replay_binance.detect,
    "OKX": replay_okx.detect,
    "Kraken": replay_kraken.detect,
    "Coinbase": replay_coinbase.detect,
    "cadenza record": replay_cadenza.detect,
}


class Decoder(Protocol):
    """Reads the lines of one venue's recordings.

    Attributes:
        market: Recordings with equal ``market`` are parts of one and follow one another.
        rule: How the venue's book updates follow one another.
        declarations: The instruments known from the beginning of the file.
    """

    market: str
    rule: SequenceRule
    declarations: Sequence[Declaration]

    def split(self, line: bytes) -> tuple[int, bytes] | None:
        """Cut a line into receive time (ns since the epoch) and body.

        ``None`` for a line that is no received message.

        Raises:
            BadMessageError: It looks like one and is none.
        """

    def decode(self, time_ns: int, body: bytes) -> Sequence[Message]:
        """Read a body; empty if it says nothing about books or trades.

        Raises:
            BadMessageError: It is no message of this venue.
        """


class Received(NamedTuple):
    """A message as it was received: when (ns since the epoch), in which market, and its bytes.

    ``bad`` is set instead when the line could not be read.
    """

    time_ns: int
    market: int
    body: bytes
    bad: str = ""


class Recording:
    """The files of one market, in order.

    Args:
        paths: At least one file.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)

    def __repr__(self) -> str:
        return f"Recording({', '.join(path.name for path in self.paths)})"

    def decoder(self) -> Decoder:
        """A fresh decoder for a run from the beginning."""
        return _detect(self.paths[0])

    def received(self, decoder: Decoder, market: int) -> Iterator[Received]:
        """Every message of every file; a line that cannot be read takes the time before it."""
        time_ns = 0
        for path in self.paths:
            for number, line in enumerate(_lines(path), start=1):
                try:
                    parts = decoder.split(line)
                except BadMessageError as error:
                    yield Received(time_ns, market, b"", f"{path.name}, line {number}: {error}")
                    continue
                if parts:
                    time_ns, body = parts
                    yield Received(time_ns, market, body)


def merged(recordings: Sequence[tuple[Recording, Decoder]]) -> Iterator[Received]:
    """The messages of several recordings in the order they were received."""
    streams = [
        recording.received(decoder, market)
        for market, (recording, decoder) in enumerate(recordings)
    ]
    return heapq.merge(*streams, key=lambda received: received.time_ns)


def find_recordings(path: Path) -> list[Recording]:
    """The recordings at a path: one for a file, one a market for a folder.

    Raises:
        RecordingNotFoundError: If there is nothing at the path or the folder holds no recording.
        RecordingFormatError: If the file is in no known format.
    """
    if not path.exists():
        raise RecordingNotFoundError(path, "no such file or folder")
    if path.is_file():
        _detect(path)
        return [Recording([path])]
    markets: dict[str, list[Path]] = {}
    for file in sorted(entry for entry in path.iterdir() if entry.is_file()):
        try:
            markets.setdefault(_detect(file).market, []).append(file)
        except RecordingFormatError as error:
            logger.warning("left out: %s", error)
    if not markets:
        raise RecordingNotFoundError(
            path, f"no recording in this folder (known formats: {', '.join(FORMATS)})"
        )
    return [Recording(files) for files in markets.values()]


def _detect(path: Path) -> Decoder:
    try:
        sample = list(islice(_lines(path), SAMPLE_LINES))
    except PermissionError as error:
        raise RecordingNotFoundError(path, "not readable") from error
    except ModuleNotFoundError as error:
        raise RecordingNotFoundError(path, str(error)) from error
    except ValueError as error:
        raise RecordingFormatError(path, FORMATS) from error
    for detect in FORMATS.values():
        decoder = detect(sample)
        if decoder:
            return decoder
    raise RecordingFormatError(path, FORMATS)


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
