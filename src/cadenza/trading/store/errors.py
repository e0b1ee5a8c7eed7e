"""Errors of stores; none of them is a client's fault.

::

    StoreError
    |-- StoreLockedError    another server has the folder
    |-- StoreVersionError   a newer version of the program wrote it
    |-- StoreDamagedError   what is in it does not fit together, or is no database
    |-- StoreBusyError      another program is in the way of a write
    |-- StoreFullError      there is no room left
    |-- StoreWriteError     the disk does not take or give what it should
    `-- StoreClosedError    it is closed, or not yet open
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import msgspec


class StoreError(Exception):
    """The store cannot be used, or not for this. Root of the tree."""


class StoreLockedError(StoreError):
    """Another server has the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} is in use by another server: stop it, or name another data folder"
        )


class StoreVersionError(StoreError):
    """A newer version of the program wrote the store."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        self.path = path
        self.found = found
        self.known = known
        super().__init__(
            f"{path} has version {found} of the tables; this program knows up to {known}:"
            " upgrade it, or name another data folder"
        )


class StoreDamagedError(StoreError):
    """The records of a store do not fit together.

    Attributes:
        problems: What is wrong, one sentence each.
    """

    def __init__(self, where: Path | str, *problems: str) -> None:
        self.problems = problems
        super().__init__(f"{where} is damaged: {'; '.join(problems)}")


class StoreBusyError(StoreError):
    """Another program is in the way of a write."""


class StoreFullError(StoreError):
    """There is no room left."""


class StoreWriteError(StoreError):
    """The disk does not take or give what it should."""


class StoreClosedError(StoreError):
    """It is closed, or not yet open."""

    def __init__(self, what: str = "the store") -> None:
        super().__init__(f"{what} is closed")


_KINDS: Final[dict[int, type[StoreError]]] = {
    sqlite3.SQLITE_BUSY: StoreBusyError,
    sqlite3.SQLITE_LOCKED: StoreBusyError,
    sqlite3.SQLITE_FULL: StoreFullError,
    sqlite3.SQLITE_IOERR: StoreWriteError,
    sqlite3.SQLITE_READONLY: StoreWriteError,
    sqlite3.SQLITE_CANTOPEN: StoreWriteError,
    sqlite3.SQLITE_PERM: StoreWriteError,
    sqlite3.SQLITE_CORRUPT: StoreDamagedError,
    sqlite3.SQLITE_NOTADB: StoreDamagedError,
}
"""By primary result code."""


def as_store_error(path: Path, error: Exception) -> StoreError:
    """The store's error for any other; one of its own stays what it is."""
    if isinstance(error, StoreError):
        return error
    if isinstance(error, msgspec.DecodeError):
        return StoreDamagedError(path, f"a record cannot be read: {error}")
    if isinstance(error, OSError):
        return StoreWriteError(f"{path} cannot be used: {error}")
    if not isinstance(error, sqlite3.Error):
        return StoreError(f"{path} cannot take this: {error!r}")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    kind = _KINDS.get(code & 0xFF, StoreError)  # an extended code has the primary one below
    if kind is StoreDamagedError:
        return StoreDamagedError(path, str(error))
    return kind(f"{path}: {error}")
