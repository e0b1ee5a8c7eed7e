"""A run of the recorder: from opening the file to closing it, with its progress."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.output import is_terminal, note
from cadenza.cli.recording.files import LineFile, Sink
from cadenza.cli.recording.lines import header_line
from cadenza.cli.recording.parquet import ParquetFile
from cadenza.cli.recording.recorder import Recorder
from cadenza.cli.recording.state import RecordingState
from cadenza.cli.session import Notes, opened, silent
from cadenza.cli.target import Target
from cadenza.client import ClientError

QUIET_SECONDS: Final = 30.0
"""Seconds between two notes of progress where standard error is no terminal."""
_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


async def record_to(
    path: Path,
    target: Target,
    channels: Sequence[str],
    limit: int | None,
    seconds: float | None,
    *,
    is_quiet: bool,
) -> None:
    """Record into a file, or go on with one.

    Args:
        path: The file; its ending chooses the format.
        target: The server and the identity.
        channels: The channels, each once.
        limit: Ends after so many publications; ``None``: never.
        seconds: Ends after so long; ``None``: never.
        is_quiet: Whether to say nothing about progress.

    Raises:
        Failure: The file is not one of ours, or cannot be written.
        ClientError: The server cannot be reached, or refuses.
    """
    sink, is_new = _open(path)
    try:
        progress = Progress(sink, is_quiet=is_quiet)
        state = _resume(sink, path, progress.say)
        async with opened(target, notes=progress.say) as session:
            sink.write(header_line(time.time_ns(), channels, is_first=not state.lines))
            recorder = Recorder(
                session, sink, state, notes=progress.say, clock_ns=time.time_ns, limit=limit
            )
            time_limit = asyncio.timeout(seconds)
            try:
                async with time_limit:
                    await recorder.run(channels, progress.show)
            except TimeoutError:
                if not time_limit.expired():
                    raise
            finally:
                progress.end(recorder)
    except OSError as error:
        if not isinstance(error, ClientError):
            sink.abandon()
            raise Failure(f"cannot write {path}: {error.strerror or error}") from error
        sink.close()
        raise
    except BaseException:
        sink.close()
        raise
    else:
        sink.close()
    finally:
        if is_new:
            _remove_if_empty(path)


def _open(path: Path) -> tuple[Sink, bool]:
    """The sink of a file, and whether the file was not there before."""
    if not path.parent.is_dir():
        raise Failure(f"there is no folder {path.parent}: make it first", Exit.USAGE)
    if path.suffix == ".parquet":
        return ParquetFile(path), False
    is_new = not path.exists()
    return LineFile(path, is_gzip=path.suffix == ".gz"), is_new


def _remove_if_empty(path: Path) -> None:
    """Nothing was recorded: leave nothing behind."""
    if path.exists() and not path.stat().st_size:
        path.unlink()


def _resume(sink: Sink, path: Path, say: Notes) -> RecordingState:
    state = RecordingState()
    try:
        state.read(sink.lines(), str(path))
    except BaseException:
        sink.abandon()
        raise
    if state.lines:
        say(f"going on with {path}: {state.lines} lines, {readable(sink.size)}")
    return state


class Progress:
    """Tells how a recording goes: a line that changes at a terminal, else a sentence at times.

    Args:
        sink: The file, whose size is told.
        is_quiet: Whether to tell nothing.
    """

    def __init__(self, sink: Sink, *, is_quiet: bool) -> None:
        self._sink = sink
        self._is_live = is_terminal(sys.stderr) and not is_quiet
        self._note = silent if is_quiet else note
        self._told = time.monotonic()
        self._before: tuple[float, int] | None = None

    def say(self, sentence: str) -> None:
        """Tell something."""
        if self._is_live:
            sys.stderr.write("\r\x1b[K")
        self._note(sentence)

    def show(self, recorder: Recorder) -> None:
        """Tell how far the recording is."""
        now = time.monotonic()
        if self._is_live:
            sys.stderr.write(f"\r\x1b[K{self._words(recorder)}{self._rate(now, recorder)}")
            sys.stderr.flush()
        elif now - self._told >= QUIET_SECONDS:
            self._told = now
            self._note(self._words(recorder))

    def end(self, recorder: Recorder) -> None:
        """Tell what was recorded."""
        self.say(f"recorded {self._words(recorder)}")

    def _words(self, recorder: Recorder) -> str:
        count, gaps = recorder.publications, recorder.gaps
        words = f"{count} publications, {readable(self._sink.size)}"
        return words + (f", {gaps} gap{'s' * (gaps != 1)}" if gaps else "")

    def _rate(self, now: float, recorder: Recorder) -> str:
        before, self._before = self._before, (now, recorder.publications)
        if before is None or now <= before[0]:
            return ""
        return f", {(recorder.publications - before[1]) / (now - before[0]):.0f}/s"


def readable(size: float) -> str:
    """A number of bytes as people read it, in decimal units."""
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"
