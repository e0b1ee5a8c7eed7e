"""The write-ahead log of the SQLite store: put on disk after each commit, and kept short.

SQLite writes a commit to the end of the log and, with ``synchronous=NORMAL``, does not wait for
the disk. ``WriteAheadLog`` does that, in a thread: one ``fdatasync`` of the log puts all frames
written so far on disk.

A checkpoint copies the log into the database, so that SQLite can start the log over. It comes in
two steps, so that neither the event loop nor a commit waits for the copying:

1. When the log has outgrown its limit, a thread copies what is there while commits go on.
2. The commit after that copies the little that has come since, in its own waiting time. Then
   everything is copied and nobody writes, and a write that changes nothing starts the log over:
   SQLite puts the new beginning on disk at once, for which the event loop should not wait.

So the log stays near its limit: step 1 takes as long as copying it does. No checkpoint ever begins
while the log could start over under it: step 1 starts when there is something left to copy, and
step 2 runs between two commits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

if sys.platform == "darwin":
    from fcntl import F_FULLFSYNC, fcntl

logger: Final = logging.getLogger("cadenza.trading")

PAGE: Final = 4096 + 24
"""A page in the log, with its header."""

_CHECKPOINT: Final = "PRAGMA wal_checkpoint(PASSIVE)"


class WriteAheadLog:
    """The log of one open database. Everything but the work in the threads happens in the loop.

    Args:
        database: Its file; a connection has read from it, so the log is there.
        pages: The length of the log, in pages, beyond which it is copied into the database.

    Attributes:
        limit: The same length in bytes.
    """

    def __init__(self, database: Path, pages: int) -> None:
        self.limit = self._trigger = pages * PAGE
        self._file = os.open(f"{database}-wal", os.O_RDWR | getattr(os, "O_BINARY", 0))
        self._connection = sqlite3.connect(
            database, isolation_level=None, check_same_thread=False, timeout=0
        )
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(f"PRAGMA journal_size_limit = {self.limit}")
        self._copying: Future[None] | None = None
        self._sync_thread = ThreadPoolExecutor(1, thread_name_prefix="cadenza-sync")
        self._copy_thread = ThreadPoolExecutor(1, thread_name_prefix="cadenza-checkpoint")

    @property
    def size(self) -> int:
        """The size of its file in bytes; SQLite cuts it to the limit when the log starts over."""
        return os.fstat(self._file).st_size

    async def committed(self, *, sync: bool) -> None:
        """Note a commit: put it on disk if told to, and keep the log short.

        Args:
            sync: Whether to return only when the commit is on disk.

        Raises:
            OSError: The disk does not take it.
        """
        finish = self._copying is not None and self._copying.done()
        if sync or finish:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._sync_thread, self._put_away, sync, finish)
        size = self.size
        if finish:
            self._copying = None
        if size <= self.limit:
            self._trigger = self.limit
        elif finish:
            self._trigger = size + self.limit // 4  # somebody else reads: not before it has grown
        elif size > self._trigger and self._copying is None:
            self._copying = self._copy_thread.submit(self._checkpoint)

    async def close(self) -> None:
        """Put everything into the database and cut the log to nothing, as far as that works."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._copy_thread, int)  # behind what it still does
            await loop.run_in_executor(self._sync_thread, self._truncate)
        finally:
            self._sync_thread.shutdown()
            self._copy_thread.shutdown()
            self._connection.close()
            os.close(self._file)

    def _put_away(self, sync: bool, finish: bool) -> None:
        if sync:
            flush(self._file)
        if finish:
            self._checkpoint()
            self._start_over()

    def _checkpoint(self) -> None:
        try:
            self._connection.execute(_CHECKPOINT).fetchone()
        except sqlite3.Error as error:
            # What is committed is safe in the log; only its growth is not stopped yet.
            logger.warning("the log is not copied into the database yet: %s", error)

    def _start_over(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # then the next commit does it
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            self._connection.execute(f"PRAGMA user_version = {version}")

    def _truncate(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            logger.warning("the log is left as it is, the next start copies it: %s", error)


def flush(file: int) -> None:
    """Return when what is written to a file is on disk.

    Raises:
        OSError: It is not, and may never be: trying again would not tell.
    """
    if sys.platform == "darwin":
        fcntl(file, F_FULLFSYNC)
    elif sys.platform == "win32":
        os.fsync(file)
    else:
        os.fdatasync(file)


def flush_folder(folder: Path) -> None:
    """Return when the names in a folder are on disk, where the system can tell."""
    if sys.platform == "win32":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
