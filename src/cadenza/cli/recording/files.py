"""Recordings in JSON lines, plain or gzipped: appended to, and mended after a crash.

What is written goes to the operating system as whole lines (plain) or as whole gzip members that
hold whole lines. So a process that is killed loses what waits in memory, at most a second of it,
and leaves at most one torn line or member, which the next run cuts off. What can be read of it is
kept.
"""

from __future__ import annotations

import contextlib
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from cadenza.cli.exits import Exit, Failure
from cadenza.cli.recording.lines import MAX_LINE_BYTES

PLAIN_BYTES: Final = 64 * 1024
GZIP_BYTES: Final = 256 * 1024
"""Bytes that may wait in memory, of a plain file and of a gzipped one."""
FLUSH_SECONDS: Final = 1.0
"""Seconds that they may wait."""
MOST_TORN_BYTES: Final = 64 * 2**20
"""The largest torn member that is mended. Ours hold 256 KiB; those of others may be larger."""
_CHUNK: Final = 256 * 1024
_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 31


class Sink(Protocol):
    """A file that takes lines."""

    @property
    def size(self) -> int:
        """Bytes in the file, and those that wait."""

    def lines(self) -> Iterator[bytes]:
        """The lines in the file; to be read to the end, once, before the first ``write``."""

    def write(self, line: bytes) -> None:
        """Add a line."""

    def flush(self) -> None:
        """Give what waits to the operating system."""

    def close(self) -> None:
        """Write everything to the disk; no more follows."""

    def abandon(self) -> None:
        """Close after a failure, so that a later run can go on with what there is."""


class LineFile:
    """A file of lines, locked while it is open.

    Args:
        path: The file; made if missing.
        is_gzip: Whether a new file is gzipped; in one that exists the content decides.

    Raises:
        Failure: Another program is recording to it.
        OSError: It cannot be opened.
    """

    def __init__(self, path: Path, *, is_gzip: bool) -> None:
        self._path = path
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
        self._file: BinaryIO = os.fdopen(descriptor, "r+b", buffering=0)
        try:
            self._lock()
            magic = self._file.read(2)
            self._is_gzip = magic == _MAGIC if magic else is_gzip
        except BaseException:
            self._file.close()
            raise
        self._waiting = bytearray()
        self._most = GZIP_BYTES if self._is_gzip else PLAIN_BYTES
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes of the file, and those that wait."""
        return self._size + len(self._waiting)

    def lines(self) -> Iterator[bytes]:
        """The whole lines in the file, which is then cut off after the last of them."""
        yield from self._members() if self._is_gzip else self._plain()
        self._file.seek(self._size)
        self._file.truncate()

    def write(self, line: bytes) -> None:
        """Add a line."""
        self._waiting += line
        if len(self._waiting) >= self._most:
            self.flush()

    def flush(self) -> None:
        """Give what waits to the operating system, wholly."""
        if not self._waiting:
            return
        block = _member(self._waiting) if self._is_gzip else bytes(self._waiting)
        self._waiting.clear()
        rest = memoryview(block)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._size += len(block)

    def lines_again(self) -> Iterator[bytes]:
        """All lines, those of this run too; nothing may be waiting to be written."""
        self._size = 0
        yield from self._members() if self._is_gzip else self._plain()

    def clear(self) -> None:
        """Empty the file."""
        self._waiting.clear()
        self._size = 0
        self._file.seek(0)
        self._file.truncate()

    def abandon(self) -> None:
        """Close the file; what waits is written if that is possible."""
        with contextlib.suppress(OSError):
            self.close()

    def close(self) -> None:
        """Write everything to the disk; no more follows."""
        if self._file.closed:
            return
        try:
            self.flush()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()

    def _lock(self) -> None:
        if sys.platform == "win32":
            return  # such locks are POSIX's
        import fcntl  # noqa: PLC0415 - see above

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            busy = f"{self._path} is being recorded to by another program"
            raise Failure(busy, Exit.USAGE) from None

    def _plain(self) -> Iterator[bytes]:
        self._file.seek(0)
        split = _Splitter(self._path)
        while chunk := self._file.read(_CHUNK):
            for line in split.lines(chunk):
                self._size += len(line)
                yield line

    def _members(self) -> Iterator[bytes]:
        """The lines of all members; those of a torn one are written again, as a whole one."""
        self._file.seek(0)
        split, unpack = _Splitter(self._path), zlib.decompressobj(_GZIP_WINDOW)
        torn = bytearray()
        place = 0
        # The tail of a machine that lost power may be anything.
        with contextlib.suppress(zlib.error):
            while chunk := self._file.read(_CHUNK):
                place += len(chunk)
                while chunk:
                    for line in split.lines(unpack.decompress(chunk)):
                        if len(torn) <= MOST_TORN_BYTES:
                            torn += line
                        yield line
                    chunk = unpack.unused_data
                    if unpack.eof:
                        torn.clear()
                        self._size = place - len(chunk)
                        unpack = zlib.decompressobj(_GZIP_WINDOW)
        if len(torn) > MOST_TORN_BYTES:
            large = f"the last part of {self._path} is torn, and too large to mend: unpack it first"
            raise Failure(large, Exit.USAGE)
        self._waiting += torn


class _Splitter:
    """Cuts chunks into whole lines, and keeps what follows the last of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""

    def lines(self, chunk: bytes) -> list[bytes]:
        """The lines that end in a chunk."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise Failure(f"{self._path} is no recording: a line has no end", Exit.USAGE)
        return [line + b"\n" for line in whole]


def _member(data: bytes | bytearray) -> bytes:
    """A gzip member of its own."""
    packer = zlib.compressobj(wbits=_GZIP_WINDOW)
    return packer.compress(data) + packer.flush()
