"""The lock of a data folder: one server has it, and it ends with the process in any case."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from cadenza.trading.store.errors import StoreLockedError


class FolderLock:
    """An exclusive lock, held as SQLite holds one.

    An empty database beside the store is locked by an open transaction that never writes. SQLite
    does it with the operating system's own file locks, on every platform and between two stores of
    one process too; the system drops them when the process ends, so nothing is left behind by
    ``kill -9`` but an empty file that means nothing. Network file systems whose locks do not work
    are no place for a store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def take(self) -> None:
        """Take it.

        Raises:
            StoreLockedError: Somebody has it.
            sqlite3.Error: The file cannot be used.
            OSError: The file cannot be made.
        """
        make_private(self._path)
        connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise StoreLockedError(self._path.parent) from error
            raise
        self._connection = connection

    def release(self) -> None:
        """Let go of it; harmless when it is not held."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def make_private(path: Path) -> None:
    """Make an empty file that only its owner may read, unless it is there.

    A file that is there is not opened: to close it again would end this process's locks on it.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
